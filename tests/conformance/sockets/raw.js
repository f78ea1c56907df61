// A WebSocket client that sends the bytes it is told to, also wrong ones.

import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { eventually } from "../lab.js";

export const kText = 1;
export const kBinary = 2;
export const kContinuation = 0;
export const kClose = 8;
export const kPing = 9;
export const kPong = 10;

// One frame of a client. `fin`, `mask` and `reserved` are there to be wrong; `length` is the length that the
// head names, if it is another one than that of the payload.
export function frame(opcode, payload, { fin = true, mask = true, reserved = 0, length } = {}) {
  const body = Buffer.from(payload);
  const size = length ?? body.length;
  const head = [(fin ? 0x80 : 0) | (reserved << 4) | opcode];
  const masked = mask ? 0x80 : 0;
  if (size < 126) {
    head.push(masked | size);
  } else if (size < 65_536) {
    head.push(masked | 126, size >> 8, size & 255);
  } else {
    const long = Buffer.alloc(8);
    long.writeBigUInt64BE(BigInt(size));
    head.push(masked | 127, ...long);
  }
  if (!mask) return Buffer.concat([Buffer.from(head), body]);
  const key = randomBytes(4);
  for (let i = 0; i < body.length; ++i) body[i] ^= key[i & 3];
  return Buffer.concat([Buffer.from(head), key, body]);
}

export class RawSocket {
  // The handshake is done when this returns.
  static async open(lab, agent, path) {
    const [host, port] = agent.http.split(":");
    const raw = new RawSocket(connect(Number(port), host));
    lab.atEnd(() => raw.socket.destroy());
    raw.socket.write(`GET ${path} HTTP/1.1\r\nHost: ${agent.http}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`);
    await eventually("the answer to the handshake", () => {
      const end = raw.bytes.indexOf("\r\n\r\n");
      if (end < 0 || !raw.bytes.toString("latin1", 0, end).startsWith("HTTP/1.1 101 ")) return false;
      raw.bytes = raw.bytes.subarray(end + 4);
      return true;
    });
    return raw;
  }

  constructor(socket) {
    this.socket = socket;
    this.bytes = Buffer.alloc(0);
    this.ended = false;
    socket.on("data", (data) => { this.bytes = Buffer.concat([this.bytes, data]); });
    socket.on("error", () => {});
    socket.on("close", () => { this.ended = true; });
  }

  write(bytes) { this.socket.write(bytes); }

  // The frames that have come: [{opcode, payload}].
  frames() {
    const found = [];
    for (let at = 0; at + 2 <= this.bytes.length;) {
      let size = this.bytes[at + 1] & 127;
      let from = at + 2;
      if (size === 126 && from + 2 <= this.bytes.length) {
        size = this.bytes.readUInt16BE(from);
        from += 2;
      } else if (size === 127 && from + 8 <= this.bytes.length) {
        size = Number(this.bytes.readBigUInt64BE(from));
        from += 8;
      } else if (size > 125) {
        break;
      }
      if (from + size > this.bytes.length) break;
      found.push({ opcode: this.bytes[at] & 15, payload: this.bytes.subarray(from, from + size) });
      at = from + size;
    }
    return found;
  }

  texts() { return this.frames().filter((one) => one.opcode === kText).map((one) => one.payload.toString()); }

  // The code with which the agent closes; the connection has ended too.
  async closeCode(what) {
    return eventually(`${what} ends the connection`, () => {
      const close = this.frames().find((one) => one.opcode === kClose);
      return this.ended && (close ? close.payload.readUInt16BE(0) : "ended without a close frame");
    });
  }
}

// Frames that break RFC 6455, and the close code that says so. Each is sent on a socket of its own.
const half = '{"action":"add","key":"half","va';
export const brokenFrames = [
  ["a frame without a mask", [frame(kText, "{}", { mask: false })], 1002],
  ["a reserved bit", [frame(kText, "{}", { reserved: 4 })], 1002],
  ["an opcode that does not exist", [frame(3, "{}")], 1002],
  ["a continuation of nothing", [frame(kContinuation, "{}")], 1002],
  ["a message inside another one", [frame(kText, half, { fin: false }), frame(kText, "{}")], 1002],
  ["a ping in two frames", [frame(kPing, "a", { fin: false })], 1002],
  ["a ping that is too long", [frame(kPing, "a".repeat(126))], 1002],
  ["half a close code", [frame(kClose, [3])], 1002],
  ["a close code that nobody may send", [frame(kClose, [3, 237])], 1002],
  ["text that is not UTF-8", [frame(kText, [123, 0xff, 125])], 1007],
  ["a surrogate in UTF-8", [frame(kText, [34, 0xed, 0xa0, 0x80, 34])], 1007],
];

// A client of a WebSocket door, as programs write it with the library `ws`: it keeps what it was sent.

import WebSocket from "ws";
import { check, eventually } from "../lab.js";

export class SocketClient {
  // Connects to `path` of the agent; the socket ends with the case.
  static async open(lab, agent, path, options = {}) {
    const client = new SocketClient(`ws://${agent.http}${path}`, options);
    lab.atEnd(() => client.socket.terminate());
    await new Promise((resume, refuse) => {
      client.socket.once("open", resume);
      client.socket.once("error", refuse);
    });
    return client;
  }

  constructor(url, options) {
    this.url = url;
    this.texts = [];  // every message, as it came
    this.read = 0;    // how many of them `next` has passed
    this.closed = null;
    this.socket = new WebSocket(url, options);
    this.socket.on("message", (bytes, binary) => {
      this.texts.push(binary ? `binary message of ${bytes.length} bytes` : bytes.toString());
    });
    this.socket.on("error", () => {});
    this.socket.on("close", (code, reason) => { this.closed = { code, reason: reason.toString() }; });
  }

  // Text as it is; anything else as its JSON.
  send(message) { this.socket.send(typeof message === "string" ? message : JSON.stringify(message)); }

  // The first message after those passed before for which `test` holds. Everything up to it is passed.
  async next(what, test = () => true) {
    return eventually(`${what} at ${this.url}; it has ${JSON.stringify(this.texts).slice(-1_500)}`, () => {
      for (let at = this.read; at < this.texts.length; ++at) {
        if (!test(JSON.parse(this.texts[at]), this.texts[at])) continue;
        this.read = at + 1;
        return this.texts[at];
      }
      return null;
    });
  }

  // The very next message: there is none before it that `next` would pass over.
  async following(what) {
    const text = await this.next(what);
    check(text !== undefined, what);
    return text;
  }

  async untilClosed() { return eventually(`${this.url} is closed`, () => this.closed); }

  async close() {
    this.socket.close();
    await this.untilClosed();
  }
}

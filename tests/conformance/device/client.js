// A device that keeps notes, as the protocol means it: it writes offline, keeps what it did not get acknowledged,
// sends it when it is connected, and of two values keeps the one with the later timestamp; of equal timestamps
// that of the higher device.

import { check, eventually } from "../lab.js";
import { SocketClient } from "../sockets/client.js";

const later = (a, b) => a.timestamp > b.timestamp || (a.timestamp === b.timestamp && a.device_id >= b.device_id);

// Puts a change into a map of notes if it wins there.
export function merge(notes, change) {
  const known = notes.get(change.key);
  if (!known || later(change, known)) notes.set(change.key, change);
}

// Notes as text that can be compared.
export const listed = (notes) => [...notes.values()]
  .map(({ key, value, timestamp, device_id }) => ({ key, value, timestamp, device_id }))
  .sort((a, b) => (a.key < b.key ? -1 : 1));

export class Device {
  constructor(lab, id) {
    this.lab = lab;
    this.id = id;
    this.notes = new Map();
    this.queue = [];      // its own changes that no answer has acknowledged
    this.lastAck = 0;
    this.polled = new Map();  // the ack_timestamp of the last answer from each agent that it polls
    this.received = [];   // every change that came
    this.conflicts = [];  // texts
    this.clock = 0;
  }

  // A timestamp that this device has not used, at least `least`.
  tick(least) { return this.clock = Math.max(this.clock + 1, least); }

  get path() { return `device_id=${encodeURIComponent(this.id)}`; }

  write(key, value, timestamp) {
    const change = { key, value, timestamp, device_id: this.id };
    merge(this.notes, change);
    this.queue.push(change);
    return change;
  }

  take(changes) {
    for (const change of changes) {
      this.received.push(change);
      merge(this.notes, change);
    }
  }

  // --- over a WebSocket

  async connect(agent) {
    const connection = await SocketClient.open(this.lab, agent, `/ws/sync?${this.path}`);
    this.connection = connection;
    for (const text of connection.texts) this.hear(text);
    connection.socket.on("message", (bytes) => { if (this.connection === connection) this.hear(bytes.toString()); });
    return this;
  }

  hear(text) {
    const message = JSON.parse(text);
    if (message.type === "sync_push" || message.type === "sync_ack") this.take(message.changes);
    if (message.type === "conflict") this.conflicts.push(text);
  }

  async disconnect() {
    const { connection } = this;
    this.connection = null;
    connection.socket.terminate();
    await connection.untilClosed();
  }

  // Sends the queue; what the answer acknowledges leaves it. Gives the text of the answer.
  async sync() {
    const sent = [...this.queue];
    this.connection.send({ type: "sync_push", changes: sent, last_ack: this.lastAck });
    const text = await this.connection.next("sync_ack", ({ type }) => type === "sync_ack" || type === "error");
    this.acknowledged(sent, JSON.parse(text));
    return text;
  }

  acknowledged(sent, answer) {
    check(answer.type === "sync_ack", `${this.id}: ${JSON.stringify(answer)}`);
    this.queue = this.queue.filter((change) => !sent.includes(change));
    this.lastAck = answer.ack_timestamp;
  }

  // --- by polling

  // The answer is lost on its way if `lost`: the agent has answered, and the device does not know it.
  async poll(agent, { lost = false } = {}) {
    const sent = [...this.queue];
    const response = await fetch(`${agent.url}/sync/device?${this.path}`, { method: "POST",
      body: JSON.stringify({ type: "sync_push", changes: sent, last_ack: this.polled.get(agent) ?? 0 }) });
    const answer = await response.json();
    check(response.ok, `${this.id}: ${response.status} ${JSON.stringify(answer)}`);
    if (lost) return answer;
    this.take(answer.changes);
    this.acknowledged(sent, answer);
    this.polled.set(agent, answer.ack_timestamp);
    return answer;
  }

  async has(key, value) {
    return eventually(`${this.id} has ${key} = ${value}`, () => this.notes.get(key)?.value === value);
  }
}

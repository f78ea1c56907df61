// A client of the dictionary that does what the page of the original project does: it takes the initial data,
// then puts or removes one key with every message. It keeps its own copy and the changes that it was told.

import { check } from "../lab.js";
import { SocketClient } from "../sockets/client.js";

// A timestamp is above 2^53, so JSON.parse would round it.
export const timestampOf = (text) => BigInt(/,"timestamp":(\d+)\}$/.exec(text)[1]);

export class DictionaryClient {
  static async open(lab, agent, options) {
    const client = new DictionaryClient();
    client.connection = await SocketClient.open(lab, agent, "/ws", options);
    client.initial = JSON.parse(await client.connection.following("initial_data"));
    check(client.initial.action === "initial_data", `the first message is ${client.connection.texts[0]}`);
    return client;
  }

  get texts() { return this.connection.texts; }
  send(message) { this.connection.send(message); }
  add(key, value) { this.send({ action: "add", key, value }); }
  remove(key) { this.send({ action: "remove", key }); }

  // The text of the first message not passed yet that tells this change.
  told(action, key, value = null) {
    return this.connection.next(`${action} ${key}`, (one) =>
      one.action === action && one.key === key && one.value === value);
  }
  error() { return this.connection.next("an error", (one) => one.action === "error"); }

  async lookup(key) {
    this.send({ action: "lookup", key });
    return this.connection.next(`the answer to lookup ${key}`, (one) => one.action === undefined && one.key === key);
  }

  // What the page shows after all messages so far, by key.
  copy() {
    const shown = new Map(Object.entries(this.initial.data));
    for (const text of this.texts) {
      const { action, key, value } = JSON.parse(text);
      if (action === "add" || action === "update") shown.set(key, value);
      if (action === "remove") shown.delete(key);
    }
    return shown;
  }
}

export const sorted = (map) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

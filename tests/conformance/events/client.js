// A listener with the library `eventsource`, as a page has it: it connects again by itself, with the last id.

import { EventSource } from "eventsource";
import { eventually } from "../lab.js";

const kKinds = ["value", "change", "reset", "up-to-date"];

export class Listener {
  // `after`: the Last-Event-ID of the first request, for a client that has kept it since an earlier run.
  constructor(lab, agent, query = "", { after } = {}) {
    this.events = [];  // [{kind, data, id}]
    this.opened = 0;
    this.asked = [];   // the Last-Event-ID of each request
    this.source = new EventSource(`${agent.url}/v1/events${query}`, {
      fetch: (url, init) => {
        const headers = new Headers(init.headers);
        if (after !== undefined && !headers.has("Last-Event-ID")) headers.set("Last-Event-ID", after);
        this.asked.push(headers.get("Last-Event-ID"));
        return fetch(url, { ...init, headers });
      },
    });
    for (const kind of kKinds) {
      this.source.addEventListener(kind, ({ data, lastEventId }) => {
        this.events.push({ kind, data: JSON.parse(data), id: lastEventId });
      });
    }
    this.source.addEventListener("open", () => { ++this.opened; });
    this.source.addEventListener("error", (error) => { this.error = error; });
    lab.atEnd(() => this.source.close());
  }

  close() { this.source.close(); }
  get changes() { return this.events.filter(({ kind }) => kind === "change"); }
  get lastId() { return this.events.at(-1)?.id ?? ""; }
  count(kind) { return this.events.filter((event) => event.kind === kind).length; }

  async upToDate(times = 1) {
    await eventually(`up-to-date; it has ${JSON.stringify(this.events.slice(-5))}`, () => this.count("up-to-date") >= times);
    return this;
  }

  // The first change that fulfils `test`.
  async change(what, test) {
    return eventually(`${what}; it has ${JSON.stringify(this.changes.slice(-5))}`,
      () => this.changes.find((event) => test(event.data)));
  }

  // The catalog as a page shows it that takes every event, by id.
  copy() { return this.copyOf(new Map()); }
  copyOf(copy) {
    for (const { kind, data } of this.events) {
      if (kind === "reset") copy.clear();
      if (kind === "value") copy.set(data.path[0], data.value);
      if (kind === "change") data.op === "put" ? copy.set(data.path[0], data.value) : copy.delete(data.path[0]);
    }
    return copy;
  }
}

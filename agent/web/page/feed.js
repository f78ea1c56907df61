// The agent's stream of changes. It goes on where it stopped: after a cut, and after this tab was
// hidden for a while (a browser allows few connections to one host, and each visible tab keeps one).

import { withKey } from "./key.js";

const kRetryMillisMin = 500;
const kRetryMillisMax = 5_000;
const kSilenceMillis = 40_000;  // the agent sends a comment every 15 s
const kHiddenMillis = 20_000;

export class Feed {
  // `onState(live)`: whether the stream is open.
  constructor(onState) {
    this.onState = onState;
    this.watchers = new Set();
    this.lastId = null;
    this.retryMillis = kRetryMillisMin;
    document.addEventListener("visibilitychange", () => this.look());
  }

  // `change(event)` gets each change. `reset()`: changes were missed, read everything again. Returns
  // a function that ends it.
  watch(watcher) {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  start() {
    if (this.running) return;
    this.running = true;
    this.run();
  }

  // The agent answers again: there is no reason to wait any longer.
  hurry() {
    if (this.wake) this.wake();
  }

  look() {
    clearTimeout(this.hiddenTimer);
    if (document.visibilityState === "visible") {
      this.paused = false;
      this.hurry();
    } else {
      this.hiddenTimer = setTimeout(() => { this.paused = true; this.abort?.abort(); }, kHiddenMillis);
    }
  }

  async run() {
    for (;;) {
      if (!this.paused) {
        try {
          await this.listen();
        } catch {
          // The stream ended or could not be opened. It is opened again below.
        }
        this.onState(false);
      }
      await new Promise((resume) => {
        this.wake = resume;
        if (!this.paused) setTimeout(resume, this.retryMillis);
      });
      this.wake = null;
      this.retryMillis = Math.min(2 * this.retryMillis, kRetryMillisMax);
    }
  }

  async listen() {
    this.abort = new AbortController();
    const response = await fetch("/v1/events", {
      headers: withKey(this.lastId ? { "Last-Event-ID": this.lastId } : {}),
      cache: "no-store",
      signal: this.abort.signal,
    });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const opened = this.lastId === null;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new EventParser((event) => this.take(event));
    this.retryMillis = kRetryMillisMin;
    let first = true;
    for (;;) {
      const silence = setTimeout(() => this.abort.abort(), kSilenceMillis);
      const { value, done } = await reader.read().finally(() => clearTimeout(silence));
      if (done) return;
      parser.push(value);
      if (first) {
        first = false;
        // From here on no change is missed, so what was read before the first stream is read again.
        this.onState(true);
        if (opened) this.tell((watcher) => watcher.reset?.());
      }
    }
  }

  take({ id, event, data }) {
    if (id !== null) this.lastId = id;
    if (event === "change") {
      const change = JSON.parse(data);
      this.tell((watcher) => watcher.change?.(change));
    }
    if (event === "reset") this.tell((watcher) => watcher.reset?.());
  }

  tell(call) {
    for (const watcher of [...this.watchers]) call(watcher);
  }
}

// Server-sent events from pieces of text, which may be cut anywhere.
export class EventParser {
  constructor(onEvent) {
    this.onEvent = onEvent;
    this.rest = "";
    this.begin();
  }

  begin() {
    this.id = null;
    this.event = "";
    this.data = [];
  }

  push(text) {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop();
    for (const line of lines) this.line(line);
  }

  line(line) {
    if (line === "") {
      if (this.id !== null || this.data.length > 0) {
        this.onEvent({ id: this.id, event: this.event, data: this.data.join("\n") });
      }
      this.begin();
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;  // a comment
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "id") this.id = value;
    if (field === "event") this.event = value;
    if (field === "data") this.data.push(value);
  }
}

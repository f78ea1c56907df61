// Edits that wait for the agent. Each is one record in this browser, with a key by which the agent
// knows it when it is sent twice. They are sent in order, by one tab at a time, and a record is
// deleted only when the agent has answered that its edit is stored. A refused edit stays, with the
// reason, until the user drops it.
//
// A record: {number, title, method, target, body, key, created, state, error, parts, edit}
//   state  "waiting", "sending" (its content does not change any more) or "refused"
//   parts  ids of the edits in it, by which the parts of the page know their own
//   edit   of a text (text_edits.js); its request is made when it is sent, from the names that its
//          letters then have
//   sent   the body that was sent

import { ask, Away, Refused } from "./agent.js";
import { Database, result } from "./database.js";
import { bodyOf, merged, temporaryRuns, Names } from "./text_edits.js";

const kRecordsMax = 10_000;
const kNamesMillis = 24 * 3_600_000;  // names that the agent gave are kept for so long
const kNamesBefore = 10_000;  // no edit has more letters, so a row that has a letter begins no earlier
const kRetryMillisMin = 500;
const kRetryMillisMax = 5_000;

// Answers after which the same request may succeed later.
// 401: when the key is typed.
const isPassing = (status) => status === 401 || status === 408 || status === 429 || status >= 500;

export class Queue {
  constructor() {
    this.records = [];
    this.names = new Names();  // that the agent gave to letters typed in this browser
    this.watchers = new Set();
    this.retryMillis = kRetryMillisMin;
    this.channel = new BroadcastChannel("hearsay-queue");
    this.channel.onmessage = ({ data }) => this.heard(data);
  }

  async start() {
    this.database = await Database.open();
    await this.database.change(async ({ names }) => {
      for (const row of await result(names.getAll())) {
        if (row.time < Date.now() - kNamesMillis) names.delete([row.base, row.index]);
      }
    });
    this.names = new Names(await this.database.names());
    await this.refresh();
    this.send();
  }

  // `sent(record, answer)`: the agent has stored it. `changed()`: the list has changed.
  watch(watcher) {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  // Adds an edit. When this returns, the edit survives a reload.
  async add(edit) {
    await this.database.change(async ({ operations }) => {
      if (await result(operations.count()) >= kRecordsMax) {
        throw new Error(`${kRecordsMax} edits wait already; this one was not taken`);
      }
      const last = edit.edit ? await lastOf(operations, edit.target) : null;
      const united = last ? merged(last.edit, edit.edit) : null;
      if (united) {
        operations.put({ ...last, edit: united, parts: [...last.parts, ...edit.parts] });
      } else {
        operations.add({ state: "waiting", error: null, created: Date.now(), key: newKey(), ...edit });
      }
    });
    await this.changedHere();
    this.send();
  }

  async drop(number) {
    await this.database.change(({ operations }) => result(operations.delete(number)));
    await this.changedHere();
  }

  async again(number) {
    await this.database.change(async ({ operations }) => {
      const record = await result(operations.get(number));
      if (record) operations.put({ ...record, state: "waiting", error: null, sent: undefined, key: newKey() });
    });
    await this.changedHere();
    this.send();
  }

  // The agent answers again: there is no reason to wait any longer.
  hurry() {
    this.wake?.();
  }

  // One tab sends for all. The others wait for the lock, and take over when that tab is closed.
  send() {
    if (this.sending) return;
    this.sending = true;
    const work = () => this.sendAll();
    const locked = navigator.locks ? navigator.locks.request("hearsay-queue", work) : work();
    locked.catch((error) => console.error(error)).finally(() => {
      this.sending = false;
      // One may have been added between the last look and the end.
      if (this.records.some((record) => record.state !== "refused")) setTimeout(() => this.send(), 0);
    });
  }

  async sendAll() {
    for (let record = await this.next(); record;) {
      const { answer, error } = await this.sendOne(record);
      if (answer) {
        record = await this.next(record, answer);
      } else if (error instanceof Refused && !isPassing(error.status)) {
        await this.refused(record, error);
        record = await this.next();
      } else {
        await this.failed(record, error);
        // The browser slows down tabs that are hidden: another one may go on.
        record = document.hidden ? null : await this.next();
      }
    }
  }

  async sendOne(record) {
    try {
      const answer = await ask(record.method, record.target, record.sent, { "Idempotency-Key": record.key });
      this.retryMillis = kRetryMillisMin;
      return { answer };
    } catch (error) {
      if (error instanceof Refused || error instanceof Away) return { error };
      throw error;
    }
  }

  // The first record that can be sent, marked, so that nothing is added to it any more. `done` was
  // answered: its record goes, and later edits find the names that the agent gave to its letters.
  async next(done, answer) {
    const row = done ? namesGiven(done, answer) : null;
    const record = await this.database.change(async ({ operations, names }) => {
      if (done) operations.delete(done.number);
      if (row) names.put(row);
      for (const one of await result(operations.getAll())) {
        if (one.state === "refused") continue;
        // What was sent before is sent again as it was: the agent knows its key.
        one.sent ??= one.edit ? await textBody(names, one.edit) : one.body;
        one.state = one.sent === null ? "refused" : "sending";
        if (one.sent === null) one.error = "it depends on an edit before it that was refused or dropped";
        operations.put(one);
        if (one.state === "sending") return one;
      }
      return null;
    });
    if (done) {
      this.channel.postMessage({ kind: "sent", record: done, answer, row });
      this.tellSent(done, answer, row);
    }
    await this.changedHere();
    return record;
  }

  async refused(record, error) {
    await this.database.change(async ({ operations }) => {
      operations.put({ ...record, state: "refused", error: `${error.message} (${error.status})` });
    });
    await this.changedHere();
  }

  // No answer, or one that passes: the same request, with the same key, after a while.
  async failed(record, error) {
    await this.database.change(async ({ operations }) => {
      operations.put({ ...record, error: error instanceof Refused ? error.message : "the agent does not answer" });
    });
    await this.changedHere();
    await new Promise((resume) => {
      this.wake = resume;
      setTimeout(resume, this.retryMillis);
    });
    this.wake = null;
    this.retryMillis = Math.min(2 * this.retryMillis, kRetryMillisMax);
  }

  // --- What this tab and the others know

  // Many at once cost two readings.
  async refresh() {
    if (this.refreshing) {
      this.refreshAgain ??= this.refreshing.then(() => { this.refreshAgain = null; return this.refresh(); });
      return this.refreshAgain;
    }
    this.refreshing = this.database.operations().finally(() => { this.refreshing = null; });
    this.records = await this.refreshing;
    for (const watcher of this.watchers) watcher.changed?.();
  }

  async changedHere() {
    this.channel.postMessage({ kind: "changed" });
    await this.refresh();
  }

  tellSent(record, answer, row) {
    if (row) this.names.add(row);
    for (const watcher of this.watchers) watcher.sent?.(record, answer);
  }

  async heard({ kind, record, answer, row }) {
    if (kind === "sent") this.tellSent(record, answer, row);
    await this.refresh();
  }
}

// The last record of a text, if more can be added to it.
async function lastOf(operations, target) {
  const all = (await result(operations.getAll())).filter((record) => record.target === target);
  const last = all.at(-1);
  return last?.edit && last.state === "waiting" ? last : null;
}

// The names that the agent gave to the letters of an insert.
function namesGiven({ edit }, { dot }) {
  if (edit?.kind !== "insert" || dot === null) return null;
  return { base: edit.base, index: edit.index, n: edit.n, dot, time: Date.now() };
}

// 32 characters that nobody else has.
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The request of an edit, with the names that the agent gave to the letters before it.
async function textBody(names, edit) {
  const rows = [];
  for (const { base, index, n } of temporaryRuns(edit)) {
    const range = IDBKeyRange.bound([base, index - kNamesBefore], [base, index + n - 1]);
    rows.push(...await result(names.getAll(range)));
  }
  return bodyOf(new Names(rows).edit(edit));
}

// One text as this tab shows it: what the agent has, and on top of it the edits that wait. An edit
// of somebody else is placed by the names of letters, so it moves nothing that was typed here. What
// does not fit makes the session read the text again; the waiting edits are then put on top anew.

import { placeTarget, readIfThere, Away, Refused } from "./agent.js";
import { TextList, lettersOf } from "./replica.js";
import { nameOf, parseName, partsOf, runsOf } from "./text_edits.js";
import { newKey } from "./queue.js";

const kHoldMillis = 1_000;
const kKeepMillis = 300;
const kKeptRunsMax = 20_000;

export class TextSession {
  // `show()` is called when the shown text has changed by others or by a reading.
  constructor(object, queue, feed, show) {
    this.object = object;
    this.target = placeTarget(object);
    this.queue = queue;
    this.show = show;
    this.tab = `~${newKey()}`;
    this.typed = 0;         // letters of this tab so far
    this.base = new TextList();
    this.list = this.base;  // what is shown
    this.loaded = false;
    this.seen = new Map();  // of each actor the last change that `base` has
    this.fresh = [];        // edits of this tab that are not in the queue yet: {id, edit}
    this.stored = [];       // edits that the agent has stored and whose events did not come yet
    this.held = [];         // events that wait
    this.done = new Set();  // numbers of records that the agent has stored
    this.ends = [
      queue.watch({ changed: () => this.queueChanged(), sent: (record, answer) => this.sent(record, answer) }),
      feed.watch({ change: (event) => this.heard(event), reset: () => this.load() }),
    ];
    this.recall().then(() => this.load());
  }

  close() {
    for (const end of this.ends) end();
    clearTimeout(this.holdTimer);
    clearTimeout(this.keepTimer);
    this.closed = true;
  }

  // Before the text was read for the first time, an edit would have no place.
  get usable() { return !this.problem && (this.loaded || this.stale === true); }
  get text() { return this.list.text(); }
  get waiting() { return this.records().length + this.fresh.length; }
  get ours() { return this.queue.records.filter(({ target, edit }) => edit && target === this.target); }
  records() { return this.ours.filter(({ state, number }) => state !== "refused" && !this.done.has(number)); }

  // --- Edits of this tab. Offsets are in units of UTF-16, of `list` as the user saw it.

  replace(list, from, to, text) {
    const after = list.nameBefore(from);
    const runs = list.between(from, to);
    const at = lettersOf(list.text().slice(0, from));
    for (const part of partsOf(runs)) this.edit({ kind: "erase", tab: this.tab, runs: part });
    if (text === "") return;
    const n = lettersOf(text);
    this.edit({ kind: "insert", tab: this.tab, base: this.tab, index: this.typed, n, text, after, at });
    this.typed += n;
  }

  edit(edit) {
    const one = { id: newKey(), edit };
    this.fresh.push(one);
    apply(this.list, this.queue.names.edit(edit));
    this.queue.add({ title: `edit ${this.object}`, method: "PATCH", target: this.target, edit, parts: [one.id] })
      .catch((error) => this.lost(one, error));
  }

  // The browser refused to keep it.
  lost(one, error) {
    this.fresh = this.fresh.filter(({ id }) => id !== one.id);
    this.loss = error.message;
    this.redraw();
  }

  // --- The queue

  queueChanged() {
    const kept = new Set(this.ours.flatMap(({ parts }) => parts));
    this.fresh = this.fresh.filter(({ id }) => !kept.has(id));
    this.takeHeld();
    this.redraw();
  }

  sent(record, answer) {
    if (record.target !== this.target || !record.edit) return;
    this.done.add(record.number);
    const parts = new Set(record.parts);
    this.fresh = this.fresh.filter(({ id }) => !parts.has(id));
    if (answer.dot === null) return;  // nothing had to change
    const { base, index } = parseName(answer.dot);
    if (this.hasSeen(base)) return;
    const edit = record.edit.kind === "insert" ? { ...record.edit, base, index } : record.edit;
    this.stored.push({ base, edit });
  }

  // "<actor>:<seq>"
  hasSeen(base) {
    const [actor, seq] = base.split(":");
    return (this.seen.get(actor) ?? 0n) >= BigInt(seq);
  }

  // --- What the agent has

  // Reads the text. Only one reading runs; another that is due meanwhile follows.
  async load() {
    if (this.loading) {
      this.loadAgain = true;
      return;
    }
    this.loading = true;
    this.stale = false;
    const sentBefore = this.stored.length;
    try {
      await this.readText(sentBefore);
    } catch (error) {
      // When the agent is back, the feed calls again.
      if (error instanceof Away) this.stale = true;
      else this.problem = error.message;
    }
    this.loading = false;
    if (this.loadAgain && !this.closed) {
      this.loadAgain = false;
      await this.load();
      return;
    }
    this.takeHeld();
    this.redraw();
  }

  async readText(sentBefore) {
    let answer;
    try {
      answer = await readIfThere(this.object, `${this.target}?elements=1`);
      this.problem = "";
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.problem = error.message;  // of another type, or too large
    }
    // Not there yet: the first letter makes it.
    answer ??= { value: "", elements: [], vector: {} };
    const list = TextList.of(answer.value, runsOf(answer.elements));
    if (!list) throw new Error("the letters and their names do not fit");
    this.base = list;
    this.seen = new Map(Object.entries(answer.vector).map(([actor, seq]) => [actor, BigInt(seq)]));
    this.stored = this.stored.slice(sentBefore);
    this.loaded = true;
  }

  heard(event) {
    if (event.object !== this.object) return;
    this.held.push(event);
    this.takeHeld();
  }

  // Events wait while the text is read, and a moment while an edit of ours is under way: its event
  // may come before its answer, and would show it twice.
  takeHeld() {
    clearTimeout(this.holdTimer);
    if (this.held.length === 0 || this.loading) return;
    const underWay = this.records().some(({ state }) => state === "sending");
    if (underWay && !this.holdOver) {
      this.holdTimer = setTimeout(() => { this.holdOver = true; this.takeHeld(); this.holdOver = false; }, kHoldMillis);
      return;
    }
    const events = this.held;
    this.held = [];
    const fits = events.every((event) => this.take(event));
    if (fits) this.redraw();
    else this.load();
  }

  // False: it does not fit.
  take(event) {
    if (event.path.length > 0) return false;
    const base = `${event.actor}:${event.seq}`;
    this.stored = this.stored.filter((one) => one.base !== base);
    const known = this.hasSeen(base);
    if (event.op === "erase") {
      for (const run of runsOf(event.elements ?? [])) this.base.erase(run);
    } else if (event.op === "insert") {
      const { index } = parseName(event.dot);
      if (this.base.has(event.dot)) return true;
      // What was read already has it; if it is not in the list, it was erased since.
      if (known && !this.sameChange(base)) return true;
      if (!this.base.insert(event.after, base, index, event.value)) return false;
    } else {
      return false;
    }
    if (!known) this.seen.set(event.actor, BigInt(event.seq));
    this.last = base;
    return true;
  }

  // One change may have several events.
  sameChange(base) { return this.last === base; }

  // --- The last text that the agent showed, for a reload while it is away

  async recall() {
    const kept = await this.queue.database.text(this.target);
    if (kept) {
      this.base = new TextList(kept.runs);
      this.seen = new Map(kept.seen);
    }
    this.redraw();
  }

  keep() {
    if (!this.loaded || this.keepTimer) return;
    this.keepTimer = setTimeout(() => {
      this.keepTimer = null;
      const { runs } = this.base;
      if (runs.length <= kKeptRunsMax) this.queue.database.keepText({ target: this.target, runs, seen: [...this.seen] });
    }, kKeepMillis);
  }

  // --- What is shown

  redraw() {
    if (this.closed) return;
    const list = this.base.copy();
    const waiting = [...this.stored, ...this.records(), ...this.fresh];
    for (const { edit } of waiting) apply(list, this.queue.names.edit(edit));
    this.list = list;
    this.show();
    this.keep();
  }
}

// Puts a waiting edit on top. A letter that it names may be gone from the list, when the text was
// read again after somebody erased it: then it is shown where its author saw it.
function apply(list, edit) {
  if (edit.kind === "erase") {
    for (const run of edit.runs) list.erase(run);
    return;
  }
  if (list.has(nameOf(edit.base, edit.index))) return;
  if (list.insert(edit.after, edit.base, edit.index, edit.text)) return;
  list.insertAt(edit.at, edit.base, edit.index, edit.text);
}


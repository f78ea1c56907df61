// A map of strings as a table, live on all agents: the dictionary and the notes.

import { h, button, labelled, notice, setText, showRows, table } from "./dom.js";
import { placeTarget, readIfThere, Away, Refused } from "./agent.js";
import { choiceList, readConflicts } from "./conflicts.js";
import { Later } from "./later.js";
import { Overlay } from "./overlay.js";

export class MapTable {
  // `words`: {object, key, value, caption}; `long`: values have several lines; `conflicts`: show them.
  constructor(section, queue, feed, words, { long = false, conflicts = false } = {}) {
    this.queue = queue;
    this.words = words;
    this.long = long;
    this.entries = {};
    this.conflicts = conflicts ? [] : null;
    this.key = h("input", { required: true, maxlength: 256, autocomplete: "off" });
    this.value = this.long ? h("textarea", { rows: 2 }) : h("input", { autocomplete: "off" });
    this.filter = h("input", { type: "search", oninput: () => this.show() });
    this.list = table(words.caption, [[words.key], [words.value], ["Actions"]]);
    this.line = h("p", { class: "line", role: "status" });
    section.append(
      h("form", { onsubmit: (event) => { event.preventDefault(); this.set(); } },
        labelled(words.key, this.key, true), labelled(words.value, this.value, true),
        button("Save", null, { type: "submit", class: "main" })),
      h("form", { onsubmit: (event) => event.preventDefault() }, labelled("Find", this.filter, true)),
      this.line,
      h("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": words.caption }, this.list.element));
    this.later = new Later(section, 60, () => this.read());
    feed.watch({
      change: ({ object }) => { if (object === words.object) this.later.call(); },
      reset: () => this.later.call(),
    });
    this.overlay = new Overlay(queue, ({ map, settles }) => (map ?? settles)?.object === words.object,
      { changed: () => this.show(), stored: () => this.later.call() });
  }

  start() { this.later.call(); }

  async read() {
    try {
      const [answer, conflicts] = await this.overlay.reading(() => Promise.all([
        readIfThere(this.words.object, placeTarget(this.words.object)),
        this.conflicts ? readConflicts([this.words.object, ""]) : null]));
      this.entries = answer?.type === "crdt_map" ? answer.value : {};
      if (conflicts) this.conflicts = conflicts.filter(({ object }) => object === this.words.object);
      this.problem = !answer || answer.type === "crdt_map" ? "" : `the object ${this.words.object} is a ${answer.type}, and no map`;
    } catch (error) {
      if (error instanceof Refused) this.problem = error.message;
      else if (!(error instanceof Away)) throw error;
    }
    this.show();
  }

  show() {
    const rows = new Map(Object.entries(this.entries).map(([key, value]) => [key, { key, value, waits: "" }]));
    for (const { map } of this.overlay.records()) {
      if (!map) continue;
      const { key, value } = map;
      const old = rows.get(key);
      if (value !== null) rows.set(key, { key, value, waits: "save" });
      else if (old) rows.set(key, { ...old, waits: "remove" });
    }
    const wanted = this.filter.value.toLowerCase();
    const shown = [...rows.values()]
      .filter(({ key, value }) => `${key} ${JSON.stringify(value)}`.toLowerCase().includes(wanted))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map((row) => ({ ...row, conflict: this.conflicts?.find(({ path }) => path.length === 1 && path[0] === row.key) }));
    showRows(this.list.body, shown.map((row) => ({ key: row.key, row, text: JSON.stringify(row) })), ({ row }) => this.row(row));
    const conflicts = this.conflicts ? `, ${this.conflicts.length} with a conflict` : "";
    setText(this.line, this.problem || `${shown.length} of ${rows.size} shown${conflicts}, ${this.overlay.waiting} edits wait`);
  }

  row({ key, value, waits, conflict }) {
    return h("tr", { "data-waits": waits || null },
      h("th", { scope: "row", class: "mono" }, key),
      h("td", { class: "value" }, typeof value === "string" ? value : JSON.stringify(value),
        conflict ? choiceList(conflict, this.queue) : null),
      h("td", { class: "actions" }, waits ? `waits: ${waits} ` : null,
        button("Edit", () => this.edit(key, value), { "aria-label": `Edit ${key}` }), " ",
        button("Remove", () => this.remove(key), { "aria-label": `Remove ${key}` })));
  }

  edit(key, value) {
    this.key.value = key;
    this.value.value = typeof value === "string" ? value : JSON.stringify(value);
    this.value.focus();
  }

  // The fields are free again at once: the user may be elsewhere when the edit is kept.
  async set() {
    const [key, value] = [this.key.value, this.value.value];
    this.key.value = this.value.value = "";
    this.key.focus();
    const done = await this.write(`set ${key} in ${this.words.object}`, key, value,
      { op: "set", path: [key], value, type: "lww_register" });
    if (!done) [this.key.value, this.value.value] = [key, value];
  }

  remove(key) { return this.write(`remove ${key} from ${this.words.object}`, key, null, { op: "unset", path: [key] }); }

  async write(title, key, value, op) {
    const { object } = this.words;
    const body = { type: "crdt_map", ops: [op] };
    try {
      await this.queue.add({ title, method: "PATCH", target: placeTarget(object), body, parts: [], map: { object, key, value } });
      return true;
    } catch (error) {
      notice(`${title}: ${error.message}`);
      return false;
    }
  }
}

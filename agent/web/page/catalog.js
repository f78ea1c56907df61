// The catalog: snapshots and images, with search, add and remove.

import { h, button, labelled, notice, setText, showRows, table } from "./dom.js";
import { placeTarget, read, Away } from "./agent.js";
import { Later } from "./later.js";
import { Overlay } from "./overlay.js";

const kPage = 200;

export class Catalog {
  constructor(section, queue, feed, openObject) {
    this.queue = queue;
    this.openObject = openObject;
    this.rows = [];
    this.type = h("select", { onchange: () => this.search() },
      h("option", { value: "snapshots" }, "snapshots"), h("option", { value: "images" }, "images"));
    this.query = h("input", { type: "search", placeholder: "size>=1000 cluster=a", oninput: () => this.searchLater.call() });
    this.id = h("input", { maxlength: 512, required: true, autocomplete: "off" });
    this.metadata = h("input", { value: "{}", autocomplete: "off", spellcheck: "false" });
    this.list = table("Entries", [["Id"], ["Metadata"], ["Actions"]]);
    this.line = h("p", { class: "line", role: "status" });
    this.more = button("More", () => this.read(true), { disabled: true });
    section.append(
      h("form", { onsubmit: (event) => { event.preventDefault(); this.search(); } },
        labelled("Type", this.type), labelled("Search: words, or field=value, field>=value", this.query, true),
        button("Search", null, { type: "submit" })),
      h("form", { onsubmit: (event) => { event.preventDefault(); this.add(); } },
        labelled("Id of a new entry", this.id, true), labelled("Metadata, a JSON object", this.metadata, true),
        button("Add", null, { type: "submit", class: "main" })),
      h("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": "Entries of the catalog" }, this.list.element),
      this.line, this.more);
    this.searchLater = new Later(section, 250, () => this.read(false));
    feed.watch({
      change: ({ object }) => { if (object === this.type.value) this.searchLater.call(); },
      reset: () => this.searchLater.call(),
    });
    this.overlay = new Overlay(queue, ({ catalog }) => catalog?.type === this.type.value,
      { changed: () => this.show(), stored: () => this.searchLater.call() });
  }

  start() { this.search(); }
  search() { this.searchLater.call(); }

  async read(more) {
    const parameters = new URLSearchParams({ type: this.type.value, limit: kPage });
    if (more && this.rows.length > 0) parameters.set("after", this.rows.at(-1).id);
    // The agent takes a plus sign for a plus sign.
    const target = `/catalog/query?${parameters}&q=${encodeURIComponent(this.query.value)}`.replaceAll("+", "%20");
    try {
      const page = await this.overlay.reading(() => read(target));
      this.rows = more ? [...this.rows, ...page] : page;
      this.more.disabled = page.length < kPage;
      this.problem = "";
    } catch (error) {
      if (!(error instanceof Away)) this.problem = error.message;
    }
    this.show();
  }

  show() {
    const rows = new Map(this.rows.map(({ id, metadata }) => [id, { id, metadata, waits: "" }]));
    for (const { catalog: { id, metadata } } of this.overlay.records()) {
      const old = rows.get(id);
      if (metadata !== undefined) rows.set(id, { id, metadata, waits: "add" });
      else if (old) rows.set(id, { ...old, waits: "remove" });
    }
    showRows(this.list.body, [...rows.values()].map((row) => ({ key: row.id, row, text: JSON.stringify(row) })),
      ({ row }) => this.row(row));
    setText(this.line, this.problem || `${this.rows.length} entries shown, ${this.overlay.waiting} edits wait`);
  }

  row({ id, metadata, waits }) {
    return h("tr", { "data-waits": waits || null },
      h("th", { scope: "row", class: "mono" }, id),
      h("td", { class: "value" }, JSON.stringify(metadata)),
      h("td", { class: "actions" },
        waits ? `waits: ${waits} ` : null,
        button("Inside", () => this.openObject(this.type.value, [id]), { "aria-label": `Inside of ${id}` }), " ",
        button("Remove", () => this.remove(id), { "aria-label": `Remove ${id}` })));
  }

  async add() {
    const id = this.id.value;
    let metadata;
    try {
      metadata = JSON.parse(this.metadata.value);
      if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) throw new Error("it is no JSON object");
    } catch (error) {
      notice(`The metadata of ${id} was not taken: ${error.message}`);
      return;
    }
    this.id.value = "";
    this.id.focus();
    await this.put(`add ${id} to ${this.type.value}`, id, metadata);
  }

  remove(id) { return this.put(`remove ${id} from ${this.type.value}`, id, undefined); }

  // Without metadata the entry is removed.
  async put(title, id, metadata) {
    const type = this.type.value;
    const op = metadata === undefined ? { op: "unset", path: [id] } : { op: "set", path: [id], value: metadata };
    try {
      await this.queue.add({ title, method: "PATCH", target: placeTarget(type), body: { ops: [op] }, parts: [],
        catalog: { type, id, metadata } });
    } catch (error) {
      notice(`${title}: ${error.message}`);
    }
  }
}

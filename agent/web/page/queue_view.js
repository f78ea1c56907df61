// The edits that wait in this browser, and those that the agent refused.

import { h, byId, button, setText, showRows, table } from "./dom.js";

export class QueueView {
  constructor(section, queue) {
    this.queue = queue;
    this.list = table("Edits in this browser, the oldest first", [["Edit"], ["Made"], ["State"], ["Actions"]]);
    this.line = h("p", { class: "line", role: "status" });
    section.append(h("p", { class: "quiet" },
      "Edits are kept here until the agent has stored them, also over a reload. A refused edit stays until you drop it."),
    this.line,
    h("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": "Edits that wait" }, this.list.element));
    queue.watch({ changed: () => this.show() });
  }

  start() { this.show(); }

  show() {
    const { records } = this.queue;
    const refused = records.filter(({ state }) => state === "refused").length;
    setText(byId("queue-count"), String(records.length));
    byId("queue-link").dataset.refused = String(refused);
    setText(this.line, `${records.length - refused} edits wait, ${refused} were refused`);
    showRows(this.list.body,
      records.map((record) => ({ key: String(record.number), record, text: JSON.stringify([record.state, record.error, record.parts.length]) })),
      ({ record }) => this.row(record));
  }

  row({ number, title: plain, created, state, error, edit }) {
    const title = edit ? `${plain}: ${inWords(edit)}` : plain;
    const actions = state !== "refused" ? [] : [
      button("Send again", () => this.queue.again(number), { "aria-label": `Send again: ${title}` }), " ",
      button("Drop", () => this.queue.drop(number), { "aria-label": `Drop: ${title}` })];
    return h("tr", { "data-waits": state === "refused" ? "refused" : null },
      h("td", {}, title),
      h("td", { class: "mono" }, new Date(created).toISOString().slice(0, 19).replace("T", " ")),
      h("td", {}, error ? `${state}: ${error}` : state),
      h("td", { class: "actions" }, ...actions));
  }
}

function inWords(edit) {
  if (edit.kind === "insert") return `insert “${edit.text.length > 30 ? `${edit.text.slice(0, 30)}…` : edit.text}”`;
  return `erase ${edit.runs.reduce((letters, { n }) => letters + n, 0)} letters`;
}

// The changes as they arrive, the newest first.

import { h, button, labelled, setText, table } from "./dom.js";
import { timeOf } from "./conflicts.js";

const kShownMax = 200;

export class EventList {
  constructor(section, feed) {
    this.count = 0;
    this.filter = h("input", { autocomplete: "off", placeholder: "snapshots" });
    this.pause = button("Pause", () => this.toggle(), { "aria-pressed": "false" });
    this.list = table("Changes, the newest first", [["Stamp"], ["Object"], ["Path"], ["Operation"], ["Value"], ["Node"]]);
    this.line = h("p", { class: "line" }, "no change yet");
    section.append(
      h("form", { onsubmit: (event) => event.preventDefault() }, labelled("Only of this object", this.filter, true), this.pause),
      this.line,
      h("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": "Changes" }, this.list.element));
    feed.watch({ change: (event) => this.add(event), reset: () => this.note() });
  }

  start() {}

  toggle() {
    this.paused = !this.paused;
    this.pause.setAttribute("aria-pressed", String(this.paused));
    setText(this.pause, this.paused ? "Go on" : "Pause");
  }

  add(event) {
    this.count += 1;
    setText(this.line, `${this.count} changes since this page was opened`);
    if (this.paused || (this.filter.value !== "" && this.filter.value !== event.object)) return;
    const value = JSON.stringify(event.value) ?? "";
    this.push(h("tr", {},
      h("td", { class: "mono" }, timeOf(event.stamp)),
      h("td", { class: "mono" }, event.object),
      h("td", { class: "mono" }, event.path.join("/")),
      h("td", {}, event.op),
      h("td", { class: "value" }, value.length > 200 ? `${value.slice(0, 200)}…` : value),
      h("td", { class: "mono" }, event.node.slice(0, 8))));
  }

  note() {
    this.push(h("tr", {}, h("td", { colspan: 6 }, "Changes before this line may be missing; the page has read everything again.")));
  }

  push(row) {
    this.list.body.prepend(row);
    if (this.list.body.children.length > kShownMax) this.list.body.lastElementChild.remove();
  }
}

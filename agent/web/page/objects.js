// All objects, and what is inside one: its value, who wrote it, every dot with its stamp, and what
// is hidden.

import { h, button, labelled, notice, setText, showRows, table } from "./dom.js";
import { read, placeTarget, Away } from "./agent.js";
import { shortWriter, timeOf } from "./conflicts.js";
import { Later } from "./later.js";

const kPage = 200;
const kDotsMax = 1_000;
const kValueMax = 20_000;  // letters shown of a value
const kHiddenRules = ["stamp", "dot", "reset"];  // of values that can be written again

export class Objects {
  constructor(section, queue, feed) {
    this.queue = queue;
    this.objects = [];
    this.list = table("Objects", [["Id"], ["Type"], ["Cells", "number"], ["Actions"]]);
    this.more = button("More", () => this.readList(true), { disabled: true });
    this.id = h("input", { required: true, maxlength: 512, autocomplete: "off", spellcheck: "false" });
    this.path = h("input", { value: "[]", autocomplete: "off", spellcheck: "false" });
    this.title = h("h3", {}, "No object is open");
    this.line = h("p", { class: "line", role: "status" });
    this.value = h("pre", { class: "mono" });
    this.dots = table("Dots: each is one value that somebody wrote",
      [["Path"], ["Type"], ["Value"], ["Written"], ["Writer"], ["Rule"], ["State"], ["Dot"], ["Choice"]]);
    section.append(
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Objects" }, this.list.element), this.more,
      h("form", { onsubmit: (event) => { event.preventDefault(); this.openTyped(); } },
        labelled("Object", this.id, true), labelled("Path, a JSON array of keys", this.path, true),
        button("Open", null, { type: "submit", class: "main" })),
      this.title, this.line,
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Value of the object" }, this.value),
      h("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": "Dots of the object" }, this.dots.element));
    this.later = new Later(section, 300, () => Promise.all([this.readList(false), this.readOne()]));
    feed.watch({ change: () => this.later.call(), reset: () => this.later.call() });
  }

  start() { this.later.call(); }

  open(object, path) {
    this.id.value = object;
    this.path.value = JSON.stringify(path);
    this.openTyped();
  }

  openTyped() {
    try {
      const path = JSON.parse(this.path.value);
      if (!Array.isArray(path) || path.some((key) => typeof key !== "string")) throw new Error("it is no array of strings");
      placeTarget(this.id.value, path);  // or it cannot be read
      this.place = { object: this.id.value, path };
      this.later.call();
    } catch (error) {
      notice(`The place was not taken: ${error.message}`);
    }
  }

  async readList(more) {
    try {
      const after = more && this.next !== null ? `&after=${encodeURIComponent(this.next)}` : "";
      const page = await read(`/v1/objects?limit=${kPage}${after}`);
      this.objects = more ? [...this.objects, ...page.objects] : page.objects;
      this.next = page.next;
      this.more.disabled = this.next === null;
    } catch (error) {
      if (!(error instanceof Away)) setText(this.line, error.message);
      return;
    }
    showRows(this.list.body, this.objects.map((one) => ({ key: `${one.id} ${one.type}`, one, text: JSON.stringify(one) })),
      ({ one }) => h("tr", {}, h("th", { scope: "row", class: "mono" }, one.id), h("td", {}, one.type),
        h("td", { class: "number" }, String(one.cells)),
        h("td", { class: "actions" }, button("Inside", () => this.open(one.id, []), { "aria-label": `Inside of ${one.id}` }))));
  }

  async readOne() {
    const { place } = this;
    if (!place) return;
    const name = [place.object, ...place.path].join("/");
    try {
      const answer = await read(`${placeTarget(place.object, place.path)}?inspect=1`);
      setText(this.title, `${name}, a ${answer.type}`);
      const value = JSON.stringify(answer.value, null, 2);
      setText(this.value, value.length > kValueMax ? `${value.slice(0, kValueMax)}…` : value);
      const writers = Object.keys(answer.vector).length;
      setText(this.line, `${answer.dots.length} dots of ${writers} actors` +
        (answer.dots.length > kDotsMax ? `, the first ${kDotsMax} are shown` : ""));
      this.showDots(place, answer.dots.slice(0, kDotsMax));
    } catch (error) {
      if (error instanceof Away) return;
      setText(this.title, name);
      setText(this.line, error.message);
      setText(this.value, "");
      this.showDots(place, []);
    }
  }

  showDots(place, dots) {
    const rows = dots.map((dot) => ({ key: `${dot.dot} ${dot.path.join("/")}`, dot, text: JSON.stringify(dot) }));
    showRows(this.dots.body, rows, ({ dot }) => h("tr", { "data-lost": !dot.shown },
      h("td", { class: "mono" }, dot.path.join("/") || "–"),
      h("td", {}, dot.type),
      h("td", { class: "value" }, JSON.stringify(dot.value)),
      h("td", { class: "mono" }, timeOf(dot.stamp)),
      h("td", { class: "mono" }, shortWriter(dot.writer)),
      h("td", {}, dot.rule),
      h("td", {}, dot.shown ? "shown" : "hidden"),
      h("td", { class: "mono" }, shortDot(dot.dot)),
      h("td", { class: "actions" }, this.choiceOf(place, dot, dots))));
  }

  // A value that lost can be written again; so can the one that won, which then is alone.
  choiceOf(place, dot, all) {
    const isRegister = dot.type === "lww_register" && kHiddenRules.includes(dot.rule);
    const rivals = all.filter((other) => other.type === dot.type && String(other.path) === String(dot.path));
    if (!isRegister || (dot.shown && rivals.length < 2)) return null;
    const at = [place.object, ...dot.path].join("/");
    const title = `let ${JSON.stringify(dot.value)} stand at ${at}`;
    const edit = { title, method: "PATCH", target: placeTarget(place.object), parts: [],
      body: { ops: [{ op: "set", path: dot.path, value: dot.value }] } };
    return button("Let it stand", () => this.queue.add(edit).catch((error) => notice(`${title}: ${error.message}`)),
      { "aria-label": title });
  }
}

function shortDot(dot) {
  const [actor, seq, index] = dot.split(":");
  return `${actor.slice(0, 8)}:${seq}:${index}`;
}

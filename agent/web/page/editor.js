// The text that several people edit at once.

import { h, button, labelled, notice, setText } from "./dom.js";
import { TextSession } from "./text_session.js";
import { difference, TextList } from "./replica.js";

// A text area makes line feeds of carriage returns. They are shown as a sign of the same length.
const kReturnSign = "\u240D";
const shownText = (text) => text.replaceAll("\r", kReturnSign);

export class Editor {
  constructor(section, queue, feed) {
    this.queue = queue;
    this.feed = feed;
    this.name = h("input", { value: "text", maxlength: 512, autocomplete: "off", spellcheck: "false" });
    this.area = h("textarea", { class: "text", rows: 12, disabled: true, spellcheck: "false",
      "aria-describedby": "text-line", oninput: () => this.typed(),
      oncompositionstart: () => { this.composing = true; },
      oncompositionend: () => { this.composing = false; this.typed(); } });
    this.line = h("p", { id: "text-line", class: "line" }, "");
    const form = h("form", { onsubmit: (event) => { event.preventDefault(); this.open(); } },
      labelled("Name of the text (an object of type seq)", this.name, true), button("Open", null, { type: "submit" }));
    section.append(form, labelled("Text; everybody who has it open edits it at once", this.area, true), this.line);
  }

  start() {
    if (!this.session) this.open();
  }

  open() {
    const object = this.name.value.trim();
    if (object === "") return;
    this.session?.close();
    this.shown = "";          // what the area shows, and the list that it was made from
    this.drawn = new TextList();
    this.area.value = "";
    this.area.disabled = true;
    // The session may call back before the constructor returns.
    this.session = null;
    try {
      this.session = new TextSession(object, this.queue, this.feed, () => queueMicrotask(() => this.draw()));
    } catch (error) {
      notice(error.message);
    }
    this.draw();
  }

  // The user changed the area.
  typed() {
    if (this.composing) return;
    const now = this.area.value;
    if (now !== this.shown) {
      const { from, to, text } = difference(this.shown, now, this.area.selectionEnd);
      this.session.replace(this.drawn, from, to, text);
      this.shown = now;
      this.drawn = this.session.list;
    }
    this.draw();
  }

  // Shows what the session has. A caret stays behind the letter that it was behind.
  draw() {
    const { session, area } = this;
    if (!session || this.composing) return;
    const usable = session.usable;
    if (area.disabled === usable) area.disabled = !usable;
    const text = shownText(session.text);
    if (text !== this.shown) {
      const [start, end] = [area.selectionStart, area.selectionEnd].map((offset) => this.moved(offset));
      area.value = text;
      this.shown = text;
      area.setSelectionRange(start, Math.max(start, end));
    }
    this.drawn = session.list;
    this.say();
  }

  moved(offset) {
    const name = this.session.queue.names.name(this.drawn.nameBefore(offset));
    return this.session.list.offsetBehind(name) ?? offset;
  }

  say() {
    const { session } = this;
    const letters = `${[...this.shown].length} letters`;
    const waits = session.waiting > 0 ? `, ${session.waiting} edits wait for the agent` : ", all edits are stored";
    const stale = session.stale ? "; the agent does not answer, so edits of others do not come" : "";
    setText(this.line, session.problem || session.loss || letters + waits + stale);
  }
}

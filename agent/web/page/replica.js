// A text as a list of runs of letters (code points) in their order: {base, index, n, text, gone}.
// Erased letters stay in the list as `gone`, so that a place beside them is still found. Runs are
// never changed in place, so a copy of the list is a copy of the text.

import { kStart, nameOf, parseName } from "./text_edits.js";

export class TextList {
  constructor(runs = []) {
    this.runs = runs;
  }

  // From the value that the agent shows and the runs of its letters.
  static of(value, runs) {
    const list = new TextList();
    let at = 0;
    for (const { base, index, n } of runs) {
      const end = endOf(value, at, n);
      list.runs.push({ base, index, n, text: value.slice(at, end), gone: false });
      at = end;
    }
    return at === value.length ? list : null;
  }

  copy() { return new TextList([...this.runs]); }

  text() {
    let text = "";
    for (const run of this.runs) if (!run.gone) text += run.text;
    return text;
  }

  has(name) { return name === kStart || this.find(name) !== null; }

  // Behind the letter `after`. False: the list does not have it.
  insert(after, base, index, text) {
    const run = { base, index, n: lettersOf(text), text, gone: false };
    if (after === kStart) {
      this.runs.unshift(run);
      return true;
    }
    const place = this.find(after);
    if (!place) return false;
    this.split(place.at, place.offset + 1);
    const before = this.runs[place.at];
    const goesOn = before.base === base && before.index + before.n === index && !before.gone;
    if (goesOn) this.runs[place.at] = { ...before, n: before.n + run.n, text: before.text + text };
    else this.runs.splice(place.at + 1, 0, run);
    return true;
  }

  // At a position of what is shown, in letters, or at the end.
  insertAt(position, base, index, text) {
    const before = this.nameBefore(this.offsetOf(position));
    this.insert(before, base, index, text);
  }

  // Letters that the list does not have are no error: it never showed them.
  erase({ base, index, n }) {
    for (let at = 0; at < this.runs.length; ++at) {
      const run = this.runs[at];
      if (run.base !== base || run.gone || index + n <= run.index || run.index + run.n <= index) continue;
      const from = Math.max(index - run.index, 0);
      if (from > 0) {
        this.split(at, from);
        continue;  // the rest is the next run
      }
      this.split(at, Math.min(index + n - run.index, run.n));
      this.runs[at] = { ...this.runs[at], gone: true };
    }
  }

  // --- Places as a browser counts them: in units of UTF-16 of what is shown.

  // The letter that ends at or before this offset; "start" if none does.
  nameBefore(offset) {
    let left = offset;
    let name = kStart;
    for (const run of this.runs) {
      if (run.gone) continue;
      if (left <= 0) break;
      const letters = left >= run.text.length ? run.n : lettersOf(run.text.slice(0, left));
      if (letters > 0) name = nameOf(run.base, run.index + letters - 1);
      left -= run.text.length;
    }
    return name;
  }

  // Where the place behind a letter is now; null if the list does not have it.
  offsetBehind(name) {
    if (name === kStart) return 0;
    const place = this.find(name);
    if (!place) return null;
    let offset = 0;
    for (const run of this.runs.slice(0, place.at)) if (!run.gone) offset += run.text.length;
    const run = this.runs[place.at];
    return run.gone ? offset : offset + endOf(run.text, 0, place.offset + 1);
  }

  // The runs of what is shown between two offsets.
  between(from, to) {
    const found = [];
    let offset = 0;
    for (const run of this.runs) {
      if (run.gone) continue;
      const start = Math.max(from - offset, 0);
      const end = Math.min(to - offset, run.text.length);
      if (start < end) {
        const skipped = lettersOf(run.text.slice(0, start));
        found.push({ base: run.base, index: run.index + skipped, n: lettersOf(run.text.slice(start, end)) });
      }
      offset += run.text.length;
      if (offset >= to) break;
    }
    return found;
  }

  // --- Inside

  find(name) {
    const { base, index } = parseName(name);
    const at = this.runs.findIndex((run) => run.base === base && run.index <= index && index < run.index + run.n);
    return at < 0 ? null : { at, offset: index - this.runs[at].index };
  }

  // Makes two runs of one: `letters` stay in the first.
  split(at, letters) {
    const run = this.runs[at];
    if (letters <= 0 || letters >= run.n) return;
    const end = endOf(run.text, 0, letters);
    this.runs.splice(at, 1,
      { ...run, n: letters, text: run.text.slice(0, end) },
      { ...run, index: run.index + letters, n: run.n - letters, text: run.text.slice(end) });
  }

  offsetOf(position) {
    let left = position;
    let offset = 0;
    for (const run of this.runs) {
      if (run.gone) continue;
      if (left <= run.n) return offset + endOf(run.text, 0, left);
      left -= run.n;
      offset += run.text.length;
    }
    return offset;
  }
}

const isPairEnd = (unit) => unit >= 0xDC00 && unit <= 0xDFFF;

// How many code points there are.
export function lettersOf(text) {
  let letters = text.length;
  for (let i = 0; i < text.length; ++i) if (isPairEnd(text.charCodeAt(i))) --letters;
  return letters;
}

// The offset behind `letters` code points from `from` on.
function endOf(text, from, letters) {
  let at = from;
  for (let i = 0; i < letters; ++i) at += isPairEnd(text.charCodeAt(at + 1)) ? 2 : 1;
  return Math.min(at, text.length);
}

// What was typed: `from` and `to` in the old text were replaced by `text`. `caret` is behind it in
// the new text: among equal letters it tells which one is new.
export function difference(before, after, caret) {
  const rest = after.length - caret;
  let end = 0;
  const endMax = Math.min(before.length, after.length, rest);
  while (end < endMax && before[before.length - 1 - end] === after[after.length - 1 - end]) ++end;
  let start = 0;
  const startMax = Math.min(before.length, after.length) - end;
  while (start < startMax && before[start] === after[start]) ++start;
  // No cut between the two units of one code point.
  if (start > 0 && (isPairEnd(before.charCodeAt(start)) || isPairEnd(after.charCodeAt(start)))) --start;
  const cut = (text) => isPairEnd(text.charCodeAt(text.length - end));
  if (end > 0 && (cut(before) || cut(after))) --end;
  return { from: start, to: before.length - end, text: after.slice(start, after.length - end) };
}

// The parts of the page that need no browser, against naive models: node units.js

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { check, checkEqual } from "../support/agent.mjs";

const folder = new URL("../../agent/web/page/", import.meta.url);
const { TextList, difference, lettersOf } = await import(new URL("replica.js", folder));
const { Names, bodyOf, merged, partsOf, runsOf } = await import(new URL("text_edits.js", folder));

// The same numbers for the same seed.
function chance(seed) {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

// Some share the first, some the second unit of UTF-16.
const kLetters = ["a", "b", "é", "€", "\u{1F600}", "\u{1F601}", "\u{1FA00}", "\n", "\u{1D11E}"];

// A text as one object for each letter.
class Naive {
  constructor() { this.letters = []; }
  at(name) { return this.letters.findIndex((letter) => letter.name === name); }
  insert(after, base, index, text) {
    const at = after === "start" ? 0 : this.at(after) + 1;
    this.letters.splice(at, 0, ...[...text].map((letter, i) => ({ name: `${base}:${index + i}`, letter, gone: false })));
  }
  erase(base, index, n) {
    for (let i = 0; i < n; ++i) {
      const at = this.at(`${base}:${index + i}`);
      if (at >= 0) this.letters[at].gone = true;
    }
  }
  get shown() { return this.letters.filter(({ gone }) => !gone); }
  get text() { return this.shown.map(({ letter }) => letter).join(""); }
  offsetBehind(name) {
    const before = this.letters.slice(0, this.at(name) + 1).filter(({ gone }) => !gone);
    return before.map(({ letter }) => letter).join("").length;
  }
}

function listLikeTheNaive(seed) {
  const random = chance(seed);
  const list = new TextList();
  const naive = new Naive();
  const next = { "x:1": 0, "y:1": 0, "~t": 0 };
  for (let step = 0; step < 300; ++step) {
    if (random(3) > 0 || naive.letters.length === 0) {
      const base = Object.keys(next)[random(3)];
      const text = Array.from({ length: 1 + random(4) }, () => kLetters[random(kLetters.length)]).join("");
      const after = random(5) === 0 || naive.letters.length === 0 ? "start" : naive.letters[random(naive.letters.length)].name;
      check(list.insert(after, base, next[base], text), "a known letter");
      naive.insert(after, base, next[base], text);
      next[base] += [...text].length;
    } else {
      const letter = naive.letters[random(naive.letters.length)].name;
      const [base, index] = [letter.slice(0, letter.lastIndexOf(":")), Number(letter.slice(letter.lastIndexOf(":") + 1))];
      const n = 1 + random(6);
      list.erase({ base, index, n });
      naive.erase(base, index, n);
    }
    checkEqual(list.text(), naive.text, `text at step ${step}`);
  }
  for (const { name } of naive.letters) checkEqual(list.offsetBehind(name), naive.offsetBehind(name), `behind ${name}`);
  let offset = 0;
  for (const { name, letter } of naive.shown) {
    checkEqual(list.nameBefore(offset + letter.length), name, `before ${offset + letter.length}`);
    checkEqual(list.between(offset, offset + letter.length).map(({ base, index, n }) => [`${base}:${index}`, n]), [[name, 1]], "between");
    offset += letter.length;
  }
  check(!list.insert("nobody:7:3", "z:1", 0, "x"), "an unknown letter is refused");
  checkEqual(list.text(), naive.text, "a refused insert changes nothing");
}

// What differs, put into the old text, gives the new one, and cuts no letter in two.
function differences(seed) {
  const random = chance(seed);
  const word = () => Array.from({ length: random(6) }, () => kLetters[random(kLetters.length)]).join("");
  for (let i = 0; i < 2_000; ++i) {
    const [head, old, fresh, tail] = [word(), word(), word(), word()];
    const [before, after] = [head + old + tail, head + fresh + tail];
    // Undo may leave the caret before what has changed.
    const caret = random(2) === 0 ? head.length + fresh.length : 0;
    const { from, to, text } = difference(before, after, caret);
    checkEqual(before.slice(0, from) + text + before.slice(to), after, "the difference");
    const cuts = (whole, at) => at > 0 && at < whole.length && /^[\uDC00-\uDFFF]/.test(whole.slice(at));
    check(!cuts(before, from) && !cuts(before, to) && !/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/.test(text), `a pair is cut: ${JSON.stringify([before, after, from, to, text])}`);
    checkEqual(lettersOf(after), [...after].length, "letters");
  }
  // The caret tells which of equal letters is new.
  checkEqual(difference("aa", "aaa", 1), { from: 0, to: 0, text: "a" }, "at the start");
  checkEqual(difference("aa", "aaa", 3), { from: 2, to: 2, text: "a" }, "at the end");
}

function edits() {
  const first = { kind: "insert", tab: "~t", base: "~t", index: 0, n: 2, text: "ab", after: "start", at: 0 };
  const goesOn = { kind: "insert", tab: "~t", base: "~t", index: 2, n: 1, text: "c", after: "~t:1", at: 2 };
  const elsewhere = { kind: "insert", tab: "~t", base: "~t", index: 3, n: 1, text: "d", after: "~t:0", at: 1 };
  checkEqual(merged(first, goesOn), { ...first, n: 3, text: "abc" }, "typed in one go");
  checkEqual(merged(first, elsewhere), null, "typed elsewhere");
  const erase = (...indexes) => ({ kind: "erase", tab: "~t", runs: indexes.map((index) => ({ base: "x:1", index, n: 1 })) });
  checkEqual(merged(erase(5), erase(4)).runs, [{ base: "x:1", index: 4, n: 2 }], "backspace");
  checkEqual(merged(first, erase(1)), null, "two kinds");
  checkEqual(merged(erase(5), { ...erase(4), tab: "~u" }), null, "two tabs");

  checkEqual(partsOf([{ base: "x:1", index: 5, n: 25_000 }, { base: "y:1", index: 0, n: 1 }]).map((part) => part.map(({ index, n }) => [index, n])),
    [[[5, 10_000]], [[10_005, 10_000]], [[20_005, 5_000], [0, 1]]], "large erases in parts");
  checkEqual(partsOf(Array.from({ length: 2_500 }, (_, i) => ({ base: `x:${i}`, index: 0, n: 1 }))).map((part) => part.length),
    [1_000, 1_000, 500], "many runs in parts");
  checkEqual(partsOf([]), [], "nothing");

  const names = new Names([{ base: "~t", index: 0, n: 2, dot: "aa:7:1" }, { base: "~t", index: 4, n: 1, dot: "aa:9:0" }]);
  checkEqual(names.resolve({ base: "~t", index: 1, n: 4 }),
    [{ base: "aa:7", index: 2, n: 1 }, { base: "~t", index: 2, n: 2 }, { base: "aa:9", index: 0, n: 1 }], "resolved");
  checkEqual(bodyOf(goesOn), null, "a letter that the agent does not have");
  checkEqual(bodyOf(names.edit(goesOn)), { type: "seq", ops: [{ op: "insert", after: "aa:7:2", text: "c" }] }, "a body");
  checkEqual(runsOf([{ dot: "aa:9007199254740993:2", len: 2, changes: 2 }]),
    [{ base: "aa:9007199254740993", index: 2, n: 2 }, { base: "aa:9007199254740994", index: 2, n: 2 }], "large numbers");
}

// Cut anywhere, a stream is the same events.
async function streams() {
  globalThis.document ??= { addEventListener() {} };
  const { EventParser } = await import(new URL("feed.js", folder));
  const text = ": hello\nid: n-1-0\n\nid: n-2-0\nevent: change\ndata: {\"a\":\ndata: 1}\n\n:\n\nevent: reset\ndata:x\n\n";
  const whole = [];
  new EventParser((event) => whole.push(event)).push(text);
  checkEqual(whole.map(({ id, event, data }) => [id, event, data]),
    [["n-1-0", "", ""], ["n-2-0", "change", "{\"a\":\n1}"], [null, "reset", "x"]], "events");
  for (let cut = 0; cut <= text.length; ++cut) {
    const parts = [];
    const parser = new EventParser((event) => parts.push(event));
    parser.push(text.slice(0, cut));
    parser.push(text.slice(cut));
    checkEqual(parts, whole, `cut at ${cut}`);
  }
}

// Text of others must not become a part of the page.
function noHtml() {
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder.pathname, name), "utf8");
    check(!/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/.test(text), `${name} makes HTML of text`);
  }
}

for (let seed = 1; seed <= 20; ++seed) listLikeTheNaive(seed);
for (let seed = 1; seed <= 5; ++seed) differences(seed);
edits();
await streams();
noHtml();
console.log("Units: passed");

// Edits of a text by the names of its letters (code points). A letter that the agent has stored has
// a dot, "<actor>:<seq>:<index>". A letter that was typed here and was not answered yet has a name
// of this tab, "~<tab>:<index>". Both are a base and an index, and a run is `n` letters of one base
// with indexes that follow each other: {base, index, n}.
//
// An edit is {kind: "insert", tab, base, index, n, text, after, at} or {kind: "erase", tab, runs}.
// `after` is the name of the letter before it, or "start"; `at` is where its author saw it.

const kLettersMax = 5_000;  // of one insert: above, a new one begins
const kRunsMax = 1_000;     // of one erase, and its letters
const kErasedMax = 10_000;

export const kStart = "start";

export function nameOf(base, index) { return `${base}:${index}`; }

export function parseName(name) {
  const colon = name.lastIndexOf(":");
  return { base: name.slice(0, colon), index: Number(name.slice(colon + 1)) };
}

export const isTemporary = (base) => base.startsWith("~");

// Runs of the agent, which may stand for several changes, as runs of one base each.
export function runsOf(elements) {
  const runs = [];
  for (const { dot, len, changes } of elements) {
    const { base, index } = parseName(dot);
    if (changes === undefined) {
      runs.push({ base, index, n: len });
      continue;
    }
    const [actor, seq] = base.split(":");
    for (let i = 0n; i < BigInt(changes); ++i) {
      runs.push({ base: `${actor}:${BigInt(seq) + i}`, index, n: len });
    }
  }
  return runs;
}

// One edit that does both, if there is one: what is typed or erased in one go is one request.
export function merged(last, next) {
  // Only of one tab: after a power cut a record may have forgotten that it was sent.
  if (last.kind !== next.kind || last.tab !== next.tab) return null;
  if (last.kind === "erase") {
    const [runs, more] = partsOf([...last.runs, ...next.runs].reduce(withRun, []));
    return more ? null : { ...last, runs };
  }
  const goesOn = next.base === last.base && next.index === last.index + last.n &&
    next.after === nameOf(last.base, last.index + last.n - 1);
  if (!goesOn || last.n + next.n > kLettersMax) return null;
  return { ...last, n: last.n + next.n, text: last.text + next.text };
}

// Runs in parts that are each small enough for one edit.
export function partsOf(runs) {
  const parts = [];
  let letters = kErasedMax;  // of the last part
  for (let { base, index, n } of runs) {
    while (n > 0) {
      if (letters >= kErasedMax || parts.at(-1).length >= kRunsMax) {
        parts.push([]);
        letters = 0;
      }
      const taken = Math.min(n, kErasedMax - letters);
      parts.at(-1).push({ base, index, n: taken });
      letters += taken;
      index += taken;
      n -= taken;
    }
  }
  return parts;
}

// Adds a run to runs; one that touches the last becomes a part of it.
export function withRun(runs, run) {
  const last = runs.at(-1);
  if (last && last.base === run.base && last.index + last.n === run.index) {
    runs[runs.length - 1] = { ...last, n: last.n + run.n };
  } else if (last && last.base === run.base && run.index + run.n === last.index) {
    runs[runs.length - 1] = { ...last, index: run.index, n: last.n + run.n };
  } else {
    runs.push(run);
  }
  return runs;
}

// The names that the agent gave to letters that were typed here.
export class Names {
  constructor(rows = []) {
    this.byBase = new Map();
    for (const row of rows) this.add(row);
  }

  // {base, index, n, dot}: the letters base:index… are now dot….
  add(row) {
    const rows = this.byBase.get(row.base) ?? [];
    rows.push(row);
    this.byBase.set(row.base, rows);
  }

  // The same letters by the names that they have now. Those without one stay as they are.
  resolve(run) {
    const rows = this.byBase.get(run.base);
    if (!rows) return [run];
    const found = [];
    for (let index = run.index; index < run.index + run.n;) {
      const row = rows.find((one) => one.index <= index && index < one.index + one.n);
      if (!row) {
        withRun(found, { base: run.base, index, n: 1 });
        index += 1;
        continue;
      }
      const dot = parseName(row.dot);
      const n = Math.min(run.index + run.n, row.index + row.n) - index;
      withRun(found, { base: dot.base, index: dot.index + index - row.index, n });
      index += n;
    }
    return found;
  }

  name(name) {
    if (name === kStart) return name;
    const [run] = this.resolve({ ...parseName(name), n: 1 });
    return nameOf(run.base, run.index);
  }

  edit(edit) {
    if (edit.kind === "erase") return { ...edit, runs: edit.runs.flatMap((run) => this.resolve(run)) };
    return { ...edit, after: this.name(edit.after) };
  }
}

// The runs of temporary names that an edit refers to.
export function temporaryRuns(edit) {
  const runs = edit.kind === "erase" ? edit.runs
    : edit.after === kStart ? [] : [{ ...parseName(edit.after), n: 1 }];
  return runs.filter(({ base }) => isTemporary(base));
}

// The request of an edit whose names are resolved; null if it names letters that the agent never got.
export function bodyOf(edit) {
  if (temporaryRuns(edit).length > 0) return null;
  const op = edit.kind === "insert"
    ? { op: "insert", after: edit.after, text: edit.text }
    : { op: "erase", elements: edit.runs.map(({ base, index, n }) => ({ dot: nameOf(base, index), len: n })) };
  return { type: "seq", ops: [op] };
}

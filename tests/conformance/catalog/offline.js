// Edits on two agents that cannot hear each other, from 20 seeds, and what must be there when they have met
// again. The model says what the clients meant; it knows no clock of an agent and no tag.

import { chance, check, checkEqual } from "../lab.js";
import { checkSame, cut, deltaText, get, nanosOf, ok, pair, post, rejoin, send } from "./talk.js";

const kSeeds = 20;
const kOps = 8;
const kIds = 3;
const kEdits = ["add", "add", "remove", "replace", "merge", "merge"];

// Operations in the order in which they were answered. An operation has seen those that its agent knew.
// The last write wins, because both agents read one clock and a client waits for each answer.
class Intents {
  constructor() {
    this.ops = [];
    this.known = [new Set(), new Set()];  // by each agent
  }

  write(side, kind, fields) {
    const op = { kind, side, fields, saw: new Set(this.known[side]) };
    this.ops.push(op);
    this.known[side].add(op);
  }

  tell(from, to) { for (const op of this.known[from]) this.known[to].add(op); }
  meet() {
    this.tell(0, 1);
    this.tell(1, 0);
  }

  // The writes that the agent knows and that no removal has seen.
  left(side) {
    const known = this.ops.filter((op) => this.known[side].has(op));
    const removes = known.filter(({ kind }) => kind === "remove");
    return known.filter((op) => op.kind !== "remove" && !removes.some(({ saw }) => saw.has(op)));
  }

  // The metadata, or undefined where the entry is not there.
  shown(side) {
    const left = this.left(side);
    if (!left.some(({ kind }) => kind === "add")) return undefined;
    const whole = left.filter(({ kind }) => kind !== "merge").at(-1);
    return Object.assign({}, ...left.slice(left.indexOf(whole)).map(({ fields }) => fields));
  }

  story() { return this.ops.map(({ kind, side, fields }) => `${kind}@n${side + 1} ${JSON.stringify(fields)}`).join("; "); }
}

const kCalls = {
  add: ["POST", "add"],
  remove: ["DELETE", "remove"],
  replace: ["PUT", "metadata"],
  merge: ["PATCH", "metadata"],
};

async function edit(agents, random, entries, kinds) {
  const side = random(2);
  const [id, intents] = entries[random(entries.length)];
  let kind = kinds[random(kinds.length)];
  if (kind === "remove" && intents.shown(side) === undefined) kind = "add";
  const fields = kind === "remove" ? undefined : { [`f${random(3)}`]: random(1000) };
  if (kind === "add" || kind === "replace") fields.whole = random(1000);
  const [verb, word] = kCalls[kind];
  await ok(send(agents[side], verb, `/snapshots/${word}/${id}`, fields));
  intents.write(side, kind, fields);
}

async function shownOf(agent) {
  const rows = await ok(get(agent, "/catalog/query?type=snapshots&limit=10000"));
  return Object.fromEntries(rows.map(({ id, metadata }) => [id, metadata]));
}

// The agent shows what the model says; of the first entry that differs the message tells all that was done.
async function checkShown(agent, side, entries, what) {
  const shown = await shownOf(agent);
  for (const [id, intents] of entries) {
    checkSame([shown[id]], [intents.shown(side)], `${what}: ${agent.name}: ${id} after ${intents.story()}`);
  }
  const expected = entries.filter(([, intents]) => intents.shown(side) !== undefined);
  checkEqual(Object.keys(shown).length, expected.length, `${what}: ${agent.name}: entries`);
  return shown;
}

const entriesOfSeeds = () => Array.from({ length: kSeeds }, (_, seed) =>
  Array.from({ length: kIds }, (_, i) => [`${seed}:${i}`, new Intents()]));

async function interleaved(lab) {
  const agents = await pair(lab);
  const bySeed = entriesOfSeeds();
  const all = bySeed.flat();
  for (const [id, intents] of all) {
    await ok(post(agents[0], `/snapshots/add/${id}`, { base: id }));
    intents.write(0, "add", { base: id });
  }

  for (let round = 0; round < 2; ++round) {
    await rejoin(agents);
    for (const [, intents] of all) intents.meet();
    for (const [side, agent] of agents.entries()) await checkShown(agent, side, all, `before round ${round}`);
    await cut(agents);
    for (const [seed, entries] of bySeed.entries()) {
      const random = chance(1000 * round + seed);
      for (let i = 0; i < kOps; ++i) await edit(agents, random, entries, kEdits);
    }
    const a = await checkShown(agents[0], 0, all, `cut off in round ${round}`);
    const z = await checkShown(agents[1], 1, all, `cut off in round ${round}`);
    check(JSON.stringify(a) !== JSON.stringify(z), "the agents were not cut off");
  }
  await rejoin(agents);
  for (const [, intents] of all) intents.meet();
  for (const [side, agent] of agents.entries()) await checkShown(agent, side, all, "in the end");
}

// "Generate, apply, clear": the loop of a gossip program between two agents that have no mesh in common. What
// comes from the other agent is told back to nobody.
async function gossip(from, to, limit) {
  const peer = (await to.get("/v1/status")).node_id;
  for (;;) {
    const { text } = await get(from, `/crdt/delta?peer=${peer}&limit=${limit}`);
    if (text === "[]") return;
    await ok(post(to, "/crdt/delta", text));
    await ok(post(from, `/crdt/delta/clear?peer=${peer}`));
  }
}

// A delta says nothing about what its author had seen. So an add that is posted replaces metadata that its author
// did not know, and if it is removed later, that metadata is gone too: one agent shows it, the other does not.
// What is there is the same on both, and nothing that was removed is shown.
async function checkThere(agent, side, entries) {
  const shown = await shownOf(agent);
  for (const [id, intents] of entries) {
    const story = `${agent.name}: ${id} after ${intents.story()}`;
    checkEqual(id in shown, intents.shown(side) !== undefined, `${story}: it is there`);
    const left = intents.left(side);
    for (const [name, value] of Object.entries(shown[id] ?? {})) {
      check(left.some(({ fields }) => fields[name] === value), `${story}: ${name} ${value} was removed`);
    }
  }
  checkEqual(Object.keys(shown).filter((id) => !entries.some(([known]) => known === id)), [], "entries of nobody");
}

async function withoutAMesh(lab) {
  const agents = [await lab.agent("n1"), await lab.agent("n2")];
  const bySeed = entriesOfSeeds();
  const tell = async (from, to, limit) => {
    await gossip(agents[from], agents[to], limit);
    for (const [, intents] of bySeed.flat()) intents.tell(from, to);
  };
  for (let round = 0; round < 2; ++round) {
    for (const [seed, entries] of bySeed.entries()) {
      const random = chance(7000 + 1000 * round + seed);
      for (let i = 0; i < 6; ++i) await edit(agents, random, entries, ["add", "add", "remove", "replace"]);
    }
    await tell(round % 2, 1 - (round % 2), 10 + round);
  }
  await tell(0, 1, 1000);
  await tell(1, 0, 1000);
  for (const [side, agent] of agents.entries()) await checkThere(agent, side, bySeed.flat());
}

// Nodes outside the mesh post deltas to either agent, some to both, some late. Each has its own clock.
async function postSome(agents, random, seed, model) {
  const node = `site-${seed}`;
  const base = Date.now() - 3_600_000;
  for (let n = 1; n <= kOps; ++n) {
    const id = `${seed}:${random(kIds)}`;
    const at = random(1_000_000);
    const fields = { n, seed };
    const delta = { node_id: node, vector_clock: { [node]: n }, type: "orset", key: `images:${id}`,
      data: { tag: `${node}-${n}`, metadata: fields }, timestamp: nanosOf(base, at) };
    const targets = [[0], [1], [0, 1], [1, 0]][random(4)];
    for (const side of targets) {
      const { applied } = await ok(post(agents[side], "/crdt/delta", deltaText(delta)));
      check(applied, `${delta.key} ${n} is new to ${agents[side].name}`);
      if (random(3) === 0) {
        check(!(await ok(post(agents[side], "/crdt/delta", deltaText(delta)))).applied, "a delta that comes twice");
      }
    }
    const known = model.get(id);
    if (known === undefined || known.at < at) model.set(id, { at, fields });
  }
}

async function foreignDeltas(lab) {
  const agents = await pair(lab);
  await cut(agents);
  const model = new Map();

  for (let seed = 0; seed < kSeeds; ++seed) await postSome(agents, chance(seed), seed, model);
  await rejoin(agents);

  const expected = Object.fromEntries([...model].map(([id, { fields }]) => [id, fields]));
  for (const agent of agents) {
    const rows = await ok(get(agent, "/catalog/query?type=images&limit=10000"));
    checkSame(Object.fromEntries(rows.map(({ id, metadata }) => [id, metadata])), expected,
      `${agent.name}: the highest timestamp of each entry`);
  }
  for (const agent of agents) {
    const late = { node_id: "site-0", vector_clock: { "site-0": kOps - 1 }, type: "orset", key: "images:0:0:remove",
      data: { removed: true }, timestamp: nanosOf(Date.now()) };
    check(!(await ok(post(agent, "/crdt/delta", deltaText(late)))).applied, `${agent.name} knows what the mesh took`);
  }
}

export const offline = {
  TwoAgentsWithoutAMeshAgreeOnWhatIsThere: withoutAMesh,
  InterleavedEditsOfTwentySeedsMeetAsTheirWritersMeant: interleaved,
  DeltasOfTwentyOutsidersAreTakenOnceOnEitherAgent: foreignDeltas,
};

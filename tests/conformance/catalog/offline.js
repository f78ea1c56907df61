// Edits on two agents that cannot hear each other, from 20 seeds, and what must be there when they have met
// again. The model says what the clients meant; it knows no clock of an agent and no tag.

import { chance, check } from "../lab.js";
import { checkSame, cut, deltaText, get, nanosOf, ok, pair, post, rejoin, send } from "./talk.js";

const kSeeds = 20;
const kOps = 8;
const kIds = 3;

// Operations in the order in which they were answered. An operation has seen those that its agent had.
// The last write wins, because both agents read one clock and a client waits for each answer.
class Intents {
  constructor() {
    this.ops = [];
    this.met = 0;  // the operations before this one are on both agents
  }

  write(side, kind, fields) { this.ops.push({ at: this.ops.length, met: this.met, side, kind, fields }); }
  meet() { this.met = this.ops.length; }

  saw(later, earlier) {
    return earlier.at < later.at && (earlier.side === later.side || earlier.at < later.met);
  }

  // The metadata, or undefined where the entry is not there. `side`: while the agents are apart.
  shown(side) {
    const known = this.ops.filter((op) => side === undefined || op.side === side || op.at < this.met);
    const removes = known.filter((op) => op.kind === "remove");
    const left = known.filter((op) => op.kind !== "remove" && !removes.some((remove) => this.saw(remove, op)));
    if (!left.some((op) => op.kind === "add")) return undefined;
    const whole = left.filter((op) => op.kind !== "merge").at(-1);
    return Object.assign({}, ...left.filter((op) => op.at >= whole.at).map((op) => op.fields));
  }
}

const kCalls = {
  add: ["POST", "add"],
  remove: ["DELETE", "remove"],
  replace: ["PUT", "metadata"],
  merge: ["PATCH", "metadata"],
};

async function edit(agents, random, entries) {
  const side = random(2);
  const [id, intents] = entries[random(entries.length)];
  const kind = ["add", "add", "remove", "replace", "merge", "merge"][random(6)];
  const fields = kind === "remove" ? undefined : { [`f${random(3)}`]: random(1000) };
  if (kind === "add" || kind === "replace") fields.whole = random(1000);
  const [verb, word] = kCalls[kind];
  await ok(send(agents[side], verb, `/snapshots/${word}/${encodeURIComponent(id)}`, fields));
  intents.write(side, kind, fields);
}

async function shownOf(agent) {
  const rows = await ok(get(agent, "/catalog/query?type=snapshots&limit=10000"));
  return Object.fromEntries(rows.map(({ id, metadata }) => [id, metadata]));
}

function expectedOf(entries, side) {
  const shown = entries.map(([id, intents]) => [id, intents.shown(side)]);
  return Object.fromEntries(shown.filter(([, metadata]) => metadata !== undefined));
}

async function interleaved(lab) {
  const agents = await pair(lab);
  const bySeed = Array.from({ length: kSeeds }, (_, seed) =>
    Array.from({ length: kIds }, (_, i) => [`${seed}:${i}`, new Intents()]));
  const all = bySeed.flat();
  for (const [id, intents] of all) {
    await ok(post(agents[0], `/snapshots/add/${id}`, { base: id }));
    intents.write(0, "add", { base: id });
  }

  for (let round = 0; round < 2; ++round) {
    await rejoin(agents);
    for (const [, intents] of all) intents.meet();
    for (const agent of agents) checkSame(await shownOf(agent), expectedOf(all), `${agent.name} before round ${round}`);
    await cut(agents);
    for (const [seed, entries] of bySeed.entries()) {
      const random = chance(1000 * round + seed);
      for (let i = 0; i < kOps; ++i) await edit(agents, random, entries);
    }
    const [a, z] = [await shownOf(agents[0]), await shownOf(agents[1])];
    checkSame(a, expectedOf(all, 0), `round ${round}: the first agent while it is cut off`);
    checkSame(z, expectedOf(all, 1), `round ${round}: the second agent while it is cut off`);
    check(JSON.stringify(a) !== JSON.stringify(z), "the agents were not cut off");
    await rejoin(agents);
    for (const agent of agents) checkSame(await shownOf(agent), expectedOf(all), `${agent.name} after round ${round}`);
  }
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
  InterleavedEditsOfTwentySeedsMeetAsTheirWritersMeant: interleaved,
  DeltasOfTwentyOutsidersAreTakenOnceOnEitherAgent: foreignDeltas,
};

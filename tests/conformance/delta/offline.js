// Deltas to two agents that cannot hear each other, from 20 seeds. A naive model of each type says what must be
// shown when they have met: a client knows what it read at its agent, and nothing else.

import { chance, check, checkEqual } from "../lab.js";
import { checkSame, cut, pair, rejoin, settled } from "../catalog/talk.js";
import { elements, sync, valueOf } from "./sync.js";

const kSeeds = 20;
const kEdits = 12;
const pick = (random, list) => list[random(list.length)];

// Sums, and the highest total of each node.
class Counters {
  constructor() {
    this.sum = 0;
    this.totals = {};
  }

  next(random) {
    const node = `device-${random(3)}`;
    const [n, of] = [random(50), pick(random, ["increment", "decrement", "counts"])];
    if (of !== "counts") {
      this.sum += of === "increment" ? n : -n;
      return { [of]: n };
    }
    const total = { increment: n, decrement: random(50) };
    const known = (this.totals[node] ??= { increment: 0, decrement: 0 });
    for (const name of Object.keys(total)) known[name] = Math.max(known[name], total[name]);
    return { counts: { [node]: total } };
  }

  get shown() {
    const ofNodes = Object.values(this.totals).map(({ increment, decrement }) => increment - decrement);
    return [this.sum, ...ofNodes].reduce((sum, n) => sum + n, 0);
  }
}

// The highest (time, node); texts of times of one form are ordered as the times are.
class Register {
  next(random, value) {
    const stamp = { timestamp: `2025-06-05T12:01:${10 + random(50)}.${100 + random(900)}Z`, source_node: `node-${random(3)}` };
    const rank = `${stamp.timestamp} ${stamp.source_node}`;
    if (this.rank === rank) return this.next(random, value);  // a node stamps each write anew
    if (this.rank === undefined || rank > this.rank) Object.assign(this, { rank, shown: value });
    return { delta: { value }, stamp };
  }
}

// An element is there while an add of it is there that no remover had seen.
class SetModel {
  constructor() {
    this.adds = [];  // {element, side, met, removed}
    this.met = 0;
  }

  seen(side) { return this.adds.filter((add, i) => add.side === side || i < this.met); }
  meet() { this.met = this.adds.length; }

  next(random, side) {
    const element = pick(random, ["a", "b", 1, { deep: [1] }]);
    const text = JSON.stringify(element);
    if (random(5) < 3) {
      this.adds.push({ text, side });
      return { adds: [element] };
    }
    for (const add of this.seen(side)) if (add.text === text) add.removed = true;
    return { removes: [element] };
  }

  get shown() { return [...new Set(this.adds.filter(({ removed }) => !removed).map(({ text }) => text))].sort(); }
}

// Every letter is another code point, one of three of them above U+FFFF. While an agent is cut off its text is a
// plain list. Afterwards: no letter is lost, an erased one is gone, and two letters of one list keep their order.
class TextModel {
  constructor() {
    this.lists = [[], []];
    this.erased = new Set();
    this.letters = 0;
  }

  next(random, side) {
    const list = this.lists[side];
    if (list.length > 4 && random(4) === 0) {
      const at = random(list.length - 2);
      const gone = list.splice(at, 1 + random(2));
      for (const letter of gone) this.erased.add(letter);
      return { ops: [{ delete: { at, len: gone.length } }] };
    }
    const at = random(list.length + 1);
    const letters = Array.from({ length: 1 + random(3) }, () =>
      String.fromCodePoint((this.letters++ % 3 === 0 ? 0x20000 : 0x4e00) + this.letters));
    list.splice(at, 0, ...letters);
    return { ops: [{ insert: { at, text: letters.join("") } }] };
  }

  meet(text) { this.lists = [[...text], [...text]]; }

  checkMet(text, what) {
    const letters = [...text];
    const wanted = new Set(this.lists.flat().filter((letter) => !this.erased.has(letter)));
    checkEqual([...letters].sort(), [...wanted].sort(), `${what}: the letters`);
    for (const list of this.lists) {
      const own = new Set(list);
      checkEqual(letters.filter((letter) => own.has(letter)), list.filter((letter) => wanted.has(letter)),
        `${what}: the order of those that one client saw`);
    }
  }
}

class Seed {
  constructor(seed) {
    this.random = chance(seed);
    this.name = `seed:${seed}`;
    this.counters = new Counters();
    this.register = new Register();
    this.set = new SetModel();
    this.text = new TextModel();
    this.fields = {};  // of a map: the last write of a key wins, because a client waits for each answer
  }

  async edit(agents) {
    const { random } = this;
    const side = random(2);
    const agent = agents[side];
    const kind = pick(random, ["counter", "register", "set", "set", "text", "text", "map"]);
    const id = `${this.name}:${kind}`;
    if (kind === "counter") await sync(agent, "pncounter", id, this.counters.next(random));
    if (kind === "set") await sync(agent, "orset", id, this.set.next(random, side));
    if (kind === "text") {
      await sync(agent, pick(random, ["rga", "seq_crdt", "seq"]), id, this.text.next(random, side));
      checkEqual(await valueOf(agent, id), this.text.lists[side].join(""), `${id} while its agent is cut off`);
    }
    if (kind === "register") {
      const { delta, stamp } = this.register.next(random, random(1_000_000));
      await sync(agent, "lww_register", id, delta, stamp);
    }
    if (kind === "map") {
      const [key, value] = [`k${random(4)}`, random(1_000_000)];
      await sync(agent, "crdt_map", id, { set: { [key]: value } });
      this.fields[key] = value;
    }
  }

  // One object of each kind is there, on both agents, before they are cut off.
  async begin(agent) {
    await sync(agent, "pncounter", `${this.name}:counter`, { increment: 1 });
    this.counters.sum = 1;
    await sync(agent, "lww_register", `${this.name}:register`, { value: 0 },
      { timestamp: "2024-01-01T00:00:00Z", source_node: "first" });
    Object.assign(this.register, { rank: "2024", shown: 0 });
    await sync(agent, "orset", `${this.name}:set`, { adds: ["always"] });
    this.set.adds.push({ text: '"always"', side: 0 });
    await sync(agent, "seq", `${this.name}:text`, { ops: [{ insert: { at: 0, text: "base" } }] });
    this.text.meet("base");
    await sync(agent, "crdt_map", `${this.name}:map`, { set: { always: true } });
    this.fields.always = true;
    this.set.meet();
  }

  async checkOn(agent) {
    const of = (kind) => valueOf(agent, `${this.name}:${kind}`);
    const what = `${this.name} on ${agent.name}`;
    checkEqual(await of("counter"), this.counters.shown, `${what}: the counter`);
    checkEqual(await of("register"), this.register.shown, `${what}: the register`);
    checkEqual(elements(await of("set")), this.set.shown, `${what}: the set`);
    checkSame(await of("map"), this.fields, `${what}: the map`);
    const text = await of("text");
    this.text.checkMet(text, what);
    return text;
  }
}

async function interleaved(lab) {
  const agents = await pair(lab);
  const seeds = Array.from({ length: kSeeds }, (_, seed) => new Seed(seed));
  for (const seed of seeds) await seed.begin(agents[0]);
  await settled(agents);
  await cut(agents);

  for (const seed of seeds) {
    for (let i = 0; i < kEdits; ++i) await seed.edit(agents);
  }
  const states = await Promise.all(agents.map((agent) => agent.get("/v1/status")));
  check(states[0].digest !== states[1].digest, "the agents were not cut off");
  await rejoin(agents);

  for (const seed of seeds) {
    const texts = await Promise.all(agents.map((agent) => seed.checkOn(agent)));
    checkEqual(texts[0], texts[1], `${seed.name}: both agents show one text`);
  }
}

// "Offline Mode: Queue updates for deferred merge on reconnection": an agent is killed while the other one is
// written to, and written to itself before it knows of that.
async function agentsThatStop(lab) {
  const [a, z] = await pair(lab);
  await sync(a, "gcounter", "c", { increment: 1 });
  await settled([a, z]);
  await z.stop("SIGKILL");
  for (let i = 0; i < 20; ++i) await sync(a, "gcounter", "c", { increment: 1 });
  await a.stop("SIGKILL");
  z.peers = [];
  await z.start();
  checkEqual(await valueOf(z, "c"), 1, "it has not heard of the others");
  for (let i = 0; i < 20; ++i) await sync(z, "gcounter", "c", { increment: 100 });

  await a.start();
  await rejoin([a, z]);

  for (const agent of [a, z]) checkEqual(await valueOf(agent, "c"), 2021, `${agent.name}: every increment`);
}

export const offline = {
  InterleavedDeltasOfTwentySeedsAreAllThere: interleaved,
  AgentsThatWereKilledLoseNoDelta: agentsThatStop,
};

// GET /v1/events with the library `eventsource`. The expectations are those of a page that keeps a copy: each change
// comes, in order, and after a break the stream goes on without a gap.

import { get } from "node:http";
import { chance, check, checkEqual, curl, eventually } from "../lab.js";
import { meet, part, same } from "../sockets/apart.js";
import { SocketClient } from "../sockets/client.js";
import { Listener } from "./client.js";

const text = (value) => JSON.stringify(value);
const put = (agent, object, key, value) =>
  agent.ask("PUT", `/v1/objects/${object}/${encodeURIComponent(key)}`, { type: "lww_register", value });
const patch = (agent, object, ...ops) => agent.ask("PATCH", `/v1/objects/${object}`, { ops });
const add = (agent, id, metadata) => agent.ask("POST", `/snapshots/add/${encodeURIComponent(id)}`, metadata);
const remove = (agent, id) => agent.ask("DELETE", `/snapshots/remove/${encodeURIComponent(id)}`);
const sorted = (map) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
async function catalog(agent) {
  const rows = await agent.get("/catalog/query?type=snapshots&limit=10000");
  return sorted(new Map(rows.map(({ id, metadata }) => [id, metadata])));
}

async function EveryKindOfChangeIsAnEventOnBothAgents(lab) {
  const [a, b] = await lab.mesh(2);
  const listeners = [new Listener(lab, a), new Listener(lab, b)];
  for (const each of listeners) await each.upToDate();

  await put(a, "doc", "title", "Draft");
  await patch(a, "doc", { op: "increment", path: ["hits"], by: 2 });
  await patch(a, "doc", { op: "increment", path: ["hits"], by: 3 });
  await patch(a, "doc", { op: "add", path: ["tags"], value: "new" });
  await patch(a, "doc", { op: "remove", path: ["tags"], value: "new" });
  await patch(a, "text", { op: "insert", at: 0, text: "héllo" });
  await patch(a, "text", { op: "erase", at: 1, len: 2 });
  await a.ask("DELETE", "/v1/objects/doc/title");
  await add(a, "snap:1/x", { size: 1 });
  await a.ask("PATCH", "/snapshots/metadata/snap%3A1%2Fx", { state: "done" });
  await remove(a, "snap:1/x");

  const { node_id: node, actor_id: actor } = await a.get("/v1/status");
  const expected = [
    ["doc", ["title"], "lww_register", "put", "Draft"], ["doc", ["hits"], "gcounter", "count", 2],
    ["doc", ["hits"], "gcounter", "count", 5], ["doc", ["tags"], "orset", "put", "new"],
    ["doc", ["tags"], "orset", "remove", "new"], ["text", [], "seq", "insert", "héllo"], ["text", [], "seq", "erase", 2],
    ["doc", ["title"], null, "remove", null],
    ["snapshots", ["snap:1/x"], "crdt_map", "put", { size: 1 }],
    ["snapshots", ["snap:1/x"], "crdt_map", "put", { size: 1, state: "done" }],
    ["snapshots", ["snap:1/x"], "crdt_map", "remove", null],
  ];
  for (const each of listeners) {
    await each.change("the removal", ({ object, op }) => object === "snapshots" && op === "remove");
    // A counter's event shows what stands after it was applied; two that arrive together may show the last one.
    const found = each.changes.map(({ data }) => [data.object, data.path, data.type, data.op, data.value]);
    checkEqual(found.length, expected.length, `number of events: ${text(found)}`);
    for (const [i, one] of expected.entries()) {
      const shows = one[3] === "count" ? [text(one), text([...one.slice(0, 4), 5])] : [text(one)];
      const later = one[0] === "snapshots" && one[3] === "put" && each === listeners[1];
      check(later || shows.includes(text(found[i])), `event ${i}: found ${text(found[i])}, expected ${text(one)}`);
    }
    for (const [i, { data, id }] of each.changes.entries()) {
      for (const field of ["object", "path", "type", "op", "value", "actor", "seq", "stamp", "node"]) {
        check(field in data, `event ${i} has no ${field}: ${text(data)}`);
      }
      checkEqual([data.actor, data.node], [actor, node], "who wrote it");
      check(i === 0 || data.seq > each.changes[i - 1].data.seq, "the changes of an actor come in their order");
      check(id !== "" && id !== each.changes[i - 1]?.id, `each event has an id of its own: ${id}`);
      check(/^\d{19}\.\d+$/.test(data.stamp), data.stamp);
    }
  }
}

// The wire, without a library: what the standard for event streams asks for.
async function TheStreamIsWellFormed(lab) {
  const [a] = await lab.mesh(2);
  const answer = await fetch(`${a.url}/v1/events?object=doc`);
  lab.atEnd(() => answer.body.cancel().catch(() => {}));
  checkEqual(answer.status, 200, "status");
  check(/^text\/event-stream\b/.test(answer.headers.get("content-type")), answer.headers.get("content-type"));
  check(/no-cache|no-store/.test(answer.headers.get("cache-control")), `Cache-Control: ${answer.headers.get("cache-control")}`);

  let bytes = "";
  (async () => { for await (const piece of answer.body) bytes += Buffer.from(piece).toString("utf8"); })().catch(() => {});
  await eventually("up-to-date", () => bytes.includes("event: up-to-date\ndata: {}\n\n"));
  await put(a, "doc", "k", "line\nbreaks\r\nand \u2028 \u0000");
  await eventually("the change", () => bytes.endsWith("\n\n") && bytes.includes("event: change"));

  check(!bytes.includes("\r"), "lines end with LF alone");
  const block = bytes.split("\n\n").find((one) => one.includes("event: change")).split("\n");
  checkEqual(block.map((line) => line.split(":")[0]).sort(), ["data", "event", "id"], "the lines of a change");
  const data = JSON.parse(block.find((line) => line.startsWith("data: ")).slice(6));
  checkEqual(data.value, "line\nbreaks\r\nand \u2028 \u0000", "a value with line breaks");
}

async function AStreamFromNowBeginsWithUpToDate(lab) {
  const [a] = await lab.mesh(2);
  await put(a, "doc", "before", 1);

  const listener = await new Listener(lab, a).upToDate();
  await put(a, "doc", "after", 2);
  await listener.change("the change", ({ path }) => path[0] === "after");

  checkEqual(listener.events.map(({ kind }) => kind), ["up-to-date", "change"], "the events");
  check(listener.events[0].id !== "", "up-to-date has an id, so that a client without a change can resume");
  const resumed = await new Listener(lab, a, "", { after: listener.events[0].id }).upToDate();
  checkEqual(resumed.events.map(({ kind, data }) => [kind, data.path?.[0]]), [["change", "after"], ["up-to-date", undefined]],
    "the events after the id of up-to-date");
}

async function ValuesComeFirstThenChangesThenUpToDate(lab) {
  const [a, b] = await lab.mesh(2);
  for (const [id, size] of [["b", 2], ["a", 1], ["c", 3]]) await add(a, id, { size });
  await remove(a, "c");
  await put(a, "doc", "k", "v");
  await same(a, b);

  for (const agent of [a, b]) {
    const listener = await new Listener(lab, agent, "?values=1").upToDate();
    checkEqual(listener.events.map(({ kind, data }) => [kind, data.object, data.path, data.type, data.value]), [
      ["value", "doc", [], "crdt_map", { k: "v" }], ["value", "snapshots", ["a"], "crdt_map", { size: 1 }],
      ["value", "snapshots", ["b"], "crdt_map", { size: 2 }], ["up-to-date", undefined, undefined, undefined, undefined],
    ], `values of ${agent.name}`);
    const plain = await new Listener(lab, agent, "?values=1", { after: listener.lastId }).upToDate();
    checkEqual(plain.count("value"), 0, "no values for a client that has them");
  }

  // Streams that begin while others write: no write is in neither the values nor the changes.
  const listeners = [];
  const model = new Map([["a", { size: 1 }], ["b", { size: 2 }]]);
  for (let i = 0; i < 120; ++i) {
    const id = `w${i % 40}`;
    await add([a, b][i % 40 % 2], id, { i });
    model.set(id, { i });
    if (i % 12 === 5) listeners.push(new Listener(lab, [a, b][i % 24 === 5 ? 0 : 1], "?object=snapshots&values=1"));
  }
  for (const listener of listeners) {
    await eventually(`the copy shows ${text(sorted(model))}`, () => text(sorted(listener.copy())) === text(sorted(model)));
    checkEqual(listener.count("up-to-date"), 1, "up-to-date comes once");
  }
}

async function ObjectsAndPrefixesSelect(lab) {
  const [a, b] = await lab.mesh(2);
  const named = new Listener(lab, b, "?object=one&object=two");
  const begun = new Listener(lab, b, "?prefix=site%2Fberlin%2F&prefix=x%2B");
  const both = new Listener(lab, b, "?object=two&prefix=site%2F");
  for (const each of [named, begun, both]) await each.upToDate();

  const names = ["one", "two", "three", "site/berlin/1", "site/bonn/1", "site", "x+y", "x y", "onetwo"];
  for (const name of names) await put(a, encodeURIComponent(name), "k", name);
  for (const each of [named, begun, both]) await each.upToDate();
  for (const [each, last] of [[named, "two"], [begun, "x+y"], [both, "site/bonn/1"]]) {
    await each.change(last, ({ object }) => object === last);
  }
  const all = await new Listener(lab, b).upToDate();
  await put(a, "one", "end", 1);
  await put(a, "two", "end", 1);
  await put(a, "x+", "end", 1);
  for (const each of [all, named, both, begun]) await each.change("the end", ({ path }) => path[0] === "end");

  const seen = (each) => each.changes.filter(({ data }) => data.path[0] === "k").map(({ data }) => data.object);
  checkEqual(seen(named), ["one", "two"], "?object=");
  checkEqual(seen(begun), ["site/berlin/1", "x+y"], "?prefix=");
  checkEqual(seen(both), ["two", "site/berlin/1", "site/bonn/1"], "both");
  const values = await new Listener(lab, b, "?values=1&object=two&prefix=site%2Fb").upToDate();
  checkEqual(values.events.map(({ data }) => data.object), ["site/berlin/1", "site/bonn/1", "two", undefined], "values");
}

async function EveryIdResumesRightAfterItsEvent(lab) {
  const [a, b] = await lab.mesh(2);
  const listener = await new Listener(lab, a).upToDate();
  for (let i = 0; i < 30; ++i) {
    i % 3 === 0 ? await add([a, b][i % 2], `s${i % 7}`, { i }) : await put([a, b][i % 2], "doc", `k${i}`, i);
  }
  await patch(a, "doc", ...Array.from({ length: 5 }, (_, i) => ({ op: "set", path: [`many${i}`], value: i })));
  await eventually("all events have come", () => listener.changes.length === 35);

  const place = ({ data }) => `${data.actor}:${data.seq}:${data.path}`;
  const places = listener.changes.map(place);
  const seqs = listener.changes.map(({ data }) => `${data.actor}:${data.seq}`);
  for (let i = 0; i < listener.changes.length; i += 4) {
    const resumed = await new Listener(lab, a, "", { after: listener.changes[i].id }).upToDate();
    const got = resumed.changes.map(place);
    const rest = places.slice(i + 1);
    const again = got.length - rest.length;  // only effects of the change in which the client stopped
    checkEqual(got.slice(again), rest, `what follows event ${i}`);
    for (const { data } of resumed.changes.slice(0, again)) checkEqual(`${data.actor}:${data.seq}`, seqs[i], "an event again");
    checkEqual(resumed.count("reset"), 0, "no reset");
    resumed.close();
  }
}

// n1 is killed in the middle of writes and started again. A page's stream connects again by itself.
async function AStreamThatReconnectsAfterAKillHasNoGap(lab) {
  const [a, b] = await lab.mesh(2);
  const listener = await new Listener(lab, a, "?object=log").upToDate();
  const acknowledged = [];
  const write = async (i) => {
    await put(a, "log", `k${i}`, i);
    acknowledged.push(`k${i}`);
  };

  for (let i = 0; i < 30; ++i) await write(i);
  const writers = Promise.allSettled(Array.from({ length: 8 }, async (_, n) => {
    for (let i = 30 + n; ; i += 8) await write(i);
  }));
  await eventually("some of the next writes are done", () => acknowledged.length >= 60);
  await a.stop("SIGKILL");
  for (const { status } of await writers) checkEqual(status, "rejected", "a write into the kill");
  for (let i = 0; i < 5; ++i) await put(b, "log", `far${i}`, i);  // while n1 is down
  await a.start();
  await write("again");
  await same(a, b);

  const keys = () => new Set(listener.changes.map(({ data }) => data.path[0]));
  await eventually("the stream has every write that was acknowledged", () => {
    const seen = keys();
    return [...acknowledged, "far0", "far1", "far2", "far3", "far4"].every((key) => seen.has(key));
  });
  check(listener.asked.length >= 2, `the stream connected again: ${listener.asked}`);
  check(listener.asked.slice(1).every((id) => id), `with its last id: ${listener.asked}`);
  checkEqual(listener.count("reset"), 0, "no reset");
  const fresh = await new Listener(lab, a, "", { after: listener.events[0].id }).upToDate();
  for (const key of acknowledged) check(fresh.changes.some(({ data }) => data.path[0] === key), `${key} from the first id`);
}

async function AnIdOfAnotherAgentRepeatsAndSkipsNothing(lab) {
  const [a, b] = await lab.mesh(2);
  const first = await new Listener(lab, a, "?object=log").upToDate();
  for (let i = 0; i < 40; ++i) await put([a, b][i % 2], "log", `k${i}`, i);
  await eventually("the first stream has them", () => first.changes.length === 40);
  const after = first.changes[19].id;
  const seen = new Set(first.changes.slice(0, 20).map(({ data }) => data.path[0]));
  first.close();
  await part(b);
  await put(b, "log", "only n2", 1);
  await a.stop("SIGKILL");
  await put(b, "log", "while n1 is dead", 1);

  const second = await new Listener(lab, b, "?object=log", { after }).upToDate();
  for (const { data } of second.changes) seen.add(data.path[0]);
  checkEqual(second.count("reset"), 0, "no reset: the log of n2 has all");
  for (let i = 0; i < 40; ++i) check(seen.has(`k${i}`), `k${i} was skipped`);
  for (const key of ["only n2", "while n1 is dead"]) check(seen.has(key), `${key} was skipped`);

  // And back: n1 has a gap of its own to fill first.
  const back = second.lastId;
  second.close();  // else it hears of the next write, and its id stands behind that
  await a.start();
  await put(a, "log", "by n1 alone", 1);
  await meet(a, b);
  const third = await new Listener(lab, a, "?object=log", { after: back }).upToDate();
  for (const { data } of third.changes) seen.add(data.path[0]);
  check(seen.has("by n1 alone"), "what n1 wrote alone");
}

async function WhatIsNoCursorGetsAReset(lab) {
  const [a] = await lab.mesh(2);
  await add(a, "s", { size: 1 });
  const { lastId } = await new Listener(lab, a).upToDate();
  const ahead = lastId.replace(/^([0-9a-f]+)-(\d+)-/, (_, node, at) => `${node}-${BigInt(at) + 1_000_000_000n}-`);
  check(ahead !== lastId, `a cursor that is ahead of ${lastId}`);

  for (const after of ["hello", "-1", `${lastId}x`, "99999999999999999999999999", "0".repeat(2_000), ahead]) {
    const plain = await new Listener(lab, a, "", { after }).upToDate();
    checkEqual(plain.events.map(({ kind }) => kind), ["reset", "up-to-date"], `a stream after ${after.slice(0, 40)}`);
    check(plain.events[0].data.reason.length > 10, text(plain.events[0]));
    const valued = await new Listener(lab, a, "?values=1&object=snapshots", { after }).upToDate();
    checkEqual(valued.events.filter(({ kind }) => kind !== "reset").map(({ kind }) => kind), ["value", "up-to-date"],
      `values after ${after.slice(0, 40)}`);
    checkEqual(sorted(valued.copy()), [["s", { size: 1 }]], "the copy after the reset");
    await put(a, "doc", "k", after);
    await plain.change("the stream goes on", ({ value }) => value === after);
    plain.close();
    valued.close();
  }
}

// A state join brings values and no changes: the log of the agent cannot tell them.
async function AfterAStateImportACursorGetsAReset(lab) {
  const [a] = [await lab.agent("n1")];
  const b = await lab.agent("n2");
  for (let i = 0; i < 20; ++i) await add(a, `s${i}`, { i });
  await put(a, "doc", "k", "v");
  await add(b, "own", { i: -1 });
  const before = await new Listener(lab, b).upToDate();
  const open = await new Listener(lab, b, "?object=snapshots&values=1").upToDate();

  const state = Buffer.from(await (await fetch(`${a.url}/v1/state`)).arrayBuffer());
  const imported = await fetch(`${b.url}/v1/state`, { method: "POST", body: state });
  check(imported.ok, await imported.text());

  const expected = await catalog(b);
  checkEqual(expected.length, 21, "entries after the import");
  await eventually("the open stream has every entry", () => text(sorted(open.copy())) === text(expected));
  await eventually("the open stream of all objects gets a reset", () => before.count("reset") === 1);
  const resumed = await new Listener(lab, b, "?object=snapshots&values=1", { after: before.events[0].id }).upToDate();
  checkEqual(resumed.events[0].kind, "reset", "the first event after the import");
  checkEqual(sorted(resumed.copy()), expected, "the copy after the reset");
}

// A reader stands still. It is cut off, others go on, and it resumes with its last id.
async function AReaderThatStandsStillIsCutOffAndMissesNothing(lab) {
  const [a] = await lab.mesh(2);
  const other = await new Listener(lab, a, "?object=log").upToDate();
  let bytes = "";
  let ended = false;
  const answer = await new Promise((resume) => get(`${a.url}/v1/events?object=log`, resume));
  lab.atEnd(() => answer.destroy());
  answer.on("data", (data) => { bytes += data.toString("latin1"); });
  answer.on("error", () => {});
  answer.on("close", () => { ended = true; });
  await eventually("up-to-date", () => bytes.includes("event: up-to-date"));
  answer.pause();

  for (let i = 0; i < 30; ++i) await put(a, "log", `k${i}`, `${i} `.padEnd(700_000, "z"));
  await eventually("the other stream has all", () => other.changes.length === 30);
  answer.resume();
  await eventually("the stream is cut off", () => ended);

  const blocks = bytes.split("\n\n").slice(0, -1);
  const seen = new Set(blocks.map((block) => /"path":\["(k\d+)"\]/.exec(block)?.[1]));
  check(seen.size < 31, `it was cut off before the end: ${blocks.length} blocks`);
  const after = /^id: (.+)$/m.exec(blocks.filter((block) => /^id: /m.test(block)).at(-1))[1];
  const resumed = await new Listener(lab, a, "?object=log", { after }).upToDate();
  for (const { data } of resumed.changes) seen.add(data.path[0]);
  for (let i = 0; i < 30; ++i) check(seen.has(`k${i}`), `k${i} was skipped`);
}

// 20 seeds: agents part and meet while both are edited. Streams that stay open, and one that breaks and goes on at
// any agent with its last id, keep a copy of the catalog. The naive model: an entry that one side alone touched is
// what that side did last; and no entry is there that nobody added.
async function CopiesOfStreamsEqualTheCatalogAfterEveryMeeting(lab) {
  const agents = await lab.mesh(2);
  const open = agents.map((agent) => new Listener(lab, agent, "?object=snapshots&values=1"));
  for (const each of open) await each.upToDate();
  let wanderer = await new Listener(lab, agents[0], "?object=snapshots&values=1").upToDate();
  let copy = wanderer.copy();
  wanderer.close();
  const wander = async (agent) => {
    const after = wanderer.lastId;
    wanderer = await new Listener(lab, agent, "?object=snapshots&values=1", { after }).upToDate();
    copy = wanderer.copyOf(copy);
    wanderer.close();
  };
  const model = new Map();

  for (let seed = 1; seed <= 20; ++seed) {
    const random = chance(seed);
    await part(agents[1]);
    const sides = [new Map(), new Map()];
    for (let i = 0; i < 12; ++i) {
      const at = i < 2 ? i : random(2);
      const id = `e${random(10)}`;
      const metadata = random(3) === 0 ? null : { by: at, edit: `${seed}.${i}` };
      await (metadata ? add(agents[at], id, metadata) : remove(agents[at], id));
      sides[at].set(id, metadata);
      if (random(6) === 0) await wander(agents[random(2)]);
    }
    await add(agents[0], "apart", { seed });
    sides[0].set("apart", { seed });
    const away = new Map(await catalog(agents[1]));
    check(away.get("apart")?.seed !== seed, `seed ${seed}: the agents are apart`);
    await meet(...agents);

    const shows = await catalog(agents[0]);
    checkEqual(await catalog(agents[1]), shows, `seed ${seed}: the catalogs`);
    const found = new Map(shows);
    for (const id of new Set([...model.keys(), ...sides[0].keys(), ...sides[1].keys()])) {
      const did = sides.filter((side) => side.has(id)).map((side) => side.get(id));
      const may = did.length === 0 ? [model.get(id) ?? null] : did;
      const one = found.get(id) ?? null;
      check(may.some((value) => text(value) === text(one)), `seed ${seed}: ${id} is ${text(one)}, it may be ${text(may)}`);
      if (did.length === 2 && did.some((value) => value)) check(one, `seed ${seed}: ${id} was added on one side and is gone`);
      one ? model.set(id, one) : model.delete(id);
    }
    for (const each of open) {
      await eventually(`seed ${seed}: a copy shows ${text(shows)}`, () => text(sorted(each.copy())) === text(shows));
    }
    await wander(agents[random(2)]);
    checkEqual(sorted(copy), shows, `seed ${seed}: the copy of the stream that wanders`);
  }
  for (const each of open) checkEqual(each.count("reset"), 0, "no reset");
}

async function WritesOfEveryDoorAreEventsOnTheOtherAgent(lab) {
  const [a, b] = await lab.mesh(2);
  const listener = await new Listener(lab, b).upToDate();

  const dictionary = await SocketClient.open(lab, a, "/ws");
  dictionary.send({ action: "add", key: "colour", value: "red" });
  await listener.change("the dictionary", ({ object, path, op, value }) =>
    object === "dictionary" && path[0] === "colour" && op === "put" && value === "red");
  dictionary.send({ action: "remove", key: "colour" });
  await listener.change("the removal", ({ object, path, op }) =>
    object === "dictionary" && path[0] === "colour" && op === "remove");
  const device = await SocketClient.open(lab, a, "/ws/sync?device_id=dev1");
  device.send({ type: "sync_push", last_ack: 0, changes: [{ key: "note:a", value: "x", timestamp: 500, device_id: "dev1" }] });
  const note = await listener.change("the note", ({ object, path, value }) =>
    object === "notes" && path[0] === "note:a" && value === "x");
  check(note.data.stamp.startsWith("500."), `the stamp of the device: ${note.data.stamp}`);
  await a.ask("POST", "/sync/device?device_id=dev2", { type: "sync_push", last_ack: 0,
    changes: [{ key: "note:b", value: "y", timestamp: 501, device_id: "dev2" }] });
  await listener.change("the polled note", ({ object, value }) => object === "notes" && value === "y");
  await a.ask("POST", "/crdt/sync", { type: "orset", object_id: "room:1:tags", delta: { adds: ["red"] }, source_node: "n" });
  await listener.change("the delta", ({ object, type, op, value }) =>
    object === "room:1:tags" && type === "orset" && op === "put" && value === "red");
  await a.ask("POST", "/images/add/debian%3A12", { arch: "amd64" });
  await listener.change("the image", ({ object, path, value }) =>
    object === "images" && path[0] === "debian:12" && value.arch === "amd64");
}

async function BadRequestsGetAClearErrorAndStreamsGoOn(lab) {
  const [a] = await lab.mesh(2);
  const listener = await new Listener(lab, a).upToDate();
  const many = (name) => Array.from({ length: 65 }, (_, i) => `${name}=o${i}`).join("&");

  for (const query of ["?values=2", "?values=yes", "?object=", "?object=%00", "?object=%ff", "?prefix=", "?object=%zz",
    `?object=${"x".repeat(513)}`, `?${many("object")}`, `?${many("prefix")}`]) {
    const { status, text: body } = await curl(`${a.url}/v1/events${query}`);
    checkEqual(status, 400, `${query.slice(0, 40)}: ${body}`);
    const { error } = JSON.parse(body);
    check(error.code === "invalid" && error.message.length > 10, `${query.slice(0, 40)}: ${body}`);
  }
  checkEqual((await curl("-X", "POST", "-d", "{}", `${a.url}/v1/events`)).status, 405, "a POST");
  checkEqual((await curl("-H", "Origin: http://evil.example", `${a.url}/v1/events`)).status, 403, "a foreign origin");
  checkEqual((await curl("-H", "Host: evil.example", `${a.url}/v1/events`)).status, 421, "a foreign host");
  checkEqual((await curl("-H", `Last-Event-ID: ${"x".repeat(20_000)}`, `${a.url}/v1/events`)).status, 431, "a long head");
  const closed = await new Promise((resume) => {
    const bad = new Listener(lab, a, "?values=2");
    bad.source.addEventListener("error", (error) => resume([error.code, bad.source.readyState]));
  });
  checkEqual(closed, [400, 2], "the library does not try a refused stream again");

  await put(a, "doc", "k", "after all that");
  await listener.change("the stream goes on", ({ value }) => value === "after all that");
  checkEqual(listener.opened, 1, "connections of the other stream");
}

export const cases = {
  EveryKindOfChangeIsAnEventOnBothAgents, TheStreamIsWellFormed, AStreamFromNowBeginsWithUpToDate,
  ValuesComeFirstThenChangesThenUpToDate, ObjectsAndPrefixesSelect, EveryIdResumesRightAfterItsEvent,
  AStreamThatReconnectsAfterAKillHasNoGap, AnIdOfAnotherAgentRepeatsAndSkipsNothing, WhatIsNoCursorGetsAReset,
  AfterAStateImportACursorGetsAReset, AReaderThatStandsStillIsCutOffAndMissesNothing,
  CopiesOfStreamsEqualTheCatalogAfterEveryMeeting, WritesOfEveryDoorAreEventsOnTheOtherAgent,
  BadRequestsGetAClearErrorAndStreamsGoOn,
};

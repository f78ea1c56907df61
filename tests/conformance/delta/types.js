// The deltas of each type: every form that the contract names, its effect on both agents.

import { check, checkEqual } from "../lab.js";
import { checkSame, get, ok, pair, post, send, settled } from "../catalog/talk.js";
import { checkError, deltaOf, elements, object, sync, valueOf } from "./sync.js";

async function shownByBoth(agents, id, value, what) {
  await settled(agents);
  for (const agent of agents) checkSame(await valueOf(agent, id), value, `${what}, on ${agent.name}`);
}

async function counters(lab) {
  const agents = await pair(lab);
  const [a, z] = agents;
  await sync(a, "gcounter", "g", { increment: 5 });
  await sync(z, "gcounter", "g", { increment: 2 });
  await shownByBoth(agents, "g", 7, "increments add up");
  await sync(a, "gcounter", "g", { counts: { u: 10, v: 3 } });
  await sync(z, "gcounter", "g", { counts: { u: 8, v: 4 } });
  await sync(z, "gcounter", "g", { counts: { v: 4 } });
  await shownByBoth(agents, "g", 21, "the higher total of each node counts, beside the increments");

  await sync(a, "pncounter", "p", { increment: 3 });
  await sync(z, "pncounter", "p", { decrement: 8 });
  await shownByBoth(agents, "p", -5, "a pncounter may be negative");
  await sync(a, "pncounter", "p", { counts: { u: { increment: 9, decrement: 4 } } });
  await sync(z, "pncounter", "p", { counts: { u: { increment: 6, decrement: 5 } } });
  await shownByBoth(agents, "p", -1, "both totals of a node, each by its highest");
  const { vector_clock: clock, lamport, type } = await object(a, "p");
  check(Object.keys(clock).every((actor) => /^[0-9a-f]{32}$/.test(actor)), "actors");
  checkEqual([type, lamport], ["pncounter", Object.values(clock).reduce((sum, n) => sum + n, 0)], "lamport is the sum");
  for (const delta of [{ increment: -1 }, { increment: 1.5 }, { decrement: 1 }, { counts: { u: -1 } }, {}, { increment: "1" }]) {
    checkEqual((await post(a, "/crdt/sync", deltaOf("gcounter", "g", delta))).status, 409, JSON.stringify(delta));
  }
}

const at = (time, node) => ({ timestamp: time, source_node: node });

async function registers(lab) {
  const agents = await pair(lab);
  const [a, z] = agents;
  const values = ["text", 1.50, null, true, [], { b: 1, a: [null] }];
  for (const [i, value] of values.entries()) {
    await sync(agents[i % 2], "lww_register", `r${i}`, { value });
    await shownByBoth(agents, `r${i}`, value, "any JSON value");
  }
  const node = "us-west-edge-003";
  checkEqual((await sync(a, "lww_register", "r", { value: 2 }, at("2025-06-05T12:01:22.904Z", node))).conflicts_resolved, 0, "first");
  await settled(agents);
  const older = await sync(z, "lww_register", "r", { value: 1 }, at("2025-06-05T12:01:22.903Z", node));
  checkEqual(older.conflicts_resolved, 1, "a value that lost is counted");
  await shownByBoth(agents, "r", 2, "the later timestamp wins, in whichever order");
  await sync(a, "lww_register", "r", { value: 3 }, at("2025-06-05T12:01:22.904Z", "us-west-edge-004"));
  await shownByBoth(agents, "r", 3, "of equal timestamps the higher node");
  await sync(z, "lww_register", "r", { value: 4 }, at("2025-06-05T14:01:22.905+02:00", "a"));
  await shownByBoth(agents, "r", 4, "an offset of the time zone");
  await sync(z, "lww_register", "r", { value: 5 });
  await shownByBoth(agents, "r", 5, "without a timestamp the agent makes the stamp");
  await sync(a, "mv_register", "m", { value: "one" });
  await shownByBoth(agents, "m", ["one"], "an mv_register shows a list");
}

async function sets(lab) {
  const agents = await pair(lab);
  const [a, z] = agents;
  const values = ["a", 1, null, { e: 1 }, { e: 1, tag: 2, more: 3 }, [1, "x"]];
  await sync(a, "orset", "s", { adds: values });
  await settled(agents);
  for (const agent of agents) checkEqual(elements(await valueOf(agent, "s")), elements(values), "any JSON value");
  await sync(z, "orset", "s", { adds: ["b"], removes: ["a", "unknown"] });
  await settled(agents);
  checkEqual(elements(await valueOf(a, "s")), elements([...values.slice(1), "b"]), "adds and removes in one delta");

  await sync(a, "orset", "t", { adds: [{ e: "x", tag: "t1" }, { e: "x", tag: "t2" }] });
  await sync(a, "orset", "t", { adds: [{ e: "x", tag: "t1" }] });
  await settled(agents);
  await sync(z, "orset", "t", { removes: [{ e: "x", tag: "t1" }] });
  await shownByBoth(agents, "t", ["x"], "one of two tags is removed");
  await sync(a, "orset", "t", { removes: [{ e: "x", tag: "t2" }] });
  await settled(agents);
  for (const agent of agents) {
    const answer = await get(agent, "/crdt/object/t");
    check(answer.status === 404 || answer.json.value.length === 0, `all tags are gone: ${answer.text}`);
  }
}

async function maps(lab) {
  const agents = await pair(lab);
  const [a, z] = agents;
  await sync(a, "crdt_map", "m", { set: { title: "Draft", "/by/name": "ann", "a~b": 1, "/c~1d/e~0f": 2 },
    update: { hits: { type: "gcounter", delta: { increment: 2 } }, tags: { type: "orset", delta: { adds: ["x"] } },
      body: { type: "seq", delta: { ops: [{ insert: { at: 0, text: "hi" } }] } },
      inner: { type: "crdt_map", delta: { set: { k: [] } } } } });
  await shownByBoth(agents, "m", { title: "Draft", by: { name: "ann" }, "a~b": 1, "c/d": { "e~f": 2 }, hits: 2,
    tags: ["x"], body: "hi", inner: { k: [] } }, "set and update");
  await sync(z, "crdt_map", "m", { remove: ["by", "/inner/k", "c/d", "a~b", "/c~1d"], set: { title: null },
    update: { "hits": { type: "gcounter", delta: { increment: 3 } },
      "/body": { type: "rga", delta: { ops: [{ delete: { at: 0, len: 1 } }, { insert: { after: null, text: "o" } }] } } } });
  await settled(agents);
  for (const agent of agents) {
    const { inner, ...value } = await valueOf(agent, "m");
    checkSame(value, { title: null, hits: 5, tags: ["x"], body: "oi" }, `remove, set and update, on ${agent.name}`);
    check(inner === undefined || Object.keys(inner).length === 0, `inner is empty: ${JSON.stringify(inner)}`);
  }
  const { status } = await post(a, "/crdt/sync",
    deltaOf("crdt_map", "m", { set: { title: "x" }, update: { hits: { type: "gcounter", delta: { increment: -1 } } } }));
  checkEqual([status, (await valueOf(a, "m")).title], [409, null], "a delta is all or nothing");
}

async function texts(lab) {
  const agents = await pair(lab);
  const [a, z] = agents;
  const edit = (agent, type, ...ops) => sync(agent, type, "t", { ops });
  await edit(a, "seq", { insert: { at: 0, text: "a😀c" } }, { insert: { at: 2, text: "b" } });
  await shownByBoth(agents, "t", "a😀bc", "positions count code points");
  checkEqual((await object(z, "t")).type, "seq", "rga and seq_crdt are names of seq");
  await edit(z, "rga", { delete: { at: 1, len: 1 } });
  await shownByBoth(agents, "t", "abc", "delete by position");
  const { elements: runs } = await z.get("/v1/objects/t?elements=1");
  const names = runs.flatMap(({ dot, len, changes = 1 }) => {
    const [actor, seq, index] = [dot.slice(0, 32), ...dot.slice(33).split(":").map(Number)];
    return Array.from({ length: len * changes }, (_, i) =>
      `${actor}:${seq + Math.floor(i / len)}:${index + (i % len)}`);
  });
  checkEqual(names.length, 3, "the elements of the text");
  await edit(a, "seq_crdt", { insert: { after: names[0], text: "-" } }, { delete: { ids: [names[2], names[1]] } });
  await shownByBoth(agents, "t", "a-", "insert after an element, delete elements");
  await edit(z, "seq_crdt", { insert: { after: null, text: ">" } }, { insert: { at: 3, text: "<" } });
  await shownByBoth(agents, "t", ">a-<", "null is the start");
  for (const op of [{ insert: { at: 5, text: "x" } }, { delete: { at: 0, len: 5 } }, { insert: { text: "x" } },
    { insert: { at: 0, after: null, text: "x" } }, { delete: { ids: [] } }, { move: {} },
    { insert: { after: `${"0".repeat(32)}:1:0`, text: "x" } }]) {
    const { status } = await post(a, "/crdt/sync", deltaOf("seq", "t", { ops: [op] }));
    checkEqual(status, 409, JSON.stringify(op));
  }
  await shownByBoth(agents, "t", ">a-<", "nothing of them was done");
}

// A delta of another type at a place that has one already does not fit the object.
async function otherDoors(lab) {
  const [a, z] = await pair(lab);
  await sync(a, "gcounter", "visits", { increment: 4 });
  await settled([a, z]);
  checkEqual((await z.get("/v1/objects/visits")).value, 4, "/v1/objects");
  await ok(send(z, "PATCH", "/v1/objects/visits", { ops: [{ op: "increment", by: 3 }] }));
  await ok(send(z, "PATCH", "/v1/objects/note", { ops: [{ op: "insert", at: 0, text: "hey" }] }));
  await settled([a, z]);
  checkEqual([await valueOf(a, "visits"), await valueOf(a, "note")], [7, "hey"], "from /v1/objects");
  await sync(a, "crdt_map", "dictionary", { set: { colour: "red" } });
  await ok(post(a, "/snapshots/add/s", { size: 1 }));
  await settled([a, z]);
  checkSame(await valueOf(z, "snapshots"), { s: { size: 1 } }, "the catalog");
  checkEqual((await z.get("/v1/objects/dictionary/colour")).value, "red", "the dictionary");
  const misfit = await post(z, "/crdt/sync", deltaOf("orset", "visits", { adds: [1] }));
  checkEqual([misfit.status, misfit.json], [409, { error: "Delta Conflict" }], "another type than that of the object");
}

async function retries(lab) {
  const [a, z] = await pair(lab);
  const key = { "Idempotency-Key": "0123456789abcdef-retry" };
  const body = deltaOf("gcounter", "c", { increment: 5 });
  const first = await ok(post(a, "/crdt/sync", body, key));
  checkSame(await ok(post(a, "/crdt/sync", body, key)), first, "the first answer again");
  const both = await Promise.all([1, 2, 3].map(() => ok(post(a, "/crdt/sync", body, key))));
  check(both.every(({ status }) => status === "syncd"), "at once");
  await settled([a, z]);
  await ok(post(z, "/crdt/sync", body, key));
  await settled([a, z]);
  checkEqual([await valueOf(a, "c"), await valueOf(z, "c")], [5, 5], "counted once");
  const other = await post(z, "/crdt/sync", deltaOf("gcounter", "c", { increment: 6 }), key);
  checkError(other, 409, "Delta Conflict", "the key with another body");
  const short = await post(z, "/crdt/sync", body, { "Idempotency-Key": "short" });
  checkError(short, 409, "Delta Conflict", "a key of 5 characters");
  await a.stop("SIGKILL");
  await a.start();
  await ok(post(a, "/crdt/sync", body, key));
  checkEqual(await valueOf(a, "c"), 5, "also after the agent was killed");
}

export const types = {
  CountersAddUpAndTotalsTakeTheHighest: counters,
  RegistersTakeTheLaterStamp: registers,
  SetsRemoveWhatTheyNameOrHaveSeen: sets,
  MapsTakeEveryDeltaInside: maps,
  TextsCountCodePoints: texts,
  OtherDoorsReadAndWriteTheSameObjects: otherDoors,
  ARetriedIncrementCountsOnceInTheWholeMesh: retries,
};

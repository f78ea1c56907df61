// GET and POST /crdt/delta, POST /crdt/delta/clear: their forms, the position of a peer, stale deltas.

import { check, checkEqual } from "../lab.js";
import { checkSame, deltaText, get, nanosOf, ok, pair, post, send, settled } from "./talk.js";

const kHex = "[0-9a-f]{32}";
const deltasOf = (agent, query = "") => ok(get(agent, `/crdt/delta${query}`));
const keysOf = async (agent, query) => (await deltasOf(agent, query)).map(({ key }) => key);
const clear = async (agent, query = "") =>
  checkEqual(await ok(post(agent, `/crdt/delta/clear${query}`)), { status: "cleared" }, `clear${query}`);
const shown = async (agent, type = "snapshots") =>
  Object.fromEntries((await ok(get(agent, `/catalog/query?type=${type}`))).map(({ id, metadata }) => [id, metadata]));
const apply = async (agent, delta) => (await ok(post(agent, "/crdt/delta", deltaText(delta)))).applied;

// A node outside the mesh: each of its deltas has its own clock.
function outside(node) {
  const kMillis = Date.now() - 60_000;
  return {
    node,
    add: (n, id, metadata, tag = `${node}-${n}`) => ({ node_id: node, vector_clock: { [node]: n }, type: "orset",
      key: `snapshots:${id}`, data: { tag, metadata }, timestamp: nanosOf(kMillis, n) }),
    update: (n, id, metadata, at = n) => ({ node_id: node, vector_clock: { [node]: n }, type: "lww",
      key: `snapshot_metadata:${id}`, data: metadata, timestamp: nanosOf(kMillis, at) }),
    remove: (n, id, tags) => ({ node_id: node, vector_clock: { [node]: n }, type: "orset",
      key: `snapshots:${id}:remove`, data: { removed: true, ...(tags && { tags }) }, timestamp: nanosOf(kMillis, n) }),
  };
}

async function keysAndData(lab) {
  const agent = await lab.agent("n1");
  const before = BigInt(Date.now()) * 1_000_000n;

  await ok(post(agent, "/snapshots/add/a%3Ab", { size: 1 }));
  await ok(post(agent, "/images/add/x%3Aremove", { arch: "arm64" }));
  await ok(send(agent, "PUT", "/snapshots/metadata/a%3Ab", { size: 2 }));
  await ok(send(agent, "PATCH", "/images/metadata/x%3Aremove", { os: null }));
  await ok(send(agent, "DELETE", "/snapshots/remove/a%3Ab"));
  const { text, json } = await get(agent, "/crdt/delta");

  checkEqual(json.map(({ key, type }) => [key, type]), [
    ["snapshots:a:b", "orset"], ["snapshot_metadata:a:b", "lww"], ["snapshots:a:b:remove", "orset"],
    ["images:x:remove", "orset"], ["image_metadata:x:remove", "lww"]], "keys and types, those of one entry together");
  const { node_id } = await agent.get("/v1/status");
  for (const delta of json) {
    checkEqual(Object.keys(delta), ["node_id", "vector_clock", "type", "key", "data", "timestamp"], "members");
    checkEqual(delta.node_id, node_id, "the node");
    const clock = Object.entries(delta.vector_clock);
    check(clock.length === 1 && new RegExp(`^${kHex}$`).test(clock[0][0]), `the clock ${JSON.stringify(clock)}`);
  }
  const stamps = [...text.matchAll(/"timestamp":(\d+)}/g)].map(([, digits]) => BigInt(digits));
  const now = BigInt(Date.now() + 1) * 1_000_000n;
  check(stamps.length === 5 && stamps.every((stamp) => stamp > before && stamp < now), `nanoseconds: ${stamps}`);
  const [added, updated, removed, image, merged] = json.map(({ data }) => data);
  check(new RegExp(`^${kHex}:\\d+$`).test(added.tag), `the tag ${added.tag}`);
  checkEqual(added.metadata, { size: 1 }, "the add as it was written");
  checkEqual(updated, { size: 2 }, "lww data is the object");
  checkEqual(removed, { removed: true, tags: [added.tag] }, "a removal names the add");
  checkEqual(image.metadata, { arch: "arm64" }, "the image");
  checkSame(merged, { arch: "arm64", os: null }, "a PATCH comes as the whole object");
}

async function clearAndPositions(lab) {
  const agent = await lab.agent("n1");
  const own = outside("site-b");
  await ok(post(agent, "/snapshots/add/one", {}));

  await clear(agent);
  checkEqual(await keysOf(agent), ["snapshots:one"], "a clear before any GET moves nothing");
  await ok(post(agent, "/snapshots/add/two", {}));
  await clear(agent);
  checkEqual(await keysOf(agent), ["snapshots:two"], "a clear moves to what the last GET returned, no further");
  await clear(agent);
  await clear(agent);
  checkEqual(await keysOf(agent), [], "all is cleared");

  checkEqual(await keysOf(agent, "?peer=site-b&limit=1"), ["snapshots:one"], "a peer has a position of its own");
  await clear(agent, "?peer=site-b");
  check(await apply(agent, own.add(1, "theirs", {})), "a delta of the peer itself");
  checkEqual(await keysOf(agent, "?peer=site-b"), ["snapshots:two"], "without what the peer posted");
  checkEqual((await keysOf(agent, "?peer=site-c")).sort(),
    ["snapshots:one", "snapshots:theirs", "snapshots:two"], "another peer gets everything");
  checkEqual(await keysOf(agent), [], "without a peer nothing that was posted as a delta");
}

// GET and clear until nothing comes, as a gossip loop does.
async function drain(agent, peer, limit) {
  const keys = [];
  for (;;) {
    const page = await keysOf(agent, `?peer=${peer}&limit=${limit}`);
    check(page.length <= limit, `${page.length} deltas with limit=${limit}`);
    if (page.length === 0) return keys;
    keys.push(...page);
    await clear(agent, `?peer=${peer}`);
  }
}

async function pagesAndCursors(lab) {
  const agent = await lab.agent("n1");
  const wanted = [];
  for (let i = 0; i < 25; ++i) {
    await ok(post(agent, `/snapshots/add/s${i}`, { i }));
    wanted.push(`snapshots:s${i}`);
  }

  checkEqual(await drain(agent, "site-d", 7), wanted, "pages of 7 with clears");

  const followed = [];
  let path = "/crdt/delta?since=&limit=10";
  let cursor;
  while (path) {
    const answer = await get(agent, path);
    followed.push(...(await ok(answer)).map(({ key }) => key));
    cursor = answer.headers.get("cursor");
    const link = answer.headers.get("link");
    path = link && /^<(\/crdt\/delta\?[^>]+)>; rel="next"$/.exec(link)?.[1];
    check(!link || path, `the link ${link}`);
  }
  checkEqual(followed, wanted, "pages by their links, from the beginning");
  await ok(post(agent, "/images/add/last", {}));
  checkEqual(await keysOf(agent, `?since=${encodeURIComponent(cursor)}`), ["images:last"], "what came since a cursor");
  checkEqual((await keysOf(agent)).length, 26, "reading by cursor moved no position");
}

async function peersMayMove(lab) {
  const [a, z] = await pair(lab);
  await ok(post(a, "/snapshots/add/first", {}));
  await settled([a, z]);
  checkEqual(await keysOf(a, "?peer=roaming"), ["snapshots:first"], "at the first agent");
  await clear(a, "?peer=roaming");
  await ok(post(z, "/snapshots/add/second", {}));
  await settled([a, z]);

  checkEqual(await keysOf(z, "?peer=roaming"), ["snapshots:second"], "the other agent goes on where it stopped");
  await clear(z, "?peer=roaming");
  await settled([a, z]);
  checkEqual(await keysOf(a, "?peer=roaming"), [], "back at the first one");
  checkEqual(await keysOf(a), ["snapshots:first"], "without a peer only what clients of this agent wrote");
  checkEqual(await keysOf(z), ["snapshots:second"], "of the other one too");
}

async function staleDeltas(lab) {
  const agent = await lab.agent("n1");
  const b = outside("site-b");
  const c = outside("site-c");

  check(await apply(agent, b.add(3, "x", { from: "b" })), "the first delta");
  check(!(await apply(agent, b.add(3, "x", { from: "b" }))), "the same again is stale");
  check(!(await apply(agent, b.remove(2, "x"))), "a lower number of the same node is stale");
  checkSame(await shown(agent), { x: { from: "b" } }, "a stale delta changes nothing");
  check(await apply(agent, c.add(1, "y", { from: "c" })), "each node has its own clock");
  check(await apply(agent, b.update(4, "x", { from: "b", n: 4 })), "a higher number");
  check(await apply(agent, c.update(2, "x", { from: "c" }, 1)), "new, although its timestamp is the lower one");
  checkSame(await shown(agent), { x: { from: "b", n: 4 }, y: { from: "c" } }, "the later timestamp stays");

  const batch = [c.add(3, "z", {}), b.remove(5, "x"), c.add(3, "z", {}), c.add(4, "z", { n: 4 })];
  checkEqual(await ok(post(agent, "/crdt/delta", `[${batch.map(deltaText)}]`)),
    { applied: true, results: [true, true, false, true] }, "an array has a result for each delta");
  checkEqual(await ok(post(agent, "/crdt/delta", `[${batch.slice(2).map(deltaText)}]`)),
    { applied: false, results: [false, false] }, "an array in which all are stale");
  checkSame(await shown(agent), { y: { from: "c" }, z: { n: 4 } }, "after the arrays");
  await ok(post(agent, "/snapshots/add/mine", { n: 1 }));
  const mine = (await get(agent, "/crdt/delta")).text.slice(1, -1);
  await ok(post(agent, "/snapshots/add/mine", { n: 2 }));
  checkEqual(await ok(post(agent, "/crdt/delta", mine)), { applied: false }, "a change of this mesh that comes back");
  checkSame((await shown(agent)).mine, { n: 2 }, "it changes nothing");
}

// "Later timestamp always wins. Ties broken by node ID (lexicographic)."
async function tiesOfTimestamps(lab) {
  const [a, z] = await pair(lab);
  const [b, c] = [outside("node-b"), outside("node-c")];
  check(await apply(a, b.add(1, "t", { by: "add" })), "the entry");
  await settled([a, z]);
  const tied = [c.update(1, "t", { by: "c" }, 900), b.update(2, "t", { by: "b" }, 900)];

  check(await apply(a, tied[0]), "node-c on one agent");
  check(await apply(z, tied[1]), "node-b on the other one");
  await settled([a, z]);

  for (const agent of [a, z]) checkSame((await shown(agent)).t, { by: "c" }, `${agent.name}: the higher node id`);
  check(await apply(a, b.update(3, "t", { by: "later" }, 901)), "a later timestamp");
  await settled([a, z]);
  for (const agent of [a, z]) checkSame((await shown(agent)).t, { by: "later" }, `${agent.name}: later wins`);
}

// "Remove operations affect all add tags"; those that the remover names.
async function tagsOfAdds(lab) {
  const [a, z] = await pair(lab);
  const [b, c] = [outside("site-b"), outside("site-c")];
  check(await apply(a, b.add(1, "k", { n: 1 }, "tag-b")), "an add with a tag of its client");
  const { json } = await get(a, "/crdt/delta?since=&peer=site-c");
  checkEqual(json.find(({ key }) => key === "snapshots:k").data.tag, "tag-b", "the tag is kept");
  await settled([a, z]);
  check(await apply(z, c.remove(1, "k", ["another"])), "a removal of a tag that is not there");
  checkSame(await shown(z), { k: { n: 1 } }, "an add that is not named stays");
  check(await apply(z, c.remove(2, "k", ["tag-b"])), "the removal of this tag");
  await settled([a, z]);
  for (const agent of [a, z]) checkSame(await shown(agent), {}, `${agent.name}: removed`);
}

export const deltas = {
  DeltasHaveTheKeysAndTheDataOfTheContract: keysAndData,
  AClearMovesNoFurtherThanTheLastGet: clearAndPositions,
  PagesOfDeltasAndCursorsMissNothing: pagesAndCursors,
  APeerGoesOnAtTheOtherAgent: peersMayMove,
  AStaleDeltaIsNotApplied: staleDeltas,
  OfEqualTimestampsTheHigherNodeWinsOnBothAgents: tiesOfTimestamps,
  ARemovalTakesTheTagsThatItNames: tagsOfAdds,
};

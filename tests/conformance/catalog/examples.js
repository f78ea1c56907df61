// What the original text shows, word for word: its curl commands, its two nodes, its recorded deltas.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { check, checkEqual, curl } from "../lab.js";
import { checkSame, get, ok, pair, post, send, settled } from "./talk.js";

// Messages as a server of this protocol sends them, as they are: a JSON number of JavaScript would lose digits
// of the timestamps. The batch has one clock for all its deltas.
const [kAdd, kUpdate, kRemove, kImage, kBatch] =
  readFileSync(new URL("recorded.jsonl", import.meta.url), "utf8").trim().split("\n");
const dataOf = (text) => JSON.parse(text).data;
const kSnapshots = "/catalog/query?type=snapshots";

// The address of the original text is that of its own server.
const here = (agent, words) => words.map((word) => word.replace("http://localhost:8080", agent.url));

async function answerOf(agent, ...words) {
  const { status, text } = await curl(...here(agent, words));
  check(status === 200, `curl ${words.join(" ")}: ${status} ${text}`);
  return JSON.parse(text);
}

async function commandsOfTheText(lab) {
  const agent = await lab.agent("n1");

  const added = await answerOf(agent, "-X", "POST", "http://localhost:8080/snapshots/add/snap1",
    "-H", "Content-Type: application/json",
    "-d", '{"size": 1024, "created": "2023-01-01T00:00:00Z", "cluster": "cluster-a"}');
  checkEqual(added, { id: "snap1", status: "added" }, "the answer to add");
  const rows = await answerOf(agent, "http://localhost:8080/catalog/query?type=snapshots");
  checkSame(rows, [{ id: "snap1",
    metadata: { size: 1024, created: "2023-01-01T00:00:00Z", cluster: "cluster-a" } }], "the query");

  const deltas = await answerOf(agent, "http://localhost:8080/crdt/delta");
  checkEqual(deltas.map((delta) => [delta.type, delta.key]), [["orset", "snapshots:snap1"]], "the deltas");
  const file = join(lab.folder, "delta.json");
  writeFileSync(file, kImage);
  const applied = await answerOf(agent, "-X", "POST", "http://localhost:8080/crdt/delta",
    "-H", "Content-Type: application/json", "-d", `@${file}`);
  checkEqual(applied, { applied: true }, "the answer to a delta");
  checkSame(await ok(get(agent, "/catalog/query?type=images")),
    [{ id: "debian:12", metadata: dataOf(kImage).metadata }], "the images");
  checkEqual(await answerOf(agent, "-X", "POST", "http://localhost:8080/crdt/delta/clear"),
    { status: "cleared" }, "the answer to clear");
}

async function nodeOf(lab, name) {
  const agent = await lab.agent(name);
  await ok(post(agent, "/crdt/delta/clear"));
  return agent;
}

const pending = (agent) => ok(get(agent, "/crdt/delta"));

// GET returns texts with numbers above 2^53, so they are posted as they came.
async function handOver(from, to) {
  const { text } = await get(from, "/crdt/delta");
  const parts = text.slice(1, -1).split(/(?<=})\s*,\s*(?={"node_id")/);
  for (const part of parts) checkEqual(await ok(post(to, "/crdt/delta", part)), { applied: true }, `the delta ${part}`);
  return parts;
}

// The printed example of the original: two nodes without a mesh between them.
async function twoNodesOfTheText(lab) {
  const node1 = await nodeOf(lab, "node1");
  const node2 = await nodeOf(lab, "node2");
  const snap1 = { cluster: "cluster-a", created: "2023-12-07T10:30:45Z", size: 1024 };
  const snap2 = { cluster: "cluster-b", created: "2023-12-07T10:30:45Z", size: 2048 };
  const update = (status) => ({ size: 1024, status, updated: "2023-12-07T10:30:45Z" });
  checkEqual(await ok(get(node1, kSnapshots)), [], "node 1 at first");
  checkEqual(await ok(get(node2, kSnapshots)), [], "node 2 at first");

  await ok(post(node1, "/snapshots/add/snap1", snap1));
  checkSame(await ok(get(node1, kSnapshots)), [{ id: "snap1", metadata: snap1 }], "node 1 after its add");
  await ok(post(node1, "/snapshots/add/snap2", snap2));
  await ok(send(node1, "PUT", "/snapshots/metadata/snap1", update("completed")));
  await ok(send(node2, "PUT", "/snapshots/metadata/snap1", update("failed")));

  const keys = (deltas) => deltas.map(({ key, type }) => `${key} (${type})`);
  checkEqual(keys(await pending(node1)),
    ["snapshots:snap1 (orset)", "snapshot_metadata:snap1 (lww)", "snapshots:snap2 (orset)"], "3 deltas of node 1");
  checkEqual(keys(await pending(node2)), ["snapshot_metadata:snap1 (lww)"], "1 delta of node 2");
  const sent = await handOver(node1, node2);
  await handOver(node2, node1);

  const expected = [{ id: "snap1", metadata: update("failed") }, { id: "snap2", metadata: snap2 }];
  checkSame(await ok(get(node1, kSnapshots)), expected, "node 1 after the exchange");
  checkSame(await ok(get(node2, kSnapshots)), expected, "node 2 after the exchange");
  for (const old of sent) checkEqual(await ok(post(node2, "/crdt/delta", old)), { applied: false }, "an old delta");
  checkSame(await ok(get(node2, kSnapshots)), expected, "node 2 after the old deltas");
}

// In one mesh nobody has to carry the deltas.
async function bothAgentsOfAMesh(lab) {
  const [a, z] = await pair(lab);
  for (const text of [kAdd, kUpdate, kImage]) {
    checkEqual(await ok(post(a, "/crdt/delta", text)), { applied: true }, text);
  }
  checkEqual(await ok(post(a, "/crdt/delta", kBatch)),
    { applied: true, results: [true, true, true] }, "a batch with one clock is taken whole");
  const rows = async (agent) => ok(get(agent, kSnapshots));
  const expected = [{ id: "batch1", metadata: { n: 3 } }, { id: "batch2", metadata: { n: 2 } },
    { id: "snap1", metadata: dataOf(kUpdate) }];
  await settled([a, z]);
  checkSame(await rows(a), expected, "the agent that took them");
  checkSame(await rows(z), expected, "the other agent");

  checkEqual(await ok(post(z, "/crdt/delta", kUpdate)), { applied: false },
    "the other agent knows what was taken of node1");
  checkEqual(await ok(post(z, "/crdt/delta", kRemove)),
    { applied: true }, "a removal without tags");
  checkSame(await rows(z), expected.slice(0, 2), "after the removal");
}

export const examples = {
  TheCommandsOfTheTextGiveItsAnswers: commandsOfTheText,
  TheTwoNodesOfTheTextEndWithItsResult: twoNodesOfTheText,
  RecordedDeltasAreTakenOnceInTheWholeMesh: bothAgentsOfAMesh,
};

// What the original text shows: its request, its answers, its error table, and the requests of programs that
// follow it.

import { readFileSync } from "node:fs";
import { check, checkEqual, curl, eventually } from "../lab.js";
import { checkSame, get, ok, pair, post, settled } from "../catalog/talk.js";
import { checkError, deltaOf, object, sync, valueOf } from "./sync.js";

const { requests } = JSON.parse(readFileSync(new URL("recorded.json", import.meta.url)));
// The text prints the two members of the delta without values.
const kBody = `{
  "type": "orset",
  "object_id": "room:4398:tags",
  "delta": {
    "adds": ["a"],
    "removes": []
  },
  "timestamp": "2025-06-05T12:01:22.904Z",
  "source_node": "us-west-edge-003"
}`;

async function requestOfTheText(lab) {
  const [a, z] = await pair(lab);
  const words = ["-X", "POST", `${a.url}/crdt/sync?wait=1`, "-H", "Content-Type: application/json", "-d", kBody];

  const refused = await curl(...words, "-H", "X-CRDT-API-Key: abc123");
  checkEqual([refused.status, JSON.parse(refused.text)], [401, { error: "Unauthorized" }], "a key that is not known");
  const { status, text } = await curl(...words);

  checkEqual(status, 200, text);
  checkEqual(JSON.parse(text), { status: "syncd", merged_into: "room:4398:tags", conflicts_resolved: 0,
    replicated_to: ["n2"] }, "the answer");
  const { text: read } = await curl(`${z.url}/crdt/object/room:4398:tags`);
  const shown = JSON.parse(read);
  checkEqual([shown.object_id, shown.type, shown.value], ["room:4398:tags", "orset", ["a"]], "on the other agent");
  const metrics = JSON.parse((await curl(`${z.url}/crdt/metrics?object_id=room:4398:tags`)).text);
  checkEqual(Object.keys(metrics), ["object_id", "merge_lag_ms", "replication_factor", "conflicts_last_hour",
    "last_synced_at", "merges_per_second"], "members of the metrics");
  checkEqual([metrics.object_id, metrics.conflicts_last_hour], ["room:4398:tags", 0], "of this object");
  check(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(metrics.last_synced_at), `${metrics.last_synced_at}`);
}

async function recordedRequests(lab) {
  const [a, z] = await pair(lab);
  for (const { body, value } of requests) {
    checkEqual((await ok(post(a, "/crdt/sync", body))).merged_into, body.object_id, "merged_into");
    checkSame(await valueOf(a, body.object_id), value, `${body.object_id} of ${body.type}`);
  }
  await settled([a, z]);
  const last = new Map(requests.map(({ body, value }) => [body.object_id, value]));
  for (const [id, value] of last) {
    checkSame(await valueOf(z, id), value, `${id} on the other agent`);
    checkSame((await z.get(`/v1/objects/${encodeURIComponent(id)}`)).value, value, `${id} below /v1/objects`);
  }
}

async function errorsOfTheText(lab) {
  const agent = await lab.agent("n1");
  const sent = (body, headers) => post(agent, "/crdt/sync", body, headers);
  await sync(agent, "gcounter", "c", { increment: 1 });

  checkError(await sent(deltaOf("gcounter", "c", { increment: 1 }), { "X-CRDT-API-Key": "abc123" }), 401,
    "Unauthorized", "a key that is not known");
  checkError(await get(agent, "/crdt/object/c", { Authorization: "Bearer abc123" }), 401, "Unauthorized", "as a bearer");
  checkError(await sent(deltaOf("orset", "s", { adds: "a" })), 409, "Delta Conflict", "a malformed delta");
  checkError(await sent(deltaOf("bloom_filter", "s", {})), 422, "CRDT Type Not Supported", "an unknown type");
  checkError(await get(agent, "/crdt/object/none"), 404, "Not Found", "an unknown object");
  checkError(await get(agent, "/crdt/metrics?object_id=none"), 404, "Not Found", "its metrics");
  checkError(await post(agent, "/crdt/compact", { object_id: "none" }), 404, "Not Found", "its compaction");
  checkEqual(await valueOf(agent, "c"), 1, "nothing was counted");
}

// Raw colons, encoded colons and an encoded slash name the ids that they decode to.
async function idsInPaths(lab) {
  const agent = await lab.agent("n1");
  for (const id of ["room:4398:tags", "a/b", "a%2Fb", "..", "x y+z", "ключ"]) {
    await sync(agent, "lww_register", id, { value: id });
  }
  const pathOf = [["room:4398:tags", "room:4398:tags"], ["room%3A4398%3Atags", "room:4398:tags"], ["a%2Fb", "a/b"],
    ["a%252Fb", "a%2Fb"], ["x%20y+z", "x y+z"], ["%2E%2E", ".."], [encodeURIComponent("ключ"), "ключ"]];
  for (const [path, id] of pathOf) {
    const { status, text } = await curl("--path-as-is", `${agent.url}/crdt/object/${path}`);
    checkEqual([status, status === 200 && JSON.parse(text).object_id, status === 200 && JSON.parse(text).value],
      [200, id, id], `the path ${path}`);
  }
}

// "replicated_to": the agents whose durable vector covers the change. One of three is gone.
async function oneOfThreeIsGone(lab) {
  const [a, z, gone] = await lab.mesh(3);
  await settled(lab.agents);
  const all = await ok(post(a, "/crdt/sync?wait=2", deltaOf("gcounter", "c", { increment: 1 })));
  checkEqual(all.replicated_to.sort(), ["n2", "n3"], "while all are there");
  await gone.stop("SIGKILL");

  const one = await ok(post(a, "/crdt/sync?wait=1", deltaOf("gcounter", "c", { increment: 1 })));
  checkEqual(one.replicated_to, ["n2"], "?wait=1");
  const late = await post(a, "/crdt/sync?wait=2&timeout_ms=700", deltaOf("gcounter", "c", { increment: 1 }));
  checkEqual([late.status, late.json], [504, { status: "syncd", merged_into: "c", conflicts_resolved: 0,
    replicated_to: ["n2"] }], "?wait=2 names the one that confirmed");
  await eventually("the change stays", async () => (await valueOf(z, "c")) === 3);
  checkEqual((await object(a, "c")).lamport, 3, "the sum of its clock");
}

export const examples = {
  TheRequestOfTheTextIsSyncdAndReplicated: requestOfTheText,
  RecordedRequestsOfAllTypesShowTheSameEverywhere: recordedRequests,
  TheErrorsOfTheTextComeVerbatim: errorsOfTheText,
  IdsInPathsAreDecodedOnceBySegment: idsInPaths,
  AnAgentThatIsGoneIsNotNamed: oneOfThreeIsGone,
};

// Bad input: the words of this API and nothing more, nothing written, and other clients served.

import net from "node:net";
import { check, checkEqual, curl } from "../lab.js";
import { get, post } from "../catalog/talk.js";
import { checkError, deltaOf, sync, valueOf } from "./sync.js";

const kGood = deltaOf("orset", "x", { adds: ["a"] });
const nested = (levels) => "[".repeat(levels) + "]".repeat(levels);
const without = (name) => Object.fromEntries(Object.entries(kGood).filter(([key]) => key !== name));

const kMalformed = [
  "", "{", "null", "1", '"x"', "[]", JSON.stringify(kGood).slice(0, -1), `${JSON.stringify(kGood)}}`,
  '{"type":"orset","type":"orset","object_id":"x","delta":{"adds":[]}}', `{"type":${nested(10_000)}}`,
  Buffer.from('{"type":"orset","object_id":"\xff","delta":{"adds":[1]}}', "latin1"),
  without("type"), without("object_id"), without("delta"), { ...kGood, type: 5 }, { ...kGood, object_id: "" },
  { ...kGood, object_id: "x".repeat(513) }, { ...kGood, object_id: "a\0b" }, { ...kGood, delta: [] }, { ...kGood, delta: null },
  { ...kGood, unknown: 1 }, { ...kGood, timestamp: 5 }, { ...kGood, timestamp: "2025-06-05" }, { ...kGood, timestamp: "now" },
  { ...kGood, timestamp: "2025-13-05T12:01:22Z" }, { ...kGood, source_node: 5 }, { ...kGood, source_node: "" },
  deltaOf("orset", "x", {}), deltaOf("orset", "x", { adds: {} }), deltaOf("orset", "x", { adds: ["a"], extra: [] }),
  deltaOf("orset", "x", { adds: [{ e: 1, tag: 5 }] }), deltaOf("lww_register", "x", {}), deltaOf("lww_register", "x", { value: 1, more: 2 }),
  deltaOf("gcounter", "x", { counts: [1] }), deltaOf("gcounter", "x", { counts: { a: "1" } }),
  deltaOf("gcounter", "x", { increment: 1e300 }), deltaOf("seq", "x", {}), deltaOf("seq", "x", { ops: [5] }),
  deltaOf("seq", "x", { ops: [{ insert: { at: -1, text: "a" } }] }), deltaOf("seq", "x", { ops: [{ delete: { ids: ["a"] } }] }),
  deltaOf("crdt_map", "x", { set: [] }), deltaOf("crdt_map", "x", { remove: [5] }), deltaOf("crdt_map", "x", { set: { "/a~2": 1 } }),
  deltaOf("crdt_map", "x", { update: { a: { type: "orset" } } }), deltaOf("crdt_map", "x", { update: { a: { type: "orset", delta: 5 } } }),
];

async function malformed(lab) {
  const agent = await lab.agent("n1");
  await sync(agent, "orset", "kept", { adds: [1] });
  const { digest } = await agent.get("/v1/status");
  for (const body of kMalformed) {
    const what = (Buffer.isBuffer(body) ? String(body) : JSON.stringify(body)).slice(0, 120);
    const answer = await post(agent, "/crdt/sync", body);
    checkError(answer, 409, "Delta Conflict", what);
    check(answer.headers.get("crdt-error-detail")?.length > 0, `${what}: the header says what was wrong`);
  }
  for (const type of ["", "counter", "ORSET", "text", "__proto__"]) {
    checkError(await post(agent, "/crdt/sync", { ...kGood, type }), 422, "CRDT Type Not Supported", `the type ${type}`);
    const inside = deltaOf("crdt_map", "x", { update: { a: { type, delta: {} } } });
    checkError(await post(agent, "/crdt/sync", inside), 422, "CRDT Type Not Supported", `the type ${type} in a map`);
  }
  const ahead = { ...kGood, type: "lww_register", delta: { value: 1 }, timestamp: new Date(Date.now() + 2 * 3_600_000).toISOString() };
  checkError(await post(agent, "/crdt/sync", ahead), 409, "Delta Conflict", "two hours ahead");
  for (const query of ["wait=x", "wait=-1", "wait=65", "timeout_ms=60001", "wait=1.5"]) {
    checkError(await post(agent, `/crdt/sync?${query}`, kGood), 409, "Delta Conflict", query);
  }
  checkEqual((await agent.get("/v1/status")).digest, digest, "nothing was written");
  checkEqual((await get(agent, "/crdt/object/x")).status, 404, "the object is not there");
}

async function oversized(lab) {
  const agent = await lab.agent("n1");
  const large = "x".repeat((1 << 20) + 1);
  const bodies = {
    "a value over 1 MiB": deltaOf("lww_register", "x", { value: large }),
    "an element over 1 KiB": deltaOf("orset", "x", { adds: ["x".repeat(2000)] }),
    "65,537 operations": deltaOf("seq", "x", { ops: Array(65_537).fill({ insert: { at: 0, text: "a" } }) }),
    "a path of 17 keys": deltaOf("crdt_map", "x", { set: { [`/${Array(17).fill("a").join("/")}`]: 1 } }),
  };
  for (const [what, body] of Object.entries(bodies)) {
    checkError(await post(agent, "/crdt/sync", body), 413, "Content Too Large", what);
  }
  checkEqual((await get(agent, "/crdt/object/x")).status, 404, "the object is not there");
  await sync(agent, "orset", "x", { adds: ["x".repeat(1000)] });
}

// The agent refuses it from its length and reads nothing of it.
async function oversizedBody(lab) {
  const agent = await lab.agent("n1");
  const { status, text } = await curl("-X", "POST", `${agent.url}/crdt/sync`, "-H", `Content-Length: ${(16 << 20) + 1}`,
    "-d", "{}");
  checkEqual([status, text], [413, '{"error":"Content Too Large"}'], "a body over 16 MiB");
}

// Clients that stop in the middle of a delta, while another one writes.
async function brokenClients(lab) {
  const agent = await lab.agent("n1");
  const body = JSON.stringify(deltaOf("gcounter", "c", { increment: 1000 }));
  const sockets = Array.from({ length: 20 }, () => {
    const socket = net.connect(Number(agent.http.split(":")[1]), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(`POST /crdt/sync HTTP/1.1\r\nHost: ${agent.http}\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, -1)}`);
    return socket;
  });
  lab.atEnd(() => sockets.forEach((socket) => socket.destroy()));
  for (let i = 0; i < 20; ++i) {
    await sync(agent, "gcounter", "c", { increment: 1 });
    if (i % 2 === 0) sockets[i].destroy();
  }
  checkEqual(await valueOf(agent, "c"), 20, "the other client, and no delta that did not end");
}

export const refusals = {
  MalformedDeltasAreConflictsAndNothingIsWritten: malformed,
  WhatIsTooLargeIsRefused: oversized,
  ABodyOverTheLimitIsRefusedInTheseWordsToo: oversizedBody,
  ClientsThatStopInTheMiddleHinderNobody: brokenClients,
};

// Bad input: a clear error in the form of this protocol, nothing written, and other clients served.

import net from "node:net";
import { check, checkEqual } from "../lab.js";
import { checkRefused, checkSame, get, ok, post, send } from "./talk.js";

const kGood = { node_id: "b", vector_clock: { b: 1 }, type: "orset", key: "snapshots:x",
  data: { tag: "t", metadata: {} }, timestamp: 1 };
const nested = (levels) => "[".repeat(levels) + "]".repeat(levels);

async function written(agent) { return (await agent.get("/v1/status")).digest; }

async function badMetadata(lab) {
  const agent = await lab.agent("n1");
  await ok(post(agent, "/snapshots/add/kept", { size: 1 }));
  const before = await written(agent);
  const bodies = ["", "{", '{"a":1', '{"a":1}}', "[]", "1", '"x"', "null", '{"a":1,"a":2}', '{"a":01}', "{'a':1}",
    '{"a":NaN}', `{"a":${nested(33)}}`, '{"a":"\\ud800"}', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])];
  for (const body of bodies) {
    for (const [verb, path] of [["POST", "/snapshots/add/kept"], ["PUT", "/images/metadata/kept"],
      ["PATCH", "/snapshots/metadata/kept"]]) {
      checkRefused(await send(agent, verb, path, body), 400, `${verb} ${path} with ${body}`.slice(0, 100));
    }
  }
  const large = JSON.stringify({ a: "x".repeat(1 << 20) });
  checkRefused(await post(agent, "/snapshots/add/kept", large), 413, "over 1 MiB");
  checkRefused(await send(agent, "PUT", "/snapshots/add/kept", "{}"), 405, "the wrong method");
  checkRefused(await post(agent, "/volumes/add/kept", "{}"), 404, "an unknown catalog");
  checkEqual(await written(agent), before, "nothing was written");
  checkSame(await ok(get(agent, "/catalog/query?type=snapshots")), [{ id: "kept", metadata: { size: 1 } }], "it stays");
}

async function badDeltas(lab) {
  const agent = await lab.agent("n1");
  await ok(post(agent, "/snapshots/add/kept", { size: 1 }));
  const before = await written(agent);
  const without = (name) => Object.fromEntries(Object.entries(kGood).filter(([key]) => key !== name));
  const wrong = [
    "", "{", "1", "null", JSON.stringify(kGood).slice(0, -1), nested(100), `{"a":${nested(10_000)}}`, [[kGood]], ["x"],
    ...Object.keys(kGood).map(without),
    { ...kGood, node_id: 5 }, { ...kGood, node_id: "" }, { ...kGood, vector_clock: {} }, { ...kGood, vector_clock: { b: -1 } },
    { ...kGood, vector_clock: { b: "1" } }, { ...kGood, vector_clock: [1] }, { ...kGood, type: "gset" }, { ...kGood, type: "lww" },
    { ...kGood, key: "volumes:x" }, { ...kGood, key: "snapshots" }, { ...kGood, key: "snapshots:" }, { ...kGood, data: [] },
    { ...kGood, data: {} }, { ...kGood, data: { tag: 1, metadata: {} } }, { ...kGood, data: { tag: "t", metadata: [] } },
    { ...kGood, key: "snapshots:x:remove", data: { removed: false } },
    { ...kGood, key: "snapshots:x:remove", data: { removed: true, tags: "t" } },
    { ...kGood, timestamp: "now" }, { ...kGood, timestamp: -1 }, { ...kGood, timestamp: 1.5 },
  ];
  for (const body of wrong) {
    const what = `the delta ${JSON.stringify(body)}`.slice(0, 200);
    checkRefused(await post(agent, "/crdt/delta", body), 400, what);
  }
  const second = await post(agent, "/crdt/delta", [kGood, { ...kGood, key: "volumes:x" }]);
  checkRefused(second, 400, "a batch with one bad delta");
  check(/\b1\b/.test(second.json.error.message), `the message names the delta: ${second.json.error.message}`);
  checkRefused(await post(agent, "/crdt/delta", Array(10_001).fill(kGood)), 413, "10,001 deltas");
  const ahead = `{"node_id":"b","vector_clock":{"b":1},"type":"orset","key":"snapshots:x","data":{"tag":"t","metadata":{}},` +
    `"timestamp":${BigInt(Date.now() + 2 * 3_600_000) * 1_000_000n}}`;
  checkRefused(await post(agent, "/crdt/delta", ahead), 400, "two hours ahead");
  for (const peer of ["", "%40x", "x".repeat(513), "%00"]) {
    checkRefused(await get(agent, `/crdt/delta?peer=${peer}`), 400, `GET for the peer ${peer}`.slice(0, 60));
    checkRefused(await post(agent, `/crdt/delta/clear?peer=${peer}`), 400, `clear for the peer ${peer}`.slice(0, 60));
  }
  checkEqual(await written(agent), before, "nothing was written");
  checkEqual(await ok(post(agent, "/crdt/delta", kGood)), { applied: true }, "the good delta was not counted as taken");
}

// A client that says it sends more than it does, and one that goes away in the middle of a batch.
function openPost(agent, path, body) {
  const socket = net.connect(Number(agent.http.split(":")[1]), "127.0.0.1");
  socket.on("error", () => {});
  socket.write(`POST ${path} HTTP/1.1\r\nHost: ${agent.http}\r\nContent-Length: ${body.length + 10}\r\n\r\n${body}`);
  return socket;
}

async function slowAndBroken(lab) {
  const agent = await lab.agent("n1");
  const slow = Array.from({ length: 20 }, () => openPost(agent, "/crdt/delta", JSON.stringify([kGood])));
  lab.atEnd(() => slow.forEach((socket) => socket.destroy()));
  for (let i = 0; i < 20; ++i) await ok(post(agent, `/snapshots/add/s${i}`, { i }));
  for (const socket of slow.splice(0, 10)) socket.destroy();
  const rows = await ok(get(agent, "/catalog/query?type=snapshots"));
  checkEqual(rows.length, 20, "the entries of another client, and none of a batch that did not end");
}

export const refusals = {
  BadMetadataIsRefusedAndNothingIsWritten: badMetadata,
  BadDeltasAreRefusedAndNothingIsWritten: badDeltas,
  ClientsThatStopInTheMiddleHinderNobody: slowAndBroken,
};

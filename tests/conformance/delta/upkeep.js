// Metrics and compaction.

import { check, checkEqual, eventually } from "../lab.js";
import { checkSame, get, ok, pair, post, settled } from "../catalog/talk.js";
import { deltaOf, sync, valueOf } from "./sync.js";

const kMembers = ["object_id", "merge_lag_ms", "replication_factor", "conflicts_last_hour", "last_synced_at",
  "merges_per_second"];
const metricsOf = async (agent, id) => {
  const metrics = await ok(get(agent, `/crdt/metrics${id ? `?object_id=${encodeURIComponent(id)}` : ""}`));
  checkEqual(Object.keys(metrics), kMembers, "members");
  return metrics;
};

async function metrics(lab) {
  const [a, z] = await pair(lab);
  const before = Date.now();
  await ok(post(a, "/crdt/sync?wait=1", deltaOf("gcounter", "c", { increment: 1 })));

  const own = await metricsOf(a, "c");
  checkEqual([own.object_id, own.merge_lag_ms, own.last_synced_at], ["c", null, null], "no change of others came");
  checkEqual(own.replication_factor, 2, "both agents hold it");
  const other = await metricsOf(z, "c");
  check(other.merge_lag_ms >= 0 && other.merge_lag_ms < 30_000, `lag ${other.merge_lag_ms}`);
  const synced = Date.parse(other.last_synced_at);
  check(synced >= before && synced <= Date.now(), `synced at ${other.last_synced_at}`);
  check(other.merges_per_second > 0, `merges per second ${other.merges_per_second}`);
  const all = await metricsOf(z);
  checkEqual([all.object_id, all.last_synced_at], [null, other.last_synced_at], "over all objects");
  await eventually("all agents are in step", async () => (await metricsOf(z)).replication_factor === 2);
  await a.stop("SIGKILL");
  await eventually("one agent is left", async () => (await metricsOf(z, "c")).replication_factor === 1);
}

// Both agents write one register before they have heard of each other.
async function conflicts(lab) {
  const a = await lab.agent("n1");
  const z = await lab.agent("n2");
  await sync(a, "lww_register", "r", { value: "a" });
  await sync(z, "lww_register", "r", { value: "z" });
  await ok(post(z, "/v1/join", { address: a.bind }));
  await settled([a, z]);

  const counts = await Promise.all([a, z].map(async (agent) => (await metricsOf(agent, "r")).conflicts_last_hour));
  check(counts[0] + counts[1] > 0, `conflicts of the two agents: ${counts}`);
  checkEqual(await valueOf(a, "r"), await valueOf(z, "r"), "one value is shown");
  await sync(a, "lww_register", "r", { value: "settled" });
  await settled([a, z]);
  checkEqual([await valueOf(z, "r"), await z.get("/v1/conflicts")], ["settled", []], "settled by a later write");
}

async function compaction(lab) {
  const [a, z] = await pair(lab);
  const set = async (body) => checkEqual(await ok(post(a, "/crdt/compact", body)), { compacted: [] }, JSON.stringify(body));
  await set({ automatic: false, every: 10_000 });
  checkEqual((await a.get("/v1/status")).compaction, { automatic: false, every: 10_000 }, "what is in force");
  const kEdits = 60;
  for (let i = 0; i < kEdits; ++i) await sync(a, "seq", "t", { ops: [{ insert: { at: i, text: "ab"[i % 2] } }] });
  await sync(a, "gcounter", "c", { increment: 1 });
  const state = async (agent) => {
    const { digest, vector } = await agent.get("/v1/status");
    return { digest, vector, text: await valueOf(agent, "t") };
  };
  await settled([a, z]);
  const before = await state(a);

  const { compacted } = await ok(post(a, "/crdt/compact", { object_id: "t" }));

  checkEqual(Object.keys(compacted[0]), ["object_id", "changes_folded", "bytes_freed"], "members");
  checkEqual([compacted.length, compacted[0].object_id, compacted[0].changes_folded], [1, "t", kEdits], "the text");
  check(compacted[0].bytes_freed >= 0, "bytes");
  checkSame(await state(a), before, "folding changes nothing that is shown");
  checkEqual((await ok(post(a, "/crdt/compact", { object_id: "c" }))).compacted,
    [{ object_id: "c", changes_folded: 0, bytes_freed: 0 }], "a counter");
  await sync(a, "seq", "t", { ops: [{ delete: { at: 0, len: 1 } }] });
  const all = await ok(post(a, "/crdt/compact"));
  checkEqual(all.compacted.map(({ object_id, changes_folded }) => [object_id, changes_folded]), [["t", 1]], "all");
  await settled([a, z]);
  checkEqual(await valueOf(z, "t"), before.text.slice(1), "the other agent");

  await set({ automatic: true, every: 100 });
  await a.stop();
  await a.start();
  checkEqual((await a.get("/v1/status")).compaction, { automatic: true, every: 100 }, "kept over a restart");
  for (const body of ["{", { every: 0 }, { every: 10_001 }, { automatic: 1 }, { object_id: 1 }, { other: 1 },
    { object_id: "t", every: 5 }]) {
    const answer = await post(a, "/crdt/compact", body);
    check(answer.status === 400 && typeof answer.json.error === "string", `${JSON.stringify(body)}: ${answer.text}`);
  }
}

export const upkeep = {
  MetricsTellHowChangesOfOthersComeIn: metrics,
  AConcurrentWriteIsCountedAsAConflict: conflicts,
  CompactionFoldsTextsAndChangesNothing: compaction,
};

// One delta, one object, and what the API answers.

import { check, checkEqual } from "../lab.js";
import { get, ok, post } from "../catalog/talk.js";

export const deltaOf = (type, id, delta, more = {}) => ({ type, object_id: id, delta, ...more });

// Posts a delta that is taken; returns the answer.
export async function sync(agent, type, id, delta, more) {
  const answer = await ok(post(agent, "/crdt/sync", deltaOf(type, id, delta, more)));
  checkEqual(Object.keys(answer), ["status", "merged_into", "conflicts_resolved", "replicated_to"], "members");
  checkEqual([answer.status, answer.merged_into], ["syncd", id], `the answer for ${id}`);
  return answer;
}

export async function object(agent, id) {
  const answer = await ok(get(agent, `/crdt/object/${encodeURIComponent(id)}`));
  checkEqual(Object.keys(answer), ["object_id", "type", "value", "vector_clock", "lamport"], "members");
  return answer;
}

export const valueOf = async (agent, id) => (await object(agent, id)).value;

// {"error":"…"} with these words and nothing else.
export function checkError(answer, status, words, what) {
  check(answer.status === status, `${what}: expected ${status}, found ${answer.status} ${answer.text}`);
  checkEqual(answer.text, JSON.stringify({ error: words }), what);
}

export const elements = (values) => values.map((value) => JSON.stringify(value)).sort();

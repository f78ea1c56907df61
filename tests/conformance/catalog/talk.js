// How a client of these two protocols talks to an agent. Bodies are text where the exact bytes matter.

import { Buffer } from "node:buffer";
import { check, checkEqual, eventually } from "../lab.js";

// The whole answer: status, headers, text, and `json` if the text is JSON.
export async function send(agent, method, path, body, headers = {}) {
  const raw = body === undefined || typeof body === "string" || Buffer.isBuffer(body);
  const response = await fetch(agent.url + path, { method, headers, body: raw ? body : JSON.stringify(body) });
  const text = await response.text();
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, json };
}

export const get = (agent, path, headers) => send(agent, "GET", path, undefined, headers);
export const post = (agent, path, body, headers) => send(agent, "POST", path, body, headers);

// The JSON of an answer with status 200; anything else fails the case.
export async function ok(answer) {
  const { status, text, json } = await answer;
  check(status === 200 && json !== undefined, `expected 200 with JSON: ${status} ${text}`);
  return json;
}

// JSON with its members in order of their names, so that texts can be compared.
export function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])]));
}

export const checkSame = (found, expected, what) => checkEqual(sorted(found), sorted(expected), what);

export async function members(agent) { return (await agent.get("/v1/status")).members.alive; }

// The agents hold the same changes, and their values come from the same cells.
export async function settled(agents) {
  await eventually("all agents have one vector and one digest", async () => {
    const all = await Promise.all(agents.map((agent) => agent.get("/v1/status?closed=1")));
    const states = all.map(({ vector, digest }) => JSON.stringify(sorted({ vector, digest })));
    return states.every((state) => state === states[0]);
  });
}

// Two agents which know each other and hold the same.
export async function pair(lab) {
  await lab.mesh(2);
  await settled(lab.agents);
  return lab.agents;
}

// The second agent leaves the mesh and goes on serving its clients.
export async function cut([first, second]) {
  await ok(post(second, "/v1/leave"));
  await eventually("the first agent is alone", async () => (await members(first)) === 1);
}

export async function rejoin([first, second]) {
  await eventually("the agents have met again",
    async () => (await ok(post(second, "/v1/join", { address: first.bind }))).joined);
  await settled([first, second]);
}

// `error` of section 2 of the contract: {"error":{"code","message"}}.
export function checkRefused(answer, status, what) {
  check(answer.status === status, `${what}: expected ${status}, found ${answer.status} ${answer.text}`);
  checkEqual(Object.keys(answer.json ?? {}), ["error"], `${what}: members of the answer`);
  checkEqual(Object.keys(answer.json.error), ["code", "message"], `${what}: members of the error`);
  check(answer.json.error.message.length > 0, `${what}: the message is empty`);
}

// A position in nanoseconds is above 2^53: it is kept as text, and written into JSON without quotes.
export const nanosOf = (millis, more = 0) => `${BigInt(millis) * 1_000_000n + BigInt(more)}`;
export const deltaText = ({ timestamp, ...delta }) =>
  JSON.stringify({ ...delta, timestamp: 0 }).replace(/"timestamp":0}$/, `"timestamp":${timestamp}}`);

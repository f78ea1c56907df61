// API keys, nonces, signatures and plans. Programs on the same host need none; a key that they show counts.

import { execFileSync } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { check, checkEqual, eventually } from "../lab.js";
import { get, ok, post, send } from "../catalog/talk.js";
import { checkError, deltaOf, valueOf } from "./sync.js";

async function newKey(lab, agent, ...words) {
  const key = execFileSync(lab.program, ["apikey", "add", ...words, "--data-dir", agent.root],
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  agent.process.kill("SIGHUP");
  await eventually(`the agent knows the key ${words[0]}`,
    async () => (await get(agent, "/v1/objects", { "X-CRDT-API-Key": key })).status !== 401);
  return key;
}

async function nonceOf(agent, key) {
  const answer = await ok(get(agent, "/crdt/nonce", { "X-CRDT-API-Key": key }));
  checkEqual(Object.keys(answer), ["nonce", "expires_in"], "members of the nonce");
  return answer;
}

// As the contract says: METHOD, path, query, hex SHA-256 of the body, nonce, joined by line ends.
function signed(key, nonce, method, path, body) {
  const [bare, query = ""] = path.split("?");
  const hash = createHash("sha256").update(body).digest("hex");
  const signature = createHmac("sha256", key).update([method, bare, query, hash, nonce].join("\n")).digest("hex");
  return { "X-CRDT-API-Key": key, "X-CRDT-Nonce": nonce, "X-CRDT-Signature": signature };
}

const kDelta = JSON.stringify(deltaOf("gcounter", "c", { increment: 1 }));
const kPath = "/crdt/sync?wait=0&timeout_ms=100";

function checkChallenge(answer, what) {
  checkError(answer, 401, "Unauthorized", what);
  const nonce = answer.headers.get("x-crdt-nonce");
  check(nonce?.length > 0, `${what}: a fresh nonce`);
  check(answer.headers.get("www-authenticate")?.length > 0, `${what}: WWW-Authenticate`);
  return nonce;
}

async function nonces(lab) {
  const agent = await lab.agent("n1");
  const key = await newKey(lab, agent, "site", "--scope", "write,read");
  const other = await newKey(lab, agent, "other");
  const { nonce, expires_in: seconds } = await nonceOf(agent, key);
  checkEqual(seconds, 60, "expires_in");
  const headers = signed(key, nonce, "POST", kPath, kDelta);

  await ok(post(agent, kPath, kDelta, headers));
  let fresh = checkChallenge(await post(agent, kPath, kDelta, headers), "the same request again");
  const wrong = {
    "another body": [kDelta.replace("1", "2"), kPath, {}],
    "another query": [kDelta, "/crdt/sync?wait=0", {}],
    "another signature": [kDelta, kPath, { "X-CRDT-Signature": "0".repeat(64) }],
    "no hex": [kDelta, kPath, { "X-CRDT-Signature": "z" }],
    "a nonce that nobody gave": [kDelta, kPath, { "X-CRDT-Nonce": "0".repeat(32) }],
    "a signature without its nonce": [kDelta, kPath, { "X-CRDT-Nonce": "" }],
  };
  for (const [what, [body, path, more]] of Object.entries(wrong)) {
    const answer = await post(agent, path, body, { ...signed(key, fresh, "POST", kPath, kDelta), ...more });
    fresh = checkChallenge(answer, what);
  }
  const strange = (await nonceOf(agent, other)).nonce;
  fresh = checkChallenge(await post(agent, kPath, kDelta, signed(key, strange, "POST", kPath, kDelta)), "the nonce of another key");
  await ok(post(agent, kPath, kDelta, signed(key, fresh, "POST", kPath, kDelta)));
  fresh = (await nonceOf(agent, key)).nonce;
  checkEqual((await ok(send(agent, "GET", "/crdt/object/c", undefined, signed(key, fresh, "GET", "/crdt/object/c", "")))).value,
    2, "only what was signed rightly was counted; a GET is signed too");
}

// Some requests with one nonce at once: one is served.
async function oneNonceAtOnce(lab) {
  const agent = await lab.agent("n1");
  const key = await newKey(lab, agent, "site");
  const { nonce } = await nonceOf(agent, key);
  const headers = signed(key, nonce, "POST", kPath, kDelta);
  const answers = await Promise.all(Array.from({ length: 8 }, () => post(agent, kPath, kDelta, headers)));
  checkEqual(answers.map(({ status }) => status).sort(), [200, ...Array(7).fill(401)], "answers");
  checkEqual(await valueOf(agent, "c"), 1, "counted once");
}

async function expiredNonce(lab) {
  const agent = await lab.agent("n1");
  const key = await newKey(lab, agent, "site", "--nonce-ttl", "10");
  const [old, second] = [await nonceOf(agent, key), await nonceOf(agent, key)];
  const taken = Date.now();
  checkEqual(old.expires_in, 10, "expires_in of this key");
  await ok(post(agent, kPath, kDelta, signed(key, second.nonce, "POST", kPath, kDelta)));

  await eventually("the nonce is old", () => Date.now() - taken > 10_000);
  const answer = await post(agent, kPath, kDelta, signed(key, old.nonce, "POST", kPath, kDelta));

  const fresh = checkChallenge(answer, "an expired nonce");
  await ok(post(agent, kPath, kDelta, signed(key, fresh, "POST", kPath, kDelta)));
  checkEqual(await valueOf(agent, "c"), 2, "the expired one was not counted");
}

async function scopes(lab) {
  const agent = await lab.agent("n1");
  const reader = { "X-CRDT-API-Key": await newKey(lab, agent, "reader", "--scope", "read") };
  await ok(post(agent, kPath, kDelta));
  checkEqual((await ok(get(agent, "/crdt/object/c", reader))).value, 1, "a reader may read");
  checkEqual((await ok(get(agent, "/crdt/object/c", { Authorization: reader["X-CRDT-API-Key"].replace(/^/, "Bearer ") }))).value, 1,
    "as a bearer");
  checkError(await post(agent, kPath, kDelta, reader), 403, "Forbidden", "a reader may not write");
  checkError(await post(agent, "/crdt/compact", "{}", reader), 403, "Forbidden", "nor compact");
  checkEqual((await post(agent, "/snapshots/add/s", {}, reader)).json.error.code, "forbidden", "nor add, in the form of the catalog");
  const stored = readFileSync(join(agent.root, "keys.toml"), "utf8");
  check(!stored.includes(reader["X-CRDT-API-Key"].slice(-16)), "the agent keeps no text of a key");
  const open = await get(agent, "/healthz", { "X-CRDT-API-Key": "hsk_nobody" });
  checkEqual(open.status, 200, "/healthz needs no key");
  execFileSync(lab.program, ["apikey", "rm", "reader", "--data-dir", agent.root], { stdio: "ignore" });
  agent.process.kill("SIGHUP");
  await eventually("a removed key is refused", async () => (await get(agent, "/crdt/object/c", reader)).status === 401);
}

const limitsOf = ({ headers }) => ["limit", "remaining", "reset"].map((name) => headers.get(`ratelimit-${name}`));

async function plans(lab) {
  const agent = await lab.agent("n1");
  const key = { "X-CRDT-API-Key": await newKey(lab, agent, "small", "--rate", "5") };
  const other = { "X-CRDT-API-Key": await newKey(lab, agent, "big", "--plan", "1000") };
  await ok(post(agent, kPath, kDelta));
  let refused;
  let served = 0;
  await eventually("the plan is exhausted", async () => {
    const answer = await get(agent, "/crdt/object/c", key);
    const [limit, remaining, reset] = limitsOf(answer);
    checkEqual(limit, "5", "RateLimit-Limit");
    check(/^\d+$/.test(remaining) && /^\d+$/.test(reset), `${remaining} ${reset}`);
    if (answer.status === 200) ++served;
    refused = answer;
    return answer.status === 429;
  });

  checkError(refused, 429, "Too Many Requests", "the plan of the key is used up");
  check(served <= 5, `${served} requests were served`);
  checkEqual(limitsOf(refused)[1], "0", "RateLimit-Remaining");
  const wait = Number(refused.headers.get("retry-after"));
  check(wait >= 1 && wait <= 12, `Retry-After: ${wait}, at 5 requests a minute`);
  const catalog = await get(agent, "/catalog/query?type=images", key);
  checkEqual([catalog.status, catalog.json.error.code], [429, "rate_limited"], "in the form of the catalog");
  checkEqual((await get(agent, "/healthz", key)).status, 200, "/healthz");
  const answer = await get(agent, "/crdt/object/c", other);
  checkEqual([answer.status, limitsOf(answer)[0]], [200, "1000"], "another key is served");
  checkEqual((await get(agent, "/crdt/object/c")).status, 200, "and a program without a key");
  for (const [plan, name] of [["60", "developer"], ["10000", "enterprise"]]) {
    const of = { "X-CRDT-API-Key": await newKey(lab, agent, name, "--plan", plan) };
    checkEqual(limitsOf(await get(agent, "/crdt/object/c", of))[0], plan, `the plan ${plan}`);
  }
}

export const credentials = {
  ANonceServesOneRequestThatIsSignedRightly: nonces,
  OfRequestsWithOneNonceOneIsServed: oneNonceAtOnce,
  AnExpiredNonceIsRefusedWithAFreshOne: expiredNonce,
  AKeyIsLimitedToItsScopes: scopes,
  AnExhaustedPlanIsToldWhenToTryAgain: plans,
};

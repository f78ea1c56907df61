// Two agents that are apart for a while: one leaves the mesh, serves its clients, and joins again.

import { check, eventually } from "../lab.js";

export async function part(agent) {
  const { left } = await agent.ask("POST", "/v1/leave");
  check(left, `${agent.name} left the mesh`);
}

// Both have joined and hold the same when this returns.
export async function meet(one, other) {
  await eventually(`${other.name} joins ${one.name}`, async () =>
    (await other.ask("POST", "/v1/join", { address: one.bind })).joined);
  await same(one, other);
}

export async function same(one, other) {
  await eventually(`${one.name} and ${other.name} hold the same`, async () => {
    const [a, b] = [await one.get("/v1/status"), await other.get("/v1/status")];
    const vectors = [a, b].map(({ vector }) => JSON.stringify(Object.entries(vector).sort()));
    return a.digest === b.digest && vectors[0] === vectors[1];
  });
}

// The value of an object, or what `none` is where there is none.
export async function shown(agent, id, none = {}) {
  const response = await fetch(`${agent.url}/v1/objects/${id}`);
  if (response.status === 404) return none;
  check(response.ok, `GET ${id}: ${response.status}`);
  return (await response.json()).value;
}

// What the cases of all protocols share: real agents on loopback, and curl. Everything that a case starts
// ends with it.

import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Agent, check, checkEqual, eventually } from "../support/agent.mjs";

export { check, checkEqual, eventually };

export class Lab {
  constructor(program) {
    this.program = program;
    this.folder = mkdtempSync(join(tmpdir(), "hearsay-conformance-"));
    this.keyFile = join(this.folder, "mesh.key");
    execFileSync(program, ["keygen", "--out", this.keyFile]);
    this.agents = [];
    this.endings = [];
  }

  async agent(name, ...join) {
    const agent = new Agent(this, name, join);
    this.agents.push(agent);
    await agent.start();
    await eventually(`${name} is ready`, () => agent.get("/readyz"));
    return agent;
  }

  // Agents n1…, which all know each other.
  async mesh(count) {
    for (let i = 0; i < count; ++i) await this.agent(`n${i + 1}`, ...this.agents.slice(0, 1).map((first) => first.bind));
    for (const agent of this.agents) {
      await eventually(`${agent.name} sees ${count} members`,
        async () => (await agent.get("/v1/status")).members.alive === count);
    }
    return this.agents;
  }

  // `end` is called when the case is over: for clients that a case opens.
  atEnd(end) { this.endings.push(end); }

  async close() {
    for (const end of this.endings.reverse()) await end();
    await Promise.all(this.agents.map((agent) => agent.stop("SIGKILL")));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

// The answer of curl with these words, as a client of a shell script sees it.
export async function curl(...words) {
  const { stdout } = await promisify(execFile)("curl", ["--silent", "--show-error", "--max-time", "60",
    "--write-out", "\n%{http_code}", ...words]);
  const at = stdout.lastIndexOf("\n");
  return { status: Number(stdout.slice(at + 1)), text: stdout.slice(0, at) };
}

// The same numbers for the same seed.
export function chance(seed) {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

// Real agents on loopback for tests in JavaScript, each with its own folder and ports.

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const kWaitMillis = 30_000;  // until something is seen, on a busy host

// Asks again until `look` returns something that is true; fails with what it threw or returned last.
export async function eventually(what, look, timeout = kWaitMillis) {
  const end = Date.now() + timeout;
  for (;;) {
    let seen;
    try {
      seen = await look();
      if (seen) return seen;
    } catch (error) {
      seen = error;
    }
    if (Date.now() > end) throw new Error(`not seen within ${timeout} ms: ${what}; last: ${seen?.stack ?? seen}`);
    await new Promise((resume) => setTimeout(resume, 50));
  }
}

export function check(condition, message) {
  if (!condition) throw new Error(message);
}

export function checkEqual(found, expected, what) {
  const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
  check(one === other, `${what}: found ${one}, expected ${other}`);
}

// A test that ends with an error that nobody caught leaves no agent behind.
const running = new Set();
process.on("exit", () => { for (const child of running) child.kill("SIGKILL"); });

export class Agent {
  // `lab` has the `program`, a `folder` in which the agent makes its own, and a `keyFile`. `peers` are the
  // addresses to join.
  constructor(lab, name, peers) {
    this.lab = lab;
    this.name = name;
    this.peers = peers;
    this.root = join(lab.folder, name);
    mkdirSync(this.root);
  }

  get url() { return `http://${this.http}`; }
  get page() { return `${this.url}/ui/`; }

  // The ports are below those that the system hands out, so that the agent finds them free again.
  async start() {
    for (let tries = 0; ; ++tries) {
      this.bind ??= `127.0.0.1:${randomPort()}`;
      this.http ??= `127.0.0.1:${randomPort()}`;
      if (await this.begin()) return this;
      check(/in use/.test(this.log) && tries < 20, `${this.name} did not start:\n${this.log}`);
      this.bind = this.http = undefined;
    }
  }

  async begin() {
    this.log = "";
    const words = ["agent", "--name", this.name, "--data-dir", this.root, "--bind", this.bind, "--http", this.http,
      "--profile", "local", "--key-file", this.lab.keyFile, ...this.peers.flatMap((peer) => ["--join", peer])];
    this.process = spawn(this.lab.program, words, { stdio: ["ignore", "ignore", "pipe"] });
    this.process.stderr.on("data", (text) => { this.log += text; });
    this.ended = new Promise((resume) => this.process.on("exit", resume));
    running.add(this.process);
    this.process.on("exit", () => running.delete(this.process));
    const { pid } = this.process;
    return eventually(`${this.name} serves`, () => {
      if (this.process.exitCode !== null) return "ended";
      try {
        return JSON.parse(readFileSync(join(this.root, "agent.json"))).pid === pid ? "serves" : null;
      } catch {
        return null;
      }
    }).then((state) => state === "serves");
  }

  async stop(signal = "SIGTERM") {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill(signal);
    await this.ended;
  }

  async ask(method, path, body) {
    const response = await fetch(this.url + path, { method, body: body && JSON.stringify(body) });
    const text = await response.text();
    check(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  get(path) { return this.ask("GET", path); }
}

const randomPort = () => 10_000 + Math.floor(Math.random() * 22_000);

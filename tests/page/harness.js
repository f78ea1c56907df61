// What the scenarios share: real agents on loopback, each with its own folder and ports, and a
// headless Chromium. Everything that a scenario starts ends with it.

import { spawn, execFileSync } from "node:child_process";
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const kWaitMillis = 90_000;  // until something is seen, on a busy host

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

class Agent {
  constructor(lab, name, options) {
    this.lab = lab;
    this.name = name;
    this.options = options;
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
      "--profile", "local", "--key-file", this.lab.keyFile, ...this.options.flatMap((peer) => ["--join", peer])];
    this.process = spawn(this.lab.program, words, { stdio: ["ignore", "ignore", "pipe"] });
    this.process.stderr.on("data", (text) => { this.log += text; });
    this.ended = new Promise((resume) => this.process.on("exit", resume));
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

export class Lab {
  constructor(program, out) {
    this.program = program;
    this.out = out;
    mkdirSync(out, { recursive: true });
    this.folder = mkdtempSync(join(tmpdir(), "hearsay-page-"));
    this.keyFile = join(this.folder, "mesh.key");
    execFileSync(program, ["keygen", "--out", this.keyFile]);
    this.agents = [];
    this.trouble = [];
    this.allowed = [];
    this.unfinished = new Map();  // requests, and when they began
  }

  async agent(name, ...join) {
    const agent = new Agent(this, name, join);
    this.agents.push(agent);
    return agent.start();
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

  async browse(options = {}) {
    const context = await this.freshContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(kWaitMillis);
    for (const end of ["requestfinished", "requestfailed"]) context.on(end, (request) => this.unfinished.delete(request));
    context.on("request", (request) => {
      this.unfinished.set(request, Date.now());
      const known = this.agents.some((agent) => request.url().startsWith(`${agent.url}/`));
      if (!known) this.trouble.push(`a request to ${request.url()}`);
    });
    return context;
  }

  // The first context shows whether the browser has come up: on a host without memory or time it may
  // end at once. Then it is started again.
  async freshContext(options) {
    for (let tries = 1; !this.browser; ++tries) {
      const browser = await chromium.launch({
        executablePath: process.env.HEARSAY_CHROMIUM ?? "/usr/bin/chromium",
        args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        timeout: kWaitMillis,
      });
      try {
        const context = await browser.newContext(options);
        this.browser = browser;
        return context;
      } catch (error) {
        if (tries === 3) throw error;
        await browser.close();
      }
    }
    return this.browser.newContext(options);
  }

  // Opens a page and watches it: nothing may go wrong, and browse() sees to it that nothing is fetched
  // from elsewhere.
  async open(context, agent, hash = "") {
    const page = await context.newPage();
    page.on("pageerror", (error) => this.trouble.push(`${agent.name}: ${error.stack ?? error}`));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") {
        this.trouble.push(`${agent.name}: ${message.type()}: ${message.text()} (${message.location().url})`);
      }
    });
    await page.goto(agent.page + hash);
    await page.locator("#link-state", { hasText: "live" }).waitFor();
    return page;
  }

  // A scenario that stops an agent says which messages of the browser follow from that.
  allow(pattern) { this.allowed.push(pattern); }

  checkNoTrouble() {
    const left = this.trouble.filter((text) => !this.allowed.some((pattern) => pattern.test(text)));
    check(left.length === 0, `the page was in trouble:\n${left.join("\n")}`);
  }

  async picture(page, name) {
    await page.screenshot({ path: join(this.out, `${name}.png`) });
  }

  note(name, text) { writeFileSync(join(this.out, name), text); }

  async close() {
    await this.browser?.close();
    await Promise.all(this.agents.map((agent) => agent.stop("SIGKILL")));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

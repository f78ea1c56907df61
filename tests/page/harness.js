// What the scenarios share: real agents on loopback, each with its own folder and ports, and a
// headless Chromium. Everything that a scenario starts ends with it.

import { execFileSync } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { Agent, check, checkEqual, eventually, kWaitMillis } from "../support/agent.mjs";

export { check, checkEqual, eventually, kWaitMillis };

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

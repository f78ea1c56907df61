// Scenarios of an agent that asks the page for an API key.

import { execFileSync } from "node:child_process";
import { check, checkEqual, eventually } from "./harness.js";

export const keyScenarios = {};

// As at an agent of another host, which asks for a key: here with a key that it does not know.
keyScenarios.AKeyIsAskedForAndUsed = async (lab) => {
  const n1 = await lab.agent("n1");
  const key = execFileSync(lab.program, ["apikey", "add", "reader", "--data-dir", n1.root]).toString().trim();
  n1.process.kill("SIGHUP");
  const ask = (text) => fetch(`${n1.url}/v1/objects`, { headers: { Authorization: `Bearer ${text}` } });
  await eventually("the agent knows the key", async () => (await ask(key)).ok);
  const context = await lab.browse();
  await context.addInitScript(() => {
    if (sessionStorage.length === 0) sessionStorage.setItem("hearsay-api-key", `hsk_${"0".repeat(64)}`);
  });
  lab.allow(/401/);
  const page = await context.newPage();
  await page.goto(`${n1.page}#dictionary`);
  await page.locator("#key-reason", { hasText: "does not know the API key" }).waitFor();
  checkEqual(await page.locator("#verdict-word").textContent(), "no key", "the verdict");
  await page.getByLabel("Word", { exact: true }).fill("tug");
  await page.getByLabel("Meaning", { exact: true }).fill("a ship");
  await page.getByRole("button", { name: "Save" }).and(page.locator("#view-dictionary button")).click();
  await eventually("the edit waits", async () => (await page.locator("#queue-count").textContent()) === "1");
  await lab.picture(page, "key");

  await page.locator("#key-text").fill(` ${key} `);
  await page.getByRole("button", { name: "Use this key" }).click();
  await page.locator("#link-state", { hasText: "live" }).waitFor();
  await eventually("the edit is stored", async () => (await n1.get("/v1/objects/dictionary")).value.tug === "a ship");
  check(await page.locator("#key").isHidden(), "the question is gone");
  const used = await page.waitForRequest((request) => request.url() === `${n1.url}/v1/status`);
  checkEqual((await used.allHeaders()).authorization, `Bearer ${key}`, "what the page sends");
};

// node pictures.js PROGRAM FOLDER: makes the pictures of docs/page.md in FOLDER, from three agents of which
// one is suspect, with one conflict. It needs the packages that tests/page/run installs.

import { join } from "node:path";
import { Lab, check, eventually, kWaitMillis } from "./harness.js";

const kSnapshots = {
  "db-monday": { size: 73_400_320, cluster: "harbour", state: "done" },
  "db-tuesday": { size: 73_924_608, cluster: "harbour", state: "done" },
  "files-tuesday": { size: 1_288_490_188, cluster: "harbour", state: "done" },
  "mail-tuesday": { size: 241_172_480, cluster: "depot", state: "running" },
};
const kWords = {
  berth: "a place where a ship lies", bollard: "a post for ropes", draught: "how deep a ship lies in the water",
  quay: "a wall at which ships lie", tug: "a small ship that pulls others",
};
const kText = "Plan for Thursday\n\n1. Copy the new image to both depots.\n2. Restart the agents one by one.\n3. Look at the digests.\n";

// The page down to the last thing that it shows, from the top or from the heading `from` on.
async function picture(lab, page, name, from = null) {
  const [y, bottom, width] = await page.evaluate((selector) => {
    scrollTo(0, 0);
    document.activeElement?.blur();
    const top = selector ? document.querySelector(selector).getBoundingClientRect().top - 8 : 0;
    const shown = [...document.querySelectorAll("section:not([hidden]) :is(table, svg, textarea, input, .line)")];
    const bottoms = shown.map((element) => element.getBoundingClientRect().bottom);
    return [top, Math.max(...bottoms) + 24, document.documentElement.clientWidth];
  }, from);
  const path = join(lab.out, `${name}.png`);
  await page.screenshot({ path, fullPage: true, clip: { x: 0, y, width, height: Math.ceil(bottom - y) } });
}

// Nothing is hurried here: a busy host makes the same pictures.
async function browse(lab, options) {
  const context = await lab.browse(options);
  context.setDefaultTimeout(4 * kWaitMillis);
  return context;
}

async function fill(lab) {
  const [n1, n2] = lab.agents;
  for (const [id, metadata] of Object.entries(kSnapshots)) await n1.ask("POST", `/snapshots/add/${id}`, metadata);
  const ops = Object.entries(kWords).map(([key, value]) => ({ op: "set", path: [key], value }));
  await n2.ask("PATCH", "/v1/objects/dictionary", { type: "crdt_map", ops });
  await n2.ask("PUT", "/v1/objects/plan", { type: "seq", value: kText });
  // Two devices write one note with one timestamp.
  const timestamp = Date.now() * 1_000_000;
  await push(n1, "phone", "crane 3", "out of order until Friday", timestamp);
  await push(n1, "phone", "gate code", "ask the office", timestamp);
  await eventually("n2 has the notes", async () => Object.keys((await n2.get("/v1/objects/notes")).value).length === 2);
  await push(n2, "tablet", "crane 3", "works again, test it first", timestamp);
  await eventually("all have all", async () => {
    const digests = await Promise.all(lab.agents.map(async (agent) => (await agent.get("/v1/status")).digest));
    return new Set(digests).size === 1 && (await n1.get("/v1/conflicts")).length === 1;
  });
}

function push(agent, device, key, value, timestamp) {
  const changes = [{ key, value, timestamp, device_id: device }];
  return agent.ask("POST", `/sync/device?device_id=${device}`, { type: "sync_push", changes, last_ack: 0 });
}

// A member is suspect for a short time, so it is stopped again until the page has shown it.
async function pictureOfASuspect(lab, page, agent, name) {
  const state = page.locator("#view-mesh tbody tr").filter({ hasText: agent.name }).locator("[data-state]");
  const is = async (...wanted) => wanted.includes(await state.getAttribute("data-state"));
  for (let tries = 0; tries < 30; ++tries) {
    agent.process.kill("SIGSTOP");
    await eventually("it is not heard", () => is("suspect", "dead"));
    if (await is("suspect")) {
      await picture(lab, page, name);
      if (await is("suspect")) return;
    }
    agent.process.kill("SIGCONT");
    await eventually("it is heard again", () => is("alive"));
  }
  check(false, `${agent.name} was never seen suspect`);
}

async function all(lab) {
  const [n1, n2, n3] = await lab.mesh(3);
  await fill(lab);
  const page = await lab.open(await browse(lab), n1);
  const go = (title) => page.locator("nav").getByRole("link", { name: title }).click();

  await go("Catalog");
  await page.getByRole("rowheader", { name: "mail-tuesday" }).waitFor();
  await picture(lab, page, "catalog");
  await go("Notes");
  await page.locator("#view-notes").getByRole("button", { name: /works again.*stand/ }).waitFor();
  await picture(lab, page, "conflict");
  await go("Dictionary");
  await page.getByRole("rowheader", { name: "tug" }).waitFor();
  await picture(lab, page, "dictionary");
  await go("Objects");
  await page.getByRole("button", { name: "Inside of notes" }).click();
  await page.locator("#view-objects table").nth(1).locator("tbody tr").filter({ hasText: "hidden" }).first().waitFor();
  await picture(lab, page, "inside", "#view-objects h3");
  await pictureOfText(lab, page, n2);
  await go("Mesh");
  await pictureOfASuspect(lab, page, n3, "mesh");
  const dark = await lab.open(await browse(lab, { colorScheme: "dark" }), n1, "#conflicts");
  await dark.locator("#view-conflicts table").waitFor();
  await picture(lab, dark, "dark");
}

// One person writes at the end, another one on another agent in the middle.
async function pictureOfText(lab, page, other) {
  const pages = [page, await lab.open(await browse(lab), other)];
  for (const one of pages) {
    await one.locator("nav").getByRole("link", { name: "Text" }).click();
    await one.getByLabel("Name of the text").fill("plan");
    await one.locator("#view-text").getByRole("button", { name: "Open" }).click();
    await eventually("the text is there", async () => (await one.locator("#view-text textarea").inputValue()).length === kText.length);
  }
  const type = async (one, at, text) => {
    const area = one.locator("#view-text textarea");
    await area.focus();
    await area.evaluate((element, place) => element.setSelectionRange(place, place), at);
    await one.keyboard.type(text);
  };
  await Promise.all([type(pages[0], kText.length, "4. Tell the night shift.\n"), type(pages[1], kText.indexOf("\n2."), " Start with the harbour.")]);
  await eventually("both show both", async () => {
    const texts = await Promise.all(pages.map((one) => one.locator("#view-text textarea").inputValue()));
    return texts[0] === texts[1] && texts[0].length === kText.length + 49;
  }, kWaitMillis);
  await eventually("no edit waits", async () => (await page.locator("#queue-count").textContent()) === "0");
  await picture(lab, page, "text");
}

const [program, out] = process.argv.slice(2);
if (!out) {
  console.error("usage: node pictures.js PROGRAM FOLDER");
  process.exit(2);
}
const lab = new Lab(program, out);
try {
  await all(lab);
  lab.checkNoTrouble();
} finally {
  await lab.close();
}

// One function for each scenario. Afterwards nothing may be in the console, and nothing may have
// been fetched from elsewhere (harness.js).

import { check, checkEqual, eventually, kWaitMillis } from "./harness.js";

export const scenarios = {};

// What the browser itself says when an agent is stopped.
const kStopped = /Failed to load resource|ERR_CONNECTION|net::ERR/;

const textOf = async (agent, object) => (await agent.get(`/v1/objects/${object}`)).value;
const area = (page) => page.locator("#view-text textarea");
const waiting = async (page) => Number(await page.locator("#queue-count").textContent());
const nothingWaits = (page, timeout) => eventually("no edit waits", async () => {
  if ((await waiting(page)) === 0) return true;
  const rows = await page.locator("#view-queue tbody tr").allTextContents();
  throw new Error(`${rows.length} edits wait: ${rows.slice(0, 3).join("; ")}`);
}, timeout);
// Letters of `wanted` in the order in which they stand in `text`.
const only = (text, wanted) => [...text].filter((letter) => wanted.includes(letter)).join("");

async function openText(lab, agent, object, context) {
  const page = await lab.open(context ?? await lab.browse(), agent, "#text");
  await page.getByLabel("Name of the text").fill(object);
  await page.getByRole("button", { name: "Open" }).and(page.locator("#view-text button")).click();
  await eventually("the text can be edited", () => area(page).isEnabled());
  return page;
}

scenarios.MembersAndTopologyAreShown = async (lab) => {
  const [n1, n2, n3] = await lab.mesh(3);
  const page = await lab.open(await lab.browse(), n1);

  const members = page.locator("#view-mesh tbody tr");
  await eventually("three members", async () => (await members.count()) === 3);
  await page.locator("#verdict-word", { hasText: "ready" }).waitFor();
  await page.getByRole("img", { name: /n1 is connected to 2 members/ }).waitFor();
  await n3.stop("SIGKILL");

  await members.filter({ hasText: "n3" }).locator('[data-state="suspect"], [data-state="dead"]').waitFor();
  check((await members.filter({ hasText: n2.bind }).textContent()).includes("ms"), "a round trip is shown");
  await lab.picture(page, "members");
};

scenarios.TwoTypeIntoOneParagraphAndNothingIsLost = async (lab) => {
  const [n1, n2] = await lab.mesh(2);
  await n1.ask("PUT", "/v1/objects/paper", { type: "seq", value: "[ 12345 | 678 ]" });
  await eventually("the text is on n2", () => textOf(n2, "paper"));
  const pages = [await openText(lab, n1, "paper"), await openText(lab, n2, "paper")];
  await Promise.all(pages.map((page) => eventually("the text", async () => (await area(page).inputValue()).length === 15)));

  // Two hundred letters each, all different within a block of fifty, at the same place.
  const lower = "abcdefghijklmnopqrstuvwxyz".repeat(8).slice(0, 200);
  const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".repeat(8).slice(0, 200);
  await Promise.all([[pages[0], lower], [pages[1], upper]].map(async ([page, text]) => {
    await area(page).focus();
    await area(page).evaluate((element) => element.setSelectionRange(8, 8));
    await page.keyboard.type(text, { delay: 15 });
  }));

  await Promise.all(pages.map((page) => nothingWaits(page)));
  const end = await eventually("both agents and both pages show the same", async () => {
    const all = [await textOf(n1, "paper"), await textOf(n2, "paper"), ...await Promise.all(pages.map((page) => area(page).inputValue()))];
    return new Set(all).size === 1 && all[0].length === 415 ? all[0] : null;
  });
  checkEqual(only(end, lower), lower, "every letter of the first, in order");
  checkEqual(only(end, upper), upper, "every letter of the second, in order");
  check(end.startsWith("[ 12345 ") && end.endsWith("| 678 ]"), `what was there stays: ${end}`);
  await lab.picture(pages[0], "two-typed");
};

// The second edit meets the letters that the first had erased, and those beside them.
scenarios.TwoEraseAndReplaceAtOnce = async (lab) => {
  const [n1, n2] = await lab.mesh(2);
  await n1.ask("PUT", "/v1/objects/paper", { type: "seq", value: "the quick brown fox jumps 😀 over" });
  await eventually("the text is on n2", () => textOf(n2, "paper"));
  const pages = [await openText(lab, n1, "paper"), await openText(lab, n2, "paper")];
  const select = (page, word) => area(page).evaluate((element, text) => {
    const at = element.value.indexOf(text);
    element.focus();
    element.setSelectionRange(at, at + text.length);
  }, word);
  await Promise.all(pages.map((page) => eventually("the text", async () => (await area(page).inputValue()).includes("over"))));

  await select(pages[0], "quick brown");
  await select(pages[1], "brown fox");
  await Promise.all([pages[0].keyboard.type("slow"), pages[1].keyboard.press("Delete")]);
  await Promise.all(pages.map((page) => nothingWaits(page)));
  await select(pages[1], "😀");
  await pages[1].keyboard.type("🦊");

  await eventually("the same everywhere", async () => {
    const all = [await textOf(n1, "paper"), await textOf(n2, "paper"), ...await Promise.all(pages.map((page) => area(page).inputValue()))];
    return all.every((text) => text === "the slow jumps 🦊 over");
  });
};

// Every letter is inserted once. In the end there are exactly those that nobody erased.
scenarios.EditsAtRandomLeadToOneText = async (lab) => {
  const [n1, n2] = await lab.mesh(2);
  const pages = [await openText(lab, n1, "paper"), await openText(lab, n2, "paper")];
  const seed = Math.floor(Math.random() * 2 ** 31);
  lab.note("random-seed.txt", String(seed));
  const done = await Promise.all(pages.map((page, number) => page.evaluate(async ({ seed, first }) => {
    let state = seed;
    const random = (bound) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * bound);
    };
    const area = document.querySelector("#view-text textarea");
    const [inserted, erased] = [[], []];
    for (let step = 0; step < 150; ++step) {
      const { value } = area;
      const at = random(value.length + 1);
      if (value.length > 10 && random(3) === 0) {
        const end = Math.min(at + 1 + random(4), value.length);
        erased.push(...value.slice(at, end));
        area.setRangeText("", at, end, "end");
      } else {
        const letters = Array.from({ length: 1 + random(3) }, (_, i) => String.fromCharCode(first + inserted.length + i));
        inserted.push(...letters);
        area.setRangeText(letters.join(""), at, at, "end");
      }
      area.dispatchEvent(new Event("input"));
      if (random(3) === 0) await new Promise((resume) => setTimeout(resume, random(40)));
    }
    return { inserted, erased };
  }, { seed: seed + number, first: number === 0 ? 0x4E00 : 0xAC00 })));

  // Each edit is at another place, so each is a request of its own.
  await Promise.all(pages.map((page) => nothingWaits(page, 2 * kWaitMillis)));
  const erased = new Set(done.flatMap((one) => one.erased));
  const expected = done.flatMap(({ inserted }) => inserted).filter((letter) => !erased.has(letter)).sort().join("");
  await eventually(`all show the same letters (seed ${seed})`, async () => {
    const all = [await textOf(n1, "paper"), await textOf(n2, "paper"), ...await Promise.all(pages.map((page) => area(page).inputValue()))];
    return new Set(all).size === 1 && [...all[0]].sort().join("") === expected;
  });
  check(erased.size > 30 && expected.length > 50, "enough was erased and enough was kept");
};

scenarios.EditsMadeWhileTheAgentIsAwayAreSentWhenItReturns = async (lab) => {
  const [n1, n2] = await lab.mesh(2);
  lab.allow(kStopped);
  await n1.ask("PUT", "/v1/objects/paper", { type: "seq", value: "begin end" });
  const page = await openText(lab, n1, "paper");
  await eventually("the text", async () => (await area(page).inputValue()) === "begin end");
  // The page is kept for later when its service worker is at work.
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForTimeout(500);

  await n1.stop();
  await page.locator("#verdict-word", { hasText: "away" }).waitFor();
  await area(page).focus();
  await area(page).evaluate((element) => element.setSelectionRange(6, 6));
  await page.keyboard.type("typed ");
  await page.keyboard.press("Backspace");
  await page.keyboard.type(", ");
  await page.locator("nav").getByRole("link", { name: "Dictionary" }).click();
  await page.getByLabel("Word", { exact: true }).fill("away");
  await page.getByLabel("Meaning", { exact: true }).fill("not here");
  await page.getByRole("button", { name: "Save" }).and(page.locator("#view-dictionary button")).click();
  await eventually("edits wait", async () => (await waiting(page)) >= 2);
  // Another agent goes on meanwhile.
  await n2.ask("PATCH", "/v1/objects/paper", { ops: [{ op: "insert", at: 0, text: "N2: " }] });

  await page.reload();
  await page.locator("#verdict-word", { hasText: "away" }).waitFor();
  await page.getByRole("rowheader", { name: "away" }).waitFor();
  await page.locator("nav").getByRole("link", { name: "Text" }).click();
  await page.getByLabel("Name of the text").fill("paper");
  await page.getByRole("button", { name: "Open" }).and(page.locator("#view-text button")).click();
  await eventually("what was typed is still there", async () => (await area(page).inputValue()) === "begin typed, end");
  await lab.picture(page, "away");
  await page.keyboard.press("Tab");
  await area(page).focus();
  await area(page).evaluate((element) => element.setSelectionRange(16, 16));
  await page.keyboard.type("!");

  await n1.begin();
  await nothingWaits(page);
  await eventually("the same everywhere", async () => {
    const all = [await textOf(n1, "paper"), await textOf(n2, "paper"), await area(page).inputValue()];
    return all.every((text) => text === "N2: begin typed, end!");
  });
  checkEqual((await n1.get("/v1/objects/dictionary")).value, { away: "not here" }, "the dictionary");
  await page.locator("#verdict-word", { hasText: "ready" }).waitFor();
};

scenarios.TwoTabsShareOneQueue = async (lab) => {
  const [n1] = await lab.mesh(2);
  lab.allow(kStopped);
  const context = await lab.browse();
  const tabs = [await openText(lab, n1, "paper", context), await openText(lab, n1, "paper", context)];
  await n1.stop();
  for (const tab of tabs) await tab.locator("#verdict-word", { hasText: "away" }).waitFor();

  await area(tabs[0]).focus();
  await tabs[0].keyboard.type("one ");
  await eventually("the other tab shows it", async () => (await area(tabs[1]).inputValue()) === "one ");
  await area(tabs[1]).focus();
  await area(tabs[1]).evaluate((element) => element.setSelectionRange(4, 4));
  await tabs[1].keyboard.type("two");
  await eventually("both show both", async () => (await area(tabs[0]).inputValue()) === "one two");
  checkEqual(await waiting(tabs[0]), await waiting(tabs[1]), "both count the same edits");
  // The tab that would send is closed.
  await tabs[0].close();
  await n1.begin();

  await nothingWaits(tabs[1]);
  checkEqual(await textOf(n1, "paper"), "one two", "sent once, in order");
};

scenarios.ARefusedEditStaysUntilItIsDropped = async (lab) => {
  const [n1] = await lab.mesh(2);
  lab.allow(/status of 422/);
  await n1.ask("PUT", "/v1/objects/dictionary", { type: "seq", value: "a text, and no map" });
  const page = await lab.open(await lab.browse(), n1, "#dictionary");
  await page.getByLabel("Word", { exact: true }).fill("hello");
  await page.getByLabel("Meaning", { exact: true }).fill("world");
  await page.getByRole("button", { name: "Save" }).and(page.locator("#view-dictionary button")).click();

  await page.locator("#queue-link").click();
  const row = page.locator("#view-queue tbody tr");
  await row.filter({ hasText: "refused" }).filter({ hasText: "set hello in dictionary" }).waitFor();
  checkEqual(await waiting(page), 1, "it is counted");
  await lab.picture(page, "refused");
  await page.reload();
  await page.locator("#link-state", { hasText: "live" }).waitFor();
  await row.filter({ hasText: "refused" }).waitFor();
  await page.getByRole("button", { name: "Drop: set hello in dictionary" }).click();

  await nothingWaits(page);
  checkEqual(await row.count(), 0, "rows");
};

scenarios.TheDictionaryIsLiveOnAllAgents = async (lab) => {
  const [n1, n2] = await lab.mesh(2);
  const [a, z] = [await lab.open(await lab.browse(), n1, "#dictionary"), await lab.open(await lab.browse(), n2, "#dictionary")];
  const save = (page) => page.getByRole("button", { name: "Save" }).and(page.locator("#view-dictionary button")).click();
  await a.getByLabel("Word", { exact: true }).fill("gossip");
  await a.getByLabel("Meaning", { exact: true }).fill("talk <b>of</b> others");
  await save(a);

  const row = z.locator("#view-dictionary tbody tr").filter({ hasText: "gossip" });
  await row.filter({ hasText: "talk <b>of</b> others" }).waitFor();
  await z.getByRole("button", { name: "Edit gossip" }).click();
  await z.getByLabel("Meaning", { exact: true }).fill("rumour");
  await save(z);
  await a.locator("#view-dictionary tbody tr").filter({ hasText: "rumour" }).waitFor();
  await lab.picture(a, "dictionary");
  await a.getByRole("button", { name: "Remove gossip" }).click();
  await eventually("it is gone on the other agent", async () => (await row.count()) === 0);
};

scenarios.TheCatalogIsSearchedAddedToAndRemovedFrom = async (lab) => {
  const [n1, n2] = await lab.mesh(2);
  const page = await lab.open(await lab.browse(), n1, "#catalog");
  await n2.ask("POST", "/snapshots/add/old", { size: 10 });
  await page.getByRole("rowheader", { name: "old" }).waitFor();
  await page.getByLabel("Id of a new entry").fill("snap/1 ü");
  await page.getByLabel("Metadata").fill('{"size":2048,"cluster":"a"}');
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByRole("rowheader", { name: "snap/1 ü" }).waitFor();
  await eventually("it is on the other agent", async () => (await n2.get("/catalog/query?type=snapshots")).length === 2);

  await page.getByLabel("Search").fill("size>=1000 cluster=a");
  const rows = page.locator("#view-catalog tbody tr");
  await eventually("the search shows one", async () => (await rows.count()) === 1);
  check((await rows.textContent()).includes("snap/1 ü"), `the one that fits: ${await rows.textContent()}`);
  await lab.picture(page, "catalog");
  await page.getByRole("button", { name: "Inside of snap/1 ü" }).click();
  await page.locator("#view-objects h3", { hasText: "snapshots/snap/1 ü" }).waitFor();
  await page.locator("#view-objects tbody tr", { hasText: "cluster" }).first().waitFor();
  await lab.picture(page, "inside");
  await page.locator("nav").getByRole("link", { name: "Catalog" }).click();
  await page.getByRole("button", { name: "Remove snap/1 ü" }).click();
  await eventually("it is removed on the other agent", async () => (await n2.get("/catalog/query?type=snapshots")).length === 1);
};

// Two write one note while they cannot see each other.
async function conflict(lab, object) {
  const [n1, n2] = await lab.mesh(2);
  lab.allow(kStopped);
  await n1.ask("PATCH", `/v1/objects/${object}`, { type: "crdt_map", ops: [{ op: "set", path: ["shop"], value: "milk" }] });
  await eventually("it is on n2", () => textOf(n2, object));
  await n2.stop();
  await n1.ask("PATCH", `/v1/objects/${object}`, { ops: [{ op: "set", path: ["shop"], value: "milk, eggs" }] });
  await n1.stop();
  await n2.begin();
  await n2.ask("PATCH", `/v1/objects/${object}`, { ops: [{ op: "set", path: ["shop"], value: "milk, bread" }] });
  await n1.begin();
  await eventually("the conflict is on n1", async () => (await n1.get("/v1/conflicts")).length === 1);
  return [n1, n2];
}

scenarios.AConflictOfANoteIsSettledByAChoice = async (lab) => {
  const [n1, n2] = await conflict(lab, "notes");
  const page = await lab.open(await lab.browse(), n1, "#notes");
  const note = page.locator("#view-notes tbody tr").filter({ hasText: "shop" }).first();
  await note.getByText("milk, bread").first().waitFor();
  await lab.picture(page, "conflict");
  await note.getByRole("button", { name: 'Let "milk, eggs" stand at notes/shop' }).click();

  await eventually("nothing is hidden any more on both", async () =>
    (await n1.get("/v1/conflicts")).length === 0 && (await n2.get("/v1/conflicts")).length === 0);
  checkEqual((await n2.get("/v1/objects/notes")).value, { shop: "milk, eggs" }, "the choice stands");
  await eventually("the page shows no conflict", async () => (await note.getByText("bread").count()) === 0);
};

scenarios.TheInsideOfAnObjectShowsItsDotsAndLetsTheLoserStand = async (lab) => {
  const [n1] = await conflict(lab, "doc");
  const page = await lab.open(await lab.browse(), n1, "#objects");
  await page.getByRole("button", { name: "Inside of doc" }).click();
  const dots = page.locator("#view-objects table").nth(1).locator("tbody tr");
  await dots.filter({ hasText: "milk, eggs" }).filter({ hasText: "hidden" }).waitFor();
  await dots.filter({ hasText: "milk, bread" }).filter({ hasText: "shown" }).waitFor();
  await lab.picture(page, "dots");
  await page.getByRole("button", { name: 'let "milk, eggs" stand at doc/shop' }).click();

  await eventually("it stands", async () => (await n1.get("/v1/objects/doc")).value.shop === "milk, eggs");
  checkEqual((await n1.get("/v1/conflicts")).length, 0, "conflicts");
  await page.locator("nav").getByRole("link", { name: "Conflicts" }).click();
  await page.locator("#view-conflicts [role=status]", { hasText: "0 conflicts" }).waitFor();
};

scenarios.ChangesAreListedAsTheyArrive = async (lab) => {
  const [n1, n2] = await lab.mesh(2);
  const page = await lab.open(await lab.browse(), n1, "#events");
  await n2.ask("POST", "/images/add/img", { tag: "x" });
  const rows = page.locator("#view-events tbody tr");
  await rows.filter({ hasText: "images" }).filter({ hasText: '{"tag":"x"}' }).waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await n2.ask("POST", "/images/add/img2", {});
  await page.locator("#view-events .line", { hasText: "2 changes" }).waitFor();
  checkEqual(await rows.filter({ hasText: "img2" }).count(), 0, "rows while it is paused");
};

// Nothing but the keyboard: every part is reached, used, and shows where the focus is.
scenarios.EverythingWorksByKeyboard = async (lab) => {
  const [n1] = await lab.mesh(2);
  const page = await lab.open(await lab.browse(), n1);
  const focus = () => page.evaluate(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    return { name: element.textContent.trim() || element.getAttribute("aria-label") || element.labels?.[0]?.textContent.trim() || element.tagName,
      seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, tag: element.tagName };
  });
  const tabTo = async (name, tag) => {
    for (let i = 0; i < 60; ++i) {
      await page.keyboard.press("Tab");
      const at = await focus();
      if (at.tag !== "BODY") check(at.seen, `the focus is seen at ${at.name}`);
      if (at.name.startsWith(name) && (!tag || at.tag === tag)) return;
    }
    throw new Error(`Tab does not lead to ${name}`);
  };

  await page.keyboard.press("Tab");
  checkEqual((await focus()).name, "Skip to the content", "the first stop");
  for (const name of ["Catalog", "Objects", "Conflicts", "Dictionary", "Notes", "Text", "Events", "Queue", "Mesh"]) {
    await tabTo(name, "A");
    await page.keyboard.press("Enter");
    await page.locator("main h2:visible", { hasText: name }).waitFor();
  }
  await tabTo("Dictionary", "A");
  await page.keyboard.press("Enter");
  await page.locator("main h2:visible", { hasText: "Dictionary" }).waitFor();
  await tabTo("Word");
  await page.keyboard.type("key");
  await page.keyboard.press("Tab");
  await page.keyboard.type("board");
  await page.keyboard.press("Enter");
  await page.getByRole("rowheader", { name: "key" }).waitFor();
  await tabTo("Remove");
  await page.keyboard.press("Space");
  await eventually("it is removed", async () => !("key" in ((await n1.get("/v1/objects/dictionary")).value ?? {})));
};

// Every control has a name, every table headers, and the parts of the page are landmarks.
scenarios.ScreenReadersFindNamesAndLandmarks = async (lab) => {
  const [n1] = await lab.mesh(2);
  await n1.ask("POST", "/snapshots/add/s", { a: 1 });
  const page = await lab.open(await lab.browse(), n1);
  const lacking = await page.evaluate(() => {
    const found = [];
    for (const element of document.querySelectorAll("input, textarea, select, button, a")) {
      const name = element.getAttribute("aria-label") || element.labels?.[0]?.textContent || element.textContent;
      if (!name?.trim()) found.push(element.outerHTML);
    }
    for (const table of document.querySelectorAll("table")) {
      if (!table.caption?.textContent || table.querySelectorAll("thead th[scope=col]").length === 0) found.push(table.outerHTML);
    }
    for (const region of document.querySelectorAll("[role=region]")) if (!region.getAttribute("aria-label")) found.push(region.outerHTML);
    return found;
  });
  checkEqual(lacking, [], "elements without a name");
  for (const role of ["banner", "navigation", "main"]) checkEqual(await page.getByRole(role).count(), 1, role);
  checkEqual(await page.getAttribute("html", "lang"), "en", "the language");
  await page.getByRole("status").first().waitFor();
};

// Data that arrives moves nothing on the screen but the rows of lists, which make room for a new one.
scenarios.NothingMovesWhenDataArrives = async (lab) => {
  const [n1] = await lab.mesh(2);
  const context = await lab.browse();
  await context.addInitScript(() => {
    window.shifts = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shifts.push({ value: entry.value, at: entry.sources?.map(({ node }) => node?.id || node?.className || node?.nodeName) });
    }).observe({ type: "layout-shift", buffered: true });
  });
  for (let i = 0; i < 30; ++i) await n1.ask("POST", `/snapshots/add/s${i}`, { size: i });
  const page = await lab.open(context, n1, "#mesh");
  for (const name of ["Catalog", "Dictionary", "Notes", "Events", "Mesh"]) {
    await page.locator("nav").getByRole("link", { name }).click();
    await n1.ask("POST", "/snapshots/add/more", { name });
    await page.waitForTimeout(1_000);
  }
  const all = await page.evaluate(() => window.shifts);
  check(all !== undefined, "the browser reports what moves");
  const shifts = all.filter(({ at }) => at?.some((name) => name !== "TR"));
  const sum = shifts.reduce((all, { value }) => all + value, 0);
  check(sum < 0.02, `the layout moved by ${sum}: ${JSON.stringify(shifts)}`);
};

scenarios.LightAndDark = async (lab) => {
  const [n1] = await lab.mesh(2);
  await n1.ask("POST", "/snapshots/add/s", { a: 1 });
  const grounds = [];
  for (const colorScheme of ["light", "dark"]) {
    const page = await lab.open(await lab.browse({ colorScheme }), n1, "#catalog");
    await page.getByRole("rowheader", { name: "s" }).waitFor();
    await lab.picture(page, `catalog-${colorScheme}`);
    await page.locator("nav").getByRole("link", { name: "Mesh" }).click();
    await page.locator("#verdict-word", { hasText: "ready" }).waitFor();
    await lab.picture(page, `mesh-${colorScheme}`);
    // Contrast of text to its ground, as the guidelines count it (WCAG 2.1, 1.4.3).
    const worst = await page.evaluate(() => {
      const parts = (color) => color.match(/[\d.]+/g).map(Number);
      const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
      const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
          const color = parts(getComputedStyle(at).backgroundColor);
          if (color.length === 3 || color[3] > 0) return color;
        }
        return [255, 255, 255];
      };
      let least = { ratio: 99 };
      for (const element of document.querySelectorAll("body *")) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!own || !element.checkVisibility() || element.closest("svg, [disabled], .notice, .skip")) continue;
        const [a, b] = [light(parts(getComputedStyle(element).color)), light(ground(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < least.ratio) least = { ratio, text: element.textContent.slice(0, 40) };
      }
      return least;
    });
    check(worst.ratio >= 4.5, `${colorScheme}: contrast ${worst.ratio} of “${worst.text}”`);
    grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
  }
  check(grounds[0] !== grounds[1], `light and dark have the same ground ${grounds[0]}`);
};

// The answer to an edit is lost on its way: the page sends it again, and it counts once. This needs
// an agent that knows Idempotency-Key.
scenarios.ARetriedEditCountsOnce = async (lab) => {
  const [n1] = await lab.mesh(2);
  lab.allow(/ERR_FAILED|Failed to load resource|Service Worker registration blocked/);
  const context = await lab.browse({ serviceWorkers: "block" });
  const keys = [];
  await context.route("**/v1/objects/paper", async (route) => {
    if (route.request().method() !== "PATCH") return route.continue();
    keys.push(route.request().headers()["idempotency-key"]);
    if (keys.length > 2) return route.continue();
    await route.fetch();  // the agent stores it
    return route.abort();
  });
  const page = await openText(lab, n1, "paper", context);
  await area(page).focus();
  await page.keyboard.insertText("once");

  await eventually("it is sent three times", () => keys.length >= 3);
  await nothingWaits(page);
  check(new Set(keys).size === 1, `the same key each time: ${keys}`);
  check(keys[0].length >= 16 && keys[0].length <= 64, "16 to 64 characters");
  checkEqual(await textOf(n1, "paper"), "once", "the text");
  await eventually("the page shows it once", async () => (await area(page).inputValue()) === "once");
};

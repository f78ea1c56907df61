// node run.js SCENARIO PROGRAM FOLDER: one scenario, with the agent PROGRAM; pictures go to FOLDER.

import { Lab } from "./harness.js";
import { keyScenarios } from "./key_scenarios.js";
import { scenarios } from "./scenarios.js";

const [name, program, out] = process.argv.slice(2);
const all = { ...scenarios, ...keyScenarios };
const scenario = all[name];
if (!scenario) {
  console.error(`no scenario ${name}; there are: ${Object.keys(all).join(", ")}`);
  process.exit(2);
}

const lab = new Lab(program, out);
let status = 0;
try {
  await scenario(lab);
  lab.checkNoTrouble();
  console.log(`${name}: passed`);
} catch (error) {
  status = 1;
  console.error(`${name}: FAILED: ${error.stack}`);
  for (const text of lab.trouble) console.error(`the page: ${text}`);
  for (const [request, began] of lab.unfinished) {
    console.error(`unfinished since ${Date.now() - began} ms: ${request.method()} ${request.url()}`);
  }
  for (const agent of lab.agents) console.error(`--- log of ${agent.name}\n${agent.log.slice(-4_000)}`);
} finally {
  await lab.close();
}
process.exit(status);

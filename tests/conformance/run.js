// node run.js PROTOCOL.CASE PROGRAM: one case, with agents of PROGRAM. A protocol is a folder with cases.js,
// which exports `cases`: functions by name, each of which gets a Lab.

import { Lab } from "./lab.js";

const [name, program] = process.argv.slice(2);
const [protocol, wanted] = name.split(".");
const { cases } = await import(new URL(`${protocol}/cases.js`, import.meta.url));
if (!cases[wanted]) {
  console.error(`no case ${wanted} of ${protocol}; there are: ${Object.keys(cases).join(", ")}`);
  process.exit(2);
}

const lab = new Lab(program);
let status = 0;
try {
  await cases[wanted](lab);
  console.log(`${name}: passed`);
} catch (error) {
  status = 1;
  console.error(`${name}: FAILED: ${error.stack}`);
  for (const agent of lab.agents) console.error(`--- log of ${agent.name}\n${agent.log.slice(-4_000)}`);
} finally {
  await lab.close();
}
process.exit(status);

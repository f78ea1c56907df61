// node main.js TEST PROGRAM: one test, with agents of PROGRAM.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Agent, check, eventually, kWaitMillis } from "../support/agent.mjs";
import { fits, isRead, isStream, readCalls } from "./blocks.js";
import { Contract } from "./contract.js";
import { Recorder } from "./recorder.js";

const textOf = (page) => readFileSync(new URL(`../../${page}`, import.meta.url), "utf8");
// The addresses on the page.
const kAgent = "127.0.0.1:7780";
const kPeer = "10.0.0.2:7700";

class Lab {
  constructor(program) {
    this.program = program;
    this.folder = mkdtempSync(join(tmpdir(), "hearsay-docs-"));
    this.keyFile = join(this.folder, "mesh.key");
    execFileSync(program, ["keygen", "--out", this.keyFile]);
    this.agents = [];
  }

  async agent(name, ...peers) {
    const agent = new Agent(this, name, peers);
    this.agents.push(agent);
    await agent.start();
    await eventually(`${name} is ready`, () => agent.get("/readyz"));
    return agent;
  }

  async close() {
    await Promise.all(this.agents.map((agent) => agent.stop("SIGKILL")));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const tests = {
  async TheDescriptionIsSound(lab) {
    const contract = await contractOf(await lab.agent("n1"));

    checkNone("the validator", await contract.faults());
    checkNone("schemas and examples", contract.faultsOfSchemas());
  },

  async EveryCallAnswersAsWritten(lab) {
    const [n1, n2] = [await lab.agent("n1"), await lab.agent("n2")];
    const contract = await contractOf(n1);
    const faults = await faultsOfPage(lab, "docs/api.md", n1, n2, contract);
    faults.push(...contract.unanswered().map((id) => `no call on the page shows the operation ${id}`));
    checkNone("docs/api.md", faults);
  },

  // Of these two agents each knows the other.
  async EveryCallOfTheReadmeAnswersAsWritten(lab) {
    const n1 = await lab.agent("n1");
    const n2 = await lab.agent("n2", n1.bind);
    await eventually("n1 hears n2", () => n1.get("/readyz?require=peers"));
    checkNone("README.md", await faultsOfPage(lab, "README.md", n1, n2, await contractOf(n1)));
  },
};

// Whether a call on the page is answered as the page says, and whether the call and its answer are as the
// document says. The calls are done in their order.
async function faultsOfPage(lab, page, n1, n2, contract) {
  const calls = readCalls(textOf(page));
  check(calls.length > 0, `${page} has no calls`);
  const recorder = await new Recorder(n1.http).listen();
  const shell = new Shell(lab, [[kAgent, recorder.address], [kPeer, n2.bind], [kAgent, n1.http]]);
  const faults = [];
  try {
    for (const call of calls) {
      faults.push(...await faultsOfCall(shell, call));
      const exchanges = await recorder.taken();
      faults.push(...exchanges.flatMap((exchange) => contract.faultsOf(exchange)).map((text) => `line ${call.line}: ${text}`));
    }
  } finally {
    recorder.close();
  }
  return faults;
}

// Runs the commands of the page, with our addresses in place of those of the page.
class Shell {
  constructor(lab, addresses) {
    this.addresses = addresses;
    this.options = {
      cwd: mkdtempSync(join(lab.folder, "shell-")),
      detached: true,  // a group of its own, so that it can be ended with all that it started
      stdio: ["ignore", "pipe", "pipe"],
    };
    const tools = fileURLToPath(new URL("bin", import.meta.url));
    this.options.env = { PATH: `${tools}:${dirname(lab.program)}:${process.env.PATH}`, HOME: this.options.cwd, LANG: "C.UTF-8" };
    this.options.env.HEARSAY_HTTP = addresses[0][1];  // for commands that name no address
    // Without the progress meter, which a person sees only where the output is no terminal.
    writeFileSync(join(this.options.cwd, ".curlrc"), "silent\nshow-error\n");
  }

  // Until the command ends, or until `enough` says that the output is enough.
  async run(command, enough) {
    let ours = command;
    for (const [theirs, own] of this.addresses) ours = ours.replaceAll(theirs, own);
    const child = spawn("bash", ["-c", ours], this.options);
    const end = () => { try { process.kill(-child.pid, "SIGKILL"); } catch { /* it has ended */ } };
    const timer = setTimeout(end, kWaitMillis);
    let output = "";
    let errors = "";
    let stopped = false;
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      if (!enough?.(output)) return;
      stopped = true;
      end();
    });
    child.stderr.setEncoding("utf8").on("data", (text) => { errors += text; });
    const status = await new Promise((resume) => child.on("close", resume));
    clearTimeout(timer);
    for (const [theirs, own] of this.addresses) output = output.replaceAll(own, theirs);
    return { output, ok: stopped || status === 0, errors };
  }
}

async function faultsOfCall(shell, call) {
  // Of a stream that goes on, what came is enough when it fits.
  const goesOn = isStream(call) && call.answer.at(-1) === "…";
  const enough = goesOn ? (output) => fits(call.answer, output) : undefined;
  const once = async () => {
    const ran = await shell.run(call.command, enough);
    return { ...ran, fits: ran.ok && fits(call.answer, ran.output) };
  };
  // What a read shows may take a moment: a member that was just met, a change that another agent sends.
  const deadline = Date.now() + kWaitMillis;
  let last = await once();
  while (!last.fits && isRead(call) && Date.now() < deadline) {
    await new Promise((resume) => setTimeout(resume, 100));
    last = await once();
  }
  if (last.fits) return [];
  return [`line ${call.line}: ${call.command}\nexpected\n${call.answer.join("\n")}\nanswered\n${last.output}${last.errors}`];
}

async function contractOf(agent) {
  const answer = await fetch(`${agent.url}/openapi.json`);
  check(answer.ok, `GET /openapi.json: ${answer.status}`);
  return new Contract(await answer.text());
}

function checkNone(what, faults) {
  check(faults.length === 0, `${what}: ${faults.length} faults\n${faults.join("\n")}`);
}

const [name, program] = process.argv.slice(2);
if (!tests[name]) {
  console.error(`no test ${name}; there are: ${Object.keys(tests).join(", ")}`);
  process.exit(2);
}
const lab = new Lab(program);
let status = 0;
try {
  await tests[name](lab);
  console.log(`${name}: passed`);
} catch (error) {
  status = 1;
  console.error(`${name}: FAILED: ${error.stack}`);
  for (const agent of lab.agents) console.error(`--- log of ${agent.name}\n${agent.log.slice(-4_000)}`);
} finally {
  await lab.close();
}
process.exit(status);

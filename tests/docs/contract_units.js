// That an exchange which breaks the contract is found.

import { execFile } from "node:child_process";
import { WebSocketServer } from "ws";
import { check, checkEqual } from "../support/agent.mjs";
import { Contract, eventsOf } from "./contract.js";
import { Recorder } from "./recorder.js";

const kAnswer = { type: "object", required: ["n"], properties: { n: { type: "integer" } } };

function described() {
  return {
    openapi: "3.1.0",
    info: { title: "Test", version: "1" },
    paths: {
      "/list": { get: operation("list", []) },
      "/list/{id}": {
        put: {
          ...operation("put", [idIn("path")]),
          requestBody: { required: true, content: { "application/json": { schema: { $ref: "#/components/schemas/Answer" } } } },
        },
      },
      "/list/all": { put: operation("put_all", []) },
      "/list/{id}/{path}": { get: operation("deep_below", [idIn("path"), { ...idIn("path"), name: "path" }]) },
      "/socket": {
        get: { ...operation("socket", []), "x-websocket": { receives: { $ref: "#/components/schemas/Answer" }, sends: { type: "integer" } } },
      },
      "/stream": {
        get: {
          ...operation("stream", [{ name: "limit", in: "query", schema: { type: "integer", minimum: 1 } }]),
          responses: {
            200: { description: "events", content: { "text/event-stream": { "x-events": { change: { $ref: "#/components/schemas/Answer" } } } } },
          },
        },
      },
    },
    components: { schemas: { Answer: kAnswer } },
  };
}

const idIn = (place) => ({ name: "id", in: place, required: place === "path", schema: { type: "string" } });

const json = () => ({ "application/json": { schema: { $ref: "#/components/schemas/Answer" }, example: { n: 1 } } });

function operation(operationId, parameters) {
  const responses = { 200: { description: "done", content: json() }, default: { description: "refused", content: json() } };
  return { operationId, parameters, responses };
}

const contractOf = (document) => new Contract(JSON.stringify(document));
const exchange = (more) => ({ method: "GET", target: "/list", sent: "", status: 200, type: "application/json", body: '{"n":1}', ...more });

const tests = {
  async theValidatorKnowsGoodFromBad() {
    const bad = described();
    delete bad.paths["/list"].get.responses;

    checkEqual(await contractOf(described()).faults(), [], "faults of a sound document");
    check((await contractOf({ ...bad, info: { title: 1 } }).faults()).length > 0, "faults of another one");
  },

  aSchemaOrAnExampleThatIsWrongIsFound() {
    const schema = described();
    schema.components.schemas.Answer = { type: "object", propertys: {} };
    const example = described();
    example.paths["/list"].get.responses[200].content["application/json"].example = { n: "1" };

    checkEqual(contractOf(described()).faultsOfSchemas(), [], "faults of a sound document");
    check(contractOf(schema).faultsOfSchemas().length > 0, "an unknown keyword");
    checkEqual(contractOf(example).faultsOfSchemas().length, 1, "an example");
  },

  anExchangeIsCheckedAgainstItsOperation() {
    const contract = contractOf(described());
    const faults = (more) => contract.faultsOf(exchange(more)).length;

    checkEqual(faults({}), 0, "as described");
    checkEqual(faults({ target: "/other" }), 1, "no route");
    checkEqual(faults({ method: "POST" }), 1, "no method");
    checkEqual(faults({ status: 201 }), 1, "a status");
    checkEqual(faults({ status: 404, body: '{"n":1}' }), 0, "another refusal");
    checkEqual(faults({ status: 404, body: "{}" }), 1, "a refusal in another form");
    checkEqual(faults({ type: "text/plain" }), 1, "a type");
    checkEqual(faults({ body: '{"n":"1"}' }), 1, "a member of another type");
    checkEqual(faults({ body: '{"n":1,"m":2}' }), 1, "a member that is not described");
    checkEqual(faults({ target: "/list?x=1" }), 1, "a parameter");
  },

  bodiesAndParametersAreChecked() {
    const contract = contractOf(described());
    const put = (sent) => contract.faultsOf(exchange({ method: "PUT", target: "/list/a", sent })).length;

    checkEqual(put('{"n":1}'), 0, "a body");
    checkEqual(put('{"n":"1"}'), 1, "a body of another form");
    checkEqual(put(""), 1, "no body");
    checkEqual(contract.faultsOf(exchange({ method: "PUT", target: "/list/all" })), [], "a literal before a name");
    const stream = (query) => contract.faultsOf(exchange({ target: `/stream${query}`, type: "text/event-stream", body: "" })).length;
    checkEqual(stream("?limit=1"), 0, "a number");
    checkEqual(stream("?limit=0"), 1, "a number that is too small");
    checkEqual(stream("?limit=x"), 1, "no number");
  },

  eventsAreChecked() {
    const contract = contractOf(described());
    const faults = (body) => contract.faultsOf(exchange({ target: "/stream", type: "text/event-stream", body })).length;

    checkEqual(eventsOf(": hello\n\nid: 1\n\nid: 2\nevent: change\ndata: {}\n\nevent: x"),
      [{ id: "2", event: "change", data: "{}" }], "events");
    checkEqual(faults('event: change\ndata: {"n":1}\n\n'), 0, "as described");
    checkEqual(faults('event: change\ndata: {"n":"1"}\n\n'), 1, "in another form");
    checkEqual(contract.faultsOf(exchange({ target: "/stream", status: 503 })).length, 1, "a refusal that is not described");
    checkEqual(faults('event: other\ndata: {"n":1}\n\n'), 1, "an unknown one");
  },

  messagesAreChecked() {
    const contract = contractOf(described());
    const faults = (more) => contract.faultsOf({ method: "GET", target: "/socket", status: 101, received: [], sent: [], ...more }).length;

    checkEqual(faults({ received: ['{"n":1}'], sent: ["1", "2"] }), 0, "as described");
    checkEqual(faults({ received: ['{"n":"1"}'] }), 1, "one that came");
    checkEqual(faults({ sent: ["1", '"2"'] }), 1, "one that was sent");
    checkEqual(faults({ target: "/list" }), 1, "no WebSocket");
  },

  // The way of the messages of a page: websocat, the recorder, the agent (here a server of the test).
  async messagesAreRecorded() {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await new Promise((resume) => server.on("listening", resume));
    server.on("connection", (socket) => socket.on("message", (message) => {
      socket.send(`echo ${message}`);
      socket.close();
    }));
    const recorder = await new Recorder(`127.0.0.1:${server.address().port}`).listen();

    const output = await new Promise((resume) => {
      const child = execFile("bin/websocat", ["-n", `ws://${recorder.address}/socket?a=1`], (_, text) => resume(text));
      child.stdin.write("hello\n");
    });
    const exchanges = await recorder.taken();
    recorder.close();
    server.close();

    checkEqual(output, "echo hello\n", "output");
    checkEqual(exchanges.map(({ ended, ...rest }) => rest),
      [{ method: "GET", target: "/socket?a=1", status: 101, received: ["hello"], sent: ["echo hello"] }], "exchanges");
  },

  whatNobodyAskedIsListed() {
    const contract = contractOf(described());
    contract.faultsOf(exchange({ target: "/list/a/b/c" }));
    contract.faultsOf(exchange({}));
    contract.faultsOf(exchange({ target: "/stream", status: 503 }));

    checkEqual(contract.unanswered().sort(), ["put", "put_all", "socket", "stream"], "operations");
  },
};

for (const [name, test] of Object.entries(tests)) {
  await test();
  console.log(`${name}: passed`);
}

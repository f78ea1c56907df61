// What /openapi.json promises, and whether an exchange keeps it. Objects of the answers may have only the
// members that are described, so that a member which nobody described is found.

import Ajv2020 from "ajv/dist/2020.js";
import { Validator } from "@seriousme/openapi-schema-validator";
import { textOf } from "./recorder.js";

const kVerbs = ["get", "put", "post", "delete", "patch"];
const pointer = (...keys) => keys.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

function closed(value) {
  if (Array.isArray(value)) return value.map(closed);
  if (value === null || typeof value !== "object") return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, inside]) => [key, closed(inside)]));
  const open = copy.type === "object" && copy.properties && !("additionalProperties" in copy);
  return open ? { ...copy, additionalProperties: false } : copy;
}

// The events of a stream, as far as they are complete.
export function eventsOf(text) {
  return text.split("\n\n").slice(0, -1).map((block) => {
    const fields = block.split("\n").filter((row) => !row.startsWith(":")).map((row) => row.split(/: ?(.*)/s));
    return Object.fromEntries(fields.map(([name, value]) => [name, value]));
  }).filter((event) => event.event !== undefined);
}

export class Contract {
  constructor(text) {
    this.document = JSON.parse(text);
    this.ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
    // Schemas are looked up in the document, so its own members must be known.
    this.ajv.addVocabulary(Object.keys(this.document));
    this.ajv.addSchema(closed(this.document), "description");
    this.compiled = new Map();
    this.answered = new Set();  // ids of operations that were answered well
  }

  // What a public validator says of the document; empty: it is sound.
  async faults() {
    const { valid, errors } = await new Validator().validate(structuredClone(this.document));
    return valid ? [] : [errors].flat().map((error) => JSON.stringify(error));
  }

  // Every schema compiles in the strict mode, and every example fits its schema.
  faultsOfSchemas() {
    const schemas = this.#places((path) => path.at(-1) === "schema" || ["schemas", "x-events", "x-websocket"].includes(path.at(-2)));
    const faults = schemas.flatMap(([path]) => this.#uncompiled(path));
    if (faults.length > 0) return faults;
    const shown = this.#places((_, value) => "example" in value && "schema" in value);
    return shown.flatMap(([path, { example }]) => this.#misfits([...path, "schema"], example, `the example at ${pointer(...path)}`));
  }

  operations() {
    return Object.entries(this.document.paths).flatMap(([path, verbs]) =>
      kVerbs.filter((verb) => verbs[verb]).map((verb) => ({ path, verb, ...verbs[verb] })));
  }

  // The routes that no exchange has shown with an answer of success. A route with a path below it is
  // described twice, and one of both is enough.
  unanswered() {
    const ids = new Set(this.operations().map((operation) => operation.operationId.replace(/_below$/, "")));
    return [...ids].filter((id) => !this.answered.has(id));
  }

  // What an exchange has that was not promised.
  faultsOf(exchange) {
    const name = `${exchange.method} ${exchange.target}`;
    const [target, query = ""] = exchange.target.split("?");
    const operation = this.#operationAt(exchange.method, target);
    if (!operation) return [`${name}: no route of the document`];
    const { status } = exchange;
    const path = ["paths", operation.path, operation.verb];
    if (status === 101) return this.#faultsOfMessages(operation, path, exchange, name);
    const listed = String(status) in operation.responses;
    if (!listed && (status < 400 || !operation.responses.default)) return [`${name}: the status ${status} is not described`];
    const faults = this.#faultsOfAnswer([...path, "responses", listed ? String(status) : "default"], exchange, name);
    if (status >= 400) return faults;
    this.answered.add(operation.operationId.replace(/_below$/, ""));
    return [...faults, ...this.#faultsOfQuery(operation, path, query, name), ...this.#faultsOfBody(path, exchange, name)];
  }

  #operationAt(method, target) {
    const verb = method === "HEAD" ? "get" : method.toLowerCase();
    const pieces = target.split("/");
    const fits = (template) => {
      const parts = template.split("/");
      const tail = parts.at(-1) === "{path}";
      if (tail ? pieces.length < parts.length : pieces.length !== parts.length) return false;
      return parts.every((part, i) => part.startsWith("{") || part === pieces[i]);
    };
    // The fewest names first: a literal is more exact than a name.
    const names = (path) => path.split("{").length;
    return this.operations().filter((operation) => operation.verb === verb && fits(operation.path))
      .sort((a, b) => names(a.path) - names(b.path))[0];
  }

  #faultsOfAnswer(path, exchange, name) {
    const [at, response] = this.#resolved(path);
    if (exchange.method === "HEAD" || [304, 308].includes(exchange.status)) return [];
    const content = response.content?.[exchange.type];
    if (!content) return [`${name}: ${exchange.status} with ${exchange.type} is not described`];
    const inside = [...at, "content", exchange.type];
    const what = `${name}: the answer ${exchange.status}`;
    if (exchange.type === "application/json") {
      return this.#misfits([...inside, "schema"], JSON.parse(textOf(exchange.body)), what);
    }
    if (exchange.type !== "text/event-stream") return [];
    return eventsOf(textOf(exchange.body)).flatMap((event) => {
      if (!(event.event in content["x-events"])) return [`${name}: the event ${event.event} is not described`];
      return this.#misfits([...inside, "x-events", event.event], JSON.parse(event.data), `${name}: the event ${event.data}`);
    });
  }

  #faultsOfMessages(operation, path, exchange, name) {
    const query = exchange.target.split("?")[1] ?? "";
    if (!operation["x-websocket"]) return [`${name}: it is not described as a WebSocket`];
    this.answered.add(operation.operationId);
    const faults = ["receives", "sends"].flatMap((way) => {
      const messages = way === "receives" ? exchange.received : exchange.sent;
      return messages.flatMap((text) => this.#misfits([...path, "x-websocket", way], JSON.parse(text), `${name}: a message it ${way}`));
    });
    return [...this.#faultsOfQuery(operation, path, query, name), ...faults];
  }

  #faultsOfQuery(operation, path, query, name) {
    const parameters = operation.parameters.map((_, i) => this.#resolved([...path, "parameters", String(i)]));
    const faults = [];
    for (const pair of query.split("&").filter((text) => text !== "")) {
      const [key, text = ""] = pair.split(/=(.*)/s).map(decodeURIComponent);
      const found = parameters.find(([, parameter]) => parameter.in === "query" && parameter.name === key);
      if (!found) {
        faults.push(`${name}: the parameter ${key} is not described`);
        continue;
      }
      const [, schema] = this.#resolved([...found[0], "schema"]);
      const value = schema.type === "integer" ? Number(text) : schema.type === "array" ? [text] : text;
      faults.push(...this.#misfits([...found[0], "schema"], value, `${name}: the parameter ${key}`));
    }
    return faults;
  }

  #faultsOfBody(path, exchange, name) {
    const [, operation] = this.#resolved(path);
    if (exchange.sent === "") {
      return operation.requestBody?.required ? [`${name}: it was taken without a body`] : [];
    }
    if (!operation.requestBody) return [`${name}: a body is not described`];
    const [at, body] = this.#resolved([...path, "requestBody"]);
    if (!body.content["application/json"]) return [];
    return this.#misfits([...at, "content", "application/json", "schema"], JSON.parse(textOf(exchange.sent)), `${name}: the body`);
  }

  // [path, value] of every object in the document for which `wanted` is true.
  #places(wanted, value = this.document, path = []) {
    if (value === null || typeof value !== "object") return [];
    const inside = Object.entries(value).flatMap(([key, more]) => this.#places(wanted, more, [...path, key]));
    return wanted(path, value) ? [[path, value], ...inside] : inside;
  }

  // The value at a path, and the path at which it stands when references were followed.
  #resolved(path) {
    const value = path.reduce((inside, key) => inside[key], this.document);
    if (value.$ref === undefined) return [path, value];
    return this.#resolved(value.$ref.slice(2).split("/").map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~")));
  }

  #compile(path) {
    const at = `description#${pointer(...path).split("/").map(encodeURIComponent).join("/")}`;
    if (!this.compiled.has(at)) this.compiled.set(at, this.ajv.compile({ $ref: at }));
    return this.compiled.get(at);
  }

  #uncompiled(path) {
    try {
      this.#compile(path);
      return [];
    } catch (error) {
      return [`${pointer(...path)}: ${error.message}`];
    }
  }

  #misfits(path, value, what) {
    const check = this.#compile(path);
    if (check(value)) return [];
    return [`${what} does not fit: ${this.ajv.errorsText(check.errors)}: ${JSON.stringify(value).slice(0, 400)}`];
  }
}

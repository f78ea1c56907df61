// Requests to the agent that serves this page.

import { keyWanted, withKey } from "./key.js";

// The agent answered, and the answer is an error.
export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

// There was no answer: the agent is away, or the network is.
export class Away extends Error {}

const kAnswerMillis = 30_000;

export async function ask(method, target, body = undefined, headers = {}) {
  let response;
  let text;
  try {
    response = await fetch(target, {
      method,
      headers: withKey(body === undefined ? headers : { "Content-Type": "application/json", ...headers }),
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      signal: AbortSignal.timeout(kAnswerMillis),
    });
    text = await response.text();
  } catch (error) {
    throw new Away(`${method} ${target}: no answer (${error.message})`);
  }
  if (response.ok) return parsed(text);
  const error = parsed(text)?.error;
  const message = typeof error === "string" ? error : error?.message;
  if (response.status === 401) keyWanted(message);
  throw new Refused(response.status, error?.code ?? "", message ?? `status ${response.status}`);
}

export const read = (target) => ask("GET", target);

// As read(), of an object that may not be there: null then. The object is looked up in the listing
// first, since browsers write each answer 404 into their console as an error.
export async function readIfThere(object, target) {
  const page = await read(`/v1/objects?limit=16&after=${encodeURIComponent(justBefore(object))}`);
  if (!page.objects.some(({ id }) => id === object)) return null;
  return read(target);
}

// A name that sorts before this one, with hardly any name between both.
function justBefore(name) {
  const letters = [...name];
  const last = letters.pop().codePointAt(0);
  const before = last === 0xE000 ? 0xD7FF : last - 1;
  const head = letters.join("");
  return before > 1 ? `${head}${String.fromCodePoint(before)}\u{10FFFF}` : head;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// "/v1/objects/notes/a%2Fb" of ("notes", ["a/b"]). A browser takes "." and ".." for folders, also
// when they are encoded, so places with these names are reached through the "path" of a PATCH only.
export function placeTarget(object, path = []) {
  const folder = [object, ...path].find((name) => name === "." || name === "..");
  if (folder !== undefined) throw new Error(`a browser cannot name the place “${[object, ...path].join("/")}”; use the command line`);
  return "/v1/objects/" + [object, ...path].map(encodeURIComponent).join("/");
}

// The dictionary over WebSocket. The expectations are those of its users: every page shows every change, of two
// writes the later one stays, and an old write that arrives late changes nothing.

import { readFileSync } from "node:fs";
import { chance, check, checkEqual, curl, eventually } from "../lab.js";
import { meet, part, same, shown } from "../sockets/apart.js";
import { SocketClient } from "../sockets/client.js";
import { brokenFrames, frame, kBinary, kContinuation, kPing, kPong, kText, RawSocket } from "../sockets/raw.js";
import { DictionaryClient, sorted, timestampOf } from "./client.js";

const recorded = JSON.parse(readFileSync(new URL("recorded.json", import.meta.url)));
const open = (lab, agent) => DictionaryClient.open(lab, agent);
const dictionary = async (agent) => sorted(new Map(Object.entries(await shown(agent, "dictionary"))));

// Every client gets `mark` after what was sent before, so nothing of that is still on its way.
async function mark(clients, key) {
  clients[0].add(key, "mark");
  for (const client of clients) await client.told("add", key, "mark");
}

async function AClientGetsAllValuesFirst(lab) {
  const [a, b] = await lab.mesh(2);

  const first = await open(lab, a);
  checkEqual(first.texts[0], '{"action":"initial_data","data":{}}', "initial_data of an empty dictionary");
  first.add("colour", "red");
  first.add("shape", "");
  first.add("gone", "x");
  first.remove("gone");
  await first.told("remove", "gone");
  await same(a, b);

  for (const agent of [a, b]) {
    const { connection, initial } = await open(lab, agent);
    checkEqual(Object.keys(initial), ["action", "data"], "members of initial_data");
    checkEqual(sorted(new Map(Object.entries(initial.data))), [["colour", "red"], ["shape", ""]], "its data");
    checkEqual(connection.socket.protocol, "", "the subprotocol");
  }
}

async function EveryChangeGoesToAllClientsTheSenderIncluded(lab) {
  const [a, b] = await lab.mesh(2);
  const clients = [await open(lab, a), await open(lab, a), await open(lab, b), await open(lab, b)];
  const before = BigInt(Date.now() - 1) * 1_000_000n;

  let last = 0n;
  for (const [i, sender] of clients.entries()) {
    for (const [action, told, value] of [["add", "add", `v${i}`], ["update", "add", `w${i}`], ["remove", "remove", null]]) {
      sender.send({ action, key: "k", value: value ?? undefined });
      const texts = [];
      for (const client of clients) texts.push(await client.told(told, "k", value));
      const stamp = timestampOf(texts[0]);
      const word = `{"action":"${told}","key":"k","value":${JSON.stringify(value)},"timestamp":${stamp}}`;
      for (const text of texts) checkEqual(text, word, `what a client is told of ${action}`);
      check(stamp > last && stamp > before, `the agent stamps in nanoseconds, and later is higher: ${stamp}`);
      check(stamp < before + 3_600_000_000_000n, `${stamp} is the time of now`);
      last = stamp;
    }
  }
  for (const client of clients) checkEqual(client.texts.length, 13, "each change comes once");
}

// Pages that judge by the timestamps themselves need a higher one for each change that takes the place of another,
// also when two pages type at once.
async function ALaterChangeHasAHigherTimestamp(lab) {
  const [a, b] = await lab.mesh(2);
  const clients = [await open(lab, a), await open(lab, a), await open(lab, b)];
  const [one, two] = clients;

  for (let i = 0; i < 50; ++i) {
    one.add("k", `one ${i}`);
    two.send({ action: i % 5 === 0 ? "remove" : "update", key: "k", value: `two ${i}` });
  }
  await one.told("add", "k", "one 49");
  await mark(clients, "end");

  for (const client of clients) {
    const stamps = client.texts.slice(1).filter((text) => text.includes('"key":"k"')).map(timestampOf);
    check(client === clients[2] || stamps.length === 100, `${stamps.length} changes were told`);
    for (let i = 1; i < stamps.length; ++i) {
      check(stamps[i] > stamps[i - 1], `change ${i} has ${stamps[i]}, the one before it has ${stamps[i - 1]}`);
    }
  }
}

async function RecordedMessagesShowTheSameOnEveryPage(lab) {
  const [a, b] = await lab.mesh(2);
  const pages = [await open(lab, a), await open(lab, a), await open(lab, b)];

  for (const message of recorded.messages) pages[0].send(message);
  await mark(pages, "end");

  const shows = sorted(new Map([...recorded.shows, ["end", "mark"]]));
  for (const page of pages) checkEqual(sorted(page.copy()), shows, "what a page shows");
  for (const agent of [a, b]) checkEqual(sorted((await open(lab, agent)).copy()), shows, "what a new page shows");
  await same(a, b);
}

async function ALookupIsAnsweredToTheCallerAlone(lab) {
  const [a, b] = await lab.mesh(2);
  const clients = [await open(lab, a), await open(lab, a), await open(lab, b)];
  const [caller] = clients;

  caller.add("k", "v");
  checkEqual(await caller.lookup("k"), '{"key":"k","value":"v"}', "it sees the write before it");
  checkEqual(await caller.lookup("nothing"), '{"key":"nothing","value":null}', "a key that is not there");
  caller.remove("k");
  checkEqual(await caller.lookup("k"), '{"key":"k","value":null}', "a key that was removed");
  await mark(clients, "end");

  for (const client of clients.slice(1)) {
    for (const text of client.texts) check(JSON.parse(text).action !== undefined, `another client got ${text}`);
    checkEqual(client.texts.length, 4, "messages of another client");
  }
  checkEqual(await clients[2].lookup("end"), '{"key":"end","value":"mark"}', "a lookup on the other agent");
}

// n1 adds, later n2 removes, and neither has seen the other. The add arrives at n2 after the removal.
async function AnOlderAddThatArrivesLateStaysHidden(lab) {
  const [a, b] = [await lab.agent("n1"), await lab.agent("n2")];
  const [adder, remover] = [await open(lab, a), await open(lab, b)];

  adder.add("k", "old");
  const added = timestampOf(await adder.told("add", "k", "old"));
  remover.remove("k");
  const removed = timestampOf(await remover.told("remove", "k"));
  check(added < removed, "the removal is later");
  await meet(a, b);
  await adder.told("remove", "k");
  await mark([remover, adder], "end");

  for (const client of [adder, remover]) checkEqual(await client.lookup("k"), '{"key":"k","value":null}', "k");
  check(!remover.texts.some((text) => text.includes('"old"')), "the hidden add is told to nobody");
  for (const agent of [a, b]) checkEqual(await dictionary(agent), [["end", "mark"]], "the dictionary");
  adder.add("k", "new");
  for (const client of [adder, remover]) await client.told("add", "k", "new");
}

async function OfTwoAddsTheLaterOneStays(lab) {
  const [a, b] = [await lab.agent("n1"), await lab.agent("n2")];
  const [early, late] = [await open(lab, a), await open(lab, b)];

  late.remove("k");
  early.add("k", "early");
  await early.told("add", "k", "early");
  late.add("k", "late");
  const told = await late.told("add", "k", "late");
  await meet(a, b);

  checkEqual(await early.told("add", "k", "late"), told, "the change with its stamp, from the other agent");
  await mark([late, early], "end");
  check(!late.texts.some((text) => text.includes('"early"')), "the earlier add is told to nobody");
  for (const agent of [a, b]) checkEqual(await dictionary(agent), [["end", "mark"], ["k", "late"]], "the dictionary");
}

// A client of the other door gives its own stamp, that of a removal on an agent that it cannot see.
async function OfEqualStampsAnAddBeatsARemoval(lab) {
  const [a, b] = [await lab.agent("n1"), await lab.agent("n2")];
  const [remover, watcher] = [await open(lab, a), await open(lab, b)];

  remover.remove("k");
  const stamp = timestampOf(await remover.told("remove", "k"));
  await curl("-X", "PATCH", `${b.url}/v1/objects/dictionary`, "--data-binary",
    `{"ops":[{"op":"set","path":["k"],"value":"stays","stamp":${stamp}}]}`);
  checkEqual(String(timestampOf(await watcher.told("add", "k", "stays"))), String(stamp), "the stamp of the add");
  await meet(a, b);

  checkEqual(String(timestampOf(await remover.told("add", "k", "stays"))), String(stamp), "the stamp at the other agent");
  await mark([remover, watcher], "end");
  check(!watcher.texts.some((text) => text.includes('"remove"')), "the removal that loses is told to nobody");
  for (const agent of [a, b]) checkEqual(await dictionary(agent), [["end", "mark"], ["k", "stays"]], "the dictionary");
}

const shownBy = (model) => sorted(new Map([...model].filter(([, one]) => one.value !== null)
  .map(([key, { value }]) => [key, value])));

// The changes that a client was told, by key and stamp.
const changes = (texts) => new Map(texts.map((text) => {
  const { key, value } = JSON.parse(text);
  const stamp = timestampOf(text);
  return [`${key} ${stamp}`, { key, value, stamp }];
}));

// Two agents, two clients each, 20 seeds. In each round the agents are apart while all clients edit the same keys.
// Meanwhile a client is told each write to its agent, so it knows the stamps. The model keeps the write with the
// highest stamp of each key.
async function EditsOfAgentsThatWereApartMeet(lab) {
  const agents = [await lab.agent("n1"), await lab.agent("n2")];
  const clients = [];
  for (const agent of agents) clients.push([await open(lab, agent), await open(lab, agent)]);
  const model = new Map();
  const known = new Set();

  for (let seed = 1; seed <= 20; ++seed) {
    const random = chance(seed);
    const count = [1, 1];
    const fresh = (client) => [...changes(client.texts.slice(1))].filter(([name]) => !known.has(name));
    const told = (at) => eventually(`seed ${seed}: ${count[at]} changes are told`,
      () => clients[at].every((client) => fresh(client).length >= count[at]));
    clients[0][0].add("only n1", `${seed}`);
    clients[1][0].add("only n2", `${seed}`);
    for (let i = 0; i < 12; ++i) {
      const at = random(2);
      const client = clients[at][random(2)];
      const key = `key${random(6)}`;
      random(3) === 0 ? client.remove(key) : client.add(key, `${seed}.${i}`);
      ++count[at];
      if (random(3) === 0) await told(at);
    }
    const writes = [];
    for (const at of [0, 1]) {
      await told(at);
      checkEqual(fresh(clients[at][0]).length, count[at], `seed ${seed}: changes told on n${at + 1}`);
      writes.push(...fresh(clients[at][0]));
    }
    for (const [name, { key, value, stamp }] of writes) {
      check(!known.has(name), `seed ${seed}: two writes are ${name}, so the model cannot judge`);
      known.add(name);
      if (!model.has(key) || model.get(key).stamp < stamp) model.set(key, { value, stamp });
    }
    check((await shown(agents[1], "dictionary"))["only n1"] !== `${seed}`, `seed ${seed}: the agents are apart`);

    await meet(...agents);
    const expected = shownBy(model);
    for (const agent of agents) checkEqual(await dictionary(agent), expected, `seed ${seed}: ${agent.name}`);
    for (const client of clients.flat()) {
      await eventually(`seed ${seed}: a page shows ${JSON.stringify(expected)}`,
        () => JSON.stringify(sorted(client.copy())) === JSON.stringify(expected));
    }
    await part(agents[1]);
  }
}

// n1 is killed while a client writes as fast as it can. What the client was told is there afterwards.
async function WhatWasToldSurvivesAKill(lab) {
  const [a, b] = await lab.mesh(2);
  const [writer, other] = [await open(lab, a), await open(lab, b)];

  writer.connection.socket.on("message", () => { if (writer.texts.length === 100) a.process.kill("SIGKILL"); });
  for (let i = 0; i < 2_000; ++i) writer.add(`k${i}`, `v${i}`.padEnd(1_000));
  await a.ended;
  await writer.connection.untilClosed();
  const told = writer.copy();
  check(told.size >= 99 && told.size < 2_000, `the kill came in the middle: ${told.size} were told`);
  await a.start();

  const again = await open(lab, a);
  const initial = again.copy();
  for (const [key, value] of told) checkEqual(initial.get(key), value, `${key} after the restart`);
  again.add("end", "mark");
  await other.told("add", "end", "mark");
  await same(a, b);
  await eventually("the other agent's page shows all of it", () => [...told].every(([k, v]) => other.copy().get(k) === v));
  checkEqual(await dictionary(b), await dictionary(a), "both agents");
}

async function OtherDoorsReadAndWriteTheDictionary(lab) {
  const [a, b] = await lab.mesh(2);
  const [client, far] = [await open(lab, a), await open(lab, b)];

  client.add("k/1", "from the socket");
  await far.told("add", "k/1", "from the socket");
  const read = await curl(`${b.url}/v1/objects/dictionary/k%2F1`);
  checkEqual(JSON.parse(read.text).value, "from the socket", "the object at the other agent");
  checkEqual(JSON.parse((await curl(`${b.url}/crdt/object/dictionary`)).text).value, { "k/1": "from the socket" },
    "the object of delta sync");

  await b.ask("PUT", "/v1/objects/dictionary/put", { type: "lww_register", value: "by path" });
  await client.told("add", "put", "by path");
  await b.ask("POST", "/crdt/sync", { type: "crdt_map", object_id: "dictionary", source_node: "n9",
    delta: { update: { synced: { type: "lww_register", delta: { value: "by delta" } } } } });
  await client.told("add", "synced", "by delta");
  await b.ask("PUT", "/v1/objects/dictionary/number", { type: "lww_register", value: 7 });
  await client.told("add", "number", "7");
  await b.ask("DELETE", "/v1/objects/dictionary/put");
  for (const one of [client, far]) await one.told("remove", "put");
  checkEqual(await client.lookup("number"), '{"key":"number","value":"7"}', "a number is shown as a string");

  const { text, status } = await curl("-X", "PUT", `${b.url}/v1/objects/dictionary`, "-d",
    '{"type":"crdt_map","value":{"whole":"replaced"}}');
  check(status === 200, text);
  await eventually("both pages show the replacement", () => [client, far].every((one) =>
    JSON.stringify([...one.copy()]) === '[["whole","replaced"]]'));
}

const bad = [
  ["no JSON", "hello"], ["nothing", ""], ["half a message", '{"action":"add","key":"bad","value":"v'],
  ["text after the message", '{"action":"add","key":"bad","value":"v"}}'], ["an array", '["add","bad","v"]'],
  ["a string", '"add"'], ["null", "null"], ["no action", '{"key":"bad","value":"v"}'],
  ["an action that is not known", '{"action":"merge","key":"bad","value":"v"}'],
  ["an action that is no string", '{"action":1,"key":"bad","value":"v"}'],
  ["no key", '{"action":"add","value":"v"}'], ["a key that is a number", '{"action":"add","key":1,"value":"v"}'],
  ["an empty key", '{"action":"add","key":"","value":"v"}'], ["a NUL in the key", '{"action":"add","key":"bad\\u0000","value":"v"}'],
  ["a key that is too long", JSON.stringify({ action: "add", key: "bad".padEnd(1_025, "x"), value: "v" })],
  ["no value", '{"action":"add","key":"bad"}'], ["a number", '{"action":"add","key":"bad","value":1}'],
  ["null as the value", '{"action":"update","key":"bad","value":null}'],
  ["an object as the value", '{"action":"add","key":"bad","value":{"a":"b"}}'],
  ["a lone surrogate", '{"action":"add","key":"bad","value":"\\ud800"}'],
  ["a key twice", '{"action":"add","key":"bad","key":"bad","value":"v"}'],
  ["deep JSON", `{"action":"add","key":"bad","value":"v","more":${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
  ["a value that is too large", JSON.stringify({ action: "add", key: "bad", value: "x".repeat(1_100_000) })],
  ["lookup without a key", '{"action":"lookup"}'], ["remove without a key", '{"action":"remove"}'],
];

async function BadMessagesGetAnErrorAndTheConnectionStays(lab) {
  const [a, b] = await lab.mesh(2);
  const clients = [await open(lab, a), await open(lab, a), await open(lab, b)];
  const [client, ...others] = clients;

  for (const [what, message] of bad) {
    client.send(message);
    const text = await client.error();
    const error = JSON.parse(text);
    checkEqual(Object.keys(error), ["action", "error"], `the answer to ${what}`);
    check(typeof error.error === "string" && error.error.length > 10 && error.error.length < 500, `${what}: ${text}`);
  }
  client.connection.socket.send(Buffer.from('{"action":"add","key":"bad","value":"v"}'), { binary: true });
  check(/binary/.test(await client.error()), "a binary message is refused");
  await mark(clients, "end");

  checkEqual(client.texts.length, bad.length + 3, "messages of the client that was wrong");
  for (const other of others) checkEqual(other.texts.length, 2, "another client got nothing but the mark");
  for (const agent of [a, b]) checkEqual(await dictionary(agent), [["end", "mark"]], "nothing of it was written");
  const key = "k".repeat(1_024);
  client.add(key, "the longest key");
  await others[1].told("add", key, "the longest key");
}

async function BrokenFramesCloseTheirConnectionAlone(lab) {
  const [a] = await lab.mesh(2);
  const other = await open(lab, a);

  for (const [what, frames, code] of brokenFrames) {
    const raw = await RawSocket.open(lab, a, "/ws");
    raw.write(Buffer.concat(frames));
    checkEqual(await raw.closeCode(what), code, what);
  }
  const large = await RawSocket.open(lab, a, "/ws");
  large.write(frame(kText, "{", { length: 64 << 20 }));
  checkEqual(await large.closeCode("a frame of 64 MiB"), 1009, "a frame of 64 MiB is refused by its head");
  const parts = await RawSocket.open(lab, a, "/ws");
  parts.write(frame(kText, "x".repeat(3_000_000), { fin: false }));
  parts.write(frame(kContinuation, "x".repeat(3_000_000)));
  checkEqual(await parts.closeCode("a message of 6 MB"), 1009, "a message that is too large in its parts");

  checkEqual(other.connection.closed, null, "the other client is connected");
  await mark([other], "end");
  checkEqual(other.texts.length, 2, "the other client got nothing but the mark");
  checkEqual(await dictionary(a), [["end", "mark"]], "nothing of it was written");
}

// RFC 6455, 5.4: a message may come in parts, with control frames between them.
async function AMessageInPartsIsTaken(lab) {
  const [a, b] = await lab.mesh(2);
  const far = await open(lab, b);
  const raw = await RawSocket.open(lab, a, "/ws");
  const bytes = Buffer.from('{"action":"add","key":"ü","value":"😀 in parts"}');

  raw.write(frame(kText, bytes.subarray(0, 22), { fin: false }));
  for (let at = 22; at < bytes.length; ++at) {  // also between the bytes of one character
    raw.write(frame(kContinuation, bytes.subarray(at, at + 1), { fin: false }));
    if (at === 30) raw.write(frame(kPing, "are you there"));
  }
  raw.write(frame(kContinuation, ""));
  await far.told("add", "ü", "😀 in parts");
  await eventually("the pong", () => raw.frames().some((one) =>
    one.opcode === kPong && one.payload.toString() === "are you there"));

  const whole = frame(kText, '{"action":"add","key":"slow","value":"byte by byte"}');
  for (const byte of whole) raw.write(Buffer.from([byte]));
  await far.told("add", "slow", "byte by byte");
  raw.write(Buffer.concat([frame(kBinary, "x"), frame(kText, '{"action":"lookup","key":"ü"}')]));
  await eventually("the error and the answer", () => raw.texts().at(-1) === '{"key":"ü","value":"😀 in parts"}');
  check(JSON.parse(raw.texts().at(-2)).action === "error", "a binary frame is an error and the connection stays");
}

// Connections that end inside a message, and right after one. Each write is done or not, and is whole.
async function AConnectionThatEndsInAMessageWritesAllOrNothing(lab) {
  const [a, b] = await lab.mesh(2);
  const watcher = await open(lab, b);
  const random = chance(7);
  const value = "v".repeat(20_000);

  for (let i = 0; i < 20; ++i) {
    const raw = await RawSocket.open(lab, a, "/ws");
    const whole = frame(kText, JSON.stringify({ action: "add", key: `cut${i}`, value }));
    if (i % 2 === 0) {
      raw.socket.end(whole.subarray(0, 1 + random(whole.length - 1)));
    } else {
      raw.socket.write(whole, () => raw.socket.resetAndDestroy());
    }
    await eventually(`socket ${i} has ended`, () => raw.ended);
  }
  const last = await open(lab, a);
  await mark([last, watcher], "end");

  for (const [key, seen] of await dictionary(a)) {
    check(key === "end" || Number(key.slice(3)) % 2 === 1, `${key} came from a message that was cut`);
    check(seen === value || key === "end", `${key} is whole`);
  }
  await same(a, b);
  checkEqual(sorted(watcher.copy()), await dictionary(b), "the page of the other agent");
}

// A client stops reading. It is cut off, others of both agents go on, and it gets everything when it connects again.
async function AClientThatDoesNotReadIsCutOffAlone(lab) {
  const [a, b] = await lab.mesh(2);
  const [writer, far, slow] = [await open(lab, a), await open(lab, b), await open(lab, a)];
  const value = (i) => `${i} `.padEnd(700_000, "x");

  slow.connection.socket.pause();
  for (let i = 0; i < 30; ++i) {
    writer.add("k", value(i));
    await writer.told("add", "k", value(i));
  }
  await far.told("add", "k", value(29));
  checkEqual(await writer.lookup("nothing"), '{"key":"nothing","value":null}', "the writer goes on");
  slow.connection.socket.resume();
  await slow.connection.untilClosed();

  check(slow.texts.length < 31, `the slow client was cut off: it has ${slow.texts.length} messages`);
  const again = await open(lab, a);
  checkEqual(again.copy().get("k") === value(29), true, "it gets the last value when it connects again");
}

async function ARequestThatIsNoWebSocketIsRefused(lab) {
  const [a] = await lab.mesh(2);
  const client = await open(lab, a);

  const plain = await curl(`${a.url}/ws`);
  checkEqual(plain.status, 426, "a plain GET");
  check(/WebSocket/.test(JSON.parse(plain.text).error.message), plain.text);
  checkEqual((await curl("-X", "POST", `${a.url}/ws`, "-d", "{}")).status, 405, "a POST");
  const refused = async (headers) => {
    const one = new SocketClient(`ws://${a.http}/ws`, { headers });
    return new Promise((resume) => one.socket.on("unexpected-response", (_, response) => resume(response.statusCode)));
  };
  checkEqual(await refused({ Origin: "http://evil.example" }), 403, "a foreign origin");
  checkEqual(await refused({ Host: "evil.example" }), 421, "a foreign host");
  await DictionaryClient.open(lab, a, { origin: a.url });
  await mark([client], "end");
}

export const cases = {
  AClientGetsAllValuesFirst, EveryChangeGoesToAllClientsTheSenderIncluded,
  ALaterChangeHasAHigherTimestamp, RecordedMessagesShowTheSameOnEveryPage,
  ALookupIsAnsweredToTheCallerAlone, AnOlderAddThatArrivesLateStaysHidden, OfTwoAddsTheLaterOneStays,
  OfEqualStampsAnAddBeatsARemoval, EditsOfAgentsThatWereApartMeet, WhatWasToldSurvivesAKill,
  OtherDoorsReadAndWriteTheDictionary, BadMessagesGetAnErrorAndTheConnectionStays,
  BrokenFramesCloseTheirConnectionAlone, AMessageInPartsIsTaken, AConnectionThatEndsInAMessageWritesAllOrNothing,
  AClientThatDoesNotReadIsCutOffAlone, ARequestThatIsNoWebSocketIsRefused,
};

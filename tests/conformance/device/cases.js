// Device sync over WebSocket and by polling. The expectations are those of somebody with several devices: what one
// device wrote comes to the others by whichever agent, the later edit stays, and nothing is lost on the way.

import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { chance, check, checkEqual, curl, eventually } from "../lab.js";
import { meet, part, same, shown } from "../sockets/apart.js";
import { SocketClient } from "../sockets/client.js";
import { brokenFrames, frame, kContinuation, kPing, kPong, kText, RawSocket } from "../sockets/raw.js";
import { Device, listed, merge } from "./client.js";

const recorded = JSON.parse(readFileSync(new URL("recorded.json", import.meta.url)));
const device = (lab, agent, id) => new Device(lab, id).connect(agent);
const note = (key, value, timestamp, device_id) => ({ key, value, timestamp, device_id });
const push = (changes, last_ack = 0) => ({ type: "sync_push", changes, last_ack });

// All notes that an agent has, as a device sees them that was never there.
let strangers = 0;
async function notesOf(lab, agent) {
  const stranger = await device(lab, agent, `stranger${++strangers}`);
  await stranger.sync();
  await stranger.disconnect();
  return listed(stranger.notes);
}

async function TheExamplesOfTheIssue(lab) {
  const [a, b] = await lab.mesh(2);
  const dev2 = await SocketClient.open(lab, b, "/ws/sync?device_id=dev2");
  dev2.send(push([note("note:path2", "content2", 123457, "dev2")]));
  checkEqual(await dev2.following("the answer"), '{"type":"sync_ack","ack_timestamp":123457,"changes":[]}', "dev2");
  await same(a, b);

  const dev1 = await SocketClient.open(lab, a, "/ws/sync?device_id=dev1");
  dev1.send(`{
  "type": "sync_push",
  "changes": [
    { "key": "note:path", "value": "content", "timestamp": 123456, "device_id": "dev1" }
  ],
  "last_ack": 123450
}`);

  checkEqual(JSON.parse(await dev1.following("the answer")), {
    type: "sync_ack",
    ack_timestamp: 123456,
    changes: [{ key: "note:path2", value: "content2", timestamp: 123457, device_id: "dev2" }],
  }, "the answer of the issue");
  checkEqual(await dev2.following("the change at dev2"),
    '{"type":"sync_push","changes":[{"key":"note:path","value":"content","timestamp":123456,"device_id":"dev1"}]}', "dev2");
}

async function RecordedMessagesLeaveTheNotesOfTheDevices(lab) {
  const [a, b] = await lab.mesh(2);

  for (const [i, { device: id, messages }] of recorded.sessions.entries()) {
    const client = await SocketClient.open(lab, [a, b][i], `/ws/sync?device_id=${encodeURIComponent(id)}`);
    for (const [text, answers] of messages) {
      client.send(text);
      for (const type of answers) await client.next(type, (message) => message.type === type);
    }
    for (const text of client.texts) check(JSON.parse(text).type !== "error", `${id} got ${text}`);
    await same(a, b);
  }

  for (const agent of [a, b]) checkEqual(await notesOf(lab, agent), recorded.notes, agent.name);
}

// "Changes propagate from device A to device B within 2s": the bound here is for a busy host.
async function AChangeReachesTheDevicesOfBothAgents(lab) {
  const [a, b] = await lab.mesh(2);
  const [one, near, far] = [await device(lab, a, "one"), await device(lab, a, "near"), await device(lab, b, "far")];
  for (const each of [one, near, far]) await each.sync();

  for (const [i, writer] of [one, near, far].entries()) {
    writer.write(`note:${i}`, `by ${writer.id}`, 1_000 + i);
    writer.write(`note:${i}/2`, "", 1_000 + i);
    await writer.sync();
    for (const each of [one, near, far]) {
      await each.has(`note:${i}`, `by ${writer.id}`);
      await each.has(`note:${i}/2`, "");
    }
  }
  for (const each of [one, near, far]) {
    await each.sync();
    check(!each.received.some(({ device_id }) => device_id === each.id), `${each.id} got its own change`);
    checkEqual(each.received.length, 4, `changes that came to ${each.id}, each once`);
  }
}

async function TheAckTimestampIsTheHighestPushedOrTheLastAck(lab) {
  const [a] = await lab.mesh(2);
  const one = await SocketClient.open(lab, a, "/ws/sync?device_id=one");
  const ack = async (message) => {
    one.send(message);
    return JSON.parse(await one.next("sync_ack", ({ type }) => type === "sync_ack")).ack_timestamp;
  };

  checkEqual(await ack(push([])), 0, "nothing pushed, nothing acknowledged before");
  checkEqual(await ack(push([], 77)), 77, "nothing pushed");
  checkEqual(await ack(push([note("a", "", 5, "one"), note("b", "", 9, "one"), note("c", "", 7, "one")], 77)), 9, "pushed");
  checkEqual(await ack(push([note("d", "", 0, "one")], 9)), 0, "a timestamp of 0");
  const largest = "9223372036854775807";
  one.send(`{"type":"sync_push","changes":[],"last_ack":${largest}}`);
  check((await one.next("sync_ack", (_, text) => text.includes(largest))).includes(`"ack_timestamp":${largest},`), "2^63-1");
}

// Three devices push one key in each order, each at one of two agents.
async function TheLaterTimestampWinsInWhateverOrderItComes(lab) {
  const [a, b] = await lab.mesh(2);
  const orders = [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]];
  const devices = [await device(lab, a, "d1"), await device(lab, b, "d2"), await device(lab, a, "d3")];

  for (const [round, order] of orders.entries()) {
    for (const time of order) {
      devices[time - 1].write(`note:${round}`, `at ${time}`, 100 * time);
      await devices[time - 1].sync();
    }
  }
  await same(a, b);

  for (const agent of [a, b]) {
    const notes = await shown(agent, "notes");
    checkEqual(Object.values(notes), orders.map(() => "at 3"), `notes of ${agent.name}`);
  }
  for (const each of devices) {
    for (const round of orders.keys()) await each.has(`note:${round}`, "at 3");
  }
  devices[0].write("note:0", "an older one", 150);
  await devices[0].sync();
  checkEqual((await shown(a, "notes"))["note:0"], "at 3", "an edit that is older is acknowledged and hidden");
}

async function OfEqualTimestampsTheHigherDeviceWinsAndBothAreTold(lab) {
  const [a, b] = [await lab.agent("n1"), await lab.agent("n2")];
  const [low, high, other] = [await device(lab, a, "dev1"), await device(lab, b, "dev2"), await device(lab, b, "dev3")];
  await other.sync();
  low.write("note:k", "of the lower", 500);
  high.write("note:k", "of the higher", 500);
  low.write("note:agreed", "the same", 500);
  high.write("note:agreed", "the same", 500);
  await Promise.all([low.sync(), high.sync()]);

  await meet(a, b);

  const word = '{"type":"conflict","key":"note:k","winner":{"value":"of the higher","timestamp":500,"device_id":"dev2"},' +
    '"loser":{"value":"of the lower","timestamp":500,"device_id":"dev1"}}';
  for (const each of [low, high]) {
    await eventually(`${each.id} is told of the conflict`, () => each.conflicts.length > 0);
    checkEqual(each.conflicts[0], word, each.id);
  }
  await low.has("note:k", "of the higher");
  for (const agent of [a, b]) {
    checkEqual((await shown(agent, "notes"))["note:k"], "of the higher", agent.name);
    const conflicts = JSON.parse((await curl(`${agent.url}/v1/conflicts`)).text)
      .filter(({ object, path }) => object === "notes" && path[0] === "note:k");
    checkEqual(conflicts.length, 1, `conflicts at ${agent.name}`);
    checkEqual(conflicts[0].winner.value, "of the higher", "the winner");
    checkEqual(conflicts[0].losers.map(({ value }) => value), ["of the lower"], "the losers");
    check(conflicts[0].winner.stamp.startsWith("500."), conflicts[0].winner.stamp);
  }

  other.write("note:k", "settled", 501);
  await other.sync();
  for (const each of [low, high]) await each.has("note:k", "settled");
  for (const agent of [a, b]) {
    await eventually(`${agent.name} lists no conflict of the note`, async () =>
      !(await curl(`${agent.url}/v1/conflicts`)).text.includes('"of the lower"'));
  }
  checkEqual([low, high, other].map(({ conflicts }) => conflicts.length), [1, 1, 0], "conflicts that were told");
}

// The loser was switched off when the conflict came to be. It is told when it is next connected, on the other agent.
async function ADeviceThatWasAwayIsToldOfItsConflict(lab) {
  const [a, b] = await lab.mesh(2);
  const low = await device(lab, a, "dev1");
  low.write("note:k", "lower", 500);
  await low.sync();
  await low.disconnect();
  const high = await device(lab, b, "dev2");
  await same(a, b);
  high.write("note:k", "higher", 500);
  await high.sync();
  await eventually("the winner is told", () => high.conflicts.length === 1);

  await low.connect(b);
  await low.sync();

  await eventually("the loser is told", () => low.conflicts.length === 1);
  checkEqual(low.conflicts, high.conflicts, "both get the same words");
  checkEqual(low.notes.get("note:k").value, "higher", "the note on the lower device");
}

async function OfflineChangesGoWhenTheDeviceReconnectsOnAnyAgent(lab) {
  const [a, b] = await lab.mesh(2);
  const [one, two] = [await device(lab, a, "one"), await device(lab, b, "two")];
  await one.sync();
  await two.sync();
  await one.disconnect();

  one.write("note:both", "offline, later", 300);
  one.write("note:offline", "by one", 301);
  two.write("note:both", "online, earlier", 200);
  two.write("note:online", "by two", 201);
  await two.sync();
  await one.connect(b);
  await one.sync();
  await two.has("note:both", "offline, later");
  await two.has("note:offline", "by one");
  await one.has("note:online", "by two");

  await a.stop("SIGKILL");  // the agent that the device knew first
  one.write("note:without n1", "still goes", 400);
  await one.sync();
  await two.has("note:without n1", "still goes");
  await a.start();
  await same(a, b);
  checkEqual(await notesOf(lab, a), listed(one.notes), "notes of the agent that was away");
}

async function LastAckIsUsedForADeviceThatIsNotKnownOnly(lab) {
  const [a, b] = await lab.mesh(2);
  const writer = await device(lab, a, "writer");
  for (const time of [100, 200, 300]) writer.write(`note:${time}`, "x", time);
  await writer.sync();
  await same(a, b);

  const stranger = await SocketClient.open(lab, b, "/ws/sync?device_id=stranger");
  stranger.send(push([], 200));
  const first = JSON.parse(await stranger.following("the first answer"));
  checkEqual(first.changes.map(({ key }) => key), ["note:300"], "what is above the last_ack of an unknown device");
  stranger.send(push([], 200));
  await stranger.next("sync_ack", ({ type }) => type === "sync_ack");
  stranger.socket.terminate();

  // Known now, on the other agent too: an old note that comes late is not left out by a high number.
  await eventually("the other agent knows the device", async () => {
    const known = await shown(a, "acknowledged/device/stranger", null);
    return known !== null;
  });
  writer.write("note:late", "old timestamp", 50);
  await writer.sync();
  const again = await SocketClient.open(lab, a, "/ws/sync?device_id=stranger");
  again.send(push([], 1_000_000));
  const keys = JSON.parse(await again.following("the answer on the other agent")).changes.map(({ key }) => key);
  check(keys.includes("note:late"), `the late note is among ${keys}`);
}

async function WhatADeviceHasReceivedIsKnownToEveryAgent(lab) {
  const [a, b] = await lab.mesh(2);
  const writer = await device(lab, a, "writer");
  for (let i = 0; i < 50; ++i) writer.write(`note:${i}`, `v${i}`, 1_000 + i);
  await writer.sync();
  const reader = await device(lab, a, "reader");
  reader.write("note:own", "x", 2_000);
  await reader.sync();
  await reader.has("note:49", "v49");
  await reader.sync();  // acknowledges the answer before
  await reader.sync();
  await same(a, b);
  const before = reader.received.length;

  await eventually("no note comes a second time on the other agent", async () => {
    const again = await device(lab, b, "reader");
    const answer = await again.sync();
    await again.disconnect();
    return JSON.parse(answer).changes.length === 0;
  });

  checkEqual(before, 50, "changes that the device got");
  const fresh = await device(lab, b, "fresh");
  await fresh.sync();
  checkEqual(fresh.received.length, 51, "changes for another device");
}

// 20 seeds: three devices with two agents that part and meet. A device writes, syncs, loses its connection before it
// has read the answer, and goes on at any agent. The model: of each key the change with the highest (timestamp, device).
async function DevicesThatWanderMissNothing(lab) {
  const agents = await lab.mesh(2);
  const devices = ["dev1", "dev2", "dev3"].map((id) => new Device(lab, id));
  const model = new Map();

  for (let seed = 1; seed <= 20; ++seed) {
    const random = chance(seed);
    await part(agents[1]);
    for (const each of devices) {
      if (each.connection) await each.disconnect();
      await each.connect(agents[random(2)]);
    }
    for (let i = 0; i < 12; ++i) {
      const each = devices[random(3)];
      merge(model, each.write(`note:${random(8)}`, `${seed}.${i} by ${each.id}`, each.tick(1_000 * seed)));
      const what = random(4);
      if (what === 0) {
        await each.sync();
      } else if (what === 1) {  // sent, and the connection breaks
        each.connection.send(push(each.queue, each.lastAck));
        await each.disconnect();
        await each.connect(agents[random(2)]);
      }
    }
    merge(model, devices[0].write("note:apart", `${seed}`, 1_000 * seed));
    await devices[0].disconnect();
    await (await devices[0].connect(agents[0])).sync();
    check((await shown(agents[1], "notes"))["note:apart"] !== `${seed}`, `seed ${seed}: the agents are apart`);
    await meet(...agents);
    for (const each of devices) await each.sync();
    await same(...agents);

    const expected = listed(model);
    for (const each of devices) {
      await eventually(`seed ${seed}: ${each.id} has ${JSON.stringify(expected)}, and it has ` +
        JSON.stringify(listed(each.notes)), () => JSON.stringify(listed(each.notes)) === JSON.stringify(expected));
    }
    for (const agent of agents) {
      const values = Object.entries(await shown(agent, "notes")).sort();
      checkEqual(values, expected.map(({ key, value }) => [key, value]), `seed ${seed}: ${agent.name}`);
    }
  }
  for (const agent of agents) checkEqual(await notesOf(lab, agent), listed(model), `a new device at ${agent.name}`);
}

async function APollAnswersLikeTheSocket(lab) {
  const [a, b] = await lab.mesh(2);
  const live = await device(lab, b, "live");
  live.write("note:path2", "content2", 123457);
  await live.sync();
  await same(a, b);

  const polled = await curl("-X", "POST", `${a.url}/sync/device?device_id=dev1`, "-d",
    '{"type":"sync_push","changes":[{"key":"note:path","value":"content","timestamp":123456,"device_id":"dev1"}],"last_ack":123450}');

  checkEqual(polled.status, 200, polled.text);
  checkEqual(JSON.parse(polled.text), { type: "sync_ack", ack_timestamp: 123456,
    changes: [note("note:path2", "content2", 123457, "live")] }, "the answer");
  await live.has("note:path", "content");

  const one = new Device(lab, "poller");
  await one.poll(a);
  checkEqual(listed(one.notes).map(({ key }) => key), ["note:path", "note:path2"], "what a new device gets");
  one.write("note:own", "x", 200_000);
  await one.poll(b);
  await live.has("note:own", "x");
  live.write("note:later", "y", 200_001);
  await live.sync();
  await eventually("the poll brings it from either agent", async () => {
    for (const agent of [a, b]) await one.poll(agent);
    return one.notes.get("note:later")?.value === "y";
  });
  check(!one.received.some(({ device_id }) => device_id === "poller"), "a device never gets its own changes");
}

// What a poll acknowledged does not come again; an answer that was lost does.
async function APollThatIsAskedAgainGetsTheSameAgain(lab) {
  const [a] = await lab.mesh(2);
  const writer = await device(lab, a, "writer");
  writer.write("note:1", "x", 100);
  await writer.sync();
  const one = new Device(lab, "one");

  one.write("note:own", "x", 150);
  const lost = await one.poll(a, { lost: true });
  const answer = await one.poll(a);
  checkEqual(answer, lost, "the answer to the same poll");
  one.write("note:own", "y", 160);
  const third = await one.poll(a);
  checkEqual(third.changes, [], "what the device has got and acknowledged");
}

const judged = (devices, model, seed) => {
  for (const each of devices) checkEqual(listed(each.notes), listed(model), `seed ${seed}: ${each.id}`);
};

// A device that polls loses answers and fails over between agents. Its number from one agent says nothing about an
// answer of the other one that was lost.
async function APollingDeviceThatFailsOverMissesNothing(lab) {
  const agents = await lab.mesh(2);
  const [a, b] = agents;

  // n1 has a note that n2 lacks. Its answer is lost, and the device goes to n2. It comes back to n1 with the
  // number of the last answer that it has from n1.
  await part(b);
  const [writer, one] = [new Device(lab, "writer"), new Device(lab, "wanderer")];
  await one.poll(a);
  writer.write("note:only at n1", "x", 100);
  await writer.poll(a);
  one.write("note:own", "y", 200);
  const lost = await one.poll(a, { lost: true });
  checkEqual(lost.changes.map(({ key }) => key), ["note:only at n1"], "the answer that is lost");
  await one.poll(b);
  check(!one.notes.has("note:only at n1"), "the other agent does not have the note yet");
  one.write("note:own", "z", 300);
  await one.poll(a);
  one.write("note:own", "last", 400);
  await one.poll(a);
  checkEqual(one.notes.get("note:only at n1")?.value, "x", "the note whose first answer was lost");
  await meet(a, b);

  const devices = ["dev1", "dev2", "dev3"].map((id) => new Device(lab, id));
  const model = new Map();
  for (const change of [...one.notes.values()]) merge(model, change);
  for (let seed = 1; seed <= 20; ++seed) {
    const random = chance(seed);
    await part(b);
    for (let i = 0; i < 24; ++i) {
      const each = devices[random(3)];
      if (random(2) === 0) {
        merge(model, each.write(`note:${random(8)}`, `${seed}.${i} by ${each.id}`, each.tick(1_000 * seed)));
      }
      await each.poll(agents[random(2)], { lost: random(2) === 0 });
    }
    await meet(a, b);
    for (const each of devices) await each.poll(agents[random(2)]);  // the last queues
    await same(a, b);
    for (const each of devices) await each.poll(agents[random(2)]);
    judged(devices, model, seed);
  }
}

const good = '{"key":"note:bad","value":"v","timestamp":1,"device_id":"d"}';
const changed = (members) => `{"type":"sync_push","last_ack":0,"changes":[${good},${JSON.stringify(
  { ...JSON.parse(good), ...members })}]}`;
const ahead = (BigInt(Date.now()) + 7_200_000n) * 1_000_000n;
// What, message, status of the poll. Each list of changes begins with a good one: all or nothing.
const bad = [
  ["no JSON", "hello", 400], ["nothing", "", 400], ["half a message", `{"type":"sync_push","changes":[${good}`, 400],
  ["an array", `[${good}]`, 400], ["null", "null", 400], ["no type", `{"changes":[${good}],"last_ack":0}`, 400],
  ["a type that is not known", `{"type":"pull","changes":[${good}],"last_ack":0}`, 400],
  ["a type that is a number", `{"type":1,"changes":[${good}],"last_ack":0}`, 400],
  ["no changes", '{"type":"sync_push","last_ack":0}', 400], ["no last_ack", `{"type":"sync_push","changes":[${good}]}`, 400],
  ["changes that are an object", `{"type":"sync_push","changes":${good},"last_ack":0}`, 400],
  ["a change that is a string", `{"type":"sync_push","changes":[${good},"x"],"last_ack":0}`, 400],
  ["a last_ack that is text", `{"type":"sync_push","changes":[${good}],"last_ack":"0"}`, 400],
  ["a last_ack below 0", `{"type":"sync_push","changes":[${good}],"last_ack":-1}`, 400],
  ["a last_ack with a fraction", `{"type":"sync_push","changes":[${good}],"last_ack":0.5}`, 400],
  ["no key", changed({ key: undefined }), 400], ["no value", changed({ value: undefined }), 400],
  ["no timestamp", changed({ timestamp: undefined }), 400], ["no device", changed({ device_id: undefined }), 400],
  ["a key that is a number", changed({ key: 1 }), 400], ["an empty key", changed({ key: "" }), 400],
  ["a NUL in the key", changed({ key: "note:\u0000" }), 400], ["a value that is null", changed({ value: null }), 400],
  ["a value that is an object", changed({ value: { a: 1 } }), 400], ["a timestamp as text", changed({ timestamp: "5" }), 400],
  ["a timestamp below 0", changed({ timestamp: -5 }), 400], ["a timestamp with a fraction", changed({ timestamp: 1.5 }), 400],
  ["a timestamp above 2^63-1", `{"type":"sync_push","last_ack":0,"changes":[${good},` +
    '{"key":"note:bad","value":"v","timestamp":9223372036854775808,"device_id":"d"}]}', 400],
  ["a timestamp two hours ahead", `{"type":"sync_push","last_ack":0,"changes":[${good},` +
    `{"key":"note:bad","value":"v","timestamp":${ahead},"device_id":"d"}]}`, 400],
  ["an empty device", changed({ device_id: "" }), 400], ["a device that is too long", changed({ device_id: "d".repeat(257) }), 400],
  ["a key that is too long", changed({ key: "k".repeat(1_025) }), [400, 413]],
  ["a lone surrogate", `{"type":"sync_push","last_ack":0,"changes":[${good},{"key":"note:bad","value":"\\ud800","timestamp":1,"device_id":"d"}]}`, 400],
  ["a value that is too large", changed({ value: "x".repeat(1_100_000) }), [400, 413]],
  ["deep JSON", `{"type":"sync_push","last_ack":0,"changes":[${good},${"[".repeat(100_000)}${"]".repeat(100_000)}]}`, 400],
  ["too many changes", `{"type":"sync_push","last_ack":0,"changes":[${Array(10_001).fill(good).join(",")}]}`, 413],
];

async function BadMessagesGetAnErrorAndNothingOfThemIsWritten(lab) {
  const [a, b] = await lab.mesh(2);
  const [client, other] = [await device(lab, a, "wrong"), await device(lab, a, "other")];
  await other.sync();
  await client.sync();

  for (const [what, message, statuses] of bad) {
    client.connection.send(message);
    const text = await client.connection.next(`the error for ${what}`, ({ type }) => type === "error");
    checkEqual(Object.keys(JSON.parse(text)), ["type", "message"], `the answer to ${what}`);
    check(JSON.parse(text).message.length > 10 && text.length < 500, `${what}: ${text}`);
    const response = await fetch(`${a.url}/sync/device?device_id=poller`, { method: "POST", body: message });
    const answer = await response.json();
    check([statuses].flat().includes(response.status), `${what}: ${response.status} ${JSON.stringify(answer)}`);
    checkEqual([answer.type, typeof answer.message], ["error", "string"], `the poll with ${what}`);
  }
  client.connection.socket.send(Buffer.from(JSON.stringify(push([]))), { binary: true });
  check(/binary/.test(await client.connection.next("the error for a binary message", ({ type }) => type === "error")), "binary");

  checkEqual(await shown(a, "notes"), {}, "nothing was written");
  client.write("note:good", "after all that", 5);
  await client.sync();
  await other.has("note:good", "after all that");
  await eventually("the other agent has it", async () => (await shown(b, "notes"))["note:good"]);
  checkEqual(other.received.length, 1, "the other device got nothing but the good note");
}

// Above the bound of a message a poll has the error of its protocol too.
async function APollThatIsTooLargeIsRefusedInTheFormOfItsProtocol(lab) {
  const [a] = await lab.mesh(2);
  const body = JSON.stringify(push(Array.from({ length: 30 }, (_, i) => note(`note:${i}`, "x".repeat(100_000), 1, "d"))));

  const response = await fetch(`${a.url}/sync/device?device_id=d`, { method: "POST", body });
  const answer = await response.json();
  const socket = await SocketClient.open(lab, a, "/ws/sync?device_id=d");
  socket.send(body);
  const told = JSON.parse(await socket.following("the error on a socket"));

  checkEqual(response.status, 413, JSON.stringify(answer));
  checkEqual([told.type, answer.type, typeof answer.message], ["error", "error", "string"], JSON.stringify(answer));
  checkEqual(await shown(a, "notes"), {}, "nothing was written");
}

async function ADeviceMustSayWhoItIs(lab) {
  const [a] = await lab.mesh(2);
  const status = (path, headers) => new Promise((resume) => {
    const one = new SocketClient(`ws://${a.http}${path}`, { headers });
    one.socket.on("unexpected-response", (_, response) => resume(response.statusCode));
    one.socket.on("open", () => { one.socket.terminate(); resume(101); });
  });

  for (const query of ["", "?device_id=", `?device_id=${"d".repeat(257)}`, "?device=x"]) {
    checkEqual(await status(`/ws/sync${query}`), 400, `/ws/sync${query}`);
    const polled = await curl("-X", "POST", `${a.url}/sync/device${query}`, "-d", JSON.stringify(push([])));
    checkEqual([polled.status, JSON.parse(polled.text).type], [400, "error"], `POST /sync/device${query}: ${polled.text}`);
  }
  checkEqual(await status("/ws/sync?device_id=%00"), 400, "a NUL");
  checkEqual((await curl("-X", "POST", `${a.url}/sync/device?device_id=%00`, "-d", "{}")).status, 400, "a NUL in a poll");
  checkEqual(await status(`/ws/sync?device_id=${"d".repeat(256)}`), 101, "the longest name");
  checkEqual(await status("/ws/sync?device_id=%C3%A9%20%2B%2F"), 101, "a name with é, blank, plus and slash");
  checkEqual(await status("/ws/sync?device_id=d", { Origin: "http://evil.example" }), 403, "a foreign origin");
  checkEqual(await status("/ws/sync?device_id=d", { Host: "evil.example" }), 421, "a foreign host");
  checkEqual((await curl(`${a.url}/ws/sync?device_id=d`)).status, 426, "a plain GET");
  checkEqual((await curl(`${a.url}/sync/device?device_id=d`)).status, 405, "GET of the poll");
}

async function BrokenFramesCloseTheirConnectionAlone(lab) {
  const [a] = await lab.mesh(2);
  const other = await device(lab, a, "other");
  await other.sync();

  for (const [what, frames, code] of brokenFrames) {
    const raw = await RawSocket.open(lab, a, "/ws/sync?device_id=raw");
    raw.write(Buffer.concat(frames));
    checkEqual(await raw.closeCode(what), code, what);
  }
  const large = await RawSocket.open(lab, a, "/ws/sync?device_id=raw");
  large.write(frame(kText, "{", { length: 64 << 20 }));
  checkEqual(await large.closeCode("a frame of 64 MiB"), 1009, "a frame of 64 MiB is refused by its head");

  const raw = await RawSocket.open(lab, a, "/ws/sync?device_id=parts");
  const bytes = Buffer.from(JSON.stringify(push([note("note:ü", "😀 in parts", 5, "parts")])));
  raw.write(frame(kText, bytes.subarray(0, 50), { fin: false }));
  for (let at = 50; at < bytes.length; ++at) raw.write(frame(kContinuation, bytes.subarray(at, at + 1), { fin: false }));
  raw.write(frame(kPing, "inside"));
  raw.write(frame(kContinuation, ""));
  await eventually("the answer to a message in parts", () => raw.texts().some((text) => JSON.parse(text).type === "sync_ack"));
  check(raw.frames().some(({ opcode, payload }) => opcode === kPong && payload.toString() === "inside"), "the pong");
  await other.has("note:ü", "😀 in parts");
  checkEqual(other.connection.closed, null, "the other device is connected");
  checkEqual(Object.keys(await shown(a, "notes")), ["note:ü"], "the notes");
}

// A push of 200 notes is one change. Connections end inside it and right after it, also those of polls.
async function APushThatIsCutIsAllOrNothing(lab) {
  const [a, b] = await lab.mesh(2);
  const random = chance(5);
  const message = (i) => JSON.stringify(push(Array.from({ length: 200 }, (_, n) =>
    note(`note:${i}/${n}`, "v".repeat(100), 1_000, `dev${i}`))));

  for (let i = 0; i < 20; ++i) {
    const text = message(i);
    const poll = i % 2 === 1;
    const whole = poll ? Buffer.from(`POST /sync/device?device_id=dev${i} HTTP/1.1\r\nHost: ${a.http}\r\n` +
      `Content-Length: ${text.length}\r\n\r\n${text}`) : frame(kText, text);
    const raw = poll ? new RawSocket(connect(Number(a.http.split(":")[1]), "127.0.0.1"))
      : await RawSocket.open(lab, a, `/ws/sync?device_id=dev${i}`);
    if (i % 4 < 2) {
      raw.socket.end(whole.subarray(0, 1 + random(whole.length - 1)));
    } else {
      raw.socket.write(whole, () => raw.socket.resetAndDestroy());
    }
    await eventually(`connection ${i} has ended`, () => raw.ended);
  }
  const last = await device(lab, a, "last");
  await last.sync();
  await same(a, b);

  for (const agent of [a, b]) {
    const count = new Map();
    for (const key of Object.keys(await shown(agent, "notes"))) {
      const i = Number(/^note:(\d+)\//.exec(key)[1]);
      count.set(i, (count.get(i) ?? 0) + 1);
    }
    for (const [i, notes] of count) {
      checkEqual(notes, 200, `notes of push ${i} at ${agent.name}`);
      check(i % 4 >= 2, `push ${i} was cut, and its notes are there`);
    }
  }
}

// n1 is killed while devices push. What was acknowledged is there afterwards; what was not, the device sends again.
async function WhatWasAcknowledgedSurvivesAKill(lab) {
  const [a, b] = await lab.mesh(2);
  const [one, far] = [await device(lab, a, "one"), await device(lab, b, "far")];
  await far.sync();
  const acknowledged = new Map();

  const { texts, socket } = one.connection;
  socket.on("message", () => { if (texts.length === 30) a.process.kill("SIGKILL"); });
  const broken = new Promise((resume) => socket.on("close", () => resume("broken")));
  for (let i = 0; ; ++i) {
    const change = one.write(`note:${i}`, `v${i}`, 1_000 + i);
    if (await Promise.race([one.sync(), broken]) === "broken") break;
    merge(acknowledged, change);
  }
  await a.ended;
  check(acknowledged.size >= 29, `${acknowledged.size} were acknowledged before the kill`);
  await a.start();

  const notes = new Map(Object.entries(await shown(a, "notes")));
  for (const [key, { value }] of acknowledged) checkEqual(notes.get(key), value, `${key} after the restart`);
  one.write("note:end", "goes on", 9_000);
  await one.connect(a);
  await one.sync();
  await far.has("note:end", "goes on");
  await same(a, b);
  await eventually("the far device has all", () => JSON.stringify(listed(far.notes)) === JSON.stringify(listed(one.notes)));
}

// A device stops reading while others write much. It is cut off, and gets everything when it connects again.
async function ADeviceThatDoesNotReadIsCutOffAlone(lab) {
  const [a, b] = await lab.mesh(2);
  const [writer, slow, far] = [await device(lab, a, "writer"), await device(lab, a, "slow"), await device(lab, b, "far")];
  for (const each of [writer, slow, far]) await each.sync();
  const value = (i) => `${i} `.padEnd(700_000, "x");

  slow.connection.socket.pause();
  for (let i = 0; i < 30; ++i) {
    writer.write("note:k", value(i), 1_000 + i);
    await writer.sync();
    await far.has("note:k", value(i));
  }
  slow.connection.socket.resume();
  await slow.connection.untilClosed();
  check(slow.notes.get("note:k")?.value !== value(29), "the slow device was cut off before the last change");

  await slow.connect(b);
  await slow.sync();
  await slow.has("note:k", value(29));
}

// More than one answer holds: the rest follows as pushes, and nothing is missing.
async function ABacklogOfManyMegabytesComesWhole(lab) {
  const [a, b] = await lab.mesh(2);
  const writer = await device(lab, a, "writer");
  for (let i = 0; i < 40; ++i) {
    writer.write(`note:${i}`, `${i} `.padEnd(150_000, "y"), 1_000 + i);
    if (i % 10 === 9) await writer.sync();
  }
  const written = listed(writer.notes);
  await same(a, b);

  const fresh = await device(lab, b, "fresh");
  await fresh.sync();
  await eventually("the new device has all notes", () => fresh.notes.size === 40);
  checkEqual(listed(fresh.notes), written, "the notes");

  const poller = new Device(lab, "poller");
  for (let i = 0; i < 40 && poller.notes.size < 40; ++i) {
    poller.write("note:mine", `${i}`, 2_000 + i);
    await poller.poll(b);
    poller.notes.delete("note:mine");
  }
  checkEqual(listed(poller.notes), written, "the notes of a device that polls");
}

async function OtherDoorsReadAndWriteTheNotes(lab) {
  const [a, b] = await lab.mesh(2);
  const one = await device(lab, a, "one");
  one.write("note:a/b", "from the device", 500);
  await one.sync();
  await same(a, b);

  const read = JSON.parse((await curl(`${b.url}/v1/objects/notes/note%3Aa%2Fb?inspect=1`)).text);
  checkEqual([read.value, read.type, read.dots[0].writer], ["from the device", "lww_register", "one"], "the note by path");
  check(read.dots[0].stamp.startsWith("500."), read.dots[0].stamp);
  const whole = JSON.parse((await curl(`${b.url}/crdt/object/notes`)).text);
  checkEqual([whole.type, whole.value], ["crdt_map", { "note:a/b": "from the device" }], "the object of delta sync");

  await b.ask("PUT", "/v1/objects/notes/note%3Aput", { type: "lww_register", value: "by path" });
  await one.has("note:put", "by path");
  check(one.notes.get("note:put").timestamp > 1e18, "the agent's own stamp is the time in nanoseconds");
  await b.ask("PATCH", "/v1/objects/notes", { ops: [{ op: "set", path: ["note:stamped"], value: "s",
    stamp: { ts: 700, c: 0, writer: "script" } }] });
  await one.has("note:stamped", "s");
  checkEqual(one.notes.get("note:stamped"), note("note:stamped", "s", 700, "script"), "a stamp of another client");
  await b.ask("PATCH", "/v1/objects/notes", { ops: [{ op: "set", path: ["note:a/b"], value: "older",
    stamp: { ts: 499, c: 0, writer: "z" } }] });
  await same(a, b);
  checkEqual((await shown(a, "notes"))["note:a/b"], "from the device", "an older stamp of another client loses");
}

export const cases = {
  TheExamplesOfTheIssue, RecordedMessagesLeaveTheNotesOfTheDevices, AChangeReachesTheDevicesOfBothAgents,
  TheAckTimestampIsTheHighestPushedOrTheLastAck, TheLaterTimestampWinsInWhateverOrderItComes,
  OfEqualTimestampsTheHigherDeviceWinsAndBothAreTold, ADeviceThatWasAwayIsToldOfItsConflict,
  OfflineChangesGoWhenTheDeviceReconnectsOnAnyAgent, LastAckIsUsedForADeviceThatIsNotKnownOnly,
  WhatADeviceHasReceivedIsKnownToEveryAgent, DevicesThatWanderMissNothing, APollAnswersLikeTheSocket,
  APollThatIsAskedAgainGetsTheSameAgain, APollingDeviceThatFailsOverMissesNothing,
  BadMessagesGetAnErrorAndNothingOfThemIsWritten,
  APollThatIsTooLargeIsRefusedInTheFormOfItsProtocol, ADeviceMustSayWhoItIs, BrokenFramesCloseTheirConnectionAlone,
  APushThatIsCutIsAllOrNothing, WhatWasAcknowledgedSurvivesAKill, ADeviceThatDoesNotReadIsCutOffAlone,
  ABacklogOfManyMegabytesComesWhole, OtherDoorsReadAndWriteTheNotes,
};

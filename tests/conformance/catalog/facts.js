// The calls of the catalog, one fact after the other: answers, metadata, queries, pages.

import { check, checkEqual, curl, eventually } from "../lab.js";
import { checkRefused, checkSame, get, ok, pair, post, send, settled } from "./talk.js";

const rowsOf = async (agent, query) => ok(get(agent, `/catalog/query?${query}`));
const idsOf = async (agent, q) =>
  (await rowsOf(agent, `type=snapshots&q=${encodeURIComponent(q)}`)).map(({ id }) => id).join(" ");

async function answers(lab) {
  const [a, z] = await pair(lab);
  for (const [object, type] of [["snapshots", "snapshots"], ["images", "images"]]) {
    const calls = [
      ["POST", "add", { size: 1, keep: "x" }, "added"], ["POST", "add", { size: 2 }, "added"],
      ["PATCH", "metadata", { note: null, "a.b": [1, { c: true }] }, "updated"],
    ];
    for (const [verb, word, body, status] of calls) {
      checkEqual(await ok(send(a, verb, `/${object}/${word}/the%20id`, body)), { id: "the id", status }, `${verb} ${word}`);
    }
    await settled([a, z]);
    checkSame(await rowsOf(z, `type=${type}`),
      [{ id: "the id", metadata: { size: 2, note: null, "a.b": [1, { c: true }] } }], "add replaces, PATCH merges");
    checkEqual(await ok(send(z, "PUT", `/${object}/metadata/the%20id`, { only: 1 })),
      { id: "the id", status: "updated" }, "PUT");
    await settled([a, z]);
    checkSame(await rowsOf(a, `type=${type}`), [{ id: "the id", metadata: { only: 1 } }], "PUT replaces the object");
    for (const id of ["the%20id", "the%20id", "unknown"]) {
      checkEqual(await ok(send(a, "DELETE", `/${object}/remove/${id}`)),
        { id: decodeURIComponent(id), status: "removed" }, "DELETE");
    }
    checkEqual((await get(a, `/catalog/query?type=${type}`)).text.trim(), "[]", "an empty result");
  }
  checkEqual((await get(a, "/catalog/query?type=volumes")).text.trim(), "[]", "an unknown type");
  check(/^application\/json/.test((await get(a, "/catalog/query?type=images")).headers.get("content-type")), "JSON");
}

// PUT of an id that is not there does not make it present.
async function metadataWithoutAnAdd(lab) {
  const agent = await lab.agent("n1");
  await ok(send(agent, "PUT", "/snapshots/metadata/ghost", { status: "failed" }));
  checkEqual(await rowsOf(agent, "type=snapshots"), [], "not shown");
}

async function idsOfAllKinds(lab) {
  const [a, z] = await pair(lab);
  const ids = ["a/b", "a:b:c", "100%", ".", "..", "+", "a b", "é", "日本語", "😀", "?q=1#x", "x".repeat(512)];
  for (const id of ids) {
    const { status, text } = await curl("--path-as-is", "-X", "POST", "-d", "{}",
      `${a.url}/snapshots/add/${encodeURIComponent(id).replaceAll(".", "%2E")}`);
    check(status === 200, `${id}: ${status} ${text}`);
    checkEqual(JSON.parse(text), { id, status: "added" }, "an id comes back as it is");
  }
  await settled([a, z]);
  const byBytes = [...ids].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  checkEqual((await rowsOf(z, "type=snapshots")).map(({ id }) => id), byBytes, "sorted by id, on the other agent");
  for (const [path, why] of [["x".repeat(513), "513 bytes"], ["%00", "NUL"], ["%FF", "no UTF-8"], ["", "empty"]]) {
    const answer = await post(a, `/snapshots/add/${path}`, {});
    check(answer.status === 400 || answer.status === 404, `${why}: ${answer.status} ${answer.text}`);
  }
}

const kEntries = {
  alpha: { size: 9, owner: "ann", disk: { size: 100, kind: "ssd" }, tags: ["red fox"] },
  beta: { size: 10, owner: "bob", flag: true },
  gamma: { size: "10", owner: "Ann", x: null, big: "z" },
  delta: { size: 0.1, note: "a=b", plus: "c++" },
};
const kQueries = [
  ["", "alpha beta delta gamma"],
  ["alpha", "alpha"], ["lph", "alpha"], ["ALPHA", ""],
  ["ssd", "alpha"], ["red", "alpha"], ['"red fox"', "alpha"], ["red fox", "alpha"], ["owner", ""],
  ["size=10", "beta gamma"], ["size=10.0", "beta"], ["size!=10", "alpha delta"],
  ["size<10", "alpha delta"], ["size<=10", "alpha beta delta gamma"], ["size>9", "beta"], ["size>=9", "alpha beta"],
  ["size=0.10", "delta"], ['size="10"', "beta gamma"],
  ["disk.size=100", "alpha"], ["disk.kind=ssd", "alpha"], ["disk.size!=100", "beta delta gamma"],
  ["missing=1", ""], ["missing<1", ""], ["missing>=1", ""], ["missing!=1", "alpha beta delta gamma"],
  ["flag=true", "beta"], ["x=null", "gamma"],
  ["owner=ann size<100", "alpha"], ["owner=ann beta", ""],
  ['note="a=b"', "delta"], ['"a=b"', "delta"], ["owner>Z", "alpha beta"],
];

// An oracle for what is compared as strings: a text "9" is above "10".
async function queries(lab) {
  const [a, z] = await pair(lab);
  for (const [id, metadata] of Object.entries(kEntries)) await ok(post(a, `/snapshots/add/${id}`, metadata));
  await settled([a, z]);
  for (const agent of [a, z]) {
    for (const [q, ids] of kQueries) checkEqual(await idsOf(agent, q), ids, `${agent.name}: q=${q}`);
  }
  checkEqual((await rowsOf(z, "type=snapshots&q=c++")).map(({ id }) => id), ["delta"], "+ is a plus sign, not a space");
  for (const q of ["=1", "size=", 'a"b', '"open', '"x"y', "size=<3"]) {
    checkRefused(await get(a, `/catalog/query?type=snapshots&q=${encodeURIComponent(q)}`), 400, `the term ${q}`);
  }
}

async function pages(lab) {
  const agent = await lab.agent("n1");
  for (let i = 0; i < 10; ++i) await ok(post(agent, `/snapshots/add/big${i}`, { text: "x".repeat(1_000_000) }));
  const big = await get(agent, "/catalog/query?type=snapshots");
  check(big.text.length <= 8 << 20 && big.json.length === 8, `a page of ${big.json.length} entries, ${big.text.length} bytes`);
  check(/^<\/catalog\/query\?/.test(big.headers.get("link")), "a page also ends at 8 MiB, with a link");
  const lines = Array.from({ length: 1203 }, (_, i) => JSON.stringify({ id: `e${String(i).padStart(4, "0")}`, odd: i % 2 }));
  await ok(post(agent, "/v1/import?type=images", lines.join("\n")));

  const walk = async (query) => {
    const pages = [];
    for (let path = `/catalog/query?${query}`; path;) {
      const answer = await get(agent, path);
      pages.push((await ok(answer)).map(({ id }) => id));
      const link = answer.headers.get("link");
      path = link && /^<(\/catalog\/query\?[^>]+)>; rel="next"$/.exec(link)?.[1];
      check(!link || path, `the link ${link}`);
    }
    return pages;
  };
  const all = lines.map((line) => JSON.parse(line).id);
  const usual = await walk("type=images");
  checkEqual(usual[0].length, 1000, "rows of a page without a limit");
  checkEqual(usual.flat(), all, "all pages");
  const small = await walk("type=images&q=odd%3D1&limit=100");
  check(small.every((page) => page.length <= 100), "limit=100");
  checkEqual(small.flat(), all.filter((_, i) => i % 2), "pages of a query");
  checkEqual((await rowsOf(agent, "type=images&after=e1200")).map(({ id }) => id), ["e1201", "e1202"], "after");
  for (const limit of ["0", "10001", "-1", "x", "1.5", ""]) {
    checkRefused(await get(agent, `/catalog/query?type=images&limit=${limit}`), 400, `limit=${limit}`);
  }
}

// What this door writes is read by the others, on the other agent, and the reverse.
async function otherDoors(lab) {
  const [a, z] = await pair(lab);
  await ok(post(a, "/snapshots/add/s", { size: 1, name: "one" }));
  await settled([a, z]);
  checkSame((await z.get("/v1/objects/snapshots/s")).value, { size: 1, name: "one" }, "/v1/objects");
  checkEqual((await z.get("/v1/objects/snapshots/s/size")).value, 1, "a field by its path");
  checkSame((await z.get("/crdt/object/snapshots")).value, { s: { size: 1, name: "one" } }, "/crdt/object");

  await ok(send(z, "PUT", "/v1/objects/images/i", { type: "crdt_map", value: { arch: "arm64" } }));
  await ok(post(z, "/crdt/sync", { type: "crdt_map", object_id: "snapshots", delta: { set: { t: { size: 2 }, "/s/size": 3 } } }));
  await settled([a, z]);
  checkSame(await rowsOf(a, "type=images"), [{ id: "i", metadata: { arch: "arm64" } }], "from /v1/objects");
  checkSame(await rowsOf(a, "type=snapshots"),
    [{ id: "s", metadata: { size: 3, name: "one" } }, { id: "t", metadata: { size: 2 } }], "from /crdt/sync");
  const keys = (await ok(get(a, "/crdt/delta?peer=outside"))).map(({ key }) => key);
  for (const key of ["snapshots:s", "snapshots:t", "images:i", "snapshot_metadata:s"]) {
    check(keys.includes(key), `a delta of ${key} among ${keys}`);
  }
}

// A PATCH of a field that was sent again must not hide what somebody wrote in between.
async function retries(lab) {
  const [a, z] = await pair(lab);
  const key = { "Idempotency-Key": "0123456789abcdef-catalog" };
  await ok(post(a, "/snapshots/add/s", { n: 0 }));
  await ok(send(a, "PATCH", "/snapshots/metadata/s", { n: 1 }, key));
  await settled([a, z]);
  await ok(send(z, "PATCH", "/snapshots/metadata/s", { n: 2 }));
  await settled([a, z]);
  for (const agent of [a, z]) {
    checkEqual(await ok(send(agent, "PATCH", "/snapshots/metadata/s", { n: 1 }, key)), { id: "s", status: "updated" },
      `${agent.name}: the retry gets the first answer`);
  }
  await eventually("the later value stays", async () => (await z.get("/v1/objects/snapshots/s/n")).value === 2);
  checkRefused(await send(z, "PATCH", "/snapshots/metadata/s", { n: 9 }, key), 422, "the key with another body");
  await settled([a, z]);
  checkSame(await rowsOf(a, "type=snapshots"), [{ id: "s", metadata: { n: 2 } }], "the later value stays");
}

export const facts = {
  EachCallHasItsAnswerOnBothAgents: answers,
  MetadataAloneMakesNoEntry: metadataWithoutAnAdd,
  IdsAreTakenAsTheyAre: idsOfAllKinds,
  QueriesCompareAsTheContractSays: queries,
  PagesHaveEveryEntryOnce: pages,
  OtherDoorsReadAndWriteTheSameCatalog: otherDoors,
  ARetriedPatchIsDoneOnceInTheWholeMesh: retries,
};

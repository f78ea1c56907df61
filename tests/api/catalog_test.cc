#include "tests/api/answers.h"

namespace agent {
namespace {

TEST(Catalog, AnswersHoldExactlyTheFieldsWritten) {
  FakeHost a("A");

  EXPECT_EQ(body(a, "POST", "/snapshots/add/snap1", "{}"), R"({"id":"snap1","status":"added"})");
  EXPECT_EQ(body(a, "POST", "/images/add/i", R"({"x":1})"), R"({"id":"i","status":"added"})");
  EXPECT_EQ(body(a, "PUT", "/snapshots/metadata/snap1", R"({"a":1})"),
            R"({"id":"snap1","status":"updated"})");
  EXPECT_EQ(body(a, "PATCH", "/images/metadata/i", R"({"a":null})"),
            R"({"id":"i","status":"updated"})");
  EXPECT_EQ(body(a, "DELETE", "/snapshots/remove/snap1"), R"({"id":"snap1","status":"removed"})");
  EXPECT_EQ(body(a, "DELETE", "/images/remove/unknown"), R"({"id":"unknown","status":"removed"})");
}

TEST(Catalog, AddReplacesPutReplacesAndPatchMerges) {
  FakeHost a("A");
  auto all = [&] { return body(a, "GET", "/catalog/query?type=snapshots"); };

  body(a, "POST", "/snapshots/add/s", R"({"b":1.0,"a":{"k" : [1, 2]}})");
  EXPECT_EQ(all(), R"([{"id":"s","metadata":{"a":{"k":[1,2]},"b":1.0}}])");
  body(a, "POST", "/snapshots/add/s", R"({"c":1e2})");
  EXPECT_EQ(all(), R"([{"id":"s","metadata":{"c":1e2}}])");
  body(a, "PATCH", "/snapshots/metadata/s", R"({"d":null,"c":"x"})");
  EXPECT_EQ(all(), R"([{"id":"s","metadata":{"c":"x","d":null}}])");
  body(a, "PUT", "/snapshots/metadata/s", R"({"e":"\u00e9"})");
  EXPECT_EQ(all(), R"([{"id":"s","metadata":{"e":"\u00e9"}}])");
  body(a, "DELETE", "/snapshots/remove/s");
  EXPECT_EQ(all(), "[]");
}

TEST(Catalog, MetadataOfAnAbsentEntryIsKeptButNotShown) {
  FakeHost a("A");

  EXPECT_EQ(body(a, "PUT", "/snapshots/metadata/s", R"({"a":1})"),
            R"({"id":"s","status":"updated"})");

  EXPECT_EQ(body(a, "GET", "/catalog/query?type=snapshots"), "[]");
  EXPECT_EQ(refusal(a, "GET", "/v1/objects/snapshots/s"), "404 not_found");
}

TEST(Catalog, IdsMayHoldAnythingButNul) {
  FakeHost a("A");
  std::vector<std::string> ids = {
      "a/b", "a:b", ".", "..",   "with space",         "100%", "caf\xC3\xA9", "a\"b",
      "+",   "#",   "?", "\x01", std::string(512, 'x')};

  for (const std::string& id : ids) {
    Json answer = json(a, "POST", "/snapshots/add/" + http::percent_encode(id), R"({"n":1})");
    EXPECT_EQ(answer["id"], id);
    EXPECT_EQ(json(a, "GET", "/v1/objects/snapshots/" + http::percent_encode(id))["value"]["n"], 1);
  }

  EXPECT_EQ(json(a, "GET", "/catalog/query?type=snapshots").size(), ids.size());
}

TEST(Catalog, BadIdsAreRefused) {
  FakeHost a("A");

  for (const std::string& id : {std::string("%00"), std::string("a%00b"), std::string("%ff"),
                                std::string("%2"), std::string(513, 'x'), std::string()}) {
    EXPECT_EQ(refusal(a, "POST", "/snapshots/add/" + id, "{}"), "400 invalid") << id;
    EXPECT_EQ(refusal(a, "DELETE", "/images/remove/" + id), "400 invalid") << id;
    EXPECT_EQ(refusal(a, "PUT", "/images/metadata/" + id, "{}"), "400 invalid") << id;
    EXPECT_EQ(refusal(a, "PATCH", "/snapshots/metadata/" + id, "{}"), "400 invalid") << id;
  }
  EXPECT_EQ(refusal(a, "POST", "/snapshots/add/a/b", "{}"), "404 not_found");
}

TEST(Catalog, ABodyMustBeAJsonObject) {
  FakeHost a("A");
  std::string deep = R"({"a":)" + std::string(32, '[') + std::string(32, ']') + "}";

  for (const std::string& sent :
       {std::string(), std::string("x"), std::string("[]"), std::string("1"), std::string("null"),
        std::string("\"s\""), std::string("{"), std::string("{}{}"),
        std::string(R"({"a":1,"a":2})"), std::string("{\"a\":\"\xff\"}"), deep}) {
    EXPECT_EQ(refusal(a, "POST", "/snapshots/add/s", sent), "400 invalid") << sent;
    EXPECT_EQ(refusal(a, "PUT", "/images/metadata/s", sent), "400 invalid") << sent;
    EXPECT_EQ(refusal(a, "PATCH", "/images/metadata/s", sent), "400 invalid") << sent;
  }
  EXPECT_EQ(a.replica().vector().entries().size(), 0u);
}

TEST(Catalog, ARefusalSaysWhatIsWrongWithTheBody) {
  FakeHost a("A");
  auto why = [&a](const std::string& verb, const std::string& target, const std::string& sent) {
    Json answer = parsed(a.call(verb, target, sent));
    return answer["error"]["message"].get<std::string>();
  };
  std::string name(1'025, 'k');

  EXPECT_EQ(why("POST", "/snapshots/add/s", "[]"), "the body must be a JSON object");
  EXPECT_EQ(why("POST", "/snapshots/add/s", "[1"),
            "the body must be a JSON object: JSON, byte 2: a comma or ] is missing");
  EXPECT_EQ(
      why("PUT", "/images/metadata/s", R"({"a":1,"\u0061":2})"),
      "the body must be a JSON object: JSON, byte 0: two members of this object have the same "
      "key");
  EXPECT_EQ(why("PATCH", "/images/metadata/s", "{\"b\":1,\"" + name + "\":1}"),
            "a field name has 1025 bytes; it may have at most 1024 bytes");
  EXPECT_EQ(why("PUT", "/v1/objects/snapshots/s", R"({"type":"crdt_map","value":[]})"),
            "the metadata of an entry must be a JSON object");
  const std::string nothing_stored =
      "; 0 lines before were stored; mend the line and run the import again: what is stored "
      "already is left unchanged";
  EXPECT_EQ(why("POST", "/v1/import?type=images", "null"),
            "line 1: a line must be a JSON object" + nothing_stored);
  EXPECT_EQ(why("POST", "/v1/import?type=images", R"({"id":"a","metadata":{"b":}})"),
            "line 1: JSON, byte 26: no JSON value starts like this" + nothing_stored);
}

TEST(Catalog, LongNamesAndLargeBodiesAreTooLarge) {
  FakeHost a("A");
  std::string name(crdt::kPathComponentMax + 1, 'k');
  std::string large(1 << 20, 'x');

  EXPECT_EQ(refusal(a, "POST", "/snapshots/add/s", "{\"" + name + "\":1}"), "413 too_large");
  EXPECT_EQ(refusal(a, "POST", "/snapshots/add/s", R"({"a":")" + large + "\"}"), "413 too_large");
  std::string fits = R"({"a":")" + std::string((1 << 20) - 8, 'x') + "\"}";
  ASSERT_EQ(fits.size(), 1u << 20);
  EXPECT_EQ(body(a, "POST", "/snapshots/add/s", fits), R"({"id":"s","status":"added"})");
}

TEST(Catalog, WhatTheReplicaRefusesIsTold) {
  FakeHost a("A");
  a.refuse_writes_ = 1;

  EXPECT_EQ(refusal(a, "POST", "/snapshots/add/s", "{}"), "503 busy");
  EXPECT_EQ(refusal(a, "GET", "/snapshots/add/s"), "405 method_not_allowed");
  EXPECT_EQ(refusal(a, "POST", "/volumes/add/s", "{}"), "404 not_found");
}

TEST(Catalog, AddWinsOverAConcurrentRemove) {
  FakeHost a("A");
  FakeHost z("Z");
  body(a, "POST", "/snapshots/add/s", R"({"by":"A"})");
  z.learn_from(a);

  body(z, "DELETE", "/snapshots/remove/s");
  body(a, "POST", "/snapshots/add/s", R"({"by":"A again"})");
  z.learn_from(a);
  a.learn_from(z);

  std::string expected = R"([{"id":"s","metadata":{"by":"A again"}}])";
  EXPECT_EQ(body(a, "GET", "/catalog/query?type=snapshots"), expected);
  EXPECT_EQ(body(z, "GET", "/catalog/query?type=snapshots"), expected);
}

// --- GET /catalog/query

TEST(CatalogQuery, WhatIsUnknownOrEmptyIsAnEmptyList) {
  FakeHost a("A");

  EXPECT_EQ(body(a, "GET", "/catalog/query?type=snapshots"), "[]");
  EXPECT_EQ(body(a, "GET", "/catalog/query?type=volumes&q=x"), "[]");
  EXPECT_EQ(body(a, "GET", "/catalog/query"), "[]");
}

TEST(CatalogQuery, FiltersByQ) {
  FakeHost a("A");
  body(a, "POST", "/snapshots/add/s1", R"({"size":9,"state":"ok"})");
  body(a, "POST", "/snapshots/add/s2", R"({"size":10,"state":"ok"})");
  body(a, "POST", "/images/add/i", R"({"size":11})");

  EXPECT_EQ(body(a, "GET", "/catalog/query?type=snapshots&q=size%3E9%20state=ok"),
            R"([{"id":"s2","metadata":{"size":10,"state":"ok"}}])");
  EXPECT_EQ(json(a, "GET", "/catalog/query?type=images&q=size%3E9").size(), 1u);
  EXPECT_EQ(body(a, "GET", "/catalog/query?type=snapshots&q=size%3E9+state=ok"), "[]")
      << "a plus sign is a plus sign";
}

TEST(CatalogQuery, BadParametersAreRefused) {
  FakeHost a("A");

  for (const char* query : {"limit=0", "limit=10001", "limit=-1", "limit=x", "limit=1x",
                            "limit=", "q=a=", "q=%22open"}) {
    EXPECT_EQ(refusal(a, "GET", "/catalog/query?type=snapshots&" + std::string(query)),
              "400 invalid")
        << query;
  }
}

TEST(CatalogQuery, PagesToTheEndAreTheWhole) {
  FakeHost a("A");
  std::vector<std::string> ids;
  for (int i = 0; i < 57; ++i) {
    std::string id = "s/" + std::to_string(i * 7919 % 100) + " \xC3\xA9&=" + std::to_string(i);
    ids.push_back(id);
    body(a, "POST", "/snapshots/add/" + http::percent_encode(id), R"({"n":"x y"})");
  }
  body(a, "DELETE", "/snapshots/remove/" + http::percent_encode(ids.back()));
  ids.pop_back();
  std::sort(ids.begin(), ids.end());

  for (std::size_t limit : {1u, 7u, 55u, 56u, 57u}) {
    std::string target = "/catalog/query?type=snapshots&q=%22x%20y%22&limit=";
    target += std::to_string(limit);
    std::vector<std::string> found;
    std::size_t pages = 0;
    for (; !target.empty(); ++pages) {
      http::Response response = a.call("GET", target);
      ASSERT_EQ(response.status, 200) << response.body;
      Json page = parsed(response);
      EXPECT_LE(page.size(), limit);
      for (const Json& item : page) found.push_back(item["id"]);
      target = next_of(response);
    }
    EXPECT_EQ(found, ids);
    EXPECT_EQ(pages, (ids.size() + limit - 1) / limit) << "no empty page at the end";
  }
}

TEST(CatalogQuery, APageEndsAtEightMebibytes) {
  FakeHost a("A");
  for (int i = 0; i < 10; ++i) {
    body(a, "POST", "/images/add/i" + std::to_string(i),
         R"({"blob":")" + std::string(1'000'000, 'x') + "\"}");
  }

  http::Response first = a.call("GET", "/catalog/query?type=images");
  http::Response second = a.call("GET", next_of(first));

  EXPECT_LE(first.body.size(), (8u << 20) + 2);
  EXPECT_EQ(parsed(first).size(), 8u);
  EXPECT_EQ(parsed(second).size(), 2u);
  EXPECT_EQ(next_of(second), "");
}

std::string import_lines(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) {
    char id[16];
    std::snprintf(id, sizeof id, "s%06d", i);
    lines += R"({"id":")" + std::string(id) + R"(","n":)" + std::to_string(i) + "}\n";
  }
  return lines;
}

TEST(CatalogQuery, ALongScanGivesItsReaderBack) {
  FakeHost a("A");
  body(a, "POST", "/v1/import?type=snapshots", import_lines(5'000));
  std::size_t before = a.reads();

  EXPECT_EQ(body(a, "GET", "/catalog/query?type=snapshots&q=n=4999"),
            R"([{"id":"s004999","metadata":{"n":4999}}])");

  EXPECT_EQ(a.reads() - before, 11u);
}

TEST(CatalogQuery, FullReadersAreAskedAgainOnceBegun) {
  FakeHost a("A");
  body(a, "POST", "/v1/import?type=snapshots", import_lines(3'000));

  a.refuse_reads_ = 1;
  EXPECT_EQ(refusal(a, "GET", "/catalog/query?type=snapshots"), "503 busy");
  auto exchange = a.send("GET", "/catalog/query?type=snapshots&q=n=2999");
  a.read_step();
  a.refuse_reads_ = 2;
  for (int i = 0; i < 3; ++i) a.advance(10);

  ASSERT_TRUE(exchange->ended()) << "in chunks, because it took so long";
  EXPECT_EQ(Json::parse(exchange->streamed()).size(), 1u);
}

TEST(CatalogQuery, AScanEndsWhenItsClientGoes) {
  FakeHost a("A");
  body(a, "POST", "/v1/import?type=snapshots", import_lines(5'000));
  auto exchange = a.send("GET", "/catalog/query?type=snapshots&q=none");
  a.read_step();
  std::size_t before = a.reads();

  exchange->leave();
  a.run();

  EXPECT_EQ(a.reads(), before);
  EXPECT_EQ(exchange.use_count(), 1);
}

}  // namespace
}  // namespace agent

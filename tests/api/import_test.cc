#include "agent/api/limits.h"
#include "tests/api/answers.h"

namespace agent {
namespace {

// Feeds a body in pieces. Runs the other parts one step only where the import waits, and at the
// end.
http::Response import(FakeHost& host, const std::vector<std::string>& pieces,
                      const std::string& type = "snapshots") {
  auto exchange = host.send("POST", "/v1/import?type=" + type);
  for (const std::string& piece : pieces) {
    if (!exchange->accepts_body()) host.run();
    if (exchange->answered()) break;
    EXPECT_TRUE(exchange->accepts_body()) << "paused for ever";
    if (!exchange->accepts_body()) return {};
    if (!piece.empty()) exchange->deliver(piece);
  }
  host.run();
  if (!exchange->answered() && exchange->accepts_body()) exchange->deliver("");
  host.run();
  EXPECT_TRUE(exchange->answered());
  return exchange->answered() ? exchange->response() : http::Response{};
}

const std::string kSmall =
    "{\"id\":\"a\",\"n\":1.0}\n"
    "\n"
    "  { \"k\" : \"caf\xC3\xA9\", \"id\" : \"b\" } \r\n"
    " \t\r\n"
    "{\"id\":\"c\"}";
const std::string kSmallShown =
    R"([{"id":"a","metadata":{"n":1.0}},{"id":"b","metadata":{"k":"café"}},)"
    R"({"id":"c","metadata":{}}])";

TEST(Import, AddsALineEachWhereverTheChunksEnd) {
  for (std::size_t cut = 0; cut <= kSmall.size(); ++cut) {
    FakeHost a("A");

    http::Response response = import(a, {kSmall.substr(0, cut), kSmall.substr(cut)});

    EXPECT_EQ(response.body, R"({"added":3,"unchanged":0})") << cut;
    EXPECT_EQ(body(a, "GET", "/catalog/query?type=snapshots"), kSmallShown) << cut;
    EXPECT_EQ(a.replica().vector().seq_of(a.replica().own_actor()), 1u) << "one change";
  }
}

TEST(Import, TakesABodyByteByByte) {
  FakeHost a("A");
  std::vector<std::string> bytes;
  for (char c : kSmall) bytes.emplace_back(1, c);

  EXPECT_EQ(import(a, bytes).body, R"({"added":3,"unchanged":0})");
}

TEST(Import, WhatIsShownAlreadyWritesNothing) {
  FakeHost a("A");
  import(a, {kSmall});
  body(a, "PATCH", "/snapshots/metadata/b", R"({"k":"other"})");

  EXPECT_EQ(import(a, {kSmall}).body, R"({"added":1,"unchanged":2})");
  EXPECT_EQ(import(a, {kSmall}).body, R"({"added":0,"unchanged":3})");
  EXPECT_EQ(a.replica().vector().seq_of(a.replica().own_actor()), 3u);
}

TEST(Import, NothingIsAnEmptyImport) {
  FakeHost a("A");

  EXPECT_EQ(import(a, {}).body, R"({"added":0,"unchanged":0})");
  EXPECT_EQ(import(a, {"\n\n  \n"}).body, R"({"added":0,"unchanged":0})");
}

TEST(Import, ATypeIsNeeded) {
  FakeHost a("A");

  EXPECT_EQ(refusal(a, "POST", "/v1/import", kSmall), "400 invalid");
  EXPECT_EQ(refusal(a, "POST", "/v1/import?type=volumes", kSmall), "400 invalid");
  EXPECT_EQ(import(a, {kSmall}, "images").body, R"({"added":3,"unchanged":0})");
}

std::string lines(int from, int to) {
  std::string text;
  for (int i = from; i < to; ++i) text += R"({"id":"s)" + std::to_string(i) + "\"}\n";
  return text;
}

TEST(Import, ABadLineIsNamedAndEarlierBatchesStay) {
  for (const char* bad : {"x", "[]", "{}", R"({"id":1})", R"({"id":""})", R"({"id":"a\u0000b"})",
                          R"({"id":"a","id":"b"})", "{\"id\":\"\xff\"}", "{\"id\":\"a\"} {}"}) {
    FakeHost a("A");

    http::Response response =
        import(a, {lines(0, 2'500), "\n" + std::string(bad) + "\n", lines(2'500, 2'600)});

    EXPECT_EQ(response.status, 400) << bad;
    std::string message = parsed(response)["error"]["message"];
    EXPECT_TRUE(message.starts_with("line 2502: ")) << message;
    EXPECT_TRUE(
        message.ends_with("; 2000 lines before were stored; mend the line and run the "
                          "import again: what is stored already is left unchanged"))
        << message;
    EXPECT_EQ(json(a, "GET", "/catalog/query?type=snapshots&limit=10000").size(), 2'000u);
  }
}

TEST(Import, ALineOverOneMebibyteIsTooLarge) {
  std::string large = R"({"id":"x","v":")" + std::string(kImportLineMax, 'y') + "\"}";
  for (bool ended : {false, true}) {
    FakeHost a("A");

    http::Response response = import(a, {lines(0, 2), large + (ended ? "\n" : "")});

    EXPECT_EQ(response.status, 413);
    std::string message = parsed(response)["error"]["message"];
    EXPECT_TRUE(message.starts_with("line 3: ")) << message;
  }
  FakeHost a("A");
  std::string fits = R"({"id":"x","v":")";
  fits += std::string(kImportLineMax - fits.size() - 2, 'y') + "\"}";
  EXPECT_EQ(import(a, {fits + "\n" + lines(0, 1)}).body, R"({"added":2,"unchanged":0})");
}

TEST(Import, AnEndlessLineIsNotGathered) {
  FakeHost a("A");
  auto exchange = a.send("POST", "/v1/import?type=images");

  std::size_t delivered = 0;
  while (exchange->accepts_body() && delivered < (8u << 20)) {
    exchange->deliver(std::string(65'536, 'x'));
    delivered += 65'536;
  }

  EXPECT_EQ(exchange->response().status, 413);
  EXPECT_LE(delivered, kImportLineMax + 2 * 65'536);
}

TEST(Import, AThousandLinesAreAChange) {
  FakeHost a("A");

  EXPECT_EQ(import(a, {lines(0, 2'345)}).body, R"({"added":2345,"unchanged":0})");

  EXPECT_EQ(a.replica().vector().seq_of(a.replica().own_actor()), 3u);
}

// A field of some bytes takes 64 in memory, so a batch of such lines ends long before 4 MiB of
// text.
TEST(Import, ABatchIsBoundedByItsMemory) {
  FakeHost a("A");
  std::string fields;
  for (int i = 0; i < 10'000; ++i) fields += ",\"" + std::to_string(i) + "\":1";
  std::string text;
  for (int i = 0; i < 12; ++i) text += "{\"id\":\"" + std::to_string(i) + "\"" + fields + "}\n";
  ASSERT_LT(text.size(), kImportBytes / 3);

  EXPECT_EQ(import(a, {text}).body, R"({"added":12,"unchanged":0})");

  ASSERT_GT(12 * 10'000 * sizeof(crdt::Members::value_type), kImportBytes);
  EXPECT_GE(a.turns(), 2u) << "a batch is one write";
}

TEST(Import, FourMebibytesAreAChange) {
  FakeHost a("A");
  std::string text;
  for (int i = 0; i < 10; ++i) {
    text += R"({"id":")" + std::to_string(i) + R"(","v":")" + std::string(1'000'000, 'x') + "\"}\n";
  }

  EXPECT_EQ(import(a, {text}).body, R"({"added":10,"unchanged":0})");

  EXPECT_EQ(a.replica().vector().seq_of(a.replica().own_actor()), 2u);
}

TEST(Import, HoldsTheClientWhileTwoBatchesWait) {
  FakeHost a("A");
  auto exchange = a.send("POST", "/v1/import?type=snapshots");

  exchange->deliver(lines(0, 1'500));
  EXPECT_TRUE(exchange->accepts_body()) << "one is written, the next is gathered";
  exchange->deliver(lines(1'500, 4'500));
  EXPECT_FALSE(exchange->accepts_body());
  EXPECT_EQ(a.writes_waiting(), 1u);
  a.run();
  EXPECT_TRUE(exchange->accepts_body());
  exchange->deliver("");
  a.run();

  EXPECT_EQ(exchange->response().body, R"({"added":4500,"unchanged":0})");
}

TEST(Import, OfTwoLinesWithOneIdTheLaterStands) {
  FakeHost a("A");
  std::string text = R"({"id":"x","v":1})"
                     "\n" +
                     lines(0, 1'200) +
                     R"({"id":"x","v":2})"
                     "\n" +
                     lines(1'200, 1'300) + R"({"id":"x","v":3})";

  EXPECT_EQ(import(a, {text}).body, R"({"added":1303,"unchanged":0})");

  EXPECT_EQ(json(a, "GET", "/v1/objects/snapshots/x/v")["value"], 3);
}

TEST(Import, AFullQueueOfWritesIsTriedAgain) {
  FakeHost a("A");
  a.refuse_writes_ = 3;
  auto exchange = a.send("POST", "/v1/import?type=snapshots");
  exchange->deliver(lines(0, 1'200));
  exchange->deliver("");

  for (int i = 0; i < 5; ++i) a.advance(10);

  ASSERT_TRUE(exchange->answered());
  EXPECT_EQ(exchange->response().body, R"({"added":1200,"unchanged":0})");
}

TEST(Import, AClientThatGoesEndsIt) {
  FakeHost a("A");
  auto exchange = a.send("POST", "/v1/import?type=snapshots");
  exchange->deliver(lines(0, 3'000));

  exchange->leave();
  a.run();

  EXPECT_EQ(exchange.use_count(), 1);
  EXPECT_EQ(json(a, "GET", "/catalog/query?type=snapshots&limit=10000").size(), 1'000u);
}

}  // namespace
}  // namespace agent

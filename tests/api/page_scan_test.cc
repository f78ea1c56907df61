// Pages that take long to read are sent while they are read.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "agent/api/limits.h"
#include "agent/api/page_links.h"
#include "tests/api/answers.h"
#include "tests/api/fake_host.h"

namespace agent {
namespace {

constexpr const char* kRare = "/catalog/query?type=snapshots&q=rare";

std::string id_of(int number) {
  std::string digits = std::to_string(number);
  return "s" + std::string(6 - digits.size(), '0') + digits;
}

// `count` snapshots; those whose number is in `rare` match the search.
void fill(FakeHost& host, int count, const std::vector<int>& rare) {
  std::string lines;
  for (int i = 0; i < count; ++i) {
    bool matches = std::find(rare.begin(), rare.end(), i) != rare.end();
    lines += R"({"id":")" + id_of(i) + R"(","n":")" + (matches ? "rare" : "usual") + "\"}\n";
  }
  body(host, "POST", "/v1/import?type=snapshots", lines);
}

std::string row(int number) {
  return R"({"id":")" + id_of(number) + R"(","metadata":{"n":"rare"}})";
}

// Runs everything that waits, except timers.
void work(FakeHost& host) {
  while (host.read_step() || host.loop_step()) {
  }
}

TEST(PageScan, APageThatIsReadQuicklyHasALength) {
  FakeHost a("A");
  fill(a, 1'000, {1, 900});

  auto exchange = a.send("GET", kRare);
  work(a);
  a.advance(kHeadMillis);

  ASSERT_TRUE(exchange->answered());
  EXPECT_EQ(exchange->response().body, "[" + row(1) + "," + row(900) + "]");
}

TEST(PageScan, TheHeadAndTheRowsThatAreKnownDoNotWaitForTheEnd) {
  FakeHost a("A");
  fill(a, 2'000, {1, 900, 901, 1'999});

  auto exchange = a.send("GET", kRare);
  ASSERT_TRUE(a.read_step() && a.loop_step());
  EXPECT_FALSE(exchange->streams());
  a.pass(kHeadMillis);
  ASSERT_TRUE(a.fire_timer());

  EXPECT_EQ(exchange->streamed(), "[" + row(1));
  ASSERT_TRUE(a.read_step() && a.loop_step());
  EXPECT_EQ(exchange->streamed(), "[" + row(1) + "," + row(900) + "," + row(901));
  EXPECT_FALSE(exchange->ended());
  work(a);
  EXPECT_EQ(exchange->streamed(),
            "[" + row(1) + "," + row(900) + "," + row(901) + "," + row(1'999) + "]");
  EXPECT_TRUE(exchange->ended());
}

TEST(PageScan, TheHeadDoesNotWaitForAReaderEither) {
  FakeHost a("A");
  fill(a, 10, {1});

  auto exchange = a.send("GET", kRare);  // no reader is free
  a.pass(kHeadMillis);
  ASSERT_TRUE(a.fire_timer());

  EXPECT_EQ(exchange->streamed(), "[");
  work(a);
  EXPECT_EQ(exchange->streamed(), "[" + row(1) + "]");
}

// Sends a request for `target`, delays its page, and returns the exchange when everything is done.
std::shared_ptr<FakeExchange> late(FakeHost& host, const std::string& target) {
  auto exchange = host.send("GET", target);
  host.pass(kHeadMillis);
  while (host.fire_timer()) {
  }
  work(host);
  return exchange;
}

TEST(PageScan, PagesThatAreSentInPartsAreTheWholeToo) {
  FakeHost a("A");
  std::vector<int> rare;
  for (int i = 3; i < 3'000; i += 100) rare.push_back(i);
  fill(a, 3'000, rare);

  for (std::size_t limit : {1u, 7u, 29u, 30u, 31u}) {
    std::vector<std::string> found;
    std::string target = std::string(kRare) + "&limit=" + std::to_string(limit);
    while (!target.empty()) {
      auto exchange = late(a, target);
      Json page =
          Json::parse(exchange->answered() ? exchange->response().body : exchange->streamed());
      EXPECT_LE(page.size(), limit);
      for (const Json& item : page) found.push_back(item["id"]);
      target = next_of(exchange->answered() ? exchange->response() : exchange->head());
    }
    std::vector<std::string> expected;
    for (int number : rare) expected.push_back(id_of(number));
    EXPECT_EQ(found, expected) << limit;
  }
}

TEST(PageScan, ConflictsAreSentInPartsAcrossBothObjects) {
  FakeHost a("A");
  FakeHost z("Z");
  fill(a, 1'200, {});
  for (FakeHost* host : {&a, &z}) {
    body(*host, "POST", "/images/add/i", R"({"by":")" + host->facts().name + "\"}");
    body(*host, "POST", "/snapshots/add/" + id_of(1'100),
         R"({"by":")" + host->facts().name + "\"}");
  }
  a.learn_from(z);

  auto first = late(a, "/v1/conflicts?limit=1");
  auto second = late(a, next_of(first->head()));
  auto third = late(a, next_of(second->head()));

  ASSERT_EQ(Json::parse(first->streamed()).size(), 1u);
  EXPECT_EQ(Json::parse(first->streamed())[0]["object"], "images");
  ASSERT_EQ(Json::parse(second->streamed()).size(), 1u);
  EXPECT_EQ(Json::parse(second->streamed())[0]["object"], "snapshots");
  EXPECT_EQ(third->response().body, "[]");
}

TEST(PageScan, AnErrorAfterTheHeadBreaksTheAnswerOff) {
  FakeHost a("A");
  fill(a, 2'000, {1});
  auto exchange = a.send("GET", kRare);
  ASSERT_TRUE(a.read_step() && a.loop_step());
  a.pass(kHeadMillis);
  ASSERT_TRUE(a.fire_timer());

  a.spoil_cells();
  work(a);

  EXPECT_TRUE(exchange->broken());
  EXPECT_FALSE(exchange->ended());
  EXPECT_EQ(refusal(a, "GET", next_of(exchange->head())), "400 invalid");
}

TEST(PageScan, AClientThatDoesNotReadHoldsNoReader) {
  FakeHost a("A");
  std::vector<int> all;
  for (int i = 0; i < 2'000; ++i) all.push_back(i);
  fill(a, 2'000, all);
  auto exchange = a.send("GET", std::string(kRare) + "&limit=5000");
  exchange->read_slowly();
  a.pass(kHeadMillis);
  ASSERT_TRUE(a.fire_timer());
  exchange->take();
  std::size_t before = a.reads();

  work(a);
  std::size_t reads = a.reads();
  EXPECT_EQ(reads, before + 1) << "one slice, until it is taken";
  EXPECT_FALSE(exchange->ended());
  std::size_t sent = exchange->streamed().size();
  a.advance(60'000);
  EXPECT_EQ(a.reads(), reads);
  EXPECT_EQ(exchange->streamed().size(), sent);

  while (!exchange->ended()) {
    exchange->take();
    work(a);
  }
  EXPECT_EQ(Json::parse(exchange->streamed()).size(), 2'000u);
}

TEST(PageScan, AClientThatGoesFreesTheReader) {
  FakeHost a("A");
  fill(a, 3'000, {});
  auto exchange = a.send("GET", kRare);
  ASSERT_TRUE(a.read_step() && a.loop_step());
  a.pass(kHeadMillis);
  ASSERT_TRUE(a.fire_timer());
  std::size_t before = a.reads();

  exchange->leave();
  a.run();

  EXPECT_LE(a.reads(), before + 1);
  EXPECT_EQ(exchange.use_count(), 1);
  EXPECT_EQ(refusal(a, "GET", next_of(exchange->head())), "400 invalid");
}

// Otherwise the agent would read the whole page for a client that has closed its connection.
TEST(PageScan, WhereNothingIsFoundForLongWhiteSpaceIsSent) {
  FakeHost a("A");
  fill(a, 2'000, {1'999});
  auto exchange = a.send("GET", kRare);
  a.pass(kHeadMillis);
  ASSERT_TRUE(a.fire_timer());
  ASSERT_TRUE(a.read_step() && a.loop_step());
  EXPECT_EQ(exchange->streamed(), "[");

  a.pass(static_cast<std::uint64_t>(kQuietMillis));
  work(a);

  EXPECT_EQ(exchange->streamed(), "[\n" + row(1'999) + "]");
}

TEST(PageScan, AClientWithoutChunksGetsTheWholePageAtItsEnd) {
  FakeHost a("A");
  fill(a, 2'000, {1, 1'999});
  a.clients_know_chunks_ = false;
  auto exchange = a.send("GET", kRare);
  ASSERT_TRUE(a.read_step() && a.loop_step());
  a.advance(kHeadMillis);

  work(a);

  ASSERT_TRUE(exchange->answered());
  EXPECT_EQ(exchange->response().body, "[" + row(1) + "," + row(1'999) + "]");
}

TEST(PageScan, TheNextPageIsNotKnownBeforeThisOneIsComplete) {
  FakeHost a("A");
  fill(a, 2'000, {1, 2, 3});
  auto exchange = a.send("GET", std::string(kRare) + "&limit=2");
  a.pass(kHeadMillis);
  ASSERT_TRUE(a.fire_timer());
  std::string next = next_of(exchange->head());

  EXPECT_EQ(a.send("GET", next)->response().status, 503);
  work(a);

  EXPECT_EQ(body(a, "GET", next), "[" + row(3) + "]");
  EXPECT_EQ(body(a, "GET", next), "[" + row(3) + "]") << "a link can be used again";
}

TEST(PageLinks, KeepABoundedNumberAndForgetTheOldest) {
  PageLinks links(7);
  std::string first = links.add();
  links.complete(first, "a");
  EXPECT_EQ(links.find(first).value(), "a");

  for (std::size_t i = 0; i < kPageLinksMax; ++i) links.complete(links.add(), std::nullopt);

  EXPECT_EQ(links.size(), kPageLinksMax);
  EXPECT_EQ(links.find(first).error().code, base::Code::kInvalid);
  EXPECT_EQ(PageLinks(8).find(first).error().code, base::Code::kInvalid) << "of another run";
}

}  // namespace
}  // namespace agent

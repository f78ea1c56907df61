// Compaction over HTTP, and the state as a file.

#include "tests/api/answers.h"

namespace agent {
namespace {

void insert(FakeHost& host, const std::string& place, const std::string& text) {
  body(host, "PATCH", "/v1/objects/" + place,
       R"({"type":"seq","ops":[{"op":"insert","at":0,"text":")" + text + "\"}]}");
}

std::string value(FakeHost& host, const std::string& place) {
  return json(host, "GET", "/v1/objects/" + place)["value"].dump();
}

TEST(Compact, FoldsOneObjectOrAllAndCounts) {
  FakeHost a("A");
  for (int i = 0; i < 3; ++i) insert(a, "one", "x");
  for (int i = 0; i < 2; ++i) insert(a, "two", "y");

  const Json one = json(a, "POST", "/crdt/compact", R"({"object_id":"one"})");
  ASSERT_EQ(one["compacted"].size(), 1u);
  EXPECT_EQ(one["compacted"][0]["object_id"], "one");
  EXPECT_EQ(one["compacted"][0]["changes_folded"], 3);
  EXPECT_TRUE(one["compacted"][0]["bytes_freed"].is_number_unsigned());
  EXPECT_EQ(body(a, "POST", "/crdt/compact", R"({"object_id":"one"})"),
            R"({"compacted":[{"object_id":"one","changes_folded":0,"bytes_freed":0}]})");
  const Json all = json(a, "POST", "/crdt/compact", "");
  ASSERT_EQ(all["compacted"].size(), 1u);
  EXPECT_EQ(all["compacted"][0]["object_id"], "two");
  EXPECT_EQ(body(a, "POST", "/crdt/compact", "{}"), R"({"compacted":[]})");
  EXPECT_EQ(value(a, "one"), R"("xxx")");
}

TEST(Compact, AnswersOnceAfterManyStepsAlsoWhenTheQueueIsFull) {
  ReplicaOptions options;
  options.compaction.asked.objects = 1;
  FakeHost a("A", options);
  for (int i = 0; i < 5; ++i) insert(a, "o" + std::to_string(i), "x");
  auto exchange = a.send("POST", "/crdt/compact", "{}");
  ASSERT_TRUE(a.start_turn() && a.finish_turn() && a.loop_step());
  a.refuse_writes_ = 1;
  for (int i = 0; i < 4; ++i) a.advance(10);

  ASSERT_TRUE(exchange->answered());
  EXPECT_EQ(parsed(exchange->response())["compacted"].size(), 5u) << exchange->response().body;
}

TEST(Compact, SetsWhenTextsAreFolded) {
  FakeHost a("A");
  const auto settings = [&] { return json(a, "GET", "/v1/status")["compaction"].dump(); };
  EXPECT_EQ(settings(), R"({"automatic":true,"every":100})");
  EXPECT_EQ(body(a, "POST", "/crdt/compact", R"({"automatic":false})"), R"({"compacted":[]})");
  EXPECT_EQ(settings(), R"({"automatic":false,"every":100})");
  body(a, "POST", "/crdt/compact", R"({"every":2})");
  a.restart(true);
  EXPECT_EQ(settings(), R"({"automatic":false,"every":2})");
  body(a, "POST", "/crdt/compact", R"({"automatic":true})");
  EXPECT_EQ(settings(), R"({"automatic":true,"every":2})");
  for (int i = 0; i < 2; ++i) insert(a, "one", "x");
  EXPECT_EQ(a.replica().counts().texts_waiting, 0u);
}

TEST(Compact, RefusesWhatItDoesNotKnow) {
  FakeHost a("A");
  const auto refused = [&](const std::string& sent) {
    const http::Response response = a.call("POST", "/crdt/compact", sent);
    EXPECT_TRUE(parsed(response)["error"].is_string()) << response.body;
    return response.status;
  };
  EXPECT_EQ(a.call("POST", "/crdt/compact", R"({"object_id":"none"})").body,
            R"({"error":"Not Found"})");
  EXPECT_EQ(refused(R"({"object_id":"none"})"), 404);
  for (const char* sent :
       {"[]", "x", R"({"object_id":7})", R"({"object_id":""})", R"({"every":0})",
        R"({"every":10001})", R"({"every":-1})", R"({"every":1.5})", R"({"every":"9"})",
        R"({"automatic":1})", R"({"what":1})", R"({"object_id":"a","every":5})"}) {
    EXPECT_EQ(refused(sent), 400) << sent;
  }
}

std::string file_of(FakeHost& host) {
  auto exchange = host.send("GET", "/v1/state");
  host.run();
  EXPECT_TRUE(exchange->ended());
  EXPECT_EQ(exchange->head().content_type, "application/octet-stream");
  return exchange->streamed();
}

http::Response import(FakeHost& host, std::string_view file, std::size_t piece = SIZE_MAX,
                      const std::string& route = "/v1/state") {
  auto exchange = host.send("POST", route);
  host.run();
  for (std::size_t at = 0; at < file.size() && !exchange->answered();) {
    if (!exchange->accepts_body()) host.run();
    if (exchange->answered()) break;
    EXPECT_TRUE(exchange->accepts_body()) << "paused for ever";
    if (!exchange->accepts_body()) return {};
    const std::string_view part = file.substr(at, piece);
    exchange->deliver(part);
    at += part.size();
  }
  host.run();
  if (!exchange->answered() && exchange->accepts_body()) exchange->deliver("");
  host.run();
  EXPECT_TRUE(exchange->answered());
  return exchange->answered() ? exchange->response() : http::Response{};
}

void fill(FakeHost& host) {
  insert(host, "note", "some words");
  body(host, "PATCH", "/v1/objects/tags", R"({"type":"orset","ops":[{"op":"add","value":1}]})");
  body(host, "POST", "/snapshots/add/x", R"({"size":1})");
}

TEST(State, IsCarriedAsAFileInPiecesOfAnySize) {
  ReplicaOptions options;
  options.snapshots.page_bytes = 200;
  FakeHost a("A", options);
  fill(a);
  const std::string file = file_of(a);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{100}, file.size()}) {
    FakeHost z("Z");
    insert(z, "own", "mine");

    const http::Response done = import(z, file, piece);

    EXPECT_EQ(done.status, 200) << done.body;
    EXPECT_EQ(parsed(done)["cells"]["removed"], 0);
    EXPECT_EQ(parsed(done)["texts_changed"], 1);
    EXPECT_GT(parsed(done)["cells"]["added"], 10);
    EXPECT_EQ(parsed(done)["objects"], Json::parse(R"({"new":3,"changed":0,"removed":0})"));
    EXPECT_EQ(parsed(done)["own_changes_kept"], 1);
    EXPECT_EQ(value(z, "note"), R"("some words")");
    EXPECT_EQ(value(z, "tags"), "[1]");
    EXPECT_EQ(value(z, "own"), R"("mine")");
  }
}

TEST(State, AFileThatIsCutFlippedOrForeignChangesNothing) {
  FakeHost a("A");
  fill(a);
  const std::string file = file_of(a);
  FakeHost z("Z");
  const auto refused = [&](const std::string& bad) {
    const http::Response response = import(z, bad);
    EXPECT_EQ(response.status, 400) << response.body;
    EXPECT_TRUE(z.replica().vector().empty());
  };
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{5}, file.size() / 2, file.size() - 1}) {
    refused(file.substr(0, length));
  }
  for (std::size_t byte = 0; byte < file.size(); byte += 37) {
    std::string flipped = file;
    flipped[byte] = static_cast<char>(flipped[byte] ^ 4);
    refused(flipped);
  }
  refused("{\"id\":\"a\"}\n");
  refused(file + "x");

  EXPECT_EQ(import(z, file).status, 200);
}

TEST(State, ASlowClientCostsOnePageAndOneThatGoesEndsTheExport) {
  ReplicaOptions options;
  options.snapshots.page_bytes = 200;
  FakeHost a("A", options);
  fill(a);
  for (int i = 0; i < 20; ++i) insert(a, "n" + std::to_string(i), std::string(100, 'x'));
  auto slow = a.send("GET", "/v1/state");
  slow->read_slowly();
  a.run();
  EXPECT_LT(slow->unsent(), 2'000u);
  EXPECT_EQ(refusal(a, "GET", "/v1/state"), "503 busy");

  slow->leave();
  a.run();

  EXPECT_EQ(slow.use_count(), 1);
  EXPECT_GT(file_of(a).size(), 2'000u) << "another export can begin";
}

TEST(State, AClientThatGoesEndsTheImport) {
  FakeHost a("A");
  fill(a);
  const std::string file = file_of(a);
  FakeHost z("Z");
  auto exchange = z.send("POST", "/v1/state");
  z.run();
  exchange->deliver(std::string_view(file).substr(0, file.size() / 2));
  z.run();

  exchange->leave();
  z.run();

  EXPECT_EQ(exchange.use_count(), 1);
  EXPECT_TRUE(z.replica().vector().empty());
  ASSERT_TRUE(z.last_join());
  EXPECT_EQ(z.last_join()->report.why, "the client went away before the end of the file");
  EXPECT_EQ(import(z, file).status, 200) << "another import can begin";
}

TEST(State, AFullQueueIsTriedAgain) {
  FakeHost a("A");
  fill(a);
  const std::string file = file_of(a);
  FakeHost z("Z");
  auto exchange = z.send("POST", "/v1/state");
  z.run();
  z.refuse_writes_ = 2;
  exchange->deliver(file);
  for (int i = 0; i < 5; ++i) z.advance(10);
  exchange->deliver("");
  z.run();

  EXPECT_EQ(exchange->response().status, 200) << exchange->response().body;
}

TEST(State, AFileOfAnotherMeshIsTakenOnlyWhenTheClientSaysSo) {
  FakeHost a("A");
  a.belongs_to(7);
  fill(a);
  const std::string file = file_of(a);
  FakeHost z("Z");
  z.belongs_to(8);

  const http::Response refused = import(z, file);
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("another mesh"), std::string::npos) << refused.body;
  EXPECT_TRUE(z.replica().vector().empty());
  ASSERT_TRUE(z.last_join());
  EXPECT_NE(z.last_join()->report.why.find("another mesh"), std::string::npos)
      << "the log has the reason of the client: " << z.last_join()->report.why;
  const http::Response taken = import(z, file, SIZE_MAX, "/v1/state?mesh=any");

  EXPECT_EQ(taken.status, 200) << taken.body;
  EXPECT_EQ(value(z, "note"), R"("some words")");
}

TEST(State, TheLastJoinStandsInTheStatus) {
  FakeHost a("A");
  FakeHost z("Z");
  EXPECT_EQ(json(z, "GET", "/v1/status")["last_join"], nullptr);
  EXPECT_EQ(json(z, "GET", "/v1/status")["last_merge"], nullptr);
  fill(a);
  insert(z, "own", "mine");
  z.join_from(a);
  z.run();
  z.pass(3'000);

  const Json last = json(z, "GET", "/v1/status")["last_join"];

  EXPECT_EQ(last["outcome"], "merged");
  EXPECT_EQ(last["from"], a.facts().node_id.hex());
  EXPECT_EQ(last["seconds_ago"], 3);
  EXPECT_EQ(last["away_seconds"], nullptr);
  EXPECT_EQ(last["objects"], Json::parse(R"({"new":3,"changed":0,"removed":0})"));
  EXPECT_GT(last["cells"]["added"], 10);
  EXPECT_EQ(last["texts_changed"], 1);
  EXPECT_EQ(last["own_changes_kept"], 1);
  EXPECT_GT(last["bytes"], 100);
  EXPECT_TRUE(last["seconds"].is_number());
  ASSERT_EQ(import(z, file_of(a)).status, 200);
  EXPECT_EQ(json(z, "GET", "/v1/status")["last_join"]["outcome"], "nothing_new");
  EXPECT_EQ(json(z, "GET", "/v1/status")["last_join"]["from"], "file");
  EXPECT_EQ(json(z, "GET", "/v1/status")["last_merge"], last) << "what came is still told";
}

TEST(State, NeedsChunks) {
  FakeHost a("A");
  a.clients_know_chunks_ = false;
  EXPECT_EQ(refusal(a, "GET", "/v1/state"), "400 invalid");
}

}  // namespace
}  // namespace agent

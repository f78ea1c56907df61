#include "tests/api/fake_host.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <utility>

#include "agent/api/api.h"

namespace agent {
namespace {

constexpr std::int64_t kStart = 1'800'000'000'000'000'000;

http::Verb verb_of(const std::string& name) {
  for (int i = 0; i < static_cast<int>(http::Verb::kOther); ++i) {
    auto verb = static_cast<http::Verb>(i);
    if (http::verb_name(verb) == name) return verb;
  }
  return http::Verb::kOther;
}

}  // namespace

FakeHost::FakeHost(const std::string& name, const ReplicaOptions& options)
    : options_(options),
      now_{{kStart}, kStart, true},
      random_(base::Random::from_number(std::hash<std::string>{}(name))) {
  std::string pattern = testing::TempDir() + "/hearsay-api-XXXXXX";
  CHECK(mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
  host_ = "host " + name;
  open_replica();
  facts_.name = name;
  facts_.version = "1.2.3";
  facts_.bind = "127.0.0.1:7700";
  facts_.http = "127.0.0.1:7780";
  facts_.topology = "push-pull";
  facts_.profile = "lan";
  facts_.compaction = {options_.compaction.automatic, options_.store.fold_changes};
  add_routes(*this, router_);
}

FakeHost::~FakeHost() {
  reader_.reset();
  replica_.reset();
  std::filesystem::remove_all(folder_);
}

void FakeHost::open_replica() {
  auto replica = Replica::open(now_, folder_ + "/a.db", options_, host_, random_.fork());
  if (!replica.ok()) ADD_FAILURE() << replica.error().message;
  replica_ = std::move(*replica);
  auto reader = store::Reader::open(folder_ + "/a.db", options_.store);
  if (!reader.ok()) ADD_FAILURE() << reader.error().message;
  reader_ = std::move(*reader);
  facts_.node_id = replica_->node_id();
}

void FakeHost::restart(bool clean) {
  if (clean) {
    EXPECT_TRUE(replica_->close().ok());
  }
  reader_.reset();
  replica_.reset();
  open_replica();
}

// --- what handlers call

void FakeHost::write(WriteRequest request, std::function<void(base::Result<Written>)> done) {
  if (refuse_writes_ > 0) {
    --refuse_writes_;
    loop_.push_back([done] { done(base::Error{base::Code::kBusy, "too many writes wait"}); });
    return;
  }
  std::uint64_t ticket = next_number_++;
  waiting_[ticket] = std::move(done);
  inputs_.push_back(Write{ticket, std::move(request)});
}

void FakeHost::maintain(decltype(Maintain::what) what, MaintenanceDone done) {
  if (refuse_writes_ > 0) {
    --refuse_writes_;
    loop_.push_back([done] { done(base::Error{base::Code::kBusy, "too many writes wait"}); });
    return;
  }
  std::uint64_t ticket = next_number_++;
  maintaining_[ticket] = std::move(done);
  inputs_.push_back(Maintain{ticket, std::move(what)});
}

bool FakeHost::read(Work work) {
  if (refuse_reads_ > 0) {
    --refuse_reads_;
    return false;
  }
  work_.push_back(std::move(work));
  return true;
}

void FakeHost::await_holders(const crdt::Dot&, std::size_t wanted, base::Duration within,
                             std::function<void(std::vector<std::string>)> done) {
  const bool waits = holders_.size() < wanted;
  later(waits ? static_cast<std::uint64_t>(within.millis()) : 0,
        [this, done = std::move(done)] { done(holders_); });
}

void FakeHost::join(const std::string& address,
                    std::function<void(const base::Result<Joined>&)> done) {
  joined_ = address;
  loop_.push_back([done, answer = join_answer_] { done(answer); });
}

std::uint64_t FakeHost::watch(Watcher watcher, std::function<void()> ready) {
  watchers_[next_number_] = std::move(watcher);
  ready_.emplace_back(turns_begun_, std::move(ready));
  tell_ready();
  return next_number_++;
}

void FakeHost::later(std::uint64_t millis, std::function<void()> tick) {
  timers_.emplace(now_.instant.nanos + static_cast<std::int64_t>(millis) * 1'000'000,
                  std::move(tick));
}

// --- what the test calls

std::shared_ptr<FakeExchange> FakeHost::send(const std::string& verb, const std::string& target,
                                             const std::string& body,
                                             const http::Headers& headers) {
  http::Request request;
  request.verb = verb_of(verb);
  request.method = verb;
  request.headers = headers;
  auto parsed = http::parse_target(target);
  if (!parsed.ok()) {
    auto refused = std::make_shared<FakeExchange>(request);
    refused->fail(parsed.error());
    return refused;
  }
  request.target = std::move(*parsed);
  http::Router::Match match = router_.match(request.verb, request.target.segments);
  const http::Route* route = match.route;
  request.captures = match.captures;
  request.tail = match.tail;
  if (route) request.pattern = route->pattern;
  if (route && !route->streams_body) request.body = body;
  auto exchange = std::make_shared<FakeExchange>(std::move(request));
  exchange->runs_on([this](std::function<void()> step) { loop_.push_back(std::move(step)); });
  if (!clients_know_chunks_) exchange->knows_no_chunks();
  if (!route) {
    bool other_verb = !match.allow.empty();
    exchange->fail({other_verb ? base::Code::kMethod : base::Code::kNotFound, "no route"});
  } else if (body.size() > route->body_max) {
    exchange->fail({base::Code::kTooLarge, "body"});
  } else {
    route->handler(exchange);
  }
  return exchange;
}

http::Response FakeHost::call(const std::string& verb, const std::string& target,
                              const std::string& body) {
  auto exchange = send(verb, target, body);
  run();
  for (const std::string& piece : {body, std::string()}) {
    if (exchange->accepts_body()) exchange->deliver(piece);
    run();
  }
  if (!exchange->answered()) {
    ADD_FAILURE() << "no answer: " << verb << " " << target;
    return {};
  }
  return exchange->response();
}

bool FakeHost::start_turn() {
  if (turn_started_ || committed_ || inputs_.empty()) return false;
  turn_started_ = true;
  ++turns_begun_;
  turn_watched_ = !watchers_.empty();
  turn_inputs_.assign(std::make_move_iterator(inputs_.begin()),
                      std::make_move_iterator(inputs_.end()));
  inputs_.clear();
  return true;
}

bool FakeHost::commit_turn() {
  if (!std::exchange(turn_started_, false)) return false;
  for (const Input& input : turn_inputs_) {
    if (const auto* received = std::get_if<Received>(&input)) {
      for (const crdt::Opened& opened : received->changes) told_.push_back(opened.sealed.bytes);
    }
  }
  now_.wall_nanos += 1'000;
  Outputs outputs = replica_->turn(now_, turn_inputs_, turn_watched_);
  turn_inputs_.clear();
  for (const crdt::SealedChange& change : outputs.facts.own) told_.push_back(change.bytes);
  committed_ = std::move(outputs);
  return true;
}

bool FakeHost::tell_turn() {
  if (!committed_) return false;
  auto outputs = std::make_shared<Outputs>(std::move(*committed_));
  committed_.reset();
  loop_.push_back([this, outputs] { deliver(std::move(*outputs)); });
  return true;
}

void FakeHost::deliver(Outputs outputs) {
  for (Reply& reply : outputs.replies) {
    auto waiting = waiting_.extract(reply.ticket);
    if (!waiting.empty()) waiting.mapped()(std::move(reply.result));
  }
  for (MaintenanceReply& reply : outputs.maintained) {
    auto waiting = maintaining_.extract(reply.ticket);
    if (!waiting.empty()) waiting.mapped()(std::move(reply.result));
  }
  sync_meter_.add(now_, outputs.merges);
  for (const JoinReport& join : outputs.joins) {
    last_join_ = LastJoin{join, now_.instant};
    if (changed_something(join.counts)) last_merge_ = last_join_;
  }
  if (outputs.facts.join && outputs.facts.join->kind == JoinStep::Kind::kAsk) {
    answer(*outputs.facts.join);
  }
  if (!outputs.events.empty() || outputs.events_cut) {
    for (auto& [number, watcher] : watchers_) watcher(outputs.events, outputs.events_cut);
  }
  ++turns_told_;
  tell_ready();
}

void FakeHost::tell_ready() {
  for (auto& [turn, ready] : std::exchange(ready_, {})) {
    turn <= turns_told_ ? ready() : (void)ready_.emplace_back(turn, std::move(ready));
  }
}

void FakeHost::answer(const JoinStep& step) {
  std::vector<Input> query = {SnapshotQuery{1, facts_.node_id, step.query}};
  Outputs served = joins_->replica_->turn(now_, query, false);
  ASSERT_EQ(served.pages.size(), 1u);
  ASSERT_EQ(served.pages[0].outcome, SnapshotRead::Outcome::kPage);
  inputs_.push_back(JoinAnswer{step.peer, std::move(served.pages[0].body)});
}

bool FakeHost::start_read() {
  if (read_answer_ || work_.empty()) return false;
  Work work = std::move(work_.front());
  work_.pop_front();
  ++reads_done_;
  auto begun = reader_->begin();
  EXPECT_TRUE(begun.ok());
  read_answer_ = work(*reader_);
  reader_->end();
  return true;
}

bool FakeHost::finish_read() {
  if (!read_answer_) return false;
  loop_.push_back(std::exchange(read_answer_, nullptr));
  return true;
}

bool FakeHost::loop_step() {
  if (loop_.empty()) return false;
  auto step = std::move(loop_.front());
  loop_.pop_front();
  step();
  return true;
}

bool FakeHost::fire_timer() {
  if (timers_.empty() || timers_.begin()->first > now_.instant.nanos) return false;
  auto tick = std::move(timers_.begin()->second);
  timers_.erase(timers_.begin());
  tick();
  return true;
}

void FakeHost::run() {
  while (start_turn() || finish_turn() || read_step() || loop_step() || fire_timer()) {
  }
}

void FakeHost::run_by_chance(base::Random& random) {
  for (int idle = 0; idle < 64;) {
    bool moved = false;
    switch (random.below(7)) {
      case 0:
        moved = start_turn();
        break;
      case 1:
        moved = commit_turn();
        break;
      case 5:
        moved = tell_turn();
        break;
      case 2:
        moved = start_read();
        break;
      case 3:
        moved = finish_read();
        break;
      case 4:
        moved = fire_timer();
        break;
      default:
        moved = loop_step();
    }
    idle = moved ? 0 : idle + 1;
  }
}

void FakeHost::pass(std::uint64_t millis) {
  now_.instant = now_.instant + base::millis(static_cast<std::int64_t>(millis));
  now_.wall_nanos += base::millis(static_cast<std::int64_t>(millis)).nanos;
}

void FakeHost::advance(std::uint64_t millis) {
  pass(millis);
  run();
}

void FakeHost::spoil_cells() {
  sqlite3* database = nullptr;
  CHECK(sqlite3_open((folder_ + "/a.db").c_str(), &database) == SQLITE_OK);
  CHECK(sqlite3_exec(database, "DROP TABLE cells; DROP TABLE names", nullptr, nullptr, nullptr) ==
        SQLITE_OK);
  sqlite3_close(database);
}

void FakeHost::close_actor(const base::ActorId& actor) {
  inputs_.push_back(CloseActors{{actor}});
  run();
}

void FakeHost::join_from(FakeHost& other) {
  joins_ = &other;
  inputs_.push_back(StartJoin{other.facts_.node_id});
}

void FakeHost::learn_from(FakeHost& other) {
  hear_from(other);
  run();
}

void FakeHost::take(const crdt::SealedChange& change) {
  Received received;
  received.changes.push_back(*crdt::open_change(change.bytes));
  inputs_.push_back(std::move(received));
  run();
}

void FakeHost::hear_from(FakeHost& other) {
  Received received;
  received.from = other.facts_.node_id;
  for (const base::Bytes& bytes : other.told_) {
    auto opened = crdt::open_change(bytes);
    CHECK(opened.ok());
    if (replica_->vector().covers(opened->sealed.actor, opened->sealed.seq)) continue;
    received.changes.push_back(std::move(*opened));
  }
  if (!received.changes.empty()) inputs_.push_back(std::move(received));
}

}  // namespace agent

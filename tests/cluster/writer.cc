#include "tests/cluster/writer.h"

#include <unistd.h>

#include <random>

namespace cluster {
namespace {

std::string metadata_of(const std::string& id, int number) {
  return R"({"by":")" + id + R"(","n":)" + std::to_string(number) + "}";
}

std::string padded(int number) {
  std::string text = std::to_string(number);
  return std::string(6 - std::min<std::size_t>(6, text.size()), '0') + text;
}

}  // namespace

Writer::Writer(probe::HttpClient client, Plan plan, History& history)
    : client_(std::move(client)),
      plan_(std::move(plan)),
      history_(history),
      thread_([this] { run(); }) {}

Writer::~Writer() { thread_.join(); }

void Writer::run() {
  for (int i = 0; i < plan_.requests_max && !stopping_; ++i) {
    if (!step(i)) return;
    if (plan_.pause_micros > 0) usleep(static_cast<useconds_t>(plan_.pause_micros));
  }
}

bool Writer::step(int number) {
  std::mt19937_64 random(plan_.seed * 1'000'003 + static_cast<std::uint64_t>(number));
  auto kind = random() % 10;
  if (!plan_.condemned.empty() && kind < 2) {
    std::string id = plan_.condemned.back();
    plan_.condemned.pop_back();
    return take(id, {}, client_.del("/snapshots/remove/" + id));
  }
  if (!own_.empty() && kind == 2) {
    std::string id = own_[random() % own_.size()];
    std::string metadata = metadata_of(id, number);
    return take(id, metadata, client_.put("/snapshots/metadata/" + id, metadata));
  }
  if (!own_.empty() && kind == 3) {
    std::string id = own_.back();
    own_.pop_back();
    return take(id, {}, client_.del("/snapshots/remove/" + id));
  }
  std::string id = plan_.prefix + padded(number);
  std::string metadata = metadata_of(id, number);
  if (kind == 4) return add_pair(id, metadata);
  auto answer = client_.post("/snapshots/add/" + id, metadata);
  if (outcome_of(answer) == Outcome::kAcknowledged) own_.push_back(id);
  return take(id, metadata, answer);
}

// Two entries in one request are one change: both are there or none.
bool Writer::add_pair(const std::string& id, const std::string& metadata) {
  std::vector<std::string> ids{id + "a", id + "b"};
  std::string body = R"({"ops":[)";
  for (const std::string& each : ids) {
    body += R"({"op":"set","path":[")" + each + R"("],"value":)" + metadata + "},";
  }
  body.back() = ']';
  auto answer = client_.patch("/v1/objects/snapshots", body + "}");
  Outcome outcome = outcome_of(answer);
  history_.asked_together(ids, metadata, outcome);
  if (outcome == Outcome::kAcknowledged) ++acknowledged_;
  return outcome != Outcome::kUnknown;
}

bool Writer::take(const std::string& id, EntryState after,
                  const base::Result<probe::HttpAnswer>& answer) {
  Outcome outcome = outcome_of(answer);
  history_.asked(id, std::move(after), outcome);
  if (outcome == Outcome::kAcknowledged) ++acknowledged_;
  return outcome != Outcome::kUnknown;
}

}  // namespace cluster

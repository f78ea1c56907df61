#include "tools/bench/rejoin.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "agent/replica/replica.h"
#include "gossip/wire/compression.h"
#include "gossip/wire/message.h"
#include "tools/bench/workload.h"

namespace bench {
namespace {

namespace wire = gossip::wire;

constexpr std::size_t kBatch = 1'000;  // entries of one change while the stores are filled
constexpr std::size_t kAtOnce = 100;   // missed changes in one commit
constexpr int kJoinTime = 2;
constexpr int kLogTime = 3;

// What one side sends in a session.
class Wire {
 public:
  void send(const wire::Message& message) {
    bytes_ += compressor_.apply(wire::encode(message)).size();
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  wire::Compressor compressor_;
  std::uint64_t bytes_ = 0;
};

base::Result<std::unique_ptr<agent::Replica>> open(const std::string& file, std::uint64_t seed,
                                                   const agent::ReplicaOptions& options = {}) {
  return agent::Replica::open(now_of(0), file, options, "bench", base::Random::from_number(seed));
}

base::Error unequal() { return {base::Code::kInternal, "the two stores did not become equal"}; }

// The pages of a state join. Returns the bytes of the queries and the pages.
base::Result<std::uint64_t> join(agent::Replica& joiner, agent::Replica& server) {
  Wire queries;
  Wire pages;
  std::vector<agent::Input> inputs{agent::StartJoin{server.node_id(), false}};
  agent::Outputs out = joiner.turn(now_of(kJoinTime), inputs, false);
  for (std::uint64_t request = 1; out.facts.join; ++request) {
    if (out.facts.join->kind != agent::JoinStep::Kind::kAsk) break;
    queries.send(wire::SnapshotRequest{request, out.facts.join->query, 0});
    inputs.assign(1, agent::SnapshotQuery{request, joiner.node_id(), out.facts.join->query});
    agent::Outputs answered = server.turn(now_of(kJoinTime), inputs, false);
    base::Bytes& page = answered.pages.at(0).body;
    pages.send(wire::SnapshotAnswer{request, wire::SnapshotAnswer::Outcome::kPage, page});
    inputs.assign(1, agent::JoinAnswer{server.node_id(), std::move(page)});
    out = joiner.turn(now_of(kJoinTime), inputs, false);
  }
  if (joiner.state() != server.state()) return unequal();
  return queries.bytes() + pages.bytes();
}

// The answers to range requests, in pages of the usual size.
base::Result<std::uint64_t> catch_up(agent::Replica& behind, agent::Replica& server) {
  Wire pages;
  for (std::uint64_t request = 1; behind.vector() != server.vector(); ++request) {
    wire::Range range;
    range.request = request;
    agent::Received received;
    store::Store& store = server.store();
    ASSIGN_OR_RETURN(
        const auto visited,
        store.log().range(store.actors(), behind.vector(), {}, [&](const store::LogEntry& entry) {
          range.changes.emplace_back(entry.sealed);
        }));
    range.outcome =
        visited.complete ? wire::Range::Outcome::kComplete : wire::Range::Outcome::kMore;
    for (const base::Bytes& sealed : range.changes) {
      ASSIGN_OR_RETURN(auto opened, crdt::open_change(sealed));
      received.changes.push_back(std::move(opened));
    }
    if (range.changes.empty()) return unequal();
    pages.send(range);
    std::vector<agent::Input> inputs{std::move(received)};
    behind.turn(now_of(kLogTime), inputs, false);
  }
  if (behind.state() != server.state()) return unequal();
  return pages.bytes();
}

class Catalog {
 public:
  explicit Catalog(agent::Replica& replica) : replica_(replica) {}

  base::Status fill(std::size_t entries) {
    while (ids_.size() < entries) {
      agent::ImportEntries batch{"snapshots", {}};
      for (std::size_t i = 0; i < kBatch && ids_.size() < entries; ++i) {
        ids_.push_back(new_id());
        batch.entries.push_back({ids_.back(), metadata()});
      }
      RETURN_IF_ERROR(commit({agent::Write{1, std::move(batch)}}));
    }
    return {};
  }

  // Half adds, a quarter overwrites of one field, a quarter removes, of entries anywhere. Returns
  // the bytes of the ids and values that another agent then misses.
  base::Result<std::uint64_t> change(std::size_t changes) {
    std::uint64_t missing = 0;
    std::vector<agent::Input> inputs;
    for (std::size_t i = 0; i < changes; ++i) {
      inputs.push_back(agent::Write{1, next(i % 4, missing)});
      if (inputs.size() < kAtOnce && i + 1 < changes) continue;
      RETURN_IF_ERROR(commit(std::exchange(inputs, {})));
    }
    return missing;
  }

 private:
  agent::WriteRequest next(std::size_t kind, std::uint64_t& missing) {
    using crdt::Verb;
    if (kind < 2) {
      const std::string id = new_id();
      crdt::Members members = metadata();
      missing += id.size();
      for (const auto& [field, value] : members) missing += field.size() + value.size();
      return request(id, Verb::kSet, std::move(members));
    }
    const std::size_t place = random_.below(ids_.size());
    missing += ids_[place].size();
    if (kind == 2) {
      crdt::Members members{{"status", value()}};
      missing += members[0].first.size() + members[0].second.size();
      return request(ids_[place], Verb::kMerge, std::move(members));
    }
    std::swap(ids_[place], ids_.back());
    const std::string id = std::exchange(ids_.back(), {});
    ids_.pop_back();
    return request(id, Verb::kUnset, {});
  }

  static agent::WriteObject request(const std::string& id, crdt::Verb verb,
                                    crdt::Argument argument) {
    return {"snapshots", {{{id}, verb, std::move(argument), std::nullopt, std::nullopt}}};
  }
  std::string new_id() { return "snap-" + base::to_hex(random_.bytes(6)); }
  std::string value() { return "\"" + base::to_hex(random_.bytes(37 + random_.below(38))) + "\""; }
  crdt::Members metadata() {
    crdt::Members members;
    for (const char* field : {"cluster", "created", "size", "status"}) {
      members.emplace_back(field, value());
    }
    return members;
  }

  base::Status commit(std::vector<agent::Input> inputs) {
    agent::Outputs out = replica_.turn(now_of(++time_ % 1'000), inputs, false);
    for (const agent::Reply& reply : out.replies) {
      if (!reply.result.ok()) return reply.result.error();
    }
    return {};
  }

  agent::Replica& replica_;
  base::Random random_ = base::Random::from_number(1);
  std::vector<std::string> ids_;
  int time_ = 0;
};

}  // namespace

base::Result<RejoinResult> measure_rejoin(const RejoinOptions& options, const WorkFolder& folder) {
  RejoinResult result;
  const std::string path = (folder / "").string();
  ASSIGN_OR_RETURN(auto server, open(path + "server.db", 1));
  ASSIGN_OR_RETURN(auto by_log, open(path + "log.db", 2));
  ASSIGN_OR_RETURN(auto by_join, open(path + "join.db", 3));
  agent::ReplicaOptions whole;
  whole.join.missing_max = 0;
  ASSIGN_OR_RETURN(auto by_whole, open(path + "whole.db", 4, whole));
  Catalog catalog(*server);
  RETURN_IF_ERROR(catalog.fill(static_cast<std::size_t>(options.entries)));
  for (agent::Replica* one : {by_log.get(), by_join.get(), by_whole.get()}) {
    ASSIGN_OR_RETURN(result.join_bytes, join(*one, *server));
  }
  result.changes = static_cast<std::uint64_t>(options.entries / 100);
  ASSIGN_OR_RETURN(result.missing_bytes, catalog.change(result.changes));
  ASSIGN_OR_RETURN(result.log_bytes, catch_up(*by_log, *server));
  ASSIGN_OR_RETURN(result.join_bytes, join(*by_join, *server));
  ASSIGN_OR_RETURN(result.whole_bytes, join(*by_whole, *server));
  return result;
}

base::Result<Report> run_rejoin(const Common& common, const RejoinOptions& options) {
  ASSIGN_OR_RETURN(auto folder, WorkFolder::make(common.parent));
  ASSIGN_OR_RETURN(const RejoinResult result, measure_rejoin(options, folder));
  Report report("rejoin", {"way", "bytes", "bytes_missing", "ratio"});
  const auto missing = static_cast<double>(result.missing_bytes);
  for (const auto& [way, bytes] : {std::pair<const char*, std::uint64_t>{"log", result.log_bytes},
                                   {"state join", result.join_bytes},
                                   {"state join, whole objects", result.whole_bytes}}) {
    report.add({way, bytes, result.missing_bytes, static_cast<double>(bytes) / missing});
  }
  report.note(fmt::format(
      "{} changes missed in a catalog of {} entries: half adds, a quarter overwrites of a field, a "
      "quarter removes; bytes of the messages as they are sent, compressed; missing: ids, names of "
      "fields and values",
      result.changes, options.entries));
  return report;
}

}  // namespace bench

#include "tools/bench/merge.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

#include "agent/replica/replica.h"
#include "crdt/map.h"
#include "store/database.h"

namespace bench {
namespace {

constexpr std::size_t kActors = 32;
constexpr const char* kFields[] = {"cluster", "created", "sha256", "status"};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::uint64_t bytes_written() {
  std::ifstream io("/proc/self/io");
  std::string name;
  std::uint64_t value = 0;
  while (io >> name >> value) {
    if (name == "wchar:") return value;
  }
  return 0;
}

// Makes the changes of other agents, and the rows that a raw table would hold for them.
class Workload {
 public:
  explicit Workload(std::uint64_t seed) : random_(base::Random::from_number(seed)) {
    for (std::size_t i = 0; i < kActors; ++i)
      authors_.push_back({random_.id<base::ActorTag>(), {}});
  }

  struct Row {
    std::string key;
    std::string value;
  };

  // A new entry with all its fields, as `add` writes it.
  crdt::Opened new_entry(std::vector<Row>& rows) {
    std::string id = "snap-" + base::to_hex(random_.bytes(6));
    crdt::Entry nothing;
    nothing.object = "snapshots";
    nothing.id = id;
    crdt::Members metadata;
    for (const char* field : kFields) metadata.emplace_back(field, value());
    for (const auto& [field, text] : metadata) rows.push_back({id + "/" + field, text});
    Author& author = random_.pick(authors_);
    crdt::Change change = begin(author);
    change.effects = crdt::plan_add(nothing, metadata, change.time);
    for (std::size_t i = 2; i < change.effects.size(); ++i) {
      slots_.push_back({change.effects[i].slot, change.dot_of(i)});
    }
    return finish(author, std::move(change));
  }

  // One field: of a slot that exists, or of a new entry.
  crdt::Opened one_field(std::vector<Row>& rows) {
    bool update = random_.chance(2);
    Author& author = random_.pick(authors_);
    crdt::Change change = begin(author);
    crdt::Effect effect;
    effect.stamp = {change.time, ""};
    effect.body = value();
    if (update) {
      Slot& slot = random_.pick(slots_);
      effect.slot = slot.slot;
      effect.kills = {slot.dot};
      slot.dot = change.dot_of(0);
    } else {
      std::string id = "snap-" + base::to_hex(random_.bytes(6));
      effect.slot = crdt::field_slot("snapshots", id, random_.chance(2) ? "status" : "cluster");
      slots_.push_back({effect.slot, change.dot_of(0)});
    }
    rows.push_back({effect.slot.path[0] + "/" + effect.slot.path[1], *effect.body});
    change.effects.push_back(std::move(effect));
    return finish(author, std::move(change));
  }

 private:
  struct Author {
    base::ActorId actor;
    crdt::Head head;
  };
  struct Slot {
    crdt::Slot slot;
    crdt::Dot dot;
  };

  std::string value() {
    std::size_t length = 37 + random_.below(38);
    return "\"" + base::to_hex(random_.bytes(length)) + "\"";
  }

  crdt::Change begin(const Author& author) {
    crdt::Change change;
    change.actor = author.actor;
    change.seq = author.head.seq + 1;
    change.prev = author.head.hash;
    change.time = {1'700'000'000'000'000'000 + ++clock_ * 1000, 0};
    return change;
  }

  crdt::Opened finish(Author& author, crdt::Change change) {
    auto sealed = crdt::seal(change);
    CHECK(sealed.ok());
    author.head = {change.seq, sealed->hash};
    crdt::Opened opened;
    opened.sealed = std::move(*sealed);
    opened.change = std::move(change);
    return opened;
  }

  base::Random random_;
  std::vector<Author> authors_;
  std::vector<Slot> slots_;
  std::int64_t clock_ = 0;
};

base::Now now_of(std::int64_t number) { return {{number}, 1'800'000'000'000'000'000, true}; }

// What the protocol hands to the store thread: changes opened from their sealed bytes. Opening is
// the loop thread's work and not in the figure.
base::Result<std::vector<agent::Input>> as_received(const std::vector<crdt::Opened>& changes) {
  agent::Received received;
  for (const crdt::Opened& change : changes) {
    ASSIGN_OR_RETURN(crdt::Opened opened, crdt::open_change(change.sealed.bytes));
    received.bytes += opened.sealed.bytes.size();
    received.changes.push_back(std::move(opened));
  }
  std::vector<agent::Input> inputs;
  inputs.emplace_back(std::move(received));
  return inputs;
}

base::Status merge(agent::Replica& replica, std::vector<agent::Input>& inputs) {
  agent::Outputs out = replica.turn(now_of(1), inputs, false);
  if (out.facts.forgotten.empty()) return {};
  return base::Error{base::Code::kInternal, "a change was dropped"};
}

class RawTable {
 public:
  static base::Result<std::unique_ptr<RawTable>> open(const std::string& path) {
    ASSIGN_OR_RETURN(auto database, store::Database::open(path, store::Database::Mode::kReadWrite));
    RETURN_IF_ERROR(database->execute(
        "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        "PRAGMA wal_autocheckpoint=16000; PRAGMA journal_size_limit=67108864;"
        "PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY;"
        "CREATE TABLE cells(k TEXT PRIMARY KEY, v BLOB NOT NULL) STRICT, WITHOUT ROWID;"
        "CREATE TABLE log(pos INTEGER PRIMARY KEY, change BLOB NOT NULL) STRICT;"));
    std::unique_ptr<RawTable> raw(new RawTable(std::move(database)));
    ASSIGN_OR_RETURN(
        raw->upsert_,
        raw->database_->prepare(
            "INSERT INTO cells(k, v) VALUES(?, ?) ON CONFLICT(k) DO UPDATE SET v = excluded.v"));
    ASSIGN_OR_RETURN(raw->append_, raw->database_->prepare("INSERT INTO log(change) VALUES(?)"));
    return raw;
  }

  base::Status commit(const std::vector<Workload::Row>& rows,
                      const std::vector<crdt::Opened>& changes) {
    RETURN_IF_ERROR(database_->execute("BEGIN IMMEDIATE"));
    for (const Workload::Row& row : rows) {
      RETURN_IF_ERROR(upsert_->bind_text(1, row.key).bind_blob(2, row.value).run());
    }
    for (const crdt::Opened& change : changes) {
      RETURN_IF_ERROR(append_->bind_blob(1, change.sealed.bytes).run());
    }
    return database_->execute("COMMIT");
  }

 private:
  explicit RawTable(std::unique_ptr<store::Database> database) : database_(std::move(database)) {}
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Statement> upsert_;
  std::unique_ptr<store::Statement> append_;
};

// Times one side over all batches.
class Meter {
 public:
  template <typename Call>
  base::Status commit(Call call) {
    auto one = std::chrono::steady_clock::now();
    RETURN_IF_ERROR(call());
    spent_ += seconds_since(one);
    commits_.push_back(seconds_since(one) * 1000);
    return {};
  }
  MergeSide result(std::uint64_t changes, std::uint64_t written) {
    MergeSide side;
    std::sort(commits_.begin(), commits_.end());
    side.changes_per_second = static_cast<double>(changes) / spent_;
    side.kilobytes_written = static_cast<double>(written) / 1000 / static_cast<double>(changes);
    side.commit_millis_p99 = commits_[commits_.size() * 99 / 100];
    return side;
  }

 private:
  double spent_ = 0;
  std::vector<double> commits_;
};

}  // namespace

base::Result<MergeResult> measure_merge(const MergeWork& work) {
  MergeResult result;
  Workload workload(1);
  agent::Outside outside;
  outside.fingerprint = "bench";
  std::string file = work.folder + "/replica.db";
  ASSIGN_OR_RETURN(auto replica, agent::Replica::open(now_of(0), file, agent::ReplicaOptions{},
                                                      outside, base::Random::from_number(2)));
  ASSIGN_OR_RETURN(auto raw, RawTable::open(work.folder + "/raw.db"));

  std::vector<crdt::Opened> changes;
  std::vector<Workload::Row> rows;
  for (std::uint64_t i = 0; i < work.entries; ++i) {
    changes.push_back(workload.new_entry(rows));
    if (changes.size() < work.batch && i + 1 < work.entries) continue;
    ASSIGN_OR_RETURN(auto inputs, as_received(changes));
    RETURN_IF_ERROR(merge(*replica, inputs));
    RETURN_IF_ERROR(raw->commit(rows, changes));
    changes.clear();
    rows.clear();
  }
  result.bytes_per_cell =
      static_cast<double>(std::filesystem::file_size(file)) / static_cast<double>(work.entries * 4);

  Meter replica_meter;
  Meter raw_meter;
  std::uint64_t replica_bytes = 0;
  std::uint64_t raw_bytes = 0;
  for (std::uint64_t done = 0; done < work.changes; done += work.batch) {
    for (std::uint64_t i = 0; i < work.batch; ++i) changes.push_back(workload.one_field(rows));
    ASSIGN_OR_RETURN(auto inputs, as_received(changes));
    std::uint64_t before = bytes_written();
    RETURN_IF_ERROR(replica_meter.commit([&] { return merge(*replica, inputs); }));
    std::uint64_t between = bytes_written();
    RETURN_IF_ERROR(raw_meter.commit([&] { return raw->commit(rows, changes); }));
    replica_bytes += between - before;
    raw_bytes += bytes_written() - between;
    changes.clear();
    rows.clear();
  }
  result.replica = replica_meter.result(work.changes, replica_bytes);
  result.raw = raw_meter.result(work.changes, raw_bytes);
  return result;
}

}  // namespace bench

#pragma once

// The data for the benchmarks of the data machine: changes of other agents, and the rows that a
// plain table would hold for them.

#include <memory>
#include <string>
#include <vector>

#include "agent/replica/replica.h"
#include "crdt/catalog/entry.h"
#include "store/database.h"

namespace bench {

inline constexpr std::size_t kActors = 32;
inline constexpr const char* kFields[] = {"cluster", "created", "sha256", "status"};

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
    change.effects = crdt::plan_add(nothing, crdt::fields_of(metadata), change.time);
    for (std::size_t i = 2; i < change.effects.size(); ++i) {
      slots_.push_back({change.effects[i].slot,
                        crdt::Dot{change.actor, change.seq, static_cast<std::uint32_t>(i)}});
    }
    return finish(author, std::move(change));
  }

  // One field of an existing entry, or of a new one.
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
      effect.kills = crdt::runs_of({slot.dot});
      slot.dot = crdt::Dot{change.actor, change.seq, 0};
    } else {
      std::string id = "snap-" + base::to_hex(random_.bytes(6));
      effect.slot = crdt::field_slot("snapshots", id, random_.chance(2) ? "status" : "cluster");
      slots_.push_back({effect.slot, crdt::Dot{change.actor, change.seq, 0}});
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

inline base::Now now_of(std::int64_t number) { return {{number}, 1'800'000'000'000'000'000, true}; }

// The input that the protocol passes to the store thread: changes that were opened from their
// sealed bytes. Opening is done by the loop thread and is not measured.
base::Result<std::vector<agent::Input>> as_received(const std::vector<crdt::Opened>& changes);
base::Status merge(agent::Replica& replica, std::vector<agent::Input>& inputs);

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

}  // namespace bench

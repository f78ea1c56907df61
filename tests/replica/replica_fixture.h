#pragma once

// A replica in a folder of its own, a time that moves only when the test says so, and short names
// for the inputs that the tests of this folder use.

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>

#include "agent/replica/replica.h"
#include "tests/crdt/members_of.h"
#include "tools/simulator/requests.h"

namespace agent {

using crdt::samples::members_of;
using simulation::add_entry;
using simulation::patch_entry;
using simulation::put_entry;
using simulation::remove_entry;
using simulation::remove_object;

class Folder {
 public:
  Folder() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("hearsay-replica-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name = "a.db") const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

constexpr std::int64_t kWall = 1'700'000'000'000'000'000;

inline base::Now at(std::int64_t millis) {
  return {{millis * 1'000'000}, kWall + millis * 1'000'000, true};
}

constexpr const char* kHost = "h";

inline std::unique_ptr<Replica> open_replica(const std::string& file, std::uint64_t seed,
                                             const ReplicaOptions& options = {},
                                             const base::Bytes& host = kHost) {
  auto replica = Replica::open(at(0), file, options, host, base::Random::from_number(seed));
  EXPECT_TRUE(replica.ok()) << replica.error().message;
  return std::move(*replica);
}

inline Input add(const std::string& id, const std::string& metadata = R"({"size":1})") {
  return Write{1, add_entry("snapshots", id, members_of(metadata))};
}

inline Outputs turn(Replica& replica, std::int64_t millis, std::vector<Input> inputs,
                    bool watched = false) {
  return replica.turn(at(millis), inputs, watched);
}

// The file calls of a replica. From call number `dies_at` on they have no effect, like after a
// power cut.
class Files : public DatabaseFiles {
 public:
  explicit Files(int dies_at = -1) : dies_at_(dies_at) {}
  bool exists(const std::string& path) override { return std::filesystem::exists(path); }
  base::Status move(const std::string& from, const std::string& to) override {
    if (calls_++ >= dies_at_ && dies_at_ >= 0) return dead();
    std::filesystem::rename(from, to);
    return {};
  }
  base::Status remove(const std::string& path) override {
    if (calls_++ >= dies_at_ && dies_at_ >= 0) return dead();
    std::filesystem::remove(path);
    return {};
  }
  int calls() const { return calls_; }

 private:
  static base::Status dead() { return base::Error{base::Code::kReadOnly, "the power is gone"}; }
  int dies_at_;
  int calls_ = 0;
};

inline bool says(const Outputs& out, Notice::Kind kind) {
  for (const Notice& notice : out.notices) {
    if (notice.kind == kind) return true;
  }
  return false;
}

// The input when `sealed` arrives from a peer.
inline Input received(const std::vector<crdt::SealedChange>& sealed) {
  Received input;
  for (const crdt::SealedChange& change : sealed) {
    auto opened = crdt::open_change(change.bytes);
    EXPECT_TRUE(opened.ok());
    input.bytes += change.bytes.size();
    input.changes.push_back(std::move(*opened));
  }
  return input;
}

// All changes of its log, in the order in which they were applied.
inline std::vector<crdt::SealedChange> log_of(Replica& replica) {
  std::vector<crdt::SealedChange> changes;
  auto status = replica.store().log().scan(
      replica.store().actors(), 0, 100'000, [&](const store::LogEntry& entry) {
        changes.push_back(
            {base::Bytes(entry.sealed), crdt::head_hash(entry.sealed), entry.actor, entry.seq});
        return true;
      });
  EXPECT_TRUE(status.ok());
  return changes;
}

inline crdt::SealedChange changed(const crdt::SealedChange& from,
                                  const std::function<void(crdt::Change&)>& edit) {
  auto opened = crdt::open_change(from.bytes);
  EXPECT_TRUE(opened.ok());
  edit(opened->change);
  auto sealed = crdt::seal(opened->change);
  EXPECT_TRUE(sealed.ok());
  return *sealed;
}

inline std::string shown(Replica& replica, const std::string& id) {
  auto entry = replica.store().cells().entry("snapshots", id);
  EXPECT_TRUE(entry.ok());
  return crdt::exists(*entry) ? crdt::shown_text(*entry) : "absent";
}

}  // namespace agent

#pragma once

// A replica in a folder of its own, time that moves only when the test says so, and the short words
// that the tests of this folder use.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "agent/replica/replica.h"

namespace agent {

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

// What the driver finds outside the data directory, host "h", start number `start`.
inline base::RunToken token(unsigned char number) {
  base::RunToken run;
  run.bytes[0] = number;
  return run;
}
inline Outside first_start(unsigned char number = 1) {
  Outside outside;
  outside.tokens = {token(number)};
  outside.fingerprint = "h";
  return outside;
}
inline Outside next_start(const Replica& former, unsigned char number, std::optional<Mark> mark) {
  Outside outside;
  outside.tokens = {former.run_token(), token(number)};
  outside.fingerprint = "h";
  outside.mark = mark;
  return outside;
}

inline std::unique_ptr<Replica> open_replica(const std::string& file, const Outside& outside,
                                             std::uint64_t seed,
                                             const ReplicaOptions& options = {}) {
  auto replica = Replica::open(at(0), file, options, outside, base::Random::from_number(seed));
  EXPECT_TRUE(replica.ok()) << replica.error().message;
  return std::move(*replica);
}

inline Input add(const std::string& id, const std::string& metadata = R"({"size":1})") {
  return Write{1, AddEntry{"snapshots", id, metadata}};
}

inline Outputs turn(Replica& replica, std::int64_t millis, std::vector<Input> inputs,
                    bool watched = false) {
  return replica.turn(at(millis), inputs, watched);
}

// What `sealed` looks like when it arrives.
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

inline std::string shown(Replica& replica, const std::string& id) {
  auto entry = replica.store().cells().entry("snapshots", id);
  EXPECT_TRUE(entry.ok());
  return crdt::exists(*entry) ? crdt::shown_text(*entry) : "absent";
}

}  // namespace agent

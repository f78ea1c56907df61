#pragma once

// A replica whose rows or file a test damages, and a peer that has the same data.

#include <filesystem>
#include <memory>
#include <string>

#include "tests/replica/replica_fixture.h"
#include "tests/store/changed_rows.h"
#include "tests/store/fault_vfs.h"

namespace agent {

struct Damaged : testing::Test {
  Folder folder;
  Files files;
  ReplicaOptions options;
  std::unique_ptr<Replica> a;
  std::unique_ptr<Replica> z = open_replica(folder.file("z.db"), 2);

  void SetUp() override {
    store::sample::faults() = {};  // this also registers the VFS
    options.files = &files;
    options.store.memtable_slots = 0;  // the rows that are harmed stand in their places at once
    a = open_replica(folder.file("a.db"), 1, options);
    turn(*z, 2, {received(turn(*a, 1, {add("x"), add("y")}).facts.own)});
    turn(*a, 4, {received(turn(*z, 3, {add("of z")}).facts.own)});
  }
  // Changes rows without the replica, like a defective card would.
  void harm(const std::string& sql) { store::sample::change_rows(folder.file("a.db"), sql); }
  void reopen() {
    a.reset();
    a = open_replica(folder.file("a.db"), 7, options);
  }
  void reopen_on_fault_vfs() {
    options.store.vfs = store::sample::kFaultVfs;
    reopen();
  }
  bool aside() const { return std::filesystem::exists(folder.file("a.db.aside-1")); }
  void give_up(const std::string& why) {
    Outputs heard = turn(*a, 60, {DamageSeen{why}, ConfirmOwn{a->own_actor(), 1}});
    if (!heard.reopen) heard = turn(*a, 61, {ConfirmOwn{a->own_actor(), 1}});
    EXPECT_TRUE(heard.reopen);
  }
  void fetch_all() {
    turn(*a, 20, {received(log_of(*z)), Synchronised{z->node_id()}});
    while (a->replaying()) turn(*a, 21, {});
  }
  Outputs scrub_all() {
    Outputs all;
    for (int i = 0; i < 50; ++i) {
      for (Notice& notice : a->scrub(at(5 + i)).notices) all.notices.push_back(notice);
    }
    return all;
  }
  const std::string flip =
      std::string(store::sample::kOtherByteInCells) + " WHERE id=(SELECT min(id) FROM cells)";
};

}  // namespace agent

#pragma once

// A store with texts, and edits as their author makes them.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "sample.h"
#include "store/texts.h"

namespace store::texts_test {

inline const crdt::Slot kNote{"notes", {"a"}, crdt::SlotType::kSeq};
inline const crdt::Slot kOther{"notes", {"b", "c"}, crdt::SlotType::kSeq};
inline const crdt::Slot kAlone{"alone", {}, crdt::SlotType::kSeq};

struct TextsTest : testing::Test {
  void SetUp() override {
    options.fold_changes = 5;
    open();
  }
  void open() {
    store.reset();
    auto opened = Store::open(folder.file("a.db"), options);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store = std::move(*opened);
  }
  Texts& texts() { return store->cells().texts(); }
  void begin() { ASSERT_TRUE(store->begin().ok()); }
  void commit() {
    const auto committed = store->commit(Durability::kFull);
    ASSERT_TRUE(committed.ok()) << committed.error().message;
  }

  // Edits as their author makes them. `model` is the same text in memory.
  void type(const crdt::Slot& slot, crdt::Sequence& model, std::uint32_t at,
            const std::string& letters) {
    const crdt::Dot dot{actor, ++seq, 0};
    const crdt::Anchor anchor = model.insert(at, dot, letters);
    ASSERT_TRUE(texts().insert(slot, dot, anchor, letters).ok());
  }
  void cut(const crdt::Slot& slot, crdt::Sequence& model, std::uint32_t at, std::uint32_t count) {
    const auto erased = texts().erase(slot, model.erase(at, count));
    ASSERT_TRUE(erased.ok());
    EXPECT_TRUE(*erased);
    ++seq;
  }
  std::string shown(const crdt::Slot& slot) {
    auto text = texts().shown(slot);
    EXPECT_TRUE(text.ok());
    return text.ok() ? *text : "";
  }

  sample::Folder folder;
  Options options;
  std::unique_ptr<Store> store;
  crdt::ActorId actor;
  std::uint64_t seq = 0;
};

}  // namespace store::texts_test

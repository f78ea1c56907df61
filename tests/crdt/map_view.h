#pragma once

// A View over maps in memory, and a replica on top of it: its own changes get their dots and are
// checked by sealing; those of others are applied in causal order, each once.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "crdt/types/conflicts.h"
#include "crdt/types/plan.h"
#include "crdt/types/shown.h"

namespace crdt {

class MapView : public View {
 public:
  explicit MapView(std::string object) : object_(std::move(object)) {}
  const std::string& object() const override { return object_; }
  base::Result<Cells> cells(const Path& path, SlotType type) override;
  base::Status below(const Path& path, const Visit& visit) override;
  base::Result<const Sequence*> text(const Path& path, const TextNeed& need) override;
  base::Result<std::string> shown_text(const Path& path) override;

  void apply(const Effect& effect, const Dot& dot);
  // Live cells, and a digest over them and over the texts.
  std::size_t count() const;
  Digest digest() const;
  std::map<Path, std::string> texts() const;

 private:
  Slot slot_of(const std::pair<Path, SlotType>& key) const {
    return {object_, key.first, key.second};
  }
  std::string object_;
  std::map<std::pair<Path, SlotType>, Cells> cells_;
  std::map<Path, Sequence> texts_;
  Digest digest_;
};

using Seen = std::map<ActorId, std::uint64_t>;

struct Sent {
  Change change;
  Seen before;  // what its author had applied
};

class Site {
 public:
  Site(char name, std::string object);

  // Plans the operations one after the other, each over the effects of those before it, and applies
  // them as one change. Nullopt when there is no effect.
  base::Result<std::optional<Sent>> write(const std::vector<Op>& ops);
  // For an operation that must succeed and change something.
  Sent must(const Op& op);
  // False when a cause is missing. A change that is already applied does nothing.
  bool take(const Sent& sent);
  void take_all(const std::vector<Sent>& all);

  // The shown value; "-" when nothing is there.
  std::string value(const Path& path = {}, std::optional<SlotType> type = {});
  std::vector<Reason> reasons(const Path& path = {});
  std::vector<Hidden> conflicts(const Path& path = {});

  MapView& view() { return view_; }
  const Seen& seen() const { return seen_; }
  const std::vector<Sent>& log() const { return log_; }
  const ActorId& actor() const { return actor_; }
  std::int64_t clock = 1'000;  // the wall clock; write() moves it by one

 private:
  void apply(const Sent& sent);
  ActorId actor_;
  MapView view_;
  Seen seen_;
  std::vector<Sent> log_;
};

// Operations in short.
Op set(Path path, std::string value, std::optional<SlotType> type = {});
Op unset(Path path = {});
Op increment(Path path, std::uint64_t by, std::optional<SlotType> type = {});
Op decrement(Path path, std::uint64_t by);
Op add(Path path, std::string element);
Op remove(Path path, std::string element);
Op insert(Path path, std::uint32_t at, std::string text);
Op erase(Path path, std::uint32_t at, std::uint32_t length);
Op replace(Path path, SlotType type, std::string value);

}  // namespace crdt

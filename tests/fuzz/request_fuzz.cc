// Any bytes as the body of a request on an object, as the q of a query, and as a cursor of events.
// The first byte chooses the parser. They are refused with a message, or the operations that come
// of them are planned: an error, or effects that can be sealed.

#include <cstdint>
#include <map>

#include "agent/api/event_text.h"
#include "agent/api/object_ops.h"
#include "agent/api/query.h"
#include "crdt/base/bytes.h"
#include "crdt/base/check.h"
#include "crdt/catalog/entry_write.h"
#include "crdt/types/plan.h"

namespace {

// An object in which nothing is yet.
class Empty : public crdt::View {
 public:
  const std::string& object() const override { return object_; }
  base::Result<crdt::Cells> cells(const crdt::Path&, crdt::SlotType) override {
    return crdt::Cells();
  }
  base::Status below(const crdt::Path&, const Visit&) override { return {}; }
  base::Result<const crdt::Sequence*> text(const crdt::Path&, const crdt::TextNeed&) override {
    return nullptr;
  }
  base::Result<std::string> shown_text(const crdt::Path&) override { return std::string(); }

 private:
  std::string object_ = "o";
};

void check_ops(const base::Result<agent::WriteObject>& write) {
  if (!write.ok()) {
    CHECK(!write.error().message.empty());
    return;
  }
  Empty view;
  const crdt::Author author{[] { return crdt::HybridTime{1, 0}; }, [] { return crdt::ActorId(); }};
  crdt::Change change;
  change.seq = 1;
  for (const crdt::Op& op : write->ops) {
    // The door refuses it before it is planned.
    if (!crdt::check_brought(op, {}, crdt::HybridClock({INT64_MAX / 2, 0}, {})).ok()) continue;
    const std::size_t before = change.effects.size();
    const auto planned = crdt::plan(view, op, author, change.effects);
    if (planned.ok()) continue;
    CHECK(!planned.error().message.empty());
    CHECK(change.effects.size() == before);
  }
  CHECK(crdt::seal(change).ok());
}

void check_entries(const base::Result<agent::WriteObject>& write) {
  if (!write.ok()) {
    CHECK(!write.error().message.empty());
    return;
  }
  const auto folded = crdt::fold(write->ops);
  if (!folded.ok()) {
    CHECK(!folded.error().message.empty());
    return;
  }
  crdt::Change change;
  change.seq = 1;
  for (const crdt::EntryWrite& entry : folded->entries) {
    crdt::Entry empty;
    empty.object = write->object;
    empty.id = entry.id;
    for (crdt::Effect& effect : crdt::plan(empty, entry, [] { return crdt::HybridTime{1, 0}; })) {
      change.effects.push_back(std::move(effect));
    }
  }
  CHECK(crdt::seal(change).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'o':
      check_ops(agent::parse_ops({"o", {}}, input));
      check_ops(agent::parse_ops({"o", {"k"}}, input));
      break;
    case 'r':
      check_ops(agent::parse_replacement({"o", {"k"}}, input));
      break;
    case 'p':
      check_entries(agent::parse_ops({"snapshots", {}}, input));
      check_entries(agent::parse_ops({"snapshots", {"x"}}, input));
      break;
    case 'q': {
      const auto query = agent::Query::parse(input);
      if (query.ok()) (void)query->matches("id", {{"size", "1"}, {"name", "\"x\""}});
      break;
    }
    default: {
      const auto cursor = agent::Cursor::parse(input);
      if (!cursor) break;
      const auto again = agent::Cursor::parse(cursor->text());
      CHECK(again.has_value());
      CHECK(again->text() == cursor->text());
    }
  }
  return 0;
}

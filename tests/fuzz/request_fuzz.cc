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
#include "tests/fuzz/planned.h"

namespace {

using fuzz::check_ops;

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

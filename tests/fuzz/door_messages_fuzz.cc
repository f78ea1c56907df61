// Any bytes as a message of a client of a door: the first byte chooses the door. They are refused
// with a message, or they become operations that are planned. What a door writes in its answers is
// JSON, whatever the client sent.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "agent/api/catalog_delta_post.h"
#include "agent/api/deltas.h"
#include "agent/api/device_messages.h"
#include "agent/api/dictionary_messages.h"
#include "agent/api/foreign_clock.h"
#include "agent/api/limits.h"
#include "agent/api/place.h"
#include "crdt/base/check.h"
#include "crdt/catalog/entry_write.h"
#include "crdt/value.h"
#include "tests/fuzz/planned.h"

namespace {

bool is_json(const std::string& text) { return crdt::minify_json(text, text.size()).ok(); }

// POST /crdt/sync
void check_sync(std::string_view body) {
  const auto write = agent::parse_sync(body);
  if (write.ok()) {
    CHECK(agent::check_id("object", write->object).ok());
    CHECK(agent::check_writable(write->object).ok());
    CHECK(write->ops.size() <= agent::kBatchOpsMax);
    // A catalog plans whole entries.
    if (crdt::is_catalog(write->object)) {
      const auto folded = crdt::fold(write->ops);
      CHECK(folded.ok() || !folded.error().message.empty());
      return;
    }
  }
  fuzz::check_ops(write);
}

// POST /crdt/delta, with the clocks that are kept of foreign nodes
void check_posted(std::string_view body) {
  const auto posted = agent::parse_posted(body);
  if (!posted.ok()) {
    CHECK(!posted.error().message.empty());
    return;
  }
  agent::ForeignClock clock;
  int number = 0;
  for (const agent::PostedDelta& delta : posted->deltas) {
    CHECK(crdt::is_catalog(delta.object));
    CHECK(agent::check_id("id", delta.id).ok());
    CHECK(delta.timestamp >= 0);
    const std::string name = std::to_string(++number);
    if (clock.is_stale(delta.node, delta.clock, name)) continue;
    clock.take(delta.node, delta.clock, name);
    CHECK(clock.is_stale(delta.node, delta.clock, name));
  }
  CHECK(agent::ForeignClock::parse(clock.text()).text() == clock.text());
}

// What another agent has written as the clock of a foreign node
void check_clock(std::string_view text) {
  const agent::ForeignClock clock = agent::ForeignClock::parse(text);
  const std::string kept = clock.text();
  CHECK(is_json(kept));
  CHECK(agent::ForeignClock::parse(kept).text() == kept);
  agent::ForeignClock joined = clock;
  joined.join(clock);
  CHECK(joined.text() == kept);
}

// /ws/sync and POST /sync/device
void check_device(std::string_view text) {
  auto message = agent::parse_device_message(text);
  if (!message.ok()) {
    CHECK(is_json(agent::device_error_text(message.error())));
    return;
  }
  CHECK(message->ack_timestamp >= 0 && message->last_ack >= 0);
  CHECK(message->changes.ops.size() <= agent::kDeviceChangesMax);
  CHECK(is_json(agent::sync_ack_text(message->ack_timestamp, {})));
  fuzz::check_ops(std::move(message->changes));
}

// /ws
void check_dictionary(std::string_view text) {
  const auto message = agent::parse_dictionary_message(text);
  if (!message.ok()) {
    CHECK(is_json(agent::dictionary_error_text(message.error())));
    return;
  }
  CHECK(!message->key.empty());
  const std::string* value = message->value.empty() ? nullptr : &message->value;
  CHECK(is_json(agent::lookup_text(message->key, value)));
  if (message->action != agent::DictionaryMessage::Action::kSet) return;
  CHECK(message->value.starts_with('"'));
  agent::WriteObject write;
  write.object = "dictionary";
  crdt::Op op;
  op.path = {message->key};
  op.type = crdt::SlotType::kLwwRegister;
  op.argument = message->value;
  write.ops.push_back(std::move(op));
  fuzz::check_ops(std::move(write));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 's':
      check_sync(input);
      break;
    case 'p':
      check_posted(input);
      break;
    case 'c':
      check_clock(input);
      break;
    case 'd':
      check_device(input);
      break;
    default:
      check_dictionary(input);
  }
  return 0;
}

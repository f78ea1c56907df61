#include "agent/api/device_messages.h"

#include <algorithm>
#include <utility>

#include "agent/api/body.h"
#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "agent/api/map_registers.h"
#include "crdt/value.h"

namespace agent {
namespace {

base::Result<std::int64_t> time_member(const crdt::Members& members, std::string_view key) {
  ASSIGN_OR_RETURN(const std::uint64_t number, number_member(members, key, INT64_MAX));
  return static_cast<std::int64_t>(number);
}

base::Result<crdt::Op> note_op(const std::string& text) {
  if (text.front() != '{') return base::invalid("it must be a JSON object");
  ASSIGN_OR_RETURN(const crdt::Members change, crdt::object_members(text));
  crdt::Op op;
  op.verb = crdt::Verb::kSet;
  op.type = crdt::SlotType::kLwwRegister;
  op.keeps_ties = true;
  ASSIGN_OR_RETURN(std::string key, string_member(change, "key"));
  RETURN_IF_ERROR(check_key(key));
  op.path = {std::move(key)};
  RETURN_IF_ERROR(string_member(change, "value"));
  ASSIGN_OR_RETURN(op.argument, value_member(change));
  crdt::Stamp stamp;
  ASSIGN_OR_RETURN(stamp.time.nanos, time_member(change, "timestamp"));
  ASSIGN_OR_RETURN(stamp.writer, string_member(change, "device_id"));
  RETURN_IF_ERROR(check_device("\"device_id\"", stamp.writer));
  op.stamp = std::move(stamp);
  return op;
}

base::Status add_changes(const crdt::Members& message, DeviceMessage& parsed) {
  const std::string* list = find_member(message, "changes");
  if (list == nullptr) return base::invalid("\"changes\" is missing");
  if (list->front() != '[') return base::invalid("\"changes\" must be an array");
  ASSIGN_OR_RETURN(const std::vector<std::string> texts, crdt::array_elements(*list));
  if (texts.size() > kDeviceChangesMax) {
    return base::Error{base::Code::kTooLarge,
                       "the message has " + std::to_string(texts.size()) + " changes; at most " +
                           std::to_string(kDeviceChangesMax) + " are taken: send several messages"};
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto op = note_op(texts[i]);
    if (!op.ok()) {
      return base::Error{op.error().code,
                         "changes[" + std::to_string(i) + "]: " + op.error().message};
    }
    const std::int64_t time = op->stamp->time.nanos;
    parsed.ack_timestamp = i == 0 ? time : std::max(parsed.ack_timestamp, time);
    parsed.changes.ops.push_back(std::move(*op));
  }
  return {};
}

std::string note_side_text(const NoteChange& side) {
  return JsonObject()
      .raw("value", side.value)
      .raw("timestamp", std::to_string(side.timestamp))
      .text("device_id", side.device)
      .take();
}

std::string list_text(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const std::string& text : texts) {
    if (list.size() > 1) list += ',';
    list += text;
  }
  return list + "]";
}

}  // namespace

base::Status check_device(std::string_view what, std::string_view device) {
  const std::string name(what);
  if (device.empty()) return base::invalid(name + " is empty; it needs 1 to 256 bytes");
  if (device.size() > crdt::kWriterBytesMax) {
    return base::invalid(name + " has " + std::to_string(device.size()) +
                         " bytes; at most 256 are possible");
  }
  if (device.find('\0') != std::string_view::npos) return base::invalid(name + " has a NUL byte");
  return {};
}

base::Result<DeviceMessage> parse_device_message(std::string_view text) {
  if (text.size() > kDeviceMessageMax) {
    return base::Error{base::Code::kTooLarge,
                       "the message has " + std::to_string(text.size()) + " bytes; at most " +
                           std::to_string(kDeviceMessageMax) + " are taken: send several messages"};
  }
  auto members = crdt::parse_object(text, text.size());
  if (!members.ok() || !*members) {
    return base::invalid("the message must be a JSON object" +
                         (members.ok() ? std::string() : ": " + members.error().message));
  }
  const crdt::Members& message = **members;
  ASSIGN_OR_RETURN(const std::string type, string_member(message, "type"));
  DeviceMessage parsed;
  if (type == "subscribe") {
    parsed.kind = DeviceMessage::Kind::kSubscribe;
    return parsed;
  }
  if (type == "sync_ack") {
    parsed.kind = DeviceMessage::Kind::kAck;
    ASSIGN_OR_RETURN(parsed.last_ack, time_member(message, "ack_timestamp"));
    return parsed;
  }
  if (type != "sync_push") {
    return base::invalid("the type \"" + type.substr(0, 80) +
                         "\" is not known; known are sync_push, sync_ack and subscribe");
  }
  ASSIGN_OR_RETURN(parsed.last_ack, time_member(message, "last_ack"));
  parsed.ack_timestamp = parsed.last_ack;
  RETURN_IF_ERROR(add_changes(message, parsed));
  return parsed;
}

std::string note_text(const NoteChange& change) {
  return JsonObject()
      .text("key", change.key)
      .raw("value", change.value)
      .raw("timestamp", std::to_string(change.timestamp))
      .text("device_id", change.device)
      .take();
}

std::string sync_ack_text(std::int64_t ack_timestamp, const std::vector<std::string>& changes) {
  return JsonObject()
      .text("type", "sync_ack")
      .raw("ack_timestamp", std::to_string(ack_timestamp))
      .raw("changes", list_text(changes))
      .take();
}

std::string sync_push_text(const std::vector<std::string>& changes) {
  return JsonObject().text("type", "sync_push").raw("changes", list_text(changes)).take();
}

std::string conflict_text(const NoteChange& winner, const NoteChange& loser) {
  return JsonObject()
      .text("type", "conflict")
      .text("key", winner.key)
      .raw("winner", note_side_text(winner))
      .raw("loser", note_side_text(loser))
      .take();
}

std::string device_error_text(const base::Error& error) {
  return JsonObject().text("type", "error").text("message", error.message).take();
}

}  // namespace agent

#include "agent/api/json_text.h"

#include <utility>

#include "crdt/value.h"

namespace agent {

JsonObject& JsonObject::text(std::string_view name, std::string_view value) {
  key(name);
  crdt::append_json_quoted(out_, value);
  return *this;
}

JsonObject& JsonObject::raw(std::string_view name, std::string_view json) {
  key(name);
  out_ += json;
  return *this;
}

JsonObject& JsonObject::number(std::string_view name, std::uint64_t value) {
  return raw(name, std::to_string(value));
}

JsonObject& JsonObject::boolean(std::string_view name, bool value) {
  return raw(name, value ? "true" : "false");
}

std::string JsonObject::take() {
  out_ += '}';
  return std::exchange(out_, "{");
}

void JsonObject::key(std::string_view name) {
  if (out_.size() > 1) out_ += ',';
  crdt::append_json_quoted(out_, name);
  out_ += ':';
}

std::string json_strings(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ',';
    crdt::append_json_quoted(out, text);
  }
  out += ']';
  return out;
}

std::string stamp_text(const crdt::HybridTime& time) {
  return std::to_string(time.nanos) + "." + std::to_string(time.counter);
}

}  // namespace agent

#include "agent/api/dictionary_messages.h"

#include <utility>

#include "agent/api/body.h"
#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "crdt/value.h"

namespace agent {
namespace {

base::Result<DictionaryMessage::Action> action_of(const std::string& name) {
  using Action = DictionaryMessage::Action;
  if (name == "add" || name == "update") return Action::kSet;
  if (name == "remove") return Action::kRemove;
  if (name == "lookup") return Action::kLookup;
  return base::invalid("the action \"" + name.substr(0, 80) +
                       "\" is not known; known are add, update, remove and lookup");
}

}  // namespace

base::Result<DictionaryMessage> parse_dictionary_message(std::string_view text) {
  if (text.size() > kDictionaryMessageMax) {
    return base::Error{base::Code::kTooLarge,
                       "the message has " + std::to_string(text.size()) + " bytes; at most " +
                           std::to_string(kDictionaryMessageMax) + " are taken"};
  }
  auto members = crdt::parse_object(text, text.size());
  if (!members.ok() || !*members) {
    return base::invalid("the message must be a JSON object" +
                         (members.ok() ? std::string() : ": " + members.error().message));
  }
  const crdt::Members& message = **members;
  DictionaryMessage parsed;
  ASSIGN_OR_RETURN(const std::string action, string_member(message, "action"));
  ASSIGN_OR_RETURN(parsed.action, action_of(action));
  ASSIGN_OR_RETURN(parsed.key, string_member(message, "key"));
  RETURN_IF_ERROR(check_key(parsed.key));
  if (parsed.action != DictionaryMessage::Action::kSet) return parsed;
  RETURN_IF_ERROR(string_member(message, "value"));
  ASSIGN_OR_RETURN(parsed.value, value_member(message));
  return parsed;
}

std::string initial_data_text(const std::string& data) {
  return JsonObject().text("action", "initial_data").raw("data", data).take();
}

std::string dictionary_change_text(const DictionaryChange& change) {
  const bool removed = change.value.empty();
  return JsonObject()
      .text("action", removed ? "remove" : "add")
      .text("key", change.key)
      .raw("value", removed ? "null" : change.value)
      .raw("timestamp", std::to_string(change.nanos))
      .take();
}

std::string lookup_text(const std::string& key, const std::string* value) {
  return JsonObject().text("key", key).raw("value", value != nullptr ? *value : "null").take();
}

std::string dictionary_error_text(const base::Error& error) {
  return JsonObject().text("action", "error").text("error", error.message).take();
}

}  // namespace agent

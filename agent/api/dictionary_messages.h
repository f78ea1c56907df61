#pragma once

// The messages of the dictionary's clients (docs/api.md, "Dictionary"). Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/api/dictionary_mirror.h"
#include "crdt/base/result.h"

namespace agent {

struct DictionaryMessage {
  enum class Action : std::uint8_t { kSet, kRemove, kLookup } action = Action::kLookup;
  std::string key;
  std::string value;  // of kSet: a JSON string
};
// kInvalid, or kTooLarge above kDictionaryMessageMax bytes. Members that are not known are passed
// over: clients of other servers send more than is needed.
base::Result<DictionaryMessage> parse_dictionary_message(std::string_view text);

std::string initial_data_text(const std::string& data);
std::string dictionary_change_text(const DictionaryChange& change);
// `value`: null if the key is not there.
std::string lookup_text(const std::string& key, const std::string* value);
std::string dictionary_error_text(const base::Error& error);

}  // namespace agent

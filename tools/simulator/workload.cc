#include "tools/simulator/workload.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "crdt/base/check.h"
#include "crdt/value.h"
#include "tools/simulator/op_words.h"
#include "tools/simulator/requests.h"

namespace simulation {
namespace {

constexpr std::array<std::string_view, 2> kObjects{"snapshots", "images"};  // all catalogs
constexpr std::uint64_t kIdsMax = 30;
constexpr std::array<std::string_view, 6> kOddIds{"a b", "a/b", "ä-名", "-", "%41", "id-1 "};
constexpr std::array<std::string_view, 8> kFieldNames{"size", "os",    "größe", "a\"b",
                                                      "",     "x.y.z", "\t",    "日本"};
// Numbers that are equal by value but not by text. The text must come back unchanged.
constexpr std::array<std::string_view, 8> kNumbers{
    "1", "1.0", "1e0", "10E-1", "-0", "0.10", "123456789012345678901234567890", "2.5e+300"};
constexpr std::array<std::string_view, 5> kTiny{"true", "false", "null", "\"\"", "[]"};
constexpr std::array<std::string_view, 10> kText{"a",    "Z",   "0",       "ß",    "語",
                                                 "🦊", "\\n", "\\u0041", "\\\"", "}, {"};
constexpr std::size_t kLargeBytesMax = 8'192;

std::string id_of(std::uint64_t number) {
  if (number % 5 == 4) return std::string(kOddIds[number / 5]);
  return "id-" + std::to_string(number);
}

// A JSON string literal. With `escaped` every ASCII character is written as an escape.
std::string quoted(std::string_view text, bool escaped) {
  static constexpr std::string_view kDigits = "0123456789aBcDeF";
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    bool must = byte < 0x20 || c == '"' || c == '\\';
    if (must || (escaped && byte < 0x80)) {
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// What an agent makes of these members when a client sends them as the text of an object.
crdt::Members sent(const crdt::Members& members, bool escaped) {
  std::string text = "{";
  for (const auto& [name, value] : members) {
    if (text.size() > 1) text += ",";
    text += quoted(name, escaped) + ":" + value;
  }
  auto parsed = crdt::parse_object(text + "}");
  CHECK(parsed.ok());
  CHECK(*parsed == members);
  return std::move(**parsed);
}

}  // namespace

Workload::Workload(base::Random random, std::uint64_t objects_percent)
    : random_(std::move(random)), objects_percent_(objects_percent), on_objects_(random_.fork()) {
  std::uint64_t objects = 1 + random_.below(kObjects.size());
  objects_.assign(kObjects.begin(), kObjects.begin() + static_cast<std::ptrdiff_t>(objects));
  ids_ = 1 + random_.below(kIdsMax);
  hot_ids_ = 1 + random_.below(std::min<std::uint64_t>(ids_, 3));
  hot_one_in_ = 1 + static_cast<std::uint32_t>(random_.below(6));
  fields_ = 1 + random_.below(kFieldNames.size());
  large_one_in_ = 10 + static_cast<std::uint32_t>(random_.below(200));
  weights_.draw(random_, static_cast<std::size_t>(Verb::kCount));
  // One removal of an object destroys the work of many requests.
  weights_[static_cast<std::size_t>(Verb::kRemoveObject)] /= 16;
  weights_[static_cast<std::size_t>(Verb::kAdd)] += 4;
}

agent::WriteRequest Workload::next(const Oracle& oracle, const crdt::VersionVector& seen) {
  bool on_object = objects_percent_ > 0 && random_.below(100) < objects_percent_;
  if (on_object) return on_objects_.next(oracle, seen);
  Verb verb = any_verb();
  if (verb == Verb::kPatch) return patch();
  if (verb == Verb::kImport) return import(oracle, seen);
  if (verb == Verb::kWrite) return write_entries();
  std::string object = any_object();
  if (verb == Verb::kRemoveObject) return remove_object(object);
  std::string id = any_id();
  if (verb == Verb::kRemove) return remove_entry(object, id);
  crdt::Members metadata = any_metadata();
  if (verb == Verb::kPut) return put_entry(object, id, std::move(metadata));
  return add_entry(object, id, std::move(metadata));
}

agent::WriteObject Workload::patch() {
  std::string object = any_object();
  std::string id = any_id();
  crdt::Members set = any_fields(3);
  const std::vector<std::string> unset = any_unset(set);
  return patch_entry(std::move(object), id, std::move(set), unset);
}

agent::ImportEntries Workload::import(const Oracle& oracle, const crdt::VersionVector& seen) {
  agent::ImportEntries import;
  import.object = any_object();
  std::uint64_t lines = random_.below(7);
  for (std::uint64_t i = 0; i < lines; ++i) {
    std::string id = any_id();
    bool again = random_.chance(2);
    crdt::Members metadata = any_metadata();
    if (again) {
      Fields shown = oracle.shown({import.object, id}, seen);
      bool backwards = random_.chance(2);
      crdt::Members members(shown.begin(), shown.end());
      if (backwards) std::reverse(members.begin(), members.end());
      metadata = sent(members, backwards);
    }
    import.entries.push_back({std::move(id), std::move(metadata)});
  }
  return import;
}

agent::WriteObject Workload::write_entries() {
  agent::WriteObject write;
  write.object = any_object();
  bool replaces = random_.chance(12);
  if (replaces) write.ops.push_back(op({}, crdt::Verb::kUnset));
  std::uint64_t entries = random_.below(5);
  std::set<std::string> ids;
  for (std::uint64_t i = 0; i < entries; ++i) ids.insert(any_id());
  for (const std::string& id : ids) write_entry(id, write, replaces);
  return write;
}

// Some operations on one entry. With `replaces` the request has removed it before.
void Workload::write_entry(const std::string& id, agent::WriteObject& write, bool replaces) {
  enum Whole { kKeep, kAdd, kRemove };
  const auto whole = static_cast<Whole>(random_.below(3));
  crdt::Members fields = any_fields(3);
  std::vector<std::string> unset;
  if (whole == kKeep) unset = any_unset(fields);
  if (whole == kAdd) return write.ops.push_back(op({id}, crdt::Verb::kSet, std::move(fields)));
  if (whole == kRemove || replaces) write.ops.push_back(op({id}, crdt::Verb::kUnset));
  for (auto& [field, value] : fields) {
    write.ops.push_back(op({id, field}, crdt::Verb::kSet, std::move(value)));
  }
  for (std::string& field : unset) write.ops.push_back(op({id, field}, crdt::Verb::kUnset));
}

Workload::Verb Workload::any_verb() { return static_cast<Verb>(weights_.any(random_)); }

std::string Workload::any_object() { return random_.pick(objects_); }

std::string Workload::any_id() {
  bool hot = random_.chance(hot_one_in_);
  return id_of(random_.below(hot ? hot_ids_ : ids_));
}

std::string Workload::any_field() {
  return std::string(kFieldNames[static_cast<std::size_t>(random_.below(fields_))]);
}

crdt::Members Workload::any_fields(std::size_t most) {
  std::uint64_t count = random_.below(most + 1);
  std::set<std::string> names;
  for (std::uint64_t i = 0; i < count; ++i) names.insert(any_field());
  crdt::Members members;
  for (const std::string& name : names) members.emplace_back(name, any_value());
  bool backwards = random_.chance(2);
  if (backwards) std::reverse(members.begin(), members.end());
  return members;
}

std::vector<std::string> Workload::any_unset(const crdt::Members& but) {
  std::set<std::string> names;
  std::uint64_t count = random_.below(3);
  for (std::uint64_t i = 0; i < count; ++i) names.insert(any_field());
  for (const auto& [name, value] : but) names.erase(name);
  return {names.begin(), names.end()};
}

crdt::Members Workload::any_metadata() {
  crdt::Members fields = any_fields(4);
  bool escaped = random_.chance(4);
  return sent(fields, escaped);
}

std::string Workload::any_value() {
  bool large = random_.chance(large_one_in_);
  if (large) {
    std::size_t bytes = 1 + static_cast<std::size_t>(random_.below(kLargeBytesMax));
    std::string text = any_text();
    while (text.size() < bytes) text += text;
    return "\"" + text + "\"";
  }
  std::uint64_t kind = random_.below(6);
  if (kind == 0) return std::string(random_.pick(kNumbers));
  if (kind == 1) return std::string(random_.pick(kTiny));
  if (kind == 2) return "\"" + any_text() + "\"";
  if (kind == 3) {
    std::string inner = any_text();
    return "{\"k\":[\"" + inner + "\",{}],\"\":" + std::to_string(random_.below(100)) + "}";
  }
  // Few different values, so that two authors often write the same.
  return std::to_string(random_.below(3));
}

// The inside of a JSON string literal.
std::string Workload::any_text() {
  std::string text;
  std::uint64_t pieces = 1 + random_.below(8);
  for (std::uint64_t i = 0; i < pieces; ++i) text += random_.pick(kText);
  return text;
}

std::string describe(const agent::WriteRequest& request) {
  if (const auto* import = std::get_if<agent::ImportEntries>(&request)) {
    return "import " + import->object + " (" + std::to_string(import->entries.size()) + " lines)";
  }
  const auto& write = std::get<agent::WriteObject>(request);
  return write.object + ": " + text_of(write.ops);
}

}  // namespace simulation

// KeyFile as TOML. Names are written as basic strings of TOML: for text without control characters
// these are the string literals of JSON.

#include <sodium.h>
#include <toml++/toml.h>

#include <algorithm>
#include <set>

#include "agent/access/key_file.h"
#include "crdt/base/bytes.h"
#include "crdt/base/json_string.h"

namespace auth {
namespace {

// One table of the file. The first error is kept. Every key that is not read is unknown.
class Table {
 public:
  Table(const toml::table& table, const std::string& path) : table_(table), path_(path) {}

  void refuse(const toml::source_region& where, const std::string& what) {
    if (!status_.ok()) return;
    status_ = base::invalid(path_ + ":" + std::to_string(where.begin.line) + ": " + what);
  }

  std::string text(std::string_view key) { return value<std::string>(key, "a string in quotes"); }
  bool flag(std::string_view key) { return value<bool>(key, "true or false"); }
  std::int64_t number(std::string_view key, std::int64_t low, std::int64_t high) {
    auto found = value<std::int64_t>(key, "a whole number");
    if (found >= low && found <= high) return found;
    refuse(table_.source(),
           std::string(key) + " must be " + std::to_string(low) + " to " + std::to_string(high));
    return low;
  }
  base::Bytes hex(std::string_view key, std::size_t bytes) {
    auto found = base::from_hex(text(key));
    if (found && found->size() == bytes) return *found;
    refuse(table_.source(),
           std::string(key) + " must have " + std::to_string(2 * bytes) + " hex digits");
    return base::Bytes(bytes, '\0');
  }
  const toml::array* list(std::string_view key) {
    known_.insert(std::string(key));
    const toml::node* node = table_.get(key);
    if (node == nullptr) return nullptr;
    if (!node->is_array()) refuse(node->source(), std::string(key) + " must be an array");
    return node->as_array();
  }

  base::Status finish() {
    for (const auto& [key, node] : table_) {
      if (known_.contains(std::string(key.str()))) continue;
      refuse(key.source(), "unknown key " + std::string(key.str()));
    }
    return status_;
  }

 private:
  template <typename T>
  T value(std::string_view key, const char* wanted) {
    known_.insert(std::string(key));
    const toml::node* node = table_.get(key);
    auto found = node != nullptr ? node->value_exact<T>() : std::nullopt;
    if (found) return std::move(*found);
    refuse(node != nullptr ? node->source() : table_.source(),
           std::string(key) + " must be " + wanted);
    return T{};
  }

  const toml::table& table_;
  const std::string& path_;
  std::set<std::string, std::less<>> known_;
  base::Status status_;
};

base::Result<ApiKey> read_key(const toml::table& from, const std::string& path) {
  Table table(from, path);
  ApiKey key;
  key.id = base::to_hex(table.hex("id", 4));
  key.name = table.text("name");
  auto hash = table.hex("hash", key.hash.size());
  std::copy(hash.begin(), hash.end(), key.hash.begin());
  auto scopes = parse_scopes(table.text("scopes"));
  if (!scopes.ok()) table.refuse(from.source(), scopes.error().message);
  if (scopes.ok()) key.scopes = *scopes;
  key.per_minute = static_cast<std::uint32_t>(table.number("per_minute", 1, kRateMax));
  key.no_mtls = table.flag("no_mtls");
  key.no_nonce = table.flag("no_nonce");
  key.nonce_seconds =
      static_cast<std::uint32_t>(table.number("nonce_seconds", kNonceSecondsMin, kNonceSecondsMax));
  key.created = table.number("created", INT64_MIN, INT64_MAX);
  if (auto sound = check_key(key); !sound.ok()) table.refuse(from.source(), sound.error().message);
  RETURN_IF_ERROR(table.finish());
  return key;
}

base::Status read_key_list(const toml::array& list, const std::string& path, KeyFile& out) {
  std::set<std::string> words;  // ids and names
  std::set<base::Hash256> hashes;
  for (const toml::node& node : list) {
    std::string where = path + ":" + std::to_string(node.source().begin.line) + ": ";
    if (!node.is_table()) return base::invalid(where + "a key must be a table [[key]]");
    if (out.keys.size() >= kKeysMax) {
      return base::Error{base::Code::kTooLarge,
                         where + "more than " + std::to_string(kKeysMax) + " keys"};
    }
    ASSIGN_OR_RETURN(ApiKey key, read_key(*node.as_table(), path));
    bool fresh = words.insert(key.id).second && words.insert(key.name).second;
    fresh = hashes.insert(key.hash).second && fresh;
    if (!fresh) return base::invalid(where + "this id, name or hash stands twice");
    out.keys.push_back(std::move(key));
  }
  return {};
}

base::Status read_revoked(const toml::array& list, const std::string& path, KeyFile& out) {
  for (const toml::node& node : list) {
    std::string where = path + ":" + std::to_string(node.source().begin.line) + ": ";
    auto text = node.value_exact<std::string>();
    if (!text) return base::invalid(where + "a serial number must be a string in quotes");
    auto added = out.revoke(*text);
    if (!added.ok()) return base::Error{added.error().code, where + added.error().message};
  }
  return {};
}

base::Result<KeyFile> read_file(const toml::table& from, const std::string& path) {
  Table table(from, path);
  KeyFile out;
  const toml::array* keys = table.list("key");
  const toml::array* revoked = table.list("revoked");
  if (keys != nullptr || from.get("secret") != nullptr) out.secret = table.hex("secret", 32);
  RETURN_IF_ERROR(table.finish());
  if (keys != nullptr) RETURN_IF_ERROR(read_key_list(*keys, path, out));
  if (revoked != nullptr) RETURN_IF_ERROR(read_revoked(*revoked, path, out));
  return out;
}

}  // namespace

base::Result<KeyFile> KeyFile::parse(const std::string& text, const std::string& path) {
  try {
    return read_file(toml::parse(std::string_view(text), std::string_view(path)), path);
  } catch (const toml::parse_error& error) {
    return base::invalid(path + ":" + std::to_string(error.source().begin.line) + ": " +
                         std::string(error.description()));
  }
}

std::string KeyFile::text() const {
  std::string out =
      "# API keys and revoked certificates of this agent, written by `hearsay apikey` and\n"
      "# `hearsay tls revoke`. After a change send SIGHUP to the agent.\n";
  if (!secret.empty()) out += "secret = \"" + base::to_hex(secret) + "\"\n";
  out += "revoked = [";
  for (const std::string& serial : revoked) out += "\n  \"" + serial + "\",";
  out += revoked.empty() ? "]\n" : "\n]\n";
  auto yes_no = [](bool value) { return value ? "true\n" : "false\n"; };
  for (const ApiKey& key : keys) {
    base::BytesView hash(reinterpret_cast<const char*>(key.hash.data()), key.hash.size());
    out += "\n[[key]]\nid = \"" + key.id + "\"\n";
    out += "name = " + base::json_quote(key.name) + "\n";
    out += "hash = \"" + base::to_hex(hash) + "\"\n";
    out += "scopes = \"" + scopes_text(key.scopes) + "\"\n";
    out += "per_minute = " + std::to_string(key.per_minute) + "\n";
    out += std::string("no_mtls = ") + yes_no(key.no_mtls);
    out += std::string("no_nonce = ") + yes_no(key.no_nonce);
    out += "nonce_seconds = " + std::to_string(key.nonce_seconds) + "\n";
    out += "created = " + std::to_string(key.created) + "\n";
  }
  return out;
}

}  // namespace auth

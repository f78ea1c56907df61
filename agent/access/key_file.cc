#include "agent/access/key_file.h"

#include <sodium.h>

#include <algorithm>

#include "crdt/base/bytes.h"

namespace auth {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kIdBytes = 4;
constexpr std::string_view kPrefix = "hsk_";

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

}  // namespace

base::Status check_key(const ApiKey& key) {
  bool named = !key.name.empty() && key.name.size() <= kNameMax && base::is_utf8(key.name) &&
               !has_control_character(key.name);
  if (!named) {
    return base::invalid("the name of a key has 1 to " + std::to_string(kNameMax) +
                         " bytes of UTF-8 without control characters");
  }
  if (key.scopes == Scopes{}) return base::invalid("a key needs a scope: read, write or admin");
  if (key.per_minute < 1 || key.per_minute > kRateMax) {
    return base::invalid("the rate of a key is 1 to " + std::to_string(kRateMax) +
                         " requests a minute");
  }
  if (key.nonce_seconds < kNonceSecondsMin || key.nonce_seconds > kNonceSecondsMax) {
    return base::invalid("the life of a nonce is " + std::to_string(kNonceSecondsMin) + " to " +
                         std::to_string(kNonceSecondsMax) + " seconds");
  }
  return {};
}

base::Result<Scopes> parse_scopes(std::string_view text) {
  Scopes scopes;
  while (true) {
    std::size_t comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    bool* scope = part == "read"    ? &scopes.read
                  : part == "write" ? &scopes.write
                  : part == "admin" ? &scopes.admin
                                    : nullptr;
    if (scope == nullptr) {
      return base::invalid("\"" + std::string(part.substr(0, 40)) +
                           "\" is no scope; expected read, write, admin, or several with commas");
    }
    *scope = true;
    if (comma == text.size()) return scopes;
    text.remove_prefix(comma + 1);
  }
}

std::string scopes_text(const Scopes& scopes) {
  std::string out;
  auto add = [&out](bool has, const char* name) {
    if (has) out += (out.empty() ? "" : ",") + std::string(name);
  };
  add(scopes.read, "read");
  add(scopes.write, "write");
  add(scopes.admin, "admin");
  return out;
}

base::Result<std::string> KeyFile::add(ApiKey wanted, base::Random& random) {
  RETURN_IF_ERROR(check_key(wanted));
  if (keys.size() >= kKeysMax) {
    return base::Error{base::Code::kTooLarge, "there are " + std::to_string(kKeysMax) +
                                                  " keys, which is the limit; remove one first"};
  }
  auto taken = [&](const std::string& word) {
    return std::any_of(keys.begin(), keys.end(),
                       [&](const ApiKey& key) { return key.name == word || key.id == word; });
  };
  if (taken(wanted.name)) {
    return base::Error{base::Code::kConflict, "there is a key with the name or id " + wanted.name +
                                                  "; remove it first, or take another name"};
  }
  if (secret.empty()) secret = random.bytes(kSecretBytes);
  do {
    wanted.id = base::to_hex(random.bytes(kIdBytes));
  } while (taken(wanted.id));
  std::string text = std::string(kPrefix) + base::to_hex(random.bytes(kKeyBytes));
  wanted.hash = hash_of_key(secret, text);
  keys.push_back(std::move(wanted));
  return text;
}

base::Result<ApiKey> KeyFile::remove(std::string_view id_or_name) {
  auto find = [&](std::string ApiKey::*field) {
    return std::find_if(keys.begin(), keys.end(),
                        [&](const ApiKey& key) { return key.*field == id_or_name; });
  };
  auto found = find(&ApiKey::id);
  if (found == keys.end()) found = find(&ApiKey::name);
  if (found == keys.end()) {
    return base::Error{base::Code::kNotFound, "there is no key with the id or name " +
                                                  std::string(id_or_name.substr(0, kNameMax)) +
                                                  "; see: hearsay apikey ls"};
  }
  ApiKey removed = std::move(*found);
  keys.erase(found);
  return removed;
}

base::Result<bool> KeyFile::revoke(std::string_view serial) {
  ASSIGN_OR_RETURN(std::string normal, normal_serial(serial));
  auto place = std::lower_bound(revoked.begin(), revoked.end(), normal);
  if (place != revoked.end() && *place == normal) return false;
  if (revoked.size() >= kRevokedMax) {
    return base::Error{base::Code::kTooLarge,
                       "the list of revoked certificates is full (" + std::to_string(kRevokedMax) +
                           "); make a new CA and issue the certificates again"};
  }
  revoked.insert(place, std::move(normal));
  return true;
}

base::Hash256 hash_of_key(base::BytesView secret, std::string_view key) {
  base::Hash256 out{};
  crypto_generichash(out.data(), out.size(), reinterpret_cast<const unsigned char*>(key.data()),
                     key.size(), reinterpret_cast<const unsigned char*>(secret.data()),
                     secret.size());
  return out;
}

base::Result<std::string> normal_serial(std::string_view text) {
  std::string digits;
  for (char c : text.substr(0, 2 * kSerialDigitsMax)) {
    if (c == ':') continue;
    if (base::hex_digit(c) < 0) digits.clear();
    if (base::hex_digit(c) < 0) break;
    if (digits.empty() && c == '0') continue;
    digits += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  bool fits =
      !digits.empty() && digits.size() <= kSerialDigitsMax && text.size() <= 2 * kSerialDigitsMax;
  if (fits) return digits;
  return base::invalid("\"" + std::string(text.substr(0, 2 * kSerialDigitsMax)) +
                       "\" is no serial number; expected up to 40 hex digits, as "
                       "`openssl x509 -serial` prints them");
}

std::string key_path(const std::string& directory) { return directory + "/keys.toml"; }

}  // namespace auth

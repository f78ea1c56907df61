#pragma once

// The API keys and the revoked certificates of a data directory, as one file: DIR/keys.toml. It has
// no key text, only keyed hashes, so it cannot be used to send requests. It may be copied to the
// data directories of other agents, which then know the same keys.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/access/limits.h"
#include "crdt/base/hash.h"
#include "crdt/base/random.h"
#include "crdt/base/result.h"

namespace auth {

// What a key may do. Each scope is for itself: `admin` does not contain `read`.
struct Scopes {
  bool read = false;
  bool write = false;
  bool admin = false;
  bool operator==(const Scopes&) const = default;
};
// "read,write", in any order, at least one. kInvalid names the part that is no scope.
base::Result<Scopes> parse_scopes(std::string_view text);
std::string scopes_text(const Scopes& scopes);

struct ApiKey {
  std::string id;    // 8 hex digits, for people and logs; no secret
  std::string name;  // 1 to 64 bytes of UTF-8 without control characters
  base::Hash256 hash{};
  Scopes scopes;
  std::uint32_t per_minute = 60;  // requests, 1 to kRateMax
  bool no_mtls = false;           // signed routes need no client certificate
  bool no_nonce = false;          // signed routes need neither nonce nor signature
  std::uint32_t nonce_seconds = kNonceSecondsDefault;  // how long a nonce can be used
  std::int64_t created = 0;  // seconds since 1970 by the clock of the host that made it; shown only
};

// kInvalid: the name, the scopes or a number is out of its range.
base::Status check_key(const ApiKey& key);

struct KeyFile {
  base::Bytes secret;  // 32 bytes: the key of the hashes; empty before the first key
  std::vector<ApiKey> keys;
  std::vector<std::string> revoked;  // normal_serial() of client certificates, sorted

  // kInvalid with path and line: no TOML, an unknown key, a value out of its range, two keys with
  // one id, name or hash.
  static base::Result<KeyFile> parse(const std::string& text, const std::string& path);
  std::string text() const;

  // Gives `wanted` an id and a hash, adds it, and returns the text of the key: "hsk_" and 64 hex
  // digits. This is the only time that anybody sees it. kConflict: the name is in use. kTooLarge:
  // there are kKeysMax keys. kInvalid: a value is out of its range.
  base::Result<std::string> add(ApiKey wanted, base::Random& random);
  // Removes the key with this id or, if none has it, this name. kNotFound.
  base::Result<ApiKey> remove(std::string_view id_or_name);
  // False: it is revoked already.
  base::Result<bool> revoke(std::string_view serial);
};

base::Hash256 hash_of_key(base::BytesView secret, std::string_view key);
// Lower case, without colons and leading zeros: "0A:1b" is "a1b". kInvalid if it is no serial
// number.
base::Result<std::string> normal_serial(std::string_view text);

std::string key_path(const std::string& directory);
// Without a file: no keys. kForbidden: others can read it; the message says "chmod 600 …".
base::Result<KeyFile> read_keys(const std::string& directory);
// Reads, changes and writes the file while no other program does. If `change` fails, the file
// stays. When root does it, the file belongs to the owner of the directory, whose agent reads it.
base::Status change_keys(const std::string& directory,
                         const std::function<base::Status(KeyFile&)>& change);

}  // namespace auth

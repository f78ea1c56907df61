#include "agent/api/request_name.h"

#include <algorithm>
#include <string>

#include "crdt/base/hash.h"

namespace agent {
namespace {

constexpr std::string_view kHeader = "idempotency-key";

bool is_visible(char c) { return c >= '!' && c <= '~'; }

crdt::RequestHash short_hash(std::string_view purpose, base::BytesView bytes) {
  const base::Hash256 hash = base::hash256(purpose, bytes);
  crdt::RequestHash result;
  std::copy_n(hash.begin(), result.bytes.size(), result.bytes.begin());
  return result;
}

// The query says what the answer has; a retry may ask for something else.
base::Bytes content_of(const http::Request& request) {
  base::Bytes content(http::verb_name(request.verb));
  ((content += '\0') += request.target.path) += '\0';
  return content += request.body;
}

}  // namespace

base::Result<std::optional<RequestName>> request_name(const http::Request& request) {
  std::optional<RequestName> name;
  std::size_t found = 0;
  std::string_view key;
  for (const auto& [header, value] : request.headers) {
    if (header != kHeader) continue;
    key = value;
    ++found;
  }
  if (found == 0) return name;
  if (found > 1) return base::invalid("there are several headers Idempotency-Key; send one");
  const bool fits = key.size() >= kRequestNameMin && key.size() <= kRequestNameMax;
  if (!fits || !std::all_of(key.begin(), key.end(), is_visible)) {
    return base::invalid(
        "an Idempotency-Key has 16 to 64 characters of visible ASCII, and this one "
        "has " +
        std::to_string(key.size()) + (fits ? ", some of them not visible" : "") +
        "; use 16 random bytes as hex digits");
  }
  name = RequestName{short_hash("request key", key),
                     short_hash("request content", content_of(request))};
  return name;
}

base::Status refuse_request_name(const http::Request& request, std::string_view why) {
  const bool has = std::any_of(request.headers.begin(), request.headers.end(),
                               [](const auto& header) { return header.first == kHeader; });
  if (!has) return {};
  return base::invalid("this route takes no Idempotency-Key: " + std::string(why));
}

}  // namespace agent

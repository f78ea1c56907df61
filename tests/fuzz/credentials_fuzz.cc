// Any bytes as the head and body of a request with credentials. Whatever they are: only the right
// key is known, only a nonce that was given out is taken, once, and only a body that was signed
// reaches a handler. A second part of the input is read as a key file.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/access/access.h"
#include "agent/api/credentials.h"
#include "agent/http/guard.h"
#include "agent/http/parser.h"
#include "crdt/base/check.h"

namespace {

// The corpus has requests with this key that are signed with the first nonce of the seed 1.
constexpr std::string_view kSecret =
    "00000000000000000000000000000000";  // 32 bytes, the key of the hash
const std::string& api_key() {
  static const std::string key =
      "hsk_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  return key;
}

auth::KeyFile one_key() {
  auth::ApiKey key;
  key.id = "00112233";
  key.name = "a";
  key.scopes = {true, true, true};
  key.per_minute = 60;
  key.hash = auth::hash_of_key(kSecret, api_key());
  auth::KeyFile file;
  file.secret = std::string(kSecret);
  file.keys.push_back(key);
  return file;
}

http::Route route_of(bool is_signed) {
  http::Route route;
  route.scope = http::Scope::kWrite;
  route.signed_off_loopback = is_signed;
  route.key_in_query = true;
  return route;
}

void judge(const http::Request& request, std::string_view body) {
  for (bool local : {true, false}) {
    auth::Access access(base::Random::from_number(1));
    access.set(one_key(), {0});
    const std::string nonce = access.give_nonce("00112233", {0}).text;
    const http::Route route = route_of(true);
    const auth::Asked asked = agent::asked_of(request, route);
    const auth::Certificate certificate{"c", "1", 0, 0};
    const auth::Peer peer{local, true, &certificate};
    const auth::Time time{{1}, std::nullopt};

    auth::Verdict verdict = access.judge(asked, peer, time);

    CHECK(verdict.key_id.empty() || asked.key == api_key());
    CHECK(verdict.message.find(api_key()) == std::string::npos);
    CHECK(!verdict.signature || verdict.refusal == auth::Refusal::kNone);
    if (verdict.refusal == auth::Refusal::kNone && !local) {
      CHECK(verdict.signature.has_value());
      CHECK(asked.head.nonce.size() == nonce.size());
      CHECK(access.judge(asked, peer, time).refusal == auth::Refusal::kNonce);
    }
    if (!verdict.signature) continue;
    verdict.signature->add(body);
    if (!verdict.signature->finish()) continue;
    auth::Signature other(api_key(), asked.head, asked.signature);
    other.add(body);
    other.add("x");
    CHECK(!other.finish());
  }
}

void check_key_file(std::string_view text) {
  auto file = auth::KeyFile::parse(std::string(text), "keys.toml");
  if (!file.ok()) return;
  auto again = auth::KeyFile::parse(file->text(), "keys.toml");
  CHECK(again.ok());
  CHECK(again->text() == file->text());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::size_t end = input.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    check_key_file(input);
    return 0;
  }
  std::string_view head = input.substr(0, end + 4);
  if (!http::check_head(input.substr(0, end + 2)).ok()) return 0;
  http::Parser parser;
  http::Request request;
  if (!parser.read_head(head, request).ok()) return 0;
  judge(request, input.substr(end + 4));
  return 0;
}

#pragma once

// The signature of one request: HMAC-SHA-256 under the text of the API key over
//   METHOD \n path \n query \n hex SHA-256 of the body \n nonce
// with path and query as they were sent, the query without its question mark. The body comes in
// pieces, as it arrives, so it is never kept for this.

#include <sodium.h>

#include <string>
#include <string_view>

namespace auth {

struct SignedHead {
  std::string_view method;
  std::string_view path;
  std::string_view query;
  std::string_view nonce;
};

class Signature {
 public:
  // `shown`: the signature that came with the request. The views are not kept.
  Signature(std::string_view key, const SignedHead& head, std::string_view shown);

  void add(std::string_view piece);  // of the body
  // Call it once, after the last piece. Compares in constant time.
  bool finish();

 private:
  crypto_auth_hmacsha256_state mac_;
  crypto_hash_sha256_state body_;
  std::string nonce_;
  std::string shown_;
};

}  // namespace auth

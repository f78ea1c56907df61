#pragma once

// What a failure of libcurl says about TLS, in words that tell what to do.

#include <curl/curl.h>

#include <optional>
#include <string_view>

#include "crdt/base/result.h"
#include "tools/cli/endpoint.h"

namespace cli {

struct TlsFailure {
  CURLcode code;
  long verify_result = 0;   // CURLINFO_SSL_VERIFYRESULT: of OpenSSL
  std::string_view detail;  // the words of libcurl
};

// Nullopt if it is no failure of TLS. kUnauthorized: the agent wants another client certificate.
// kInvalid: all others; to try again does not help.
std::optional<base::Error> tls_problem(const TlsFailure& failure, const Endpoint& endpoint);

}  // namespace cli

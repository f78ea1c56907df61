#pragma once

// Routes that record every request that reached them, so that a test can see that no other did.

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/http/server.h"

namespace http::testing {

class Recorder {
 public:
  static constexpr std::size_t kBodyMax = 1024;

  // GET /v1/status, /after and /leak; POST /echo (to kBodyMax), /stream (any length); GET
  // /v1/objects/{id}/{path...}
  void fill(Router& router);
  void add(Router& router, Verb verb, const std::string& pattern, Handler handler);
  std::vector<std::string> seen() const;  // "POST /echo 5", in order

 private:
  void note(const Request& request, std::size_t body_bytes);

  mutable std::mutex mutex_;
  std::vector<std::string> seen_;
};

}  // namespace http::testing

#pragma once

// A certificate authority that lives as long as a test, and the certificates that it issues. All
// keys are made when the test runs.

#include <cstdint>
#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace http::testing {

struct Certificate {
  std::string pem;
  std::string key;  // PEM
};

struct CertificateFacts {
  std::string name;  // common name
  std::uint64_t serial = 0x0102;
  std::int64_t not_before = 1'600'000'000;  // Unix seconds
  std::int64_t not_after = 2'000'000'000;
  bool second_name = false;  // another common name beside `name`
};

class Authority {
 public:
  explicit Authority(const std::string& name);
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  const std::string& pem() const { return pem_; }
  Certificate issue(const CertificateFacts& facts) const;

 private:
  evp_pkey_st* key_;
  x509_st* certificate_;
  std::string pem_;
};

}  // namespace http::testing

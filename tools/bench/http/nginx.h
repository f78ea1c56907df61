#pragma once

// nginx (Debian package) as a process of this run: it serves one file of its folder on the
// loopback, with as many workers as there are cores, with or without TLS 1.3.

#include <memory>
#include <string>

#include "crdt/base/result.h"
#include "tools/bench/child.h"

namespace bench {

struct TlsFiles {
  std::string certificate;  // PEM files
  std::string key;
};

struct NginxSetup {
  std::string program;
  std::string folder;  // exists; everything that nginx writes stays there
  std::string path;    // of the file and of its URL: /a/b
  std::string body;
  const TlsFiles* tls = nullptr;  // none: plain HTTP
  std::string cipher;             // the only cipher suite with TLS
};

class Nginx {
 public:
  // Waits until it listens.
  static base::Result<Nginx> start(const NginxSetup& setup);
  const std::string& address() const { return address_; }

 private:
  std::unique_ptr<Child> child_;
  std::string address_;
};

}  // namespace bench

#pragma once

// nginx (Debian package) on the loopback: it serves one file of its folder, with or without
// TLS 1.3. There are as many processes as cores, as with the settings of Debian. But they are
// children of this run, not of a master, so that none of them outlives it; they share the port
// (reuseport).

#include <memory>
#include <string>
#include <vector>

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
  // Waits until all processes listen.
  static base::Result<Nginx> start(const NginxSetup& setup);
  const std::string& address() const { return address_; }

 private:
  std::vector<std::unique_ptr<Child>> processes_;
  std::string address_;
};

}  // namespace bench

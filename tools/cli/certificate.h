#pragma once

// Makes certificates for TLS: ECDSA on the curve P-256, serial numbers of 128 random bits. They are
// valid from the year 1970 on, because a host without a clock of its own starts there and could
// otherwise connect to nobody. docs/operating.md, "Keys and certificates".

#include <cstdint>
#include <string>
#include <vector>

#include "crdt/base/result.h"

namespace cli {

struct CertificateFiles {
  std::string certificate;  // PEM
  std::string key;          // PEM, PKCS #8, not encrypted
  std::string serial;       // auth::normal_serial()
};

struct Subject {
  std::string name;                // the common name, 1 to 64 bytes
  std::vector<std::string> hosts;  // names and addresses; empty for a client
  std::int64_t not_after = 0;      // seconds since 1970
};

base::Result<CertificateFiles> new_authority(const Subject& subject);
// `authority` needs no serial. kInvalid: its texts are no certificate and key of an authority that
// belong together.
base::Result<CertificateFiles> new_certificate(const Subject& subject,
                                               const CertificateFiles& authority);

// A name of the DNS, possibly with `*.` in front, or a numeric address.
bool is_certificate_host(const std::string& host);

}  // namespace cli

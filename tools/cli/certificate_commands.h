#pragma once

// `hearsay tls ca` and `hearsay tls issue`: certificates as files. docs/cli.md.

#include <string>
#include <vector>

#include "tools/cli/printer.h"

namespace cli {

struct NewCertificate {
  std::string name;       // of the authority: may be empty
  std::string authority;  // the folder of ca.crt and ca.key
  std::vector<std::string> hosts;
  bool is_client = false;
  std::string out;
};

int make_authority(Printer& printer, const NewCertificate& wanted);
int issue_certificate(Printer& printer, const NewCertificate& wanted);

}  // namespace cli

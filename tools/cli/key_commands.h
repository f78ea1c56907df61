#pragma once

// Commands that change DIR/keys.toml of a data directory (agent/access/key_file.h). They need no
// running agent, and tell none: a running one reads the file at SIGHUP.

#include <cstdint>
#include <string>

#include "agent/access/key_file.h"
#include "agent/settings.h"
#include "tools/cli/printer.h"

namespace cli {

struct NewApiKey {
  std::string name;
  std::string scopes = "read,write";
  std::uint32_t per_minute = 1'000;
  bool no_mtls = false;
  bool no_nonce = false;
  std::uint32_t nonce_seconds = auth::kNonceSecondsDefault;
};

int add_api_key(Printer& printer, const agent::Flags& flags, const NewApiKey& wanted);
int list_api_keys(Printer& printer, const agent::Flags& flags);
int remove_api_key(Printer& printer, const agent::Flags& flags, const std::string& id_or_name);
int revoke_certificate(Printer& printer, const agent::Flags& flags, const std::string& serial);

}  // namespace cli

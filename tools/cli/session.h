#pragma once

// What every client command needs: a client of the agent's HTTP port, and stdout.

#include "tools/cli/client.h"
#include "tools/cli/names.h"
#include "tools/cli/printer.h"

namespace cli {

struct Session {
  Client client;
  Printer printer;
  Names names;
};

}  // namespace cli

#pragma once

#include <string>

#include "tools/cli/printer.h"

namespace cli {

// A new mesh key, 64 hex digits: printed, or written to `path` with mode 0600. Never over a file.
int keygen(Printer& printer, const std::string& path);

}  // namespace cli

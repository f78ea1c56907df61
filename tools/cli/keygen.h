#pragma once

#include <string>

#include "tools/cli/printer.h"

namespace cli {

// Makes a new mesh key of 64 hex digits. Prints it, or writes it to the new file `path` with mode
// 0600.
int keygen(Printer& printer, const std::string& path);

}  // namespace cli

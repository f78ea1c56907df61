#include "tools/cli/exit.h"

#include <cstdio>
#include <string>

#include "agent/log.h"

namespace cli {

void say(std::string_view message) {
  auto line = "hearsay: " + agent::visible(message) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

int fail(const base::Error& error) {
  say(error.message);
  return base::code_info(error.code).exit_code;
}

int usage_error(std::string_view message) {
  say(message);
  return kUsage;
}

}  // namespace cli

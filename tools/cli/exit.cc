#include "tools/cli/exit.h"

#include <unistd.h>

#include <string>

#include "agent/log.h"
#include "tools/cli/descriptors.h"

namespace cli {

void say(std::string_view message) {
  auto line = "hearsay: " + agent::visible(message) + "\n";
  write_all(STDERR_FILENO, line);
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

// The command tree with a false `agent` command, which only prints its configuration. For the
// tests.

#include <cstdio>

#include "agent/standard_streams.h"
#include "tools/cli/cli.h"

int main(int argc, char** argv) {
  agent::keep_standard_streams();
  return cli::run(argc, argv, [](const agent::Config& config) {
    std::printf("%s %s %s %zu\n", config.name.c_str(), config.bind.text().c_str(),
                config.http.text().c_str(), config.join.size());
    return 0;
  });
}

// kill_loops --loops N --seed S --agents A --pause-millis M: runs the loops of kill_loops.h as
// often as asked. Prints its figures every 50 loops. When it finds a fault, it prints the fault and
// the seed and ends with status 1.

#include <charconv>
#include <cstring>
#include <iostream>

#include "tests/cluster/kill_loops.h"

namespace {

int usage() {
  std::cerr << "kill_loops [--loops N] [--seed S] [--agents 1 to 20] [--pause-millis M]\n";
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  cluster::KillOptions options;
  std::uint64_t loops = 1'000;
  for (int i = 1; i < argc; i += 2) {
    std::string flag = argv[i];
    std::uint64_t value = 0;
    if (i + 1 == argc) return usage();
    const char* end = argv[i + 1] + std::strlen(argv[i + 1]);
    auto [stopped, error] = std::from_chars(argv[i + 1], end, value);
    if (error != std::errc{} || stopped != end) return usage();
    if (flag == "--loops") {
      loops = value;
    } else if (flag == "--seed") {
      options.seed = value;
    } else if (flag == "--agents" && value >= 1 && value <= 20) {
      options.agents = static_cast<int>(value);
    } else if (flag == "--pause-millis") {
      options.pause_max = support::Millis{static_cast<std::int64_t>(value)};
    } else {
      return usage();
    }
  }

  cluster::KillLoops run(options);
  for (std::uint64_t i = 1; i <= loops && run.findings().empty(); ++i) {
    run.run_loop();
    if (i % 50 == 0) std::cout << cluster::text_of(run.figures()) << std::endl;
  }
  if (run.findings().empty()) run.check_everything();
  std::cout << "seed " << options.seed << ": " << cluster::text_of(run.figures()) << "\n";
  for (const std::string& finding : run.findings()) std::cerr << finding << "\n";
  return run.findings().empty() ? 0 : 1;
}

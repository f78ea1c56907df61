// kill_loops --loops N --seed S --agents A --pause-millis M: the loops of kill_loops.h for as long
// as one likes. Exit status 1 with what was found, the seed among it; a line of figures every 50
// loops.

#include <CLI/CLI.hpp>
#include <iostream>

#include "tests/cluster/kill_loops.h"

int main(int argc, char** argv) {
  CLI::App app{"kill -9 of real agents, again and again"};
  int loops = 1'000;
  cluster::KillOptions options;
  long pause_millis = 0;
  app.add_option("--loops", loops)->check(CLI::PositiveNumber);
  app.add_option("--seed", options.seed);
  app.add_option("--agents", options.agents)->check(CLI::Range(1, 20));
  app.add_option("--pause-millis", pause_millis)->check(CLI::NonNegativeNumber);
  CLI11_PARSE(app, argc, argv);

  options.pause_max = support::Millis{pause_millis};
  cluster::KillLoops run(options);
  for (int i = 1; i <= loops && run.findings().empty(); ++i) {
    run.run_loop();
    if (i % 50 == 0) std::cout << cluster::text_of(run.figures()) << std::endl;
  }
  if (run.findings().empty()) run.check_everything();
  std::cout << "seed " << options.seed << ": " << cluster::text_of(run.figures()) << "\n";
  for (const std::string& finding : run.findings()) std::cerr << finding << "\n";
  return run.findings().empty() ? 0 : 1;
}

// The program `hearsay-sim`: runs whole meshes on virtual time and checks them. The report goes to
// stdout as text or JSON; errors of the command line go to stderr. Exit codes: 0 all checks hold, 1
// a check failed, 2 usage.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <optional>
#include <set>
#include <sstream>

#include "tools/simulator/plants.h"
#include "tools/simulator/power_cuts.h"
#include "tools/simulator/run.h"

namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

struct Choices {
  std::uint64_t seed = 1;
  std::size_t nodes = 5;
  int plant = 0;
  std::string output = "text";
  bool trace = false;
  std::string profile;
  std::string topology;
  std::string faults;
  std::optional<double> seconds;
  std::optional<std::size_t> requests;
  std::optional<std::uint64_t> objects_percent;
  std::optional<std::uint64_t> log_bytes;
  std::optional<std::uint32_t> loss_percent;
  std::uint64_t count = 100;
  std::uint64_t images = 10'000;
  std::size_t jobs = 1;
  std::vector<int> hunted;
};

int usage(const std::string& what) {
  std::cerr << "hearsay-sim: " << what << "\n";
  return kUsage;
}

// Returns what is wrong; empty if nothing is.
std::string apply_faults(const Choices& choices, simulation::Settings& settings) {
  if (!choices.faults.empty()) {
    std::set<simulation::Fault> faults;
    std::istringstream names(choices.faults);
    for (std::string name; std::getline(names, name, ',');) {
      if (name == "none") continue;
      auto fault = simulation::fault_from_name(name);
      if (!fault) return "no fault '" + name + "'; run hearsay-sim faults for the list";
      faults.insert(*fault);
    }
    settings.allow(faults);
  }
  if (choices.loss_percent) {
    settings.weather.loss_permille = *choices.loss_percent * 10;
    settings.enabled.erase(simulation::Fault::kLoss);
    if (*choices.loss_percent > 0) settings.enabled.insert(simulation::Fault::kLoss);
  }
  return "";
}

// Settings of the operator replace those that the seed drew. Returns what is wrong; empty if
// nothing is.
std::string apply(const Choices& choices, simulation::Settings& settings) {
  if (!choices.profile.empty()) {
    auto profile = gossip::profile_from_name(choices.profile);
    if (!profile) {
      return "no profile '" + choices.profile + "': one of " + std::string(gossip::profile_names());
    }
    settings.node.profile = *profile;
  }
  if (!choices.topology.empty()) {
    auto topology = gossip::topology_from_name(choices.topology);
    if (!topology || !gossip::has_strategy(*topology)) {
      return "no topology '" + choices.topology + "': one of " +
             std::string(gossip::topology_names());
    }
    settings.node.topology = *topology;
  }
  if (choices.seconds) {
    settings.chaos = base::millis(static_cast<std::int64_t>(*choices.seconds * 1'000));
  }
  if (choices.requests) settings.requests = *choices.requests;
  if (choices.objects_percent) settings.objects_percent = *choices.objects_percent;
  if (choices.log_bytes) settings.replica.store.log_bytes_max = *choices.log_bytes;
  return apply_faults(choices, settings);
}

// Returns what is wrong; empty if nothing is. 0 means no planted bug.
std::string check_plant(int number) {
  if (number == 0 || simulation::find_plant(number) != nullptr) return "";
  return "no plant " + std::to_string(number) + "; run hearsay-sim plants for the list";
}

int run_one(const Choices& choices) {
  if (std::string problem = check_plant(choices.plant); !problem.empty()) return usage(problem);
  simulation::Settings settings = simulation::Settings::draw(choices.seed, choices.nodes);
  if (std::string problem = apply(choices, settings); !problem.empty()) return usage(problem);
  simulation::plant(choices.plant);
  bool json = choices.output == "json";
  std::ostream& traced = json ? std::cerr : std::cout;
  std::function<void(const std::string&)> line;
  if (choices.trace) line = [&](const std::string& text) { traced << text << "\n"; };
  simulation::Report report = simulation::run(settings, line);
  std::cout << (json ? simulation::json_of(report) + "\n" : simulation::text_of(report));
  return report.passed() ? 0 : kFailed;
}

simulation::SweepOptions sweep_options(const Choices& choices) {
  simulation::SweepOptions options;
  options.first = choices.seed;
  options.count = choices.count;
  options.jobs = choices.jobs;
  options.objects_percent = choices.objects_percent;
  return options;
}

int run_many(const Choices& choices) {
  simulation::Tally tally =
      simulation::sweep(sweep_options(choices), [](const simulation::Report& report) {
        if (!report.passed()) {
          std::cerr << "seed " << report.seed << " nodes " << report.nodes << ": "
                    << report.violation->checker << ": " << report.violation->text << "\n";
        }
      });
  bool json = choices.output == "json";
  std::cout << (json ? simulation::json_of(tally) + "\n" : simulation::text_of(tally));
  std::vector<std::string> idle = tally.idle_classes();
  bool too_few = choices.count >= 1'000 && !idle.empty();
  if (too_few) {
    std::cerr << "hearsay-sim: these faults or events never had an effect:";
    for (const std::string& name : idle) std::cerr << " " << name;
    std::cerr << "\n";
  }
  return tally.failed > 0 || too_few ? kFailed : 0;
}

int run_hunt(const Choices& choices) {
  for (int number : choices.hunted) {
    std::string problem = number == 0 ? "plant 0 means no planted bug" : check_plant(number);
    if (!problem.empty()) return usage(problem);
  }
  std::vector<simulation::Hunt> hunts;
  bool all = true;
  for (const simulation::PlantInfo& plant : simulation::plants()) {
    bool wanted = choices.hunted.empty() ||
                  std::count(choices.hunted.begin(), choices.hunted.end(), plant.number) > 0;
    if (!wanted) continue;
    hunts.push_back(simulation::hunt(plant, sweep_options(choices)));
    all = all && (hunts.back().caught || plant.rare);
    std::cerr << plant.number << " " << plant.name << ": "
              << (hunts.back().caught ? hunts.back().caught->violation->checker : "not caught")
              << " after " << hunts.back().seeds << " seeds\n";
  }
  std::cout << simulation::text_of(hunts);
  return all ? 0 : kFailed;
}

int run_power_cuts(const Choices& choices) {
  if (std::string problem = check_plant(choices.plant); !problem.empty()) return usage(problem);
  simulation::plant(choices.plant);
  simulation::PowerCutOptions options;
  options.images = choices.images;
  options.seed = choices.seed;
  simulation::PowerCutReport report = simulation::explore_power_cuts(options);
  std::cout << report.table();
  return report.violations > 0 ? kFailed : 0;
}

int list_plants() {
  for (const simulation::PlantInfo& plant : simulation::plants()) {
    std::cout << plant.number << "\trule " << plant.rule << "\t" << plant.name << ": " << plant.what
              << "\n";
  }
  return 0;
}

int list_faults() {
  for (std::size_t i = 0; i < simulation::kFaults; ++i) {
    std::cout << simulation::fault_name(static_cast<simulation::Fault>(i)) << "\n";
  }
  return 0;
}

// A number in the range that the operator may use. CLI11 alone would read -1 as the largest number,
// and accept NaN.
CLI::Validator number_between(double least, double most, const std::string& range) {
  return {[=](std::string& text) -> std::string {
            double value = 0;
            bool fits = CLI::detail::lexical_cast(text, value) && value >= least && value <= most;
            return fits ? "" : "'" + text + "' is not in the range " + range;
          },
          range};
}

CLI::Validator any_whole_number() {
  constexpr double kMost = 18'446'744'073'709'551'615.0;
  return number_between(0, kMost, "0 and above");
}

void add_objects(CLI::App* command, Choices& choices) {
  command
      ->add_option(
          "--objects", choices.objects_percent,
          "per cent of the requests that write objects of the replicated types, the others "
          "write catalogs; default: the seed decides")
      ->check(CLI::Range(0, 100));
}

CLI::App* add_run(CLI::App& app, Choices& choices) {
  CLI::App* run = app.add_subcommand("run", "run one mesh from one seed");
  run->add_option("--seed", choices.seed, "the seed that determines the run")
      ->check(any_whole_number())
      ->capture_default_str();
  run->add_option("--nodes", choices.nodes, "number of agents")
      ->check(CLI::Range(2, 100))
      ->capture_default_str();
  run->add_option("--plant", choices.plant, "switch on the planted bug with this number");
  run->add_flag("--trace", choices.trace,
                "print every event, one column for each node; to stderr if the report is JSON");
  run->add_option("--profile", choices.profile,
                  "local, lan, wan or edge; default: the seed decides");
  run->add_option("--topology", choices.topology, "direct or push-pull; default: the seed decides");
  run->add_option("--faults", choices.faults,
                  "exactly these faults, comma-separated, or none; default: the seed decides");
  run->add_option("--loss", choices.loss_percent,
                  "per cent of datagrams that are lost; default: the seed decides")
      ->check(CLI::Range(0, 100));
  run->add_option("--seconds", choices.seconds,
                  "virtual seconds during which faults happen (default 40)")
      ->check(number_between(0.001, 100'000, "0.001 to 100000"));
  run->add_option("--log-bytes", choices.log_bytes,
                  "bytes that each change log keeps; default: the seed decides")
      ->check(any_whole_number());
  run->add_option("--requests", choices.requests,
                  "requests of clients during the faults; default: the seed decides")
      ->check(CLI::Range(0, 1'000'000));
  add_objects(run, choices);
  return run;
}

void add_output(CLI::App* command, Choices& choices) {
  command->add_option("-o,--output", choices.output, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
}

void add_many(CLI::App* command, Choices& choices) {
  command->add_option("--seed", choices.seed, "the first seed")
      ->check(any_whole_number())
      ->capture_default_str();
  command->add_option("--seeds", choices.count, "number of seeds at most")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  command->add_option("--jobs", choices.jobs, "number of runs at the same time")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  add_objects(command, choices);
}

}  // namespace

int main(int argc, char** argv) {
  Choices choices;
  CLI::App app{
      "hearsay-sim: runs whole meshes on virtual time, with faults, and checks every turn"};
  app.footer("Exit status 0: every check holds. 1: a check failed. 2: usage.");
  app.require_subcommand(1);
  CLI::App* run = add_run(app, choices);
  CLI::App* many = app.add_subcommand("sweep", "run many seeds, with 5 to 9 nodes and all faults");
  CLI::App* hunt = app.add_subcommand(
      "hunt", "count the seeds that it takes until a check notices each planted bug");
  CLI::App* cuts = app.add_subcommand(
      "power-cuts", "cut the power at any I/O call, recover from what is left, and check it");
  cuts->add_option("--seed", choices.seed, "the seed that determines the histories")
      ->check(any_whole_number())
      ->capture_default_str();
  cuts->add_option("--images", choices.images, "number of images")
      ->check(CLI::Range(1, 1'000'000'000))
      ->capture_default_str();
  cuts->add_option("--plant", choices.plant, "switch on the planted bug with this number");
  CLI::App* plants = app.add_subcommand("plants", "list the planted bugs");
  CLI::App* faults = app.add_subcommand("faults", "list the faults");
  add_output(run, choices);
  add_output(many, choices);
  add_many(many, choices);
  add_many(hunt, choices);
  hunt->add_option("--plant", choices.hunted, "only the planted bugs with these numbers")
      ->delimiter(',');
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    int code = app.exit(error, std::cout, std::cerr);
    return code == 0 ? 0 : kUsage;
  }
  if (run->parsed()) return run_one(choices);
  if (many->parsed()) return run_many(choices);
  if (hunt->parsed()) return run_hunt(choices);
  if (cuts->parsed()) return run_power_cuts(choices);
  if (plants->parsed()) return list_plants();
  if (faults->parsed()) return list_faults();
  return kUsage;
}

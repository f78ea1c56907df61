#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>

#include "tools/bench/agents.h"
#include "tools/bench/benchmarks.h"
#include "tools/bench/mesh_actors.h"
#include "tools/bench/mesh_rows.h"
#include "tools/bench/summary.h"

namespace bench {
namespace {

using Kind = MeshProgram::Kind;

// The log is so small that an agent that was away needs a state join.
constexpr const char* kSmallLog = "1048576";

struct Lengths {
  int members = 30;
  int runs = 5;
  int fault_seconds = 60;
  std::vector<int> loss_percents{10, 20, 30};
  int outage_seconds = 120;
  std::vector<int> outage_members{5, 15};
  int idle_seconds = 30;
  int changes = 100'000;
};

Lengths lengths_of(const MeshOptions& options) {
  Lengths lengths;
  lengths.members = options.agents;
  lengths.runs = options.runs;
  if (options.quick) lengths = {10, 1, 12, {20}, 15, {5}, 10, 5'000};
  return lengths;
}

class MeshBench {
 public:
  MeshBench(const Common& common, const MeshOptions& options, const AgentSetup& agents,
            const WorkFolder& folder)
      : options_(options), lengths_(lengths_of(options)), agents_(agents), folder_(folder) {
    programs_[Kind::kHearsay] = common.program;
    std::string beside = program_beside("memberlist-peer");
    std::string memberlist = options.memberlist.empty() ? beside : options.memberlist;
    std::string serf = options.serf.empty() ? find_program("serf") : options.serf;
    auto if_there = [](const std::string& program) {
      return ::access(program.c_str(), X_OK) == 0 ? program : "";
    };
    programs_[Kind::kMemberlist] = if_there(memberlist);
    programs_[Kind::kSerf] = if_there(serf);
  }

  Report run() {
    if (wants("crash")) crashes();
    if (wants("idle")) idle();
    if (wants("faults")) faults();
    if (wants("outage")) outages();
    if (wants("behind")) behind();
    if (wants("actors")) actors();
    note();
    return std::move(report_);
  }

 private:
  bool wants(const std::string& rows) const {
    return std::find(options_.rows.begin(), options_.rows.end(), rows) != options_.rows.end();
  }

  MeshSetup setup(Kind kind, const std::string& profile) const {
    return {{kind, programs_.at(kind)}, profile, agents_.key_file, agents_.topology, {}};
  }

  // Rows that take long are only measured for the other programs in a full run.
  std::vector<Kind> compared() const {
    if (options_.quick) return {Kind::kHearsay};
    return {Kind::kHearsay, Kind::kMemberlist, Kind::kSerf};
  }

  void crashes() {
    for (Kind kind : {Kind::kHearsay, Kind::kMemberlist, Kind::kSerf}) {
      for (const char* profile : {"lan", "local"}) {
        if (options_.quick && std::string(profile) != "lan") continue;
        add(setup(kind, profile), lengths_.members, "crash and silence", [&](const auto& with) {
          return measure_crashes(with, lengths_.members, lengths_.runs, folder_);
        });
      }
    }
  }

  void idle() {
    for (Kind kind : compared()) {
      std::vector<std::string> profiles{"lan"};
      if (kind == Kind::kHearsay && !options_.quick) profiles = {"local", "lan", "wan", "edge"};
      for (const auto& profile : profiles) {
        add(setup(kind, profile), lengths_.members, "idle", [&](const auto& with) {
          return measure_idle(with, lengths_.members, lengths_.idle_seconds, folder_);
        });
      }
    }
  }

  void faults() {
    if (needs_root("false deaths under loss and black holes")) return;
    for (Kind kind : compared()) {
      add(setup(kind, "lan"), lengths_.members, "faults", [&](const auto& with) {
        return measure_faults(with, lengths_.members, lengths_.fault_seconds,
                              lengths_.loss_percents, folder_);
      });
    }
  }

  void outages() {
    if (needs_root("outage")) return;
    for (Kind kind : compared()) {
      for (int members : lengths_.outage_members) {
        add(setup(kind, "lan"), members, "outage", [&](const auto& with) {
          return measure_outage(with, members, lengths_.outage_seconds, folder_);
        });
      }
    }
  }

  void behind() {
    for (bool join : {false, true}) {
      MeshSetup with = setup(Kind::kHearsay, "lan");
      if (join) with.more = {"--log-bytes", kSmallLog};
      std::string what = join ? "catching up by state join" : "catching up by log";
      add(with, 2, what, [&](const auto& given) -> base::Result<Measured> {
        ASSIGN_OR_RETURN(Measured measured, measure_behind(given, lengths_.changes, folder_));
        Measured named;
        for (auto& [name, values] : measured) named[what + ": " + name] = std::move(values);
        return named;
      });
    }
  }

  void actors() {
    if (needs_root("many actors")) return;
    int part = options_.quick ? 10 : 1;
    for (const ActorCounts& counts :
         {ActorCounts{0, 1}, ActorCounts{10'000 / part, 1'000 / part}}) {
      add(setup(Kind::kHearsay, "lan"), 2, "many actors", [&](const auto& with) {
        return measure_actors(with, counts, {lengths_.runs, lengths_.idle_seconds}, folder_);
      });
    }
  }

  bool needs_root(const char* what) {
    if (MeshNetwork::can_isolate()) return false;
    report_.note(fmt::format("{}: not run, because it needs root, ip and nft", what));
    return true;
  }

  template <typename Measure>
  void add(const MeshSetup& with, int members, const std::string& what, Measure measure) {
    std::string program{program_name(with.program.kind)};
    if (!with.program.here()) {
      report_.add({what, program, with.profile, members, 0, nullptr, nullptr, "not run"});
      return;
    }
    base::Result<Measured> measured = measure(with);
    if (!measured.ok()) {
      report_.add({what, program, with.profile, members, 0, nullptr, nullptr, "failed"});
      report_.note(fmt::format("{} of {}: {}", what, program, measured.error().message));
      return;
    }
    for (const auto& [name, values] : *measured) {
      Summary summary = summarise(values);
      // A whole run takes most of an hour, so each result is printed at once.
      fmt::print(stderr, "{}: {} {} {}: {:.3f}, {:.3f} ({})\n", name, program, with.profile,
                 members, summary.median, summary.worst, summary.count);
      nlohmann::json median = values.empty() ? nlohmann::json() : nlohmann::json(summary.median);
      nlohmann::json worst = values.empty() ? nlohmann::json() : nlohmann::json(summary.worst);
      auto unit = name.rfind(", ");
      report_.add({name.substr(0, unit), program, with.profile, members, summary.count, median,
                   worst, name.substr(unit + 2)});
    }
  }

  void note() {
    report_.note(
        "times of deaths: the output of each member is read every 20 ms; no member is asked");
    report_.note(
        "idle: one value for each member, IP bytes sent, headers included; null: not within 120 s");
    if (!MeshNetwork::can_isolate())
      report_.note("all members ran on loopback: rows with bytes, loss or an outage are left out");
    for (const auto& [kind, path] : programs_) {
      if (path.empty()) {
        report_.note(
            fmt::format("{} was not run: see tools/bench/peers/setup mesh", program_name(kind)));
      }
    }
  }

  const MeshOptions& options_;
  Lengths lengths_;
  const AgentSetup& agents_;
  const WorkFolder& folder_;
  std::map<Kind, std::string> programs_;
  Report report_{"mesh",
                 {"what", "program", "profile", "members", "runs", "median", "worst", "unit"}};
};

}  // namespace

base::Result<Report> run_mesh(const Common& common, const MeshOptions& options) {
  ASSIGN_OR_RETURN(auto folder, WorkFolder::make(common.parent));
  ASSIGN_OR_RETURN(auto setup, prepare_agents(common.program, common.topology, folder));
  return MeshBench(common, options, setup, folder).run();
}

}  // namespace bench

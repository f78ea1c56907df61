#pragma once

// The benchmarks, one function a subcommand. Each starts what it needs below its work folder, is
// bounded in time, ends every process it started, and gives a report.

#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "tools/bench/report.h"

namespace bench {

struct Common {
  std::string program;   // hearsay
  std::string parent;    // of the work folder; empty: TMPDIR
  std::string topology;  // empty: the agent's default
};

struct SpreadOptions {
  std::vector<int> sizes{10, 30, 60};
  int changes = 100;
};
// Bare processes: see floor.h.
base::Result<Report> run_floor(const Common& common, const SpreadOptions& options);
// A write on one agent until every agent has shown it to a watcher; the floor beside it.
base::Result<Report> run_spread(const Common& common, const SpreadOptions& options);

struct WritesOptions {
  double seconds = 10;
  int clients = 64;
};
// Durable commits of raw SQLite: one client, and that many whose writes queue into one COMMIT.
base::Result<Report> run_writes_floor(const Common& common, const WritesOptions& options);
// Durable writes through an agent's HTTP port; the floor beside them.
base::Result<Report> run_writes(const Common& common, const WritesOptions& options);

struct StartOptions {
  int entries = 1'000'000;
};
// From starting an agent on a full database to /readyz, and its memory; an empty one beside it.
base::Result<Report> run_start(const Common& common, const StartOptions& options);

struct GetOptions {
  double seconds = 10;
  int connections = 50;
  int threads = 2;
  int keys = 100'000;
};
// Reads of single entries over kept-alive connections.
base::Result<Report> run_get(const Common& common, const GetOptions& options);

struct ReadersOptions {
  int entries = 50'000;
  int changes = 1'000;
  int clients = 64;
  int rounds = 5;
  double seconds = 5;  // of reading, a round
};
// Until an agent that missed changes is equal to its peer, while clients list all that the peer
// has; the same without clients beside it.
base::Result<Report> run_readers(const Common& common, const ReadersOptions& options);

struct MergeOptions {
  int cells = 1'000'000;
  int changes = 100'000;
  int repeats = 3;
};
// Remote changes into a full store, without network or threads; raw upserts beside them.
base::Result<Report> run_merge(const Common& common, const MergeOptions& options);
// A state join of an agent that missed those changes; raw upserts of the changes beside it.
base::Result<Report> run_join(const Common& common, const MergeOptions& options);

struct MeshOptions {
  int agents = 30;
  int runs = 5;  // of what is cheap to repeat
  bool quick = false;
  std::vector<std::string> rows{"crash", "faults", "outage", "idle", "behind", "actors"};
  std::string memberlist;  // peers/memberlist, built; empty: beside this program
  std::string serf;        // empty: on the PATH
};
// Failure detection, false alarms, healing, traffic and catching up of whole meshes, beside
// memberlist and Serf where they are.
base::Result<Report> run_mesh(const Common& common, const MeshOptions& options);

}  // namespace bench

#pragma once

// The benchmarks, one function for each subcommand. Each starts what it needs below its work
// folder, has a time limit, ends every process that it started, and returns a report.

#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "tools/bench/report.h"

namespace bench {

struct Common {
  std::string program;   // hearsay
  std::string parent;    // directory of the work folder; empty: TMPDIR
  std::string topology;  // empty: the agent's default
};

struct SpreadOptions {
  std::vector<int> sizes{10, 30, 60};
  int changes = 100;
};
// Bare processes without Hearsay: see floor.h.
base::Result<Report> run_floor(const Common& common, const SpreadOptions& options);
// The time from a write on one agent until every agent has shown it to a watcher; for comparison
// the floor.
base::Result<Report> run_spread(const Common& common, const SpreadOptions& options);

struct WritesOptions {
  double seconds = 10;
  int clients = 64;
};
// Durable commits of plain SQLite: with one client, and with so many clients that their writes
// share a COMMIT.
base::Result<Report> run_writes_floor(const Common& common, const WritesOptions& options);
// Durable writes through the HTTP port of an agent; for comparison the floor.
base::Result<Report> run_writes(const Common& common, const WritesOptions& options);

struct StartOptions {
  int entries = 1'000'000;
};
// The time from starting an agent on a full database to /readyz, and its memory; for comparison an
// empty database.
base::Result<Report> run_start(const Common& common, const StartOptions& options);

struct GetOptions {
  double seconds = 10;
  int connections = 50;
  int threads = 2;
  int keys = 100'000;
};
// Reads of single entries over kept-alive connections.
base::Result<Report> run_get(const Common& common, const GetOptions& options);

struct SearchOptions {
  int entries = 212'000;  // of three cells and more
  int rounds = 10;
};
// The time from a listing's request to its first byte, first row and end, where few or no entries
// match.
base::Result<Report> run_search(const Common& common, const SearchOptions& options);

struct ReadersOptions {
  int entries = 50'000;
  int changes = 1'000;
  int clients = 64;
  int rounds = 5;
  double seconds = 5;  // of reading in each round
};
// The time until an agent that missed changes is equal to its peer, while clients list all entries
// of the peer; for comparison the same without clients.
base::Result<Report> run_readers(const Common& common, const ReadersOptions& options);

struct MergeOptions {
  int cells = 1'000'000;
  int changes = 100'000;
  int repeats = 3;
};
// Received changes into a full store, without network or threads; for comparison plain upserts.
base::Result<Report> run_merge(const Common& common, const MergeOptions& options);
// A state join of an agent that missed these changes; for comparison plain upserts of the changes.
base::Result<Report> run_join(const Common& common, const MergeOptions& options);

struct RejoinOptions {
  int entries = 100'000;
};
// The bytes on the wire after missing 1 % of the entries, by log and by state join.
base::Result<Report> run_rejoin(const Common& common, const RejoinOptions& options);

struct SizeOptions {
  std::string file;  // records as JSON lines
  double wait_seconds = 60;
};
// The database of an agent after an import, when it has come to rest; for comparison the lines as
// rows and as a log in plain SQLite.
base::Result<Report> run_size(const Common& common, const SizeOptions& options);

struct MeshOptions {
  int agents = 30;
  int runs = 5;  // of measurements that are cheap to repeat
  bool quick = false;
  std::vector<std::string> rows{"crash", "faults", "outage", "idle", "behind", "actors"};
  std::string memberlist;  // the built peers/memberlist; empty: in the directory of this program
  std::string serf;        // empty: from the PATH
};
// Failure detection, false alarms, healing, traffic and catching up of whole meshes; for comparison
// memberlist and Serf, if they are installed.
base::Result<Report> run_mesh(const Common& common, const MeshOptions& options);

struct HttpOptions {
  std::vector<std::string> only;  // rows of http_row_names(); empty: all
  double seconds = 5;             // of each run of each side
  int runs = 5;                   // of each row
  int clients = 1'000;            // of the rows fan-out and idle; an agent takes up to 1,024
  std::string peers;              // folder of the built peers; empty: that of this program
  std::string wrk;                // the programs; empty: from the PATH
  std::string nginx;
};
std::vector<std::string> http_row_names();
// What clients of the HTTP port get: durable writes, fan-out, keystrokes, reads, memory; each
// beside its floor. A row whose peer is not installed is reported as skipped.
base::Result<Report> run_http(const Common& common, const HttpOptions& options);

struct TypesOptions {
  std::vector<std::string> traces;
  int runs = 5;
  std::string peers;       // folder of the built peers; empty: that of this program
  int elements = 100'000;  // of the set
};
// Texts and sets of Hearsay; for comparison other libraries, if they are installed.
base::Result<Report> run_types(const Common& common, const TypesOptions& options);

}  // namespace bench

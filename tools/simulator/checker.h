#pragma once

// Checks a run against the fourteen rules, after every turn and after healing. It knows the answers
// to clients, the claims to peers, and every sealed change, and asks the oracle what a state must
// show. The first violation ends the run.

#include <map>
#include <optional>
#include <set>

#include "tools/simulator/oracle.h"
#include "tools/simulator/process.h"
#include "tools/simulator/report.h"
#include "tools/simulator/retry_check.h"
#include "tools/simulator/state_checker.h"
#include "tools/simulator/trace.h"

namespace simulation {

class Checker {
 public:
  Checker(Schedule& schedule, Oracle& oracle, Trace& trace, Report& report)
      : schedule_(schedule),
        oracle_(oracle),
        state_(oracle),
        retries_(oracle),
        trace_(trace),
        report_(report) {}

  // From now on one number may have two contents, because an image was copied or restored together
  // with its node id and actor. Numbers then prove little, so the entries are checked; each of them
  // is added or removed once. Nothing acknowledged may be lost, nothing removed may return, and
  // equal states must be the same. `split`: other agents may hold different contents too, and a
  // state join between them cannot notice it; then only what each agent says of itself is checked.
  void allow_forks(bool split) {
    forks_ = true;
    split_ = split;
  }

  bool allows_forks() const { return forks_; }

  // With forks: how many requests have been acknowledged.
  std::uint64_t acknowledgements() const { return acknowledgements_; }
  // With forks: `host` was put back to the moment at which `since` requests had been acknowledged.
  // What it acknowledged later and none of `others` shows is gone with its past
  // (docs/operating.md): it is no longer asked for. Returns how many entries these are.
  std::size_t rolled_back(const Host& host, std::uint64_t since,
                          const std::vector<Process*>& others);
  // With forks: how many entries that were acknowledged after a machine had been put back were lost
  // because the log no longer had them when the fork was found (docs/decisions/0007).
  std::size_t lost_with_log() const { return lost_with_log_; }

  // Called after every turn.
  void turned(Process& process, const Observer::Turn& turn);
  void interrupted(Process& process, const Observer::Turn& turn);
  void told(Process& process, const agent::Outputs& outputs);
  void noticed(Process& process, const agent::Notice& notice);
  void claimed(Process& process, const Observer::Claim& claim);
  // A process has opened its database: everything that the medium promised must be there.
  void opened(Process& process);
  // An open failed although nobody had damaged the medium.
  void not_opened(const Host& host, const base::Error& error);

  // Called after healing.
  // `promised`: the promises of all media that still exist.
  void healed(const std::vector<Process*>& processes, const crdt::VersionVector& promised);
  // With forks that other agents hold too: each entry must be on at least one of them.
  void readable_somewhere(const std::vector<Process*>& processes);
  void not_converged(const std::string& why);
  void not_quiet(const Process& process, const std::string& what);

  bool failed() const { return report_.violation.has_value(); }

 private:
  // A write with an unknown outcome. If its change appears later, it belongs to this write.
  struct InDoubt {
    base::NodeId node;
    agent::WriteRequest request;
    crdt::VersionVector before;
    bool writes_first = true;
  };
  void fail(const std::string& checker, const Host* host, const std::string& text);
  void set_aside(Host& host);
  void adopt(Process& process);
  void adopt(Process& process, const base::ActorId& actor, std::uint64_t seq);
  static void note_clock(Process& process);
  void check_own(Process& process, const Observer::Turn& turn);
  void check_refusal(Process& process, const agent::WriteRequest& request,
                     const agent::Reply& reply, const crdt::VersionVector& past);
  // True if the reply repeats an earlier one.
  bool is_repeated(Process& process, const Observer::Turn& turn, const agent::WriteRequest& request,
                   const agent::Reply& reply);
  void check_replies(Process& process, const Observer::Turn& turn);
  void note_pruned(Process& process, const agent::Notice& aside);
  void note_entries(const Process& process, const Observer::Turn& turn);
  // Why the entry is not as acknowledged; empty when it is.
  static std::optional<std::string> difference(Process& process, const EntryName& name,
                                               const std::optional<Fields>& metadata);
  void check_digest(Process& process);
  void check_state(Process& process, const Observer::Turn& turn);
  crdt::VersionVector past_of_writes(const Process& process, const Observer::Turn& turn) const;

  Schedule& schedule_;
  Oracle& oracle_;
  StateChecker state_;
  RetryCheck retries_;
  Trace& trace_;
  Report& report_;
  struct Sealed {
    crdt::HeadHash hash = 0;
    crdt::HybridTime time;
    std::string host;
  };
  std::map<base::ActorId, std::map<std::uint64_t, Sealed>> sealed_;
  std::vector<InDoubt> in_doubt_;
  crdt::VersionVector owed_;  // promises of media whose state was set aside
  bool forks_ = false;
  bool split_ = false;
  // With forks: for each object and id, the write that was acknowledged last.
  struct Acknowledged {
    std::optional<Fields> metadata;  // nullopt: the entry was removed
    std::size_t host = 0;
    std::uint64_t number = 0;
    std::optional<crdt::Dot> dot;
  };
  std::map<EntryName, Acknowledged> acknowledged_;
  std::uint64_t acknowledgements_ = 0;
  std::map<std::size_t, std::uint64_t> put_back_;  // for each host: acknowledgements until then
  std::size_t lost_with_log_ = 0;
  // Rule 8: the digest of each vector, and who showed it first.
  std::map<crdt::Digest, std::pair<crdt::Digest, std::string>> digests_;
};

}  // namespace simulation

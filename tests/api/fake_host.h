#pragma once

// The agent as handlers see it, with a real store and replica in a temporary folder, and without
// threads. Work for the store, the readers and the loop waits in queues, and the test decides which
// is done next. Time moves only when the test says so.

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/api/host.h"
#include "agent/api/sync_meter.h"
#include "agent/http/router.h"
#include "agent/replica/replica.h"
#include "crdt/base/random.h"
#include "gossip/presence/presences.h"
#include "tests/api/fake_exchange.h"

namespace agent {

class FakeHost final : public Host {
 public:
  explicit FakeHost(const std::string& name, const ReplicaOptions& options = {});
  ~FakeHost() override;

  void write(WriteRequest request, std::function<void(base::Result<Written>)> done) override;
  void maintain(decltype(Maintain::what) what, MaintenanceDone done) override;
  bool read(Work work) override;
  const AgentFacts& facts() const override { return facts_; }
  std::optional<std::int64_t> position_here(const std::string& node,
                                            std::int64_t position) const override {
    return position_here_ ? position_here_(node, position) : std::nullopt;
  }
  // What the mesh would know of the log of another agent.
  using PositionHere = std::function<std::optional<std::int64_t>(const std::string&, std::int64_t)>;
  void set_position_here(PositionHere known) { position_here_ = std::move(known); }
  Health health() const override { return health_; }
  std::string health_reason() const override { return reason_; }
  std::string isolated() const override { return isolated_; }
  std::string without_peers() const override { return without_peers_; }
  std::optional<LastJoin> last_join() const override { return last_join_; }
  std::optional<LastJoin> last_merge() const override { return last_merge_; }
  base::Now now() const override { return now_; }
  base::Duration uptime() const override { return base::seconds(90); }
  std::vector<gossip::MemberView> members() const override { return members_; }
  SyncFigures sync_figures(const std::string& object) const override {
    return sync_meter_.figures(now_.instant, object);
  }
  std::string metrics() const override { return "hearsay_up 1\n"; }
  void join(const std::string& address,
            std::function<void(const base::Result<Joined>&)> done) override;
  void await_holders(const crdt::Dot& dot, std::size_t wanted, base::Duration within,
                     std::function<void(std::vector<std::string>)> done) override;
  void leave() override { left_ = true; }
  base::Status set_presence(const std::string& topic, const std::string& key,
                            base::Bytes body) override {
    return presences_.set(now_.instant, topic, key, std::move(body));
  }
  bool drop_presence(const std::string& topic, const std::string& key) override {
    return presences_.drop(now_.instant, topic, key);
  }
  std::vector<gossip::PresenceView> presences(const std::string& topic) const override {
    return presences_.shown(now_.instant, topic);
  }
  std::uint64_t watch(Watcher watcher, std::function<void()> ready) override;
  void unwatch(std::uint64_t watcher) override { watchers_.erase(watcher); }
  void later(std::uint64_t millis, std::function<void()> tick) override;

  // --- the test's side

  void belongs_to(std::uint64_t mesh) { facts_.mesh = mesh; }
  std::shared_ptr<FakeExchange> send(const std::string& verb, const std::string& target,
                                     const std::string& body = "",
                                     const http::Headers& headers = {});
  // Sends a request, runs until nothing waits, and returns the answer.
  http::Response call(const std::string& verb, const std::string& target,
                      const std::string& body = "");
  http::Router& router() { return router_; }
  Replica& replica() { return *replica_; }

  // One step of one part. False: it had nothing to do. A turn uses the watchers that exist when it
  // starts, and commits when it is finished.
  bool start_turn();
  bool commit_turn();
  bool tell_turn();  // the loop hears of the commit
  bool finish_turn() { return tell_turn() || (commit_turn() && tell_turn()); }
  bool start_read();   // reads in its snapshot
  bool finish_read();  // and hands the answer to the loop
  bool read_step() { return finish_read() || (start_read() && finish_read()); }
  bool loop_step();
  bool fire_timer();                            // the first one that is due
  void pass(std::uint64_t millis);              // moves the clock, runs nothing
  void spoil_cells();                           // from now on reads of cells fail
  void run();                                   // until nothing waits, timers that are due included
  void run_by_chance(base::Random& random);     // the same, in an order of chance
  void advance(std::uint64_t millis);           // moves the clock and runs
  void learn_from(FakeHost& other);             // takes over every change it has not seen, and runs
  void hear_from(FakeHost& other);              // the same, without running
  void take(const crdt::SealedChange& change);  // as if a peer had sent it; runs
  void close_actor(const base::ActorId& actor);
  // Begins a state join. Its pages come with later turns.
  void join_from(FakeHost& other);
  void restart(bool clean);

  std::size_t watchers() const { return watchers_.size(); }
  std::size_t reads() const { return reads_done_; }
  std::uint64_t turns() const { return turns_begun_; }
  std::size_t writes_waiting() const { return inputs_.size() + turn_inputs_.size(); }

  Health health_ = Health::kReady;
  std::string reason_;
  std::vector<gossip::MemberView> members_;
  std::string isolated_;
  std::string without_peers_;
  base::Result<Joined> join_answer_ = Joined{true, "", ""};
  std::string joined_;
  bool left_ = false;
  std::vector<std::string> holders_;  // of every change
  std::optional<LastJoin> last_join_;
  std::optional<LastJoin> last_merge_;
  SyncMeter sync_meter_;
  bool clients_know_chunks_ = true;
  gossip::Options mesh_options_;
  gossip::Stats mesh_stats_;
  gossip::Presences presences_{base::NodeId{{0xA1}}, 1, mesh_options_, mesh_stats_};
  std::size_t refuse_writes_ = 0;  // so many are told kBusy
  std::size_t refuse_reads_ = 0;   // so many are told that the queue is full

 private:
  void open_replica();
  void deliver(Outputs outputs);
  void tell_ready();
  void answer(const JoinStep& step);

  std::string folder_;
  ReplicaOptions options_;
  AgentFacts facts_;
  PositionHere position_here_;
  base::Now now_;
  base::Random random_;
  http::Router router_;
  std::unique_ptr<Replica> replica_;
  std::unique_ptr<store::Reader> reader_;
  base::Bytes host_;

  std::deque<Input> inputs_;
  std::vector<Input> turn_inputs_;
  bool turn_started_ = false;
  std::optional<Outputs> committed_;
  bool turn_watched_ = false;
  std::deque<Work> work_;
  std::function<void()> read_answer_;
  std::deque<std::function<void()>> loop_;
  std::multimap<std::int64_t, std::function<void()>> timers_;
  std::map<std::uint64_t, std::function<void(base::Result<Written>)>> waiting_;
  std::map<std::uint64_t, MaintenanceDone> maintaining_;
  std::map<std::uint64_t, Watcher> watchers_;
  std::uint64_t turns_begun_ = 0;
  std::uint64_t turns_told_ = 0;
  std::vector<std::pair<std::uint64_t, std::function<void()>>> ready_;  // after which turn
  FakeHost* joins_ = nullptr;
  std::vector<base::Bytes> told_;  // every sealed change, own and received, in order
  std::uint64_t next_number_ = 1;
  std::size_t reads_done_ = 0;
};

}  // namespace agent

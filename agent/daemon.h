#pragma once

// The production driver. It owns the loop, the threads, the sockets and the clocks, and runs the
// two machines with them. Its parts are built in the order of their dependencies: first those that
// need no other part. start() returns an error when the agent cannot start; run() returns when the
// agent has stopped cleanly.

#include <uv.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/access/access.h"
#include "agent/api/host.h"
#include "agent/api/sync_meter.h"
#include "agent/condition.h"
#include "agent/data_directory.h"
#include "agent/http/server.h"
#include "agent/http_port.h"
#include "agent/isolation_watch.h"
#include "agent/join_history.h"
#include "agent/log.h"
#include "agent/loop_timers.h"
#include "agent/member_memory.h"
#include "agent/mesh.h"
#include "agent/notices.h"
#include "agent/reader_pool.h"
#include "agent/repair_watch.h"
#include "agent/rest_watch.h"
#include "agent/seed_resolver.h"
#include "agent/signals.h"
#include "agent/store_figures.h"
#include "agent/store_thread.h"

namespace agent {

struct DaemonOptions {
  std::string name;
  std::string data_dir;
  std::string key_file;   // empty: mesh.key in the data directory
  std::string http_host;  // numeric; without TLS it is of loopback
  std::uint16_t http_port = 0;
  std::vector<std::string> join;
  MeshOptions mesh;
  TlsFiles tls;
  http::Options http;
  ReplicaOptions replica;
  PumpOptions pump;
  ReaderPoolOptions readers;
  ReaderPoolOptions mesh_reader{1, 256};  // requests of peers; above: the peer gets "busy"
  base::Duration lonely_after = base::seconds(60);  // repair_watch.h
};

class Daemon : public Host {
 public:
  Daemon(DaemonOptions options, Log& log);
  ~Daemon() override;

  base::Status start();
  int run();
  // True after run() when the database must be opened again: to check it, to set it aside (rules 2
  // and 8), or for a new node id. Another Daemon with again_options() then goes on at the same
  // addresses.
  bool starts_again() const { return again_; }
  DaemonOptions again_options() const;
  void stop();  // same as SIGTERM and SIGINT (see hold_signals()); loop thread only
  uv_loop_t* loop() { return &loop_; }
  // Called on SIGHUP. Set it before run().
  void on_reload(std::function<void()> reload) { reload_ = std::move(reload); }
  void set_seeds(const std::vector<std::string>& seeds);
  void set_topology(gossip::Topology topology);
  // For new connections of clients. A wrong file is logged, and the former one stays in use.
  void set_tls(const TlsFiles& files);
  // Reads the API keys and the revoked certificates again. If the file is damaged, the agent goes
  // on with those that it has, and logs the reason.
  void read_keys_again();

  void write(WriteRequest request, std::function<void(base::Result<Written>)> done) override;
  void maintain(decltype(Maintain::what) what, MaintenanceDone done) override;
  bool read(Work work) override;
  const AgentFacts& facts() const override { return facts_; }
  std::optional<std::int64_t> position_here(const std::string& node,
                                            std::int64_t position) const override;
  bool has_twin() const;
  Health health() const override;
  std::string health_reason() const override;
  std::optional<LastJoin> last_join() const override { return joins_.last(); }
  std::optional<LastJoin> last_merge() const override { return joins_.last_merge(); }
  std::string isolated() const override { return isolation_->reason(); }
  std::string without_peers() const override { return isolation_->without_peers(); }
  base::Now now() const override;
  base::Duration uptime() const override;
  std::vector<gossip::MemberView> members() const override;
  SyncFigures sync_figures(const std::string& object) const override {
    return sync_meter_.figures(now().instant, object);
  }
  std::string metrics() const override;
  void join(const std::string& address,
            std::function<void(const base::Result<Joined>&)> done) override;
  void await_holders(const crdt::Dot& dot, std::size_t wanted, base::Duration within,
                     std::function<void(std::vector<std::string>)> done) override;
  void leave() override;
  base::Status set_presence(const std::string& topic, const std::string& key,
                            base::Bytes body) override;
  bool drop_presence(const std::string& topic, const std::string& key) override;
  std::vector<gossip::PresenceView> presences(const std::string& topic) const override;
  std::uint64_t watch(Watcher watcher, std::function<void()> ready) override;
  void unwatch(std::uint64_t watcher) override;
  void later(std::uint64_t millis, std::function<void()> tick) override {
    timers_.later(millis, std::move(tick));
  }

 private:
  base::Status open_store();
  std::string_view hint_about_new_key() const;
  base::Status open_sockets();
  void announce();
  void remember_members();
  void save_members();
  void watch_rest();
  base::Status catch_signals();
  Mesh::Hooks mesh_hooks();
  void deliver(std::vector<Outputs> outputs);
  void tell_watchers(const std::vector<Outputs>& outputs);
  void note(const Notice& notice);
  std::string member_name(const base::NodeId& node) const;
  auth::Time access_time() const;
  // Programs of other hosts need an API key. Says so in the log while there is none.
  void warn_without_keys();
  std::string peer_name(const JoinReport& join) const;
  void hand_over(Input input);
  void hand_over_deferred();
  void refuse(const Input& input);
  void start_again();
  void fetch(gossip::Fetch fetch);
  struct Joining;  // one call of join()
  void await_join(const std::shared_ptr<Joining>& joining);
  void watch_isolation();
  void stop_store();

  DaemonOptions options_;
  Log& log_;
  AgentFacts facts_;
  base::Random random_;
  auth::Access access_;
  crdt::HybridClock clock_at_start_{{}, {}};  // for the question whether the wall clock is trusted
  base::Instant started_;
  std::unique_ptr<DataDirectory> directory_;
  std::unique_ptr<DatabaseFiles> files_;
  std::unique_ptr<Replica> opened_;  // from open_store() until the store thread takes it
  MeshSelf self_;
  RepairWatch repair_watch_;
  uv_loop_t loop_{};
  bool loop_open_ = false;
  LoopTimers timers_{&loop_};
  std::unique_ptr<StoreThread> store_thread_;
  std::unique_ptr<ReaderPool> readers_;      // for clients
  std::unique_ptr<ReaderPool> mesh_reader_;  // for peers, so that many HTTP reads do not delay them
  std::unique_ptr<Mesh> mesh_;
  std::unique_ptr<MemberMemory> memory_;
  bool met_anybody_ = false;
  std::unique_ptr<SeedResolver> resolver_;
  std::unique_ptr<IsolationWatch> isolation_;
  StoreFiguresWatch figures_{*this, *this};
  http::Router router_;
  std::unique_ptr<http::Server> server_;
  bool has_http_socket_ = false;
  std::unique_ptr<Signals> signals_;
  std::function<void()> reload_;
  bool stopping_ = false;
  bool again_ = false;
  std::deque<Input> deferred_;  // the queue of the store thread had no room for them; in order

  std::map<std::uint64_t, std::function<void(base::Result<Written>)>> waiting_;
  std::map<std::uint64_t, MaintenanceDone> maintaining_;
  std::map<std::uint64_t, std::function<void(std::vector<std::string>)>> holding_;
  std::uint64_t next_ticket_ = 1;
  std::map<std::uint64_t, Watcher> watchers_;
  std::uint64_t next_watcher_ = 1;
  Condition condition_;
  JoinHistory joins_;
  SyncMeter sync_meter_;
  std::array<std::uint64_t, kNoticeKinds> notice_counts_{};
  std::uint64_t writes_ = 0;
  std::uint64_t writes_refused_ = 0;
  std::uint64_t changes_applied_ = 0;
  std::uint64_t reads_ = 0;
  RestWatch rest_watch_;
};

}  // namespace agent

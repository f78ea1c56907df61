#pragma once

// One mesh on virtual time. The test decides what happens at which moment. The checkers are those
// of every run of the simulator.

#include <gtest/gtest.h>

#include "tools/simulator/cluster.h"

namespace simulation::testing {

class Scenario {
 public:
  explicit Scenario(std::size_t nodes, std::uint64_t seed = 1,
                    gossip::Topology topology = gossip::Topology::kDirect) {
    settings_.seed = seed;
    settings_.nodes = nodes;
    settings_.node.topology = topology;
    settings_.replica.clock.build_nanos = 1'700'000'000'000'000'000;
  }

  // Change these before start().
  Settings& settings() { return settings_; }

  // Starts all agents.
  void start() {
    trace_ = std::make_unique<Trace>(settings_.nodes + 2);
    report_ = std::make_unique<Report>();
    cluster_ = std::make_unique<Cluster>(settings_, *trace_, *report_);
    for (std::size_t i = 0; i < settings_.nodes; ++i) cluster_->start(i);
  }
  // The same, until all know each other.
  void begin() {
    start();
    ASSERT_TRUE(meets(base::seconds(20)));
  }
  // Then `host` writes, and all have it.
  void begin_with(std::size_t host, std::size_t requests) {
    begin();
    write(host, requests);
    ASSERT_TRUE(converges(base::seconds(20)));
  }
  // A bit of the database file flips, whose agent is stopped.
  void flip_bit_of_stopped(std::size_t index, std::uint64_t offset, unsigned bit) {
    EXPECT_TRUE(host(index).disk.flip_bit(kDatabase, offset, bit));
    host(index).rotten = true;
    cluster().tampered(index);
  }
  // The same wherever `text` stands in the file.
  void flip_text_of_stopped(std::size_t index, const std::string& text) {
    const base::Bytes file = host(index).disk.read(kDatabase);
    auto at = file.find(text);
    EXPECT_NE(at, base::Bytes::npos) << text;
    for (; at != base::Bytes::npos; at = file.find(text, at + 1)) flip_bit_of_stopped(index, at, 0);
  }
  Cluster& cluster() { return *cluster_; }
  Report& report() { return *report_; }
  Network& network() { return cluster_->network(); }
  Host& host(std::size_t index) { return cluster_->host(index); }
  Process& process(std::size_t index) { return *cluster_->process(index); }
  void run(base::Duration time) { cluster_->run(time); }
  void write(std::size_t host, std::size_t requests = 1) {
    for (std::size_t i = 0; i < requests; ++i) {
      cluster_->request(host);
      cluster_->run(base::millis(5));
    }
  }
  void cut_both(std::size_t a, std::size_t z) {
    network().cut(host(a).address, host(z).address);
    network().cut(host(z).address, host(a).address);
  }
  bool converges(base::Duration at_most) {
    return cluster_->run_until([this] { return cluster_->converged(); }, at_most);
  }
  bool meets(base::Duration at_most) {
    return cluster_->run_until([this] { return cluster_->acquainted(); }, at_most);
  }
  gossip::MemberState state_of(std::size_t seen_by, std::size_t about) {
    base::NodeId node = process(about).node();
    for (const auto& view : process(seen_by).node_machine().members(process(seen_by).now())) {
      if (view.record.node == node) return view.record.state;
    }
    return gossip::MemberState::kLeft;
  }
  // Runs the final checks. If one fails, the test fails and prints the story of the run.
  void judge() {
    if (report_->passed()) cluster_->checker().healed(cluster_->running(), cluster_->owed());
    if (report_->passed()) return;
    report_->story.assign(trace_->lines().begin(), trace_->lines().end());
    ADD_FAILURE() << text_of(*report_);
  }
  std::string story() {
    std::string text;
    for (const std::string& line : trace_->lines()) text += line + "\n";
    return text + cluster_->differences();
  }

 private:
  Settings settings_;
  std::unique_ptr<Trace> trace_;
  std::unique_ptr<Report> report_;
  std::unique_ptr<Cluster> cluster_;
};

}  // namespace simulation::testing

#pragma once

// One listener of the feed for all clients of a door. The hub of the door renders a change once for
// all of them. The hub outlives no call: the listener does not keep it.

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "agent/feed/listener.h"

namespace agent {

// `Hub` has these functions, all called from the loop:
//   live()          a snapshot that is taken now has every change that changed() will not tell
//   changed(event)  a change after that, in order
//   changes_told()  after the changes of one turn
//   lost()          changes are missing; live() follows
//   failed(error)   the last call: the feed cannot go on
template <typename Hub>
class HubListener final : public Listener {
 public:
  explicit HubListener(std::weak_ptr<Hub> hub) : hub_(std::move(hub)) {}

  std::size_t room() const override { return kIdle; }
  bool begin(const std::optional<Cursor>&) override { return !hub_.expired(); }
  bool values(std::span<const Value>) override { return true; }
  bool values_end(const Cursor&) override { return true; }
  bool changes(const Batch& batch) override {
    const auto hub = hub_.lock();
    if (!hub) return false;
    for (const std::size_t index : batch.wanted) hub->changed(batch.events.list()[index]);
    hub->changes_told();
    return true;
  }
  bool reset(const std::optional<Cursor>&, std::string_view) override {
    const auto hub = hub_.lock();
    if (hub) hub->lost();
    return hub != nullptr;
  }
  bool up_to_date(const Cursor&) override {
    const auto hub = hub_.lock();
    if (hub) hub->live();
    return hub != nullptr;
  }
  void fail(const base::Error& error) override {
    if (const auto hub = hub_.lock()) hub->failed(error);
  }

 private:
  std::weak_ptr<Hub> hub_;
};

}  // namespace agent

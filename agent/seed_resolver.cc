#include "agent/seed_resolver.h"

#include <utility>

namespace agent {
namespace {

constexpr std::uint64_t kAgainMillis = 30'000;

}  // namespace

SeedResolver::SeedResolver(uv_loop_t* loop, std::function<void(std::vector<gossip::Address>)> found,
                           LookupThread::LookUp look_up)
    : found_(std::move(found)),
      lookups_(loop, std::move(look_up),
               [this](const std::string& seed, std::vector<gossip::Address> addresses) {
                 auto asking = std::exchange(asking_[seed], {});
                 asking_.erase(seed);
                 if (!addresses.empty()) answered(seed, addresses);
                 for (const auto& resolved : asking) resolved(addresses);
               }),
      timer_(new uv_timer_t) {
  uv_timer_init(loop, timer_);
  timer_->data = this;
  uv_timer_start(
      timer_, [](uv_timer_t* timer) { static_cast<SeedResolver*>(timer->data)->look_up_names(); },
      kAgainMillis, kAgainMillis);
  uv_unref(reinterpret_cast<uv_handle_t*>(timer_));
}

SeedResolver::~SeedResolver() = default;

void SeedResolver::close() {
  lookups_.close();
  uv_close(reinterpret_cast<uv_handle_t*>(timer_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
}

void SeedResolver::set(const std::vector<std::string>& seeds) {
  known_.clear();
  for (const std::string& seed : seeds) known_[seed];
  look_up_names();
}

void SeedResolver::add(const std::string& seed,
                       std::function<void(std::vector<gossip::Address>)> resolved) {
  known_[seed];
  look_up(seed, std::move(resolved));
}

void SeedResolver::look_up_names() {
  std::vector<std::string> seeds;
  for (const auto& [seed, addresses] : known_) seeds.push_back(seed);
  for (const std::string& seed : seeds) look_up(seed, nullptr);
}

void SeedResolver::look_up(const std::string& seed,
                           std::function<void(std::vector<gossip::Address>)> resolved) {
  if (auto address = gossip::Address::parse(seed)) {
    answered(seed, {*address});
    if (resolved) resolved({*address});
    return;
  }
  if (resolved) asking_[seed].push_back(std::move(resolved));
  lookups_.ask(seed);
}

void SeedResolver::answered(const std::string& seed, std::vector<gossip::Address> addresses) {
  auto& known = known_[seed];
  if (known == addresses) return;
  known = std::move(addresses);
  std::vector<gossip::Address> all;
  for (const auto& [name, list] : known_) all.insert(all.end(), list.begin(), list.end());
  found_(std::move(all));
}

}  // namespace agent

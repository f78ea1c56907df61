#include "agent/seed_resolver.h"

#include <algorithm>
#include <utility>

#include "gossip/swim/seeds.h"

namespace agent {
namespace {

constexpr std::uint64_t kAgainMillis = 30'000;

base::Error stops(const std::string& seed) {
  return {base::Code::kUnavailable, "join " + seed + ": the agent is stopping"};
}

bool is_name(const std::string& seed) { return !gossip::Address::parse(seed); }

}  // namespace

SeedResolver::SeedResolver(uv_loop_t* loop, std::function<void(Addresses)> found,
                           LookupThread::LookUp look_up)
    : found_(std::move(found)),
      lookups_(loop, std::move(look_up),
               [this](const std::string& seed, const Addresses& addresses) {
                 answered(seed, addresses);
               }),
      timer_(new uv_timer_t) {
  uv_timer_init(loop, timer_);
  timer_->data = this;
  uv_timer_start(
      timer_, [](uv_timer_t* timer) { static_cast<SeedResolver*>(timer->data)->look_up_again(); },
      kAgainMillis, kAgainMillis);
  uv_unref(reinterpret_cast<uv_handle_t*>(timer_));
}

SeedResolver::~SeedResolver() = default;

void SeedResolver::set(const std::vector<std::string>& seeds) {
  auto before = std::exchange(configured_, {});
  joined_.clear();
  unknown_.clear();
  for (const std::string& seed : seeds) {
    auto address = gossip::Address::parse(seed);
    configured_[seed] = address ? Addresses{*address} : before[seed];
  }
  tell();
  look_up_again();
}

void SeedResolver::add(const std::string& seed, Resolved resolved) {
  if (timer_ == nullptr) return resolved(stops(seed));
  if (waiting_.size() >= kJoinsWaitingMax) {
    return resolved(
        base::Error{base::Code::kBusy, "too many joins wait for a nameserver; try again"});
  }
  waiting_.emplace(seed, std::move(resolved));
  if (auto address = gossip::Address::parse(seed)) return answered(seed, {*address});
  lookups_.ask(seed);
}

void SeedResolver::look_up_again() {
  for (const auto& [seed, addresses] : configured_) {
    if (is_name(seed)) lookups_.ask(seed);
  }
  for (const Joined& joined : joined_) {
    if (is_name(joined.seed)) lookups_.ask(joined.seed);
  }
}

void SeedResolver::close() {
  lookups_.close();
  uv_close(reinterpret_cast<uv_handle_t*>(timer_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
  timer_ = nullptr;
  for (const auto& [seed, resolved] : std::exchange(waiting_, {})) resolved(stops(seed));
}

void SeedResolver::answered(const std::string& seed, const Addresses& addresses) {
  std::vector<Resolved> asking;
  for (auto [at, end] = waiting_.equal_range(seed); at != end; at = waiting_.erase(at)) {
    asking.push_back(std::move(at->second));
  }
  if (addresses.empty()) {
    if (configured_.contains(seed)) unknown_.insert(seed);
  } else {
    unknown_.erase(seed);
    keep(seed, addresses, !asking.empty());
    make_place();
    tell();
  }
  base::Result<Addresses> result = addresses;
  if (addresses.empty())
    result = base::invalid("join " + seed + ": no such name, or it has no address");
  for (const Resolved& resolved : asking) resolved(result);
}

void SeedResolver::keep(const std::string& seed, const Addresses& addresses, bool asked_for) {
  auto configured = configured_.find(seed);
  if (configured != configured_.end()) {
    configured->second = addresses;
    return;
  }
  auto joined = std::find_if(joined_.begin(), joined_.end(),
                             [&](const Joined& known) { return known.seed == seed; });
  if (asked_for) {
    if (joined != joined_.end()) joined_.erase(joined);
    joined_.push_back({seed, addresses});
  } else if (joined != joined_.end()) {
    joined->addresses = addresses;
  }
}

void SeedResolver::make_place() {
  std::size_t all = 0;
  for (const auto& [seed, addresses] : configured_) all += addresses.size();
  for (const Joined& joined : joined_) all += joined.addresses.size();
  // The newest one keeps its place, whatever is configured.
  while (all > gossip::kSeedsMax && joined_.size() > 1) {
    all -= joined_.front().addresses.size();
    joined_.pop_front();
  }
}

std::vector<SeedResolver::Seed> SeedResolver::seeds() const {
  std::vector<Seed> out;
  for (const auto& [seed, addresses] : configured_) {
    out.push_back({seed, addresses, unknown_.contains(seed)});
  }
  for (const Joined& joined : joined_) out.push_back({joined.seed, joined.addresses, false});
  return out;
}

void SeedResolver::tell() {
  Addresses all;
  auto append = [&](const Addresses& more) { all.insert(all.end(), more.begin(), more.end()); };
  for (auto joined = joined_.rbegin(); joined != joined_.rend(); ++joined) {
    append(joined->addresses);
  }
  for (const auto& [seed, addresses] : configured_) append(addresses);
  if (all == told_) return;
  told_ = all;
  found_(std::move(all));
}

}  // namespace agent

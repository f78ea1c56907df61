#include "agent/seed_resolver.h"

#include <netdb.h>
#include <netinet/in.h>

#include <cstring>

namespace agent {
namespace {

constexpr std::uint64_t kAgainMillis = 30'000;
constexpr std::size_t kAddressesOfOneNameMax = 16;

std::vector<gossip::Address> addresses_of(const addrinfo* list) {
  std::vector<gossip::Address> addresses;
  for (const addrinfo* at = list; at && addresses.size() < kAddressesOfOneNameMax;
       at = at->ai_next) {
    gossip::Address address;
    if (at->ai_family == AF_INET) {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(at->ai_addr);
      address.ip[10] = address.ip[11] = 0xFF;
      std::memcpy(&address.ip[12], &v4->sin_addr, 4);
      address.port = ntohs(v4->sin_port);
    } else if (at->ai_family == AF_INET6) {
      const auto* v6 = reinterpret_cast<const sockaddr_in6*>(at->ai_addr);
      std::memcpy(address.ip.data(), &v6->sin6_addr, 16);
      address.port = ntohs(v6->sin6_port);
    } else {
      continue;
    }
    addresses.push_back(address);
  }
  return addresses;
}

}  // namespace

struct SeedResolver::Lookup {
  uv_getaddrinfo_t request{};
  SeedResolver* resolver = nullptr;
  std::weak_ptr<bool> alive;
  std::string seed;
  std::function<void(std::vector<gossip::Address>)> resolved;
};

SeedResolver::SeedResolver(uv_loop_t* loop, std::function<void(std::vector<gossip::Address>)> found)
    : loop_(loop), found_(std::move(found)), timer_(new uv_timer_t) {
  uv_timer_init(loop, timer_);
  timer_->data = this;
  uv_timer_start(
      timer_, [](uv_timer_t* timer) { static_cast<SeedResolver*>(timer->data)->look_up_names(); },
      kAgainMillis, kAgainMillis);
  uv_unref(reinterpret_cast<uv_handle_t*>(timer_));
}

SeedResolver::~SeedResolver() = default;

void SeedResolver::close() {
  alive_.reset();
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
  auto colon = seed.rfind(':');
  if (colon == std::string::npos) {
    if (resolved) resolved({});
    return;
  }
  auto* lookup = new Lookup;
  lookup->request.data = lookup;
  lookup->resolver = this;
  lookup->alive = alive_;
  lookup->seed = seed;
  lookup->resolved = std::move(resolved);
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  std::string host = seed.substr(0, colon);
  std::string port = seed.substr(colon + 1);
  auto done = [](uv_getaddrinfo_t* request, int status, addrinfo* list) {
    std::unique_ptr<Lookup> finished(static_cast<Lookup*>(request->data));
    auto addresses = status == 0 ? addresses_of(list) : std::vector<gossip::Address>{};
    uv_freeaddrinfo(list);
    if (finished->alive.expired()) return;
    if (!addresses.empty()) finished->resolver->answered(finished->seed, addresses);
    if (finished->resolved) finished->resolved(addresses);
  };
  if (uv_getaddrinfo(loop_, &lookup->request, done, host.c_str(), port.c_str(), &hints) != 0) {
    if (lookup->resolved) lookup->resolved({});
    delete lookup;
  }
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

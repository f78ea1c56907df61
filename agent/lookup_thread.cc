#include "agent/lookup_thread.h"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "agent/host_port.h"
#include "crdt/base/check.h"

namespace agent {
namespace {

constexpr std::size_t kAddressesOfOneNameMax = 16;  // further ones are ignored

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
      if (address.is_link_local()) address.scope = v6->sin6_scope_id;
    } else {
      continue;
    }
    addresses.push_back(address);
  }
  return addresses;
}

}  // namespace

std::vector<gossip::Address> ask_system(const std::string& name) {
  // The system takes the host without the brackets of "[fe80::1%eth0]:7700".
  auto where = HostPort::parse(name);
  if (!where) return {};
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  std::string port = std::to_string(where->port);
  int status = ::getaddrinfo(where->host.c_str(), port.c_str(), &hints, &list);
  if (status != 0) return {};
  auto addresses = addresses_of(list);
  ::freeaddrinfo(list);
  return addresses;
}

// Both sides own it, because the thread may outlive the LookupThread.
struct LookupThread::Shared {
  LookUp look_up;
  uv_async_t* wake = nullptr;  // do not use it when `closed`

  std::mutex mutex;
  std::deque<std::string> names;  // the first one is being looked up
  std::vector<std::pair<std::string, std::vector<gossip::Address>>> answers;
  bool running = false;
  bool closed = false;
};

LookupThread::LookupThread(uv_loop_t* loop, LookUp look_up, Answered answered)
    : shared_(std::make_shared<Shared>()), answered_(std::move(answered)) {
  shared_->look_up = std::move(look_up);
  shared_->wake = new uv_async_t;
  CHECK(uv_async_init(loop, shared_->wake, [](uv_async_t* handle) {
          static_cast<LookupThread*>(handle->data)->deliver();
        }) == 0);
  shared_->wake->data = this;
}

LookupThread::~LookupThread() {
  std::lock_guard lock(shared_->mutex);
  CHECK(shared_->closed);
}

// While there is no work there is no thread.
void LookupThread::ask(const std::string& name) {
  std::lock_guard lock(shared_->mutex);
  auto& names = shared_->names;
  if (shared_->closed) return;
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  if (shared_->running) return;
  try {
    std::thread([shared = shared_] { run(shared); }).detach();
    shared_->running = true;
  } catch (const std::system_error&) {
    // The system has no room for a thread now. The names wait; the next ask() starts the thread.
  }
}

void LookupThread::run(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  while (!shared->closed && !shared->names.empty()) {
    std::string name = shared->names.front();
    lock.unlock();
    auto addresses = shared->look_up(name);
    lock.lock();
    if (shared->closed) break;
    shared->names.pop_front();
    shared->answers.emplace_back(std::move(name), std::move(addresses));
    uv_async_send(shared->wake);
  }
  shared->running = false;
}

void LookupThread::deliver() {
  std::shared_ptr<Shared> shared = shared_;  // a callback may call close()
  decltype(shared->answers) answers;
  {
    std::lock_guard lock(shared->mutex);
    answers.swap(shared->answers);
  }
  for (auto& [name, addresses] : answers) {
    if (shared->closed) return;
    answered_(name, std::move(addresses));
  }
}

void LookupThread::close() {
  std::lock_guard lock(shared_->mutex);
  shared_->closed = true;
  uv_close(reinterpret_cast<uv_handle_t*>(shared_->wake),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_async_t*>(handle); });
}

}  // namespace agent

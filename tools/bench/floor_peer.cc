#include <sys/random.h>

#include <iostream>

#include "tools/bench/clock.h"
#include "tools/bench/floor.h"
#include "tools/bench/floor_message.h"
#include "tools/bench/raw_store.h"

namespace bench {
namespace {

using Kind = FloorMessage::Kind;

constexpr std::int64_t kSilenceMax = 120 * kSecond;  // after this time the driver counts as dead

std::string random_payload() {
  std::string payload(kPayloadSize, '\0');
  if (::getrandom(payload.data(), payload.size(), 0) < 0) payload.assign(kPayloadSize, 'x');
  return payload;
}

class FloorPeer {
 public:
  FloorPeer(DatagramSocket socket, std::uint16_t driver, RawStore& store)
      : socket_(std::move(socket)), driver_(driver), store_(store) {}

  base::Status serve() {
    socket_.send(driver_, encode({Kind::kHello, 0, {}, ""}));
    while (auto datagram = socket_.receive(kSilenceMax)) {
      auto message = decode_floor_message(datagram->bytes);
      if (!message) continue;
      if (message->kind == Kind::kPeers) peers_ = message->values;
      if (message->kind == Kind::kGo) RETURN_IF_ERROR(originate(message->number));
      if (message->kind == Kind::kChange) RETURN_IF_ERROR(take(*message));
    }
    return {};
  }

 private:
  base::Status originate(std::uint64_t number) {
    FloorMessage change{Kind::kChange, number, {}, random_payload()};
    std::int64_t started = monotonic_nanos();
    RETURN_IF_ERROR(commit(change, RawStore::Durability::kFull));
    std::int64_t done = monotonic_nanos();
    std::string bytes = encode(change);
    for (std::int64_t peer : peers_) {
      if (peer != socket_.port()) socket_.send(static_cast<std::uint16_t>(peer), bytes);
    }
    socket_.send(driver_, encode({Kind::kStart, number, {started}, ""}));
    socket_.send(driver_, encode({Kind::kDone, number, {done}, ""}));
    return {};
  }

  base::Status take(const FloorMessage& change) {
    RETURN_IF_ERROR(commit(change, RawStore::Durability::kNormal));
    socket_.send(driver_, encode({Kind::kDone, change.number, {monotonic_nanos()}, ""}));
    return {};
  }

  base::Status commit(const FloorMessage& change, RawStore::Durability durability) {
    RETURN_IF_ERROR(store_.begin(durability));
    RETURN_IF_ERROR(store_.append(change.payload));
    return store_.commit();
  }

  DatagramSocket socket_;
  std::uint16_t driver_;
  RawStore& store_;
  std::vector<std::int64_t> peers_;
};

base::Status serve(std::uint16_t driver_port, const std::string& file) {
  ASSIGN_OR_RETURN(auto store, RawStore::open(file));
  ASSIGN_OR_RETURN(auto socket, DatagramSocket::open());
  return FloorPeer(std::move(socket), driver_port, *store).serve();
}

}  // namespace

int run_floor_peer(std::uint16_t driver_port, const std::string& file) {
  auto status = serve(driver_port, file);
  if (status.ok()) return 0;
  std::cerr << status.error().message << '\n';
  return 1;
}

}  // namespace bench

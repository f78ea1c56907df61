#include "tools/probe/relay_pipe.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace probe {
namespace {

constexpr std::size_t kBuffered = 256u << 10;

bool would_block() { return errno == EAGAIN || errno == EINTR || errno == ENOTCONN; }

}  // namespace

RelayPipe::RelayPipe(int accepted, int connecting) : sockets_{accepted, connecting} {}

RelayPipe::~RelayPipe() {
  for (int socket : sockets_) ::close(socket);
}

void RelayPipe::ask(std::vector<pollfd>& polls) const {
  for (int i : {0, 1}) {
    short events = 0;
    if (!ways_[i].ended && ways_[i].bytes.size() < kBuffered) events |= POLLIN;
    if (!ways_[1 - i].bytes.empty()) events |= POLLOUT;
    // A socket that waits for nothing is left out of poll. Otherwise an end of stream that nobody
    // can handle would wake the loop for ever.
    if (events != 0) polls.push_back({sockets_[i], events, 0});
  }
}

bool RelayPipe::move(const StreamFaults& faults, std::mt19937_64& random, Moved& moved) {
  for (int i : {0, 1}) {
    if (!pull(sockets_[i], ways_[i], faults, random, moved)) return false;
    if (!push(sockets_[1 - i], ways_[i])) return false;
  }
  if (faults.cut_at != 0 && total_ >= faults.cut_at) return false;
  return !ways_[0].finished || !ways_[1].finished;
}

bool RelayPipe::pull(int from, Way& way, const StreamFaults& faults, std::mt19937_64& random,
                     Moved& moved) {
  if (way.ended || way.bytes.size() >= kBuffered) return true;
  char buffer[65'536];
  ssize_t count = ::recv(from, buffer, std::min(sizeof buffer, faults.bytes_a_turn), MSG_DONTWAIT);
  if (count < 0) return would_block();
  way.ended = count == 0;
  if (count == 0) return true;
  auto size = static_cast<std::size_t>(count);
  if (random() % 1'000 < faults.corrupt) {
    auto bit = random() % (size * 8);
    buffer[bit / 8] = static_cast<char>(buffer[bit / 8] ^ (1 << (bit % 8)));
    ++moved.corrupted;
  }
  way.bytes.append(buffer, size);
  moved.bytes += size;
  total_ += size;
  return true;
}

bool RelayPipe::push(int to, Way& way) {
  if (!way.bytes.empty()) {
    ssize_t count = ::send(to, way.bytes.data(), way.bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) return would_block();
    way.bytes.erase(0, static_cast<std::size_t>(count));
  }
  if (way.bytes.empty() && way.ended && !way.finished) {
    way.finished = true;
    ::shutdown(to, SHUT_WR);
  }
  return true;
}

}  // namespace probe

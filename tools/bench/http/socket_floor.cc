#include "tools/bench/http/socket_floor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wslay/wslay.h>

#include <cstdint>
#include <cstdio>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/bench/http/web_socket.h"

namespace bench {
namespace {

constexpr int kBacklog = 1'024;
constexpr int kEventsAtOnce = 256;
constexpr std::string_view kGreeting = R"({"action":"initial_data","data":{}})";

struct FloorClient {
  int socket = -1;
  std::string head;  // of the handshake, until it is complete
  bool open = false;
  bool watches_room = false;  // epoll tells when more can be sent
  wslay_event_context_ptr frames = nullptr;
  std::vector<std::string>* heard = nullptr;  // text messages of this turn

  ~FloorClient() {
    if (frames != nullptr) wslay_event_context_free(frames);
    ::close(socket);
  }
};

ssize_t receive_bytes(wslay_event_context_ptr frames, std::uint8_t* to, std::size_t size, int,
                      void* user) {
  const ssize_t count = ::recv(static_cast<FloorClient*>(user)->socket, to, size, MSG_DONTWAIT);
  if (count > 0) return count;
  const bool later = count < 0 && (errno == EAGAIN || errno == EINTR);
  wslay_event_set_error(frames, later ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
  return -1;
}

ssize_t send_bytes(wslay_event_context_ptr frames, const std::uint8_t* bytes, std::size_t size, int,
                   void* user) {
  const ssize_t count =
      ::send(static_cast<FloorClient*>(user)->socket, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count >= 0) return count;
  const bool later = errno == EAGAIN || errno == EINTR;
  wslay_event_set_error(frames, later ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
  return -1;
}

void hear(wslay_event_context_ptr, const wslay_event_on_msg_recv_arg* message, void* user) {
  if (message->opcode != WSLAY_TEXT_FRAME) return;
  static_cast<FloorClient*>(user)->heard->emplace_back(reinterpret_cast<const char*>(message->msg),
                                                       message->msg_length);
}

class SocketFloor {
 public:
  bool listen();
  void serve();

 private:
  void accept();
  bool take(FloorClient& client);  // false: it is gone
  bool shake_hands(FloorClient& client);
  bool flush(FloorClient& client);
  void tell_all(const std::string& text);
  void watch(int operation, int socket, std::uint32_t events);

  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  int listener_ = -1;
  std::map<int, std::unique_ptr<FloorClient>> clients_;
  std::vector<std::string> heard_;
};

bool SocketFloor::listen() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* place = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, place, size) != 0 || ::listen(listener_, kBacklog) != 0) return false;
  if (::getsockname(listener_, place, &size) != 0) return false;
  watch(EPOLL_CTL_ADD, listener_, EPOLLIN);
  std::printf("port %d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return true;
}

void SocketFloor::serve() {
  epoll_event events[kEventsAtOnce];
  while (true) {
    const int count = ::epoll_wait(epoll_, events, kEventsAtOnce, -1);
    for (int i = 0; i < count; ++i) {
      const int socket = events[i].data.fd;
      if (socket == listener_) {
        accept();
        continue;
      }
      const auto found = clients_.find(socket);
      if (found == clients_.end()) continue;
      if (!take(*found->second) || !flush(*found->second)) clients_.erase(found);
    }
    for (const std::string& text : heard_) tell_all(text);
    heard_.clear();
  }
}

void SocketFloor::accept() {
  while (true) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) return;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto client = std::make_unique<FloorClient>();
    client->socket = socket;
    client->heard = &heard_;
    wslay_event_callbacks callbacks{};
    callbacks.recv_callback = receive_bytes;
    callbacks.send_callback = send_bytes;
    callbacks.on_msg_recv_callback = hear;
    if (wslay_event_context_server_init(&client->frames, &callbacks, client.get()) != 0) return;
    watch(EPOLL_CTL_ADD, socket, EPOLLIN);
    clients_[socket] = std::move(client);
  }
}

bool SocketFloor::take(FloorClient& client) {
  if (!client.open) return shake_hands(client);
  return wslay_event_recv(client.frames) == 0 && wslay_event_want_read(client.frames) != 0;
}

bool SocketFloor::shake_hands(FloorClient& client) {
  char bytes[4'096];
  const ssize_t count = ::recv(client.socket, bytes, sizeof bytes, MSG_DONTWAIT);
  if (count <= 0) return false;
  client.head.append(bytes, static_cast<std::size_t>(count));
  if (!client.head.ends_with("\r\n\r\n")) return client.head.size() < sizeof bytes;
  if (client.head.find(kSampleSocketKey) == std::string::npos) return false;
  std::string answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ";
  answer += kSampleSocketAccept;
  answer += "\r\n\r\n";
  const ssize_t sent = ::send(client.socket, answer.data(), answer.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(answer.size())) return false;
  client.open = true;
  client.head.clear();
  const wslay_event_msg greeting{
      WSLAY_TEXT_FRAME, reinterpret_cast<const std::uint8_t*>(kGreeting.data()), kGreeting.size()};
  return wslay_event_queue_msg(client.frames, &greeting) == 0;
}

bool SocketFloor::flush(FloorClient& client) {
  if (wslay_event_send(client.frames) != 0) return false;
  const bool waits = wslay_event_want_write(client.frames) != 0;
  if (waits != client.watches_room) {
    client.watches_room = waits;
    watch(EPOLL_CTL_MOD, client.socket, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }
  return true;
}

void SocketFloor::tell_all(const std::string& text) {
  const wslay_event_msg message{WSLAY_TEXT_FRAME,
                                reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  for (auto at = clients_.begin(); at != clients_.end();) {
    FloorClient& client = *at->second;
    const bool kept =
        !client.open || (wslay_event_queue_msg(client.frames, &message) == 0 && flush(client));
    at = kept ? std::next(at) : clients_.erase(at);
  }
}

void SocketFloor::watch(int operation, int socket, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = socket;
  ::epoll_ctl(epoll_, operation, socket, &event);
}

}  // namespace

int run_socket_floor() {
  SocketFloor floor;
  if (!floor.listen()) {
    std::perror("listen on the loopback");
    return 1;
  }
  floor.serve();
  return 0;
}

}  // namespace bench

#include "agent/contact_probe.h"

#include <array>
#include <memory>
#include <utility>

#include "crdt/base/check.h"
#include "gossip/transport/socket_address.h"

namespace agent {
namespace {

constexpr std::size_t kAnswerBytesMax = 4'096;  // of an answer

Contact contact_of(int status) {
  switch (status) {
    case UV_ECONNREFUSED:
      return Contact::kNobody;
    case UV_ENETUNREACH:
    case UV_EHOSTUNREACH:
    case UV_ENETDOWN:
    case UV_EADDRNOTAVAIL:
    case UV_EAFNOSUPPORT:
    case UV_EACCES:
    case UV_EPERM:
      return Contact::kNoRoute;
    default:
      return Contact::kNoAnswer;
  }
}

gossip::wire::SessionSeal::Identity made_up(base::Random& random) {
  base::NodeId node = random.id<base::NodeTag>();
  return {node, gossip::wire::SigningKey::from_seed(random.bytes(32))};
}

}  // namespace

// One connection. It deletes itself when both of its handles are closed.
struct ContactProbe::Asking {
  Asking(ContactProbe& by, Told then)
      : probe(by),
        told(std::move(then)),
        seal(gossip::wire::SessionSeal::Role::kInitiator, by.key_, made_up(by.random_),
             kAnswerBytesMax, by.random_.fork()) {}

  void connect(const gossip::Address& address);
  void end(Contact contact);
  void receive(base::BytesView bytes);
  static void connected(uv_connect_t* request, int status) noexcept;
  static void allocate(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) noexcept;
  static void read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) noexcept;
  static void closed(uv_handle_t* handle) noexcept;
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&tcp); }

  ContactProbe& probe;
  Told told;
  gossip::wire::SessionSeal seal;
  uv_tcp_t tcp{};
  uv_timer_t timer{};
  uv_connect_t request{};
  uv_write_t writing{};
  base::Bytes first;
  std::array<char, kAnswerBytesMax> buffer{};
  int handles_open = 2;
  bool ended = false;
};

void ContactProbe::Asking::connect(const gossip::Address& address) {
  CHECK(uv_tcp_init(probe.loop_, &tcp) == 0);
  CHECK(uv_timer_init(probe.loop_, &timer) == 0);
  tcp.data = timer.data = request.data = this;
  auto late = [](uv_timer_t* due) { static_cast<Asking*>(due->data)->end(Contact::kNoAnswer); };
  uv_timer_start(&timer, late, kContactMillis, 0);
  int family = transport::family_of(address);
  int descriptor = transport::connecting_socket(family);
  if (descriptor < 0) return end(Contact::kNotAsked);
  CHECK(uv_tcp_open(&tcp, descriptor) == 0);
  auto to = transport::to_sockaddr(address, family);
  int status = uv_tcp_connect(&request, &tcp, reinterpret_cast<sockaddr*>(&to), connected);
  if (status != 0) end(contact_of(status));
}

void ContactProbe::Asking::connected(uv_connect_t* request, int status) noexcept {
  auto& self = *static_cast<Asking*>(request->data);
  if (self.ended) return;
  if (status != 0) return self.end(contact_of(status));
  self.first = self.seal.start();
  auto buffer = uv_buf_init(self.first.data(), static_cast<unsigned>(self.first.size()));
  bool sent = uv_write(&self.writing, self.stream(), &buffer, 1, nullptr) == 0 &&
              uv_read_start(self.stream(), allocate, read) == 0;
  if (!sent) self.end(Contact::kNotAsked);  // a fault of this host says nothing of the other
}

void ContactProbe::Asking::allocate(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) noexcept {
  auto& bytes = static_cast<Asking*>(handle->data)->buffer;
  *buffer = uv_buf_init(bytes.data(), static_cast<unsigned>(bytes.size()));
}

void ContactProbe::Asking::read(uv_stream_t* stream, ssize_t size,
                                const uv_buf_t* buffer) noexcept {
  auto& self = *static_cast<Asking*>(stream->data);
  if (size == 0 || self.ended) return;
  // The other side closed without an answer. An agent with another mesh key does this.
  bool closed = size == UV_EOF || size == UV_ECONNRESET;
  if (size < 0) return self.end(closed ? Contact::kRefused : Contact::kNoAnswer);
  self.receive({buffer->base, static_cast<std::size_t>(size)});
}

void ContactProbe::Asking::receive(base::BytesView bytes) {
  std::vector<base::Bytes> messages;
  base::Bytes answer;
  if (!seal.receive(bytes, messages, answer)) return end(Contact::kOtherProgram);
  if (!seal.established()) return;
  end(seal.peer() == probe.self_ ? Contact::kOurselves : Contact::kSilentUdp);
}

void ContactProbe::Asking::end(Contact contact) {
  if (std::exchange(ended, true)) return;
  probe.asking_.erase(this);
  uv_close(reinterpret_cast<uv_handle_t*>(&tcp), closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer), closed);
  Told then = std::move(told);
  if (!probe.closed_) then(contact);
}

void ContactProbe::Asking::closed(uv_handle_t* handle) noexcept {
  auto* self = static_cast<Asking*>(handle->data);
  if (--self->handles_open == 0) delete self;
}

ContactProbe::ContactProbe(uv_loop_t* loop, const gossip::wire::MeshKey& key,
                           const base::NodeId& self, base::Random random)
    : loop_(loop), key_(key), self_(self), random_(std::move(random)) {}

ContactProbe::~ContactProbe() { CHECK(closed_ && asking_.empty()); }

void ContactProbe::ask(const gossip::Address& address, Told told) {
  if (closed_) return;
  if (asking_.size() >= kContactsAtOnceMax) return told(Contact::kNotAsked);
  if (address.is_link_local() && address.scope == 0) return told(Contact::kNoInterface);
  auto* asking = new Asking(*this, std::move(told));
  asking_.insert(asking);
  asking->connect(address);
}

void ContactProbe::close() {
  closed_ = true;
  while (!asking_.empty()) (*asking_.begin())->end(Contact::kNotAsked);
}

}  // namespace agent

// What clients ask of the mesh. A join asks the agent at the address, waits some seconds for its
// answer, and says why none came.

#include <algorithm>

#include "agent/clock.h"
#include "agent/daemon.h"
#include "agent/host_port.h"

namespace agent {
namespace {

constexpr int kJoinTries = 30;  // one look every kJoinPollMillis
constexpr std::uint64_t kJoinPollMillis = 100;

}  // namespace

struct Daemon::Joining {
  std::vector<gossip::Address> resolved;
  base::Instant since;  // what a member said before this does not count
  int tries_left = kJoinTries;
  Contact found = Contact::kNoAnswer;
  std::function<void(const base::Result<Joined>&)> done;
};

void Daemon::join(const std::string& address,
                  std::function<void(const base::Result<Joined>&)> done) {
  auto where = HostPort::parse(address);
  if (!where || where->port == 0 || where->is_any()) {
    return done(base::invalid("join " + address + ": expected HOST:PORT of another agent"));
  }
  if (stopping_) return done(base::Error{base::Code::kUnavailable, "the agent is stopping"});
  auto joining = std::make_shared<Joining>();
  joining->done = std::move(done);
  // What we knew of the members before we left does not count.
  if (mesh_->node().has_left()) {
    joining->since = read_clock().instant;
    mesh_->tell(&gossip::Node::rejoin);
  }
  resolver_->add(address, [this, joining](const base::Result<SeedResolver::Addresses>& found) {
    if (!found.ok()) return joining->done(found.error());
    joining->resolved = *found;
    isolation_->ask(*found, [joining](Contact contact) { joining->found = contact; });
    await_join(joining);
  });
}

void Daemon::await_join(const std::shared_ptr<Joining>& joining) {
  const auto& resolved = joining->resolved;
  std::vector<gossip::MemberView> known = members();
  bool answered = std::any_of(known.begin() + 1, known.end(), [&](const auto& member) {
    return member.record.state == gossip::MemberState::kAlive && member.met &&
           member.heard >= joining->since &&
           std::find(resolved.begin(), resolved.end(), member.record.address) != resolved.end();
  });
  answered |= std::any_of(resolved.begin(), resolved.end(), [&](const gossip::Address& address) {
    return mesh_->node().let_in_by(address);  // an agent that is known by another address
  });
  if (answered) {
    isolation_->look(read_clock().instant);  // what the client asks next must agree
    return joining->done(Joined{true, "", ""});
  }
  bool hopeless = joining->found == Contact::kOurselves;
  if (hopeless || joining->tries_left-- == 0) {
    // An agent that has left says so to who pings it, and answers over TCP until it ends.
    bool left = std::any_of(known.begin() + 1, known.end(), [&](const auto& member) {
      return member.record.state == gossip::MemberState::kLeft &&
             std::find(resolved.begin(), resolved.end(), member.record.address) != resolved.end();
    });
    Contact found =
        left && joining->found == Contact::kSilentUdp ? Contact::kHasLeft : joining->found;
    return joining->done(
        Joined{false, std::string(contact_name(found)), std::string(contact_words(found))});
  }
  later(kJoinPollMillis, [this, joining] { await_join(joining); });
}

void Daemon::leave() {
  mesh_->tell(&gossip::Node::leave);
  isolation_->look(read_clock().instant);
}

void Daemon::await_holders(const crdt::Dot& dot, std::size_t wanted, base::Duration within,
                           std::function<void(std::vector<std::string>)> done) {
  const std::uint64_t ticket = next_ticket_++;
  holding_.emplace(ticket, std::move(done));
  mesh_->tell(&gossip::Node::ask_holders, gossip::HolderWish{ticket, dot.actor, dot.seq, wanted,
                                                             read_clock().instant + within});
}

std::optional<std::int64_t> Daemon::position_here(const std::string& node,
                                                  std::int64_t position) const {
  const auto ours = mesh_->node().position_here(node, static_cast<std::uint64_t>(position));
  return ours ? std::optional(static_cast<std::int64_t>(*ours)) : std::nullopt;
}

base::Status Daemon::set_presence(const std::string& topic, const std::string& key,
                                  base::Bytes body) {
  return mesh_->set_presence(topic, key, std::move(body));
}

bool Daemon::drop_presence(const std::string& topic, const std::string& key) {
  return mesh_->drop_presence(topic, key);
}

std::vector<gossip::PresenceView> Daemon::presences(const std::string& topic) const {
  return mesh_->node().presences(read_clock(), topic);
}

}  // namespace agent

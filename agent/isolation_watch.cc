#include "agent/isolation_watch.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "agent/api/scoped_address.h"
#include "agent/clock.h"

namespace agent {
namespace {

constexpr base::Duration kAskAgain = base::seconds(30);

}  // namespace

IsolationWatch::IsolationWatch(uv_loop_t* loop, const Mesh& mesh, const SeedResolver& resolver,
                               const MeshSelf& self, base::Duration ping_interval,
                               base::Random random, Log& log)
    : mesh_(mesh),
      resolver_(resolver),
      log_(log),
      probe_(loop, self.key, self.node, std::move(random)),
      isolation_(silence_of(ping_interval)) {}

void IsolationWatch::look(base::Instant now) {
  Isolation::Turn turn = isolation_.look(now, facts());
  bool quiet = isolation_.is_quiet(now) && !mesh_.node().has_left();
  if (!quiet) {
    found_.clear();
    members_.clear();
    asked_ = false;
    ask_at_.reset();
  } else if (awaited_ == 0 && (!ask_at_ || now >= *ask_at_)) {
    ask_around(now);
  }
  say(turn, now);
}

void IsolationWatch::ask_around(base::Instant now) {
  ask_at_ = now + kAskAgain;
  std::vector<gossip::Address> places;
  for (const SeedResolver::Seed& seed : resolver_.seeds()) {
    for (const gossip::Address& address : seed.addresses) {
      if (!is_own(address) && places.size() < kSeedsAskedMax) places.push_back(address);
    }
  }
  members_.clear();
  left_.clear();
  for (const gossip::MemberView& member : mesh_.node().members({now, 0, false})) {
    const gossip::MemberRecord& record = member.record;
    if (record.state == gossip::MemberState::kLeft) left_.insert(record.address);
    bool wanted = record.state != gossip::MemberState::kLeft &&
                  record.address.without_scope() != mesh_.advertised() &&
                  std::find(places.begin(), places.end(), record.address) == places.end();
    if (!wanted || members_.size() >= kMembersAskedMax) continue;
    members_.push_back(record);
    places.push_back(record.address);
  }
  asked_ = places.empty();
  awaited_ = places.size();
  for (const gossip::Address& address : places) {
    probe_.ask(address, [this, address](Contact contact) {
      found_[address] = contact;
      if (--awaited_ == 0) asked_ = true;
    });
  }
}

Solitude IsolationWatch::facts() {
  Solitude facts;
  facts.left = mesh_.node().has_left();
  facts.hearing = mesh_.node().hearing();
  facts.asked = asked_;
  for (const SeedResolver::Seed& seed : resolver_.seeds()) {
    AskedPlace place = place_of(seed);
    if (place.contact != Contact::kOurselves) facts.seeds.push_back(std::move(place));
  }
  for (const gossip::MemberRecord& member : members_) {
    facts.members.push_back(
        {member.name + " at " + scoped_text(member.address), contact_at(member.address)});
  }
  return facts;
}

AskedPlace IsolationWatch::place_of(const SeedResolver::Seed& seed) const {
  AskedPlace place{seed.text, seed.unknown ? Contact::kNoSuchName : Contact::kLookingUp};
  if (seed.addresses.empty()) return place;
  place.contact = Contact::kNotAsked;
  for (const gossip::Address& address : seed.addresses) {
    place.contact = std::max(place.contact, contact_at(address));
  }
  return place;
}

Contact IsolationWatch::contact_at(const gossip::Address& address) const {
  if (is_own(address)) return Contact::kOurselves;
  auto found = found_.find(address);
  Contact contact = found == found_.end() ? Contact::kNotAsked : found->second;
  bool advertised = address.without_scope() == mesh_.advertised();
  if (advertised && contact != Contact::kOurselves && contact != Contact::kNotAsked) {
    return Contact::kAdvertised;
  }
  return contact == Contact::kSilentUdp && left_.contains(address) ? Contact::kHasLeft : contact;
}

bool IsolationWatch::is_own(const gossip::Address& address) const {
  return address == mesh_.bound() && !address.is_any();
}

void IsolationWatch::ask(const std::vector<gossip::Address>& addresses, ContactProbe::Told told) {
  struct Asked {
    std::size_t awaited = 0;
    Contact best = Contact::kNotAsked;
  };
  auto asked = std::make_shared<Asked>();
  asked->awaited = addresses.size();
  for (const gossip::Address& address : addresses) {
    auto take = [this, asked, address, told](Contact contact) {
      bool advertised = address.without_scope() == mesh_.advertised();
      if (advertised && contact != Contact::kOurselves) contact = Contact::kAdvertised;
      asked->best = std::max(asked->best, contact);
      if (--asked->awaited == 0) told(asked->best);
    };
    if (is_own(address)) {
      take(Contact::kOurselves);
    } else {
      probe_.ask(address, take);
    }
  }
}

void IsolationWatch::say(Isolation::Turn turn, base::Instant now) {
  if (turn == Isolation::Turn::kBegan) log_.warn("isolated", {{"reason", reason()}});
  if (turn == Isolation::Turn::kEnded) {
    std::int64_t seconds = isolation_.lasted(now).nanos / base::seconds(1).nanos;
    const std::string& nobody = isolation_.without_peers();
    log_.info("isolation_ended",
              {{"reason", nobody.empty() ? "another agent is heard again" : nobody},
               {"seconds", seconds}});
  }
}

void IsolationWatch::close() { probe_.close(); }

}  // namespace agent

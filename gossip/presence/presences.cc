#include "gossip/presence/presences.h"

#include <algorithm>
#include <utility>

#include "crdt/base/bytes.h"
#include "gossip/swim/news.h"

namespace gossip {
namespace {

// The share of a second's budget that one round may take when nothing was sent before.
constexpr std::size_t kRoundsOfBudget = 4;
// Of a message, besides topic, key and body, at most.
constexpr std::size_t kFramingMax = 48;

base::Status check_name(std::string_view what, std::string_view name) {
  const std::string text(what);
  if (name.empty() || name.size() > wire::kPresenceNameMax) {
    return base::invalid("the " + text + " has " + std::to_string(name.size()) +
                         " bytes; expected 1 to " + std::to_string(wire::kPresenceNameMax) +
                         " bytes");
  }
  if (!base::is_utf8(name)) return base::invalid("the " + text + " is not UTF-8");
  return {};
}

base::Status check(const std::string& topic, const std::string& key, const base::Bytes& body) {
  RETURN_IF_ERROR(check_name("topic", topic));
  RETURN_IF_ERROR(check_name("key", key));
  const std::size_t bytes = topic.size() + key.size() + body.size();
  if (bytes <= wire::kPresenceBytesMax) return {};
  return base::Error{base::Code::kTooLarge, "topic, key and body have " + std::to_string(bytes) +
                                                " bytes together; a presence may have at most " +
                                                std::to_string(wire::kPresenceBytesMax) + " bytes"};
}

}  // namespace

Presences::Presences(const NodeId& self, std::uint64_t epoch, const Options& options, Stats& stats)
    : self_(self),
      epoch_(epoch),
      options_(options),
      stats_(stats),
      own_(options.presences_per_second, options.presence_burst),
      budget_(options.presence_bytes_per_second,
              options.presence_bytes_per_second / kRoundsOfBudget) {}

base::Status Presences::set(base::Instant now, const std::string& topic, const std::string& key,
                            base::Bytes body) {
  RETURN_IF_ERROR(check(topic, key, body));
  if (!own_.take(now, 1)) {
    ++stats_.presences_refused_rate;
    return base::Error{base::Code::kRateLimited, "the clients of this agent set more than " +
                                                     std::to_string(options_.presences_per_second) +
                                                     " presences a second; set them less often"};
  }
  const Key place{topic, key, self_};
  if (!make_room(place, body.size())) {
    ++stats_.presences_refused_bound;
    return base::Error{base::Code::kRateLimited,
                       "the table of presences is full: the clients of this agent may show " +
                           std::to_string(options_.presences_per_node) + ", all agents together " +
                           std::to_string(options_.presences_max) + " with " +
                           std::to_string(options_.presence_bytes_max) +
                           " bytes; try again when others have ended"};
  }
  put(now, place, epoch_ << 32 | ++count_, kPresenceLife, std::move(body));
  return {};
}

bool Presences::drop(base::Instant now, const std::string& topic, const std::string& key) {
  auto entry = entries_.find(Key{topic, key, self_});
  if (entry == entries_.end() || !entry->second.lives || entry->second.until <= now) return false;
  entry->second.version = epoch_ << 32 | ++count_;
  end(now, entry);
  tell(entry, 0);
  return true;
}

// An older version than the one that we know is a late copy, also if the known one has ended.
void Presences::take(base::Instant now, const wire::Presence& told) {
  if (told.origin == self_) return;
  const Key key{told.topic, told.key, told.origin};
  auto known = entries_.find(key);
  if (known != entries_.end() && told.version <= known->second.version) {
    ++stats_.presences_duplicate;
    return;
  }
  // An origin without an entry has sent nothing for a while, so its limit starts anew.
  auto origin = origins_.find(told.origin);
  if (origin != origins_.end() && !origin->second.intake.take(now, 1)) {
    ++stats_.presences_dropped_rate;
    return;
  }
  if (!make_room(key, told.body.size())) {
    ++stats_.presences_dropped_bound;
    return;
  }
  put(now, key, told.version, base::millis(static_cast<std::int64_t>(told.life)), told.body);
}

void Presences::origin_gone(base::Instant now, const NodeId& origin) {
  if (!origins_.contains(origin)) return;
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (std::get<NodeId>(entry->first) != origin) continue;
    stop_telling(entry);
    if (entry->second.lives) end(now, entry);
  }
}

void Presences::clear() {
  entries_.clear();
  origins_.clear();
  living_.clear();
  ended_.clear();
  untold_.clear();
  bytes_ = 0;
}

void Presences::advance(base::Instant now) {
  while (!living_.empty() && living_.begin()->first <= now) {
    auto entry = entries_.find(living_.begin()->second);
    stop_telling(entry);
    end(now, entry);
  }
  while (!ended_.empty() && ended_.begin()->first <= now) {
    forget(entries_.find(ended_.begin()->second));
  }
}

// --- Telling -------------------------------------------------------------------------------------

std::vector<wire::Presence> Presences::round(base::Instant now, std::size_t targets,
                                             std::size_t members) {
  next_round_ = now + options_.profile.gossip_interval;
  const std::uint32_t often_enough = retransmissions(members);
  std::vector<wire::Presence> messages;
  std::vector<Entries::iterator> chosen;
  for (const auto& [place, key] : untold_) {
    auto entry = entries_.find(key);
    const Entry& held = entry->second;
    const auto& [topic, name, origin] = key;
    const std::size_t size = kFramingMax + topic.size() + name.size() + held.body.size();
    if (!budget_.take(now, size * targets)) break;
    chosen.push_back(entry);
    const std::int64_t left = held.lives ? (held.until - now).millis() : 0;
    if (targets == 0 || (held.lives && left <= 0)) continue;
    messages.push_back(
        {origin, held.version, topic, name, static_cast<std::uint64_t>(left), held.body});
  }
  for (auto entry : chosen) {
    const std::uint32_t told = entry->second.told + static_cast<std::uint32_t>(targets);
    stop_telling(entry);
    if (targets > 0 && told < often_enough) tell(entry, told);
  }
  return messages;
}

base::Instant Presences::next_deadline() const {
  base::Instant next = untold_.empty() ? base::Instant::never() : next_round_;
  if (!living_.empty()) next = std::min(next, living_.begin()->first);
  return ended_.empty() ? next : std::min(next, ended_.begin()->first);
}

std::vector<PresenceView> Presences::shown(base::Instant now, const std::string& topic) const {
  std::vector<PresenceView> views;
  for (auto entry = entries_.lower_bound(Key{topic, {}, {}}); entry != entries_.end(); ++entry) {
    const auto& [of_topic, key, origin] = entry->first;
    if (of_topic != topic) break;
    const Entry& held = entry->second;
    if (!held.lives || held.until <= now) continue;
    views.push_back({key, origin, held.body, held.until - now});
  }
  return views;
}

// --- The table -----------------------------------------------------------------------------------

// Makes room for `key` with a body of so many bytes. Ended presences go first, those of the same
// origin if this origin has too many. False: there is no room.
bool Presences::make_room(const Key& key, std::size_t body_bytes) {
  const auto& [topic, name, node] = key;
  auto known = entries_.find(key);
  if (known == entries_.end()) {
    auto origin = origins_.find(node);
    if (origin != origins_.end() && origin->second.entries >= options_.presences_per_node &&
        !forget_an_ended(&node)) {
      return false;
    }
    if (entries_.size() >= options_.presences_max && !forget_an_ended(nullptr)) return false;
  }
  while (true) {
    known = entries_.find(key);  // an ended one may have gone for the room
    const std::size_t freed =
        known == entries_.end() ? 0 : topic.size() + name.size() + known->second.body.size();
    if (bytes_ - freed + topic.size() + name.size() + body_bytes <= options_.presence_bytes_max) {
      return true;
    }
    if (!forget_an_ended(nullptr)) return false;
  }
}

// Forgets the one that has ended first. A late copy of it would show it again for what the copy has
// left of its life.
bool Presences::forget_an_ended(const NodeId* origin) {
  auto first = std::find_if(ended_.begin(), ended_.end(), [&](const auto& ended) {
    return origin == nullptr || std::get<NodeId>(ended.second) == *origin;
  });
  if (first == ended_.end()) return false;
  forget(entries_.find(first->second));
  return true;
}

// `life` zero: the origin says that it has ended.
void Presences::put(base::Instant now, const Key& key, std::uint64_t version, base::Duration life,
                    base::Bytes body) {
  auto [entry, fresh] = entries_.try_emplace(key);
  Entry& held = entry->second;
  if (fresh) {
    bytes_ += std::get<0>(key).size() + std::get<1>(key).size();
    ++origin_of(std::get<NodeId>(key)).entries;
  } else {
    times_of(held).erase({held.until, key});
  }
  bytes_ += body.size();
  bytes_ -= held.body.size();
  held.version = version;
  held.body = std::move(body);
  held.lives = life.nanos > 0;
  held.until = now + (held.lives ? life : kPresenceLife);
  times_of(held).insert({held.until, key});
  tell(entry, 0);
}

// From now on it is only remembered.
void Presences::end(base::Instant now, Entries::iterator entry) {
  Entry& held = entry->second;
  living_.erase({held.until, entry->first});
  bytes_ -= held.body.size();
  held.body.clear();
  held.body.shrink_to_fit();
  held.lives = false;
  held.until = now + kPresenceLife;
  ended_.insert({held.until, entry->first});
}

void Presences::forget(Entries::iterator entry) {
  const auto& [topic, name, node] = entry->first;
  stop_telling(entry);
  times_of(entry->second).erase({entry->second.until, entry->first});
  bytes_ -= topic.size() + name.size() + entry->second.body.size();
  auto origin = origins_.find(node);
  if (--origin->second.entries == 0) origins_.erase(origin);
  entries_.erase(entry);
}

void Presences::tell(Entries::iterator entry, std::uint32_t told) {
  stop_telling(entry);
  entry->second.told = told;
  entry->second.order = ++order_;
  untold_.insert({{told, order_}, entry->first});
}

void Presences::stop_telling(Entries::iterator entry) {
  Entry& held = entry->second;
  if (held.order != 0) untold_.erase({held.told, held.order});
  held.order = 0;
  held.told = 0;
}

Presences::Origin& Presences::origin_of(const NodeId& node) {
  const std::size_t factor = options_.presence_intake_factor;
  const RateLimit intake(options_.presences_per_second * factor, options_.presence_burst * factor);
  return origins_.try_emplace(node, Origin{0, intake}).first->second;
}

}  // namespace gossip

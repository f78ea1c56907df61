#include "tools/simulator/oracle.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "crdt/base/check.h"
#include "crdt/catalog/entry.h"

namespace simulation {
namespace {

bool loses(const Mark& a, const Mark& b) {
  return std::tie(a.stamp, a.actor, a.seq) < std::tie(b.stamp, b.actor, b.seq);
}

const Mark* best(const Marks& marks) {
  auto found = std::max_element(marks.begin(), marks.end(), loses);
  return found == marks.end() ? nullptr : &*found;
}

// One whole-object write counts: the best of those that live. A field is shown with it if the same
// change wrote the field, or a write that beats the object. At equal stamps one must lose;
// otherwise the fields of two objects would be shown as one object that nobody wrote.
bool written_over(const Mark& field, const Mark* whole) {
  if (whole == nullptr) return false;
  bool same_change = field.actor == whole->actor && field.seq == whole->seq;
  return !same_change && loses(field, *whole);
}

void raise(crdt::HybridTime& stamp, const Marks& seen) {
  for (const Mark& mark : seen) {
    if (stamp <= mark.stamp) stamp = {mark.stamp.nanos, mark.stamp.counter + 1};
  }
}

// A write must be later than what it sees at its place, and than what would hide it.
crdt::HybridTime stamp_for(const Intention& intention, const Alive& seen, crdt::HybridTime time) {
  raise(time, seen.whole);
  if (intention.presence) raise(time, seen.presence);
  for (const auto& [field, marks] : seen.fields) {
    if (intention.whole || intention.values.contains(field)) raise(time, marks);
  }
  return time;
}

bool changes_anything(const Intention& intention, const Alive& seen) {
  if (!intention.only_removes()) return true;
  if (intention.replaces_presence() && !seen.presence.empty()) return true;
  if (intention.replaces_whole() && !seen.whole.empty()) return true;
  return std::any_of(seen.fields.begin(), seen.fields.end(),
                     [&](const auto& field) { return intention.replaces_field(field.first); });
}

std::string text_of(crdt::HybridTime time) {
  return std::to_string(time.nanos) + "+" + std::to_string(time.counter);
}

std::string text_of(const Intention& intention) {
  std::string text = intention.presence ? "add" : intention.whole ? "put" : "patch";
  if (intention.clears == Intention::Clears::kAll && !intention.presence) text = "remove";
  for (const auto& [field, value] : intention.values) {
    text += " " + field + "=" + value.substr(0, 40) + (value.size() > 40 ? "…" : "");
  }
  for (const std::string& field : intention.unset) text += " -" + field;
  return text;
}

}  // namespace

std::size_t Alive::count() const {
  std::size_t count = presence.size() + whole.size();
  for (const auto& [field, marks] : fields) count += marks.size();
  return count;
}

const agent::WriteObject* typed_write(const agent::WriteRequest& request) {
  const auto* write = std::get_if<agent::WriteObject>(&request);
  return write != nullptr && !crdt::is_catalog(write->object) ? write : nullptr;
}

// --- Telling

void Oracle::wrote(const agent::WriteRequest& request, const base::ActorId& actor,
                   std::uint64_t seq, crdt::HybridTime time, const crdt::VersionVector& past) {
  if (const auto* typed = typed_write(request)) return wrote(*typed, actor, seq, time, past);
  wrote(intentions(request, view(past)), actor, seq, time, past);
}

bool Oracle::changes_anything(const EntryName& entry, const Intention& intention,
                              const crdt::VersionVector& past) const {
  return simulation::changes_anything(intention, alive(entry, past));
}

void Oracle::wrote(Intended intended, const base::ActorId& actor, std::uint64_t seq,
                   crdt::HybridTime time, const crdt::VersionVector& past) {
  Change& change = begin(actor, seq, past);
  for (auto& [name, intention] : intended) {
    crdt::HybridTime stamp = stamp_for(intention, alive(name, change.past), time);
    entries_[name.object][name.id].push_back({changes_.size() - 1, stamp, std::move(intention)});
    change.touched.push_back(name);
  }
}

Oracle::Change& Oracle::begin(const base::ActorId& actor, std::uint64_t seq,
                              const crdt::VersionVector& past) {
  CHECK(!knows(actor, seq));
  auto [numbered, fresh] = actor_numbers_.try_emplace(actor, actors_.size());
  if (fresh) {
    actors_.push_back(actor);
    changes_of_.emplace_back();
  }
  changes_of_[numbered->second][seq] = changes_.size();
  changes_.push_back({numbered->second, seq, view(past), {}, {}, {}});
  return changes_.back();
}

bool Oracle::is_idle(const agent::WriteRequest& request, const crdt::VersionVector& past) const {
  if (const auto* typed = typed_write(request)) {
    return !meaning(*typed, {}, view(past)).changes_anything();
  }
  return intentions(request, view(past)).empty();
}

// What the request means to do to each entry, without the parts that would change nothing.
class Oracle::Reading {
 public:
  Reading(const Oracle& oracle, const View& past) : oracle_(oracle), past_(past) {}

  void operator()(const agent::WriteObject& write) {
    std::map<std::string, Intention> meant;
    for (const crdt::Op& op : write.ops) {
      if (!op.path.empty()) {
        meant[op.path[0]].then(op);
        continue;
      }
      meant.clear();
      for (const std::string& id : oracle_.ids(write.object)) meant[id] = Intention::remove();
    }
    for (auto& [id, intention] : meant) intend({write.object, id}, std::move(intention));
  }
  void operator()(const agent::ImportEntries& import) {
    // When two lines have one id, the later one counts.
    std::map<std::string, Fields> wanted;
    for (const auto& [id, metadata] : import.entries) wanted[id] = fields_of(metadata);
    for (auto& [id, fields] : wanted) {
      EntryName name{import.object, id};
      Alive seen = oracle_.alive(name, past_);
      bool equal = !seen.presence.empty() && Oracle::shown(seen) == fields;
      if (!equal) intend(std::move(name), Intention::add(std::move(fields)));
    }
  }

  Intended intended;

 private:
  void intend(EntryName name, Intention intention) {
    if (!simulation::changes_anything(intention, oracle_.alive(name, past_))) return;
    intended.emplace_back(std::move(name), std::move(intention));
  }

  const Oracle& oracle_;
  const View& past_;
};

Intended Oracle::intentions(const agent::WriteRequest& request, const View& past) const {
  Reading reading(*this, past);
  std::visit(reading, request);
  return std::move(reading.intended);
}

// --- What is alive

Oracle::View Oracle::view(const crdt::VersionVector& vector) const {
  View view;
  view.seqs_.resize(actors_.size());
  for (const auto& [actor, head] : vector.entries()) {
    auto number = actor_numbers_.find(actor);
    if (number != actor_numbers_.end()) view.seqs_[number->second] = head.seq;
  }
  return view;
}

bool Oracle::covers(const View& view, const Operation& operation) const {
  return covers(view, changes_[operation.change]);
}

bool Oracle::covers(const View& view, const Change& change) const {
  return change.actor < view.seqs_.size() && view.seqs_[change.actor] >= change.seq;
}

bool Oracle::saw(const Operation& later, const Operation& earlier) const {
  return covers(changes_[later.change].past, earlier);
}

// The operations that the view covers, the last told first. For speed it leaves out an operation if
// a later one that saw it clears everything it wrote: the later one has also seen what the earlier
// one cleared.
std::vector<const Oracle::Operation*> Oracle::relevant(const Operations& all,
                                                       const View& view) const {
  using Clears = Intention::Clears;
  std::vector<const Operation*> found;
  std::vector<const Operation*> clearing;
  for (auto operation = all.rbegin(); operation != all.rend(); ++operation) {
    if (!covers(view, *operation)) continue;
    const Intention& meant = operation->intention;
    bool about_presence = meant.presence || meant.replaces_presence();
    bool over = std::any_of(clearing.begin(), clearing.end(), [&](const Operation* later) {
      bool clears = later->intention.clears == Clears::kAll || !about_presence;
      return clears && saw(*later, *operation);
    });
    if (over) continue;
    found.push_back(&*operation);
    if (meant.clears != Clears::kNothing) clearing.push_back(&*operation);
  }
  return found;
}

Mark Oracle::mark(const Operation& operation, std::string_view value) const {
  const Change& change = changes_[operation.change];
  return {actors_[change.actor], change.seq, operation.stamp, value};
}

Alive Oracle::alive(const EntryName& entry, const View& view) const {
  Alive alive;
  const Operations* operations = find(entry);
  if (operations == nullptr) return alive;
  auto known = relevant(*operations, view);
  for (std::size_t i = 0; i < known.size(); ++i) {
    const Operation& operation = *known[i];
    auto stays = [&](auto replaces) {
      return std::none_of(known.begin(), known.begin() + static_cast<std::ptrdiff_t>(i),
                          [&](const Operation* later) {
                            return replaces(later->intention) && saw(*later, operation);
                          });
    };
    const Intention& meant = operation.intention;
    if (meant.presence && stays([](const Intention& l) { return l.replaces_presence(); })) {
      alive.presence.push_back(mark(operation, {}));
    }
    if (meant.whole && stays([](const Intention& l) { return l.replaces_whole(); })) {
      alive.whole.push_back(mark(operation, {}));
    }
    for (const auto& [field, value] : meant.values) {
      auto replaces = [&name = field](const Intention& l) { return l.replaces_field(name); };
      if (stays(replaces)) alive.fields[field].push_back(mark(operation, value));
    }
  }
  auto by_actor = [](const Mark& a, const Mark& b) {
    return std::tie(a.actor, a.seq) < std::tie(b.actor, b.seq);
  };
  std::sort(alive.presence.begin(), alive.presence.end(), by_actor);
  std::sort(alive.whole.begin(), alive.whole.end(), by_actor);
  for (auto& [field, marks] : alive.fields) std::sort(marks.begin(), marks.end(), by_actor);
  return alive;
}

Alive Oracle::alive(const EntryName& entry, const crdt::VersionVector& vector) const {
  return alive(entry, view(vector));
}

// --- What is shown

bool Oracle::exists(const EntryName& entry, const crdt::VersionVector& vector) const {
  return !alive(entry, vector).presence.empty();
}

Fields Oracle::shown(const Alive& alive) {
  Fields fields;
  if (alive.presence.empty()) return fields;
  const Mark* whole = best(alive.whole);
  for (const auto& [field, marks] : alive.fields) {
    const Mark* winner = best(marks);
    if (!written_over(*winner, whole)) fields.emplace(field, winner->value);
  }
  return fields;
}

Fields Oracle::shown(const EntryName& entry, const crdt::VersionVector& vector) const {
  return shown(alive(entry, vector));
}

std::vector<Conflict> Oracle::conflicts(const Alive& alive) {
  std::vector<Conflict> found;
  if (alive.presence.empty()) return found;
  const Mark* whole = best(alive.whole);
  for (const auto& [field, marks] : alive.fields) {
    Marks ranked = marks;
    std::sort(ranked.begin(), ranked.end(),
              [](const Mark& a, const Mark& b) { return loses(b, a); });
    Conflict conflict{field, "", {}, "reset"};
    std::size_t losers_from = 0;
    if (!written_over(ranked[0], whole)) {
      if (ranked.size() == 1) continue;
      conflict.winner = ranked[0].value;
      conflict.rule = ranked[0].stamp == ranked[1].stamp ? "dot" : "stamp";
      losers_from = 1;
    }
    for (std::size_t i = losers_from; i < ranked.size(); ++i) {
      conflict.losers.emplace_back(ranked[i].value);
    }
    found.push_back(std::move(conflict));
  }
  return found;
}

std::vector<Conflict> Oracle::conflicts(const EntryName& entry,
                                        const crdt::VersionVector& vector) const {
  return conflicts(alive(entry, vector));
}

// --- What is known

std::optional<std::string> Oracle::gap(const crdt::VersionVector& vector) const {
  View covered = view(vector);
  for (const auto& [actor, head] : vector.entries()) {
    const Change* change = find(actor, head.seq);
    std::string name = actor.short_hex() + ":" + std::to_string(head.seq);
    if (change == nullptr) return "nobody wrote change " + name;
    const auto& past = change->past.seqs_;
    for (std::size_t i = 0; i < past.size(); ++i) {
      if (past[i] <= covered.seqs_[i]) continue;
      return "the author of change " + name + " had seen " + actors_[i].short_hex() + ":" +
             std::to_string(past[i]) + ", the vector covers " + std::to_string(covered.seqs_[i]);
    }
  }
  return std::nullopt;
}

const Oracle::Change* Oracle::find(const base::ActorId& actor, std::uint64_t seq) const {
  auto number = actor_numbers_.find(actor);
  if (number == actor_numbers_.end()) return nullptr;
  const auto& changes = changes_of_[number->second];
  auto found = changes.find(seq);
  return found == changes.end() ? nullptr : &changes_[found->second];
}

const Oracle::Operations* Oracle::find(const EntryName& entry) const {
  auto object = entries_.find(entry.object);
  if (object == entries_.end()) return nullptr;
  auto found = object->second.find(entry.id);
  return found == object->second.end() ? nullptr : &found->second;
}

bool Oracle::knows(const base::ActorId& actor, std::uint64_t seq) const {
  return find(actor, seq) != nullptr;
}

const std::vector<EntryName>& Oracle::touched(const base::ActorId& actor, std::uint64_t seq) const {
  static const std::vector<EntryName> kNone;
  const Change* change = find(actor, seq);
  return change == nullptr ? kNone : change->touched;
}

std::vector<EntryName> Oracle::touched(const crdt::VersionVector& before,
                                       const crdt::VersionVector& after) const {
  std::set<EntryName> names;
  for (const std::size_t change : between(before, after)) {
    const auto& touched = changes_[change].touched;
    names.insert(touched.begin(), touched.end());
  }
  return {names.begin(), names.end()};
}

std::vector<std::size_t> Oracle::between(const crdt::VersionVector& before,
                                         const crdt::VersionVector& after) const {
  std::vector<std::size_t> found;
  for (const auto& [actor, head] : before.ahead_in(after)) {
    auto number = actor_numbers_.find(actor);
    if (number == actor_numbers_.end()) continue;
    const auto& changes = changes_of_[number->second];
    auto last = changes.upper_bound(head.seq);
    for (auto at = changes.upper_bound(before.seq_of(actor)); at != last; ++at) {
      found.push_back(at->second);
    }
  }
  return found;
}

std::vector<std::string> Oracle::objects() const {
  std::vector<std::string> names;
  for (const auto& [object, entries] : entries_) names.push_back(object);
  return names;
}

std::vector<std::string> Oracle::ids(std::string_view object) const {
  std::vector<std::string> ids;
  auto found = entries_.find(object);
  if (found == entries_.end()) return ids;
  for (const auto& [id, operations] : found->second) ids.push_back(id);
  return ids;
}

std::string Oracle::history(const EntryName& entry, const crdt::VersionVector& vector) const {
  View covered = view(vector);
  std::string text;
  const Operations* operations = find(entry);
  if (operations == nullptr) return text;
  for (const Operation& operation : *operations) {
    if (!covers(covered, operation)) continue;
    const Change& change = changes_[operation.change];
    text += actors_[change.actor].short_hex() + ":" + std::to_string(change.seq) + " at " +
            text_of(operation.stamp) + " " + text_of(operation.intention) + "; had seen";
    for (const Operation& earlier : *operations) {
      if (!saw(operation, earlier)) continue;
      const Change& seen = changes_[earlier.change];
      text += " " + actors_[seen.actor].short_hex() + ":" + std::to_string(seen.seq);
    }
    text += "\n";
  }
  return text;
}

}  // namespace simulation

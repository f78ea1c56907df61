// The part of the oracle that is about objects of all types but the catalogs.

#include <limits>
#include <set>
#include <utility>

#include "crdt/base/check.h"
#include "tools/simulator/op_words.h"
#include "tools/simulator/oracle.h"

namespace simulation {
namespace {

// Far above every stamp of a client, and below the end of the type.
constexpr crdt::HybridTime kLatest{std::numeric_limits<std::int64_t>::max() / 2, 0};

}  // namespace

void Oracle::wrote(const agent::WriteObject& write, const base::ActorId& actor, std::uint64_t seq,
                   crdt::HybridTime time, const crdt::VersionVector& past) {
  Change& change = begin(actor, seq, past);
  ObjectMeaning meant = meaning(write, {actor, seq, changes_.size() - 1, time}, change.past);
  CHECK(!meant.is_refused());
  objects_[write.object] = meant.take();
  change.object = write.object;
  change.request = text_of(write.ops);
}

ObjectMeaning Oracle::meaning(const agent::WriteObject& write, const Writer& writer,
                              const View& past) const {
  const auto found = objects_.find(write.object);
  Writer author = writer;
  if (author.seq == 0) author.change = changes_.size();  // nobody has written it yet
  ObjectMeaning meant(found == objects_.end() ? Facts() : found->second, author,
                      [this, past](std::size_t number) {
                        return number < changes_.size() && covers(past, changes_[number]);
                      });
  meant.read(write.ops);
  return meant;
}

bool Oracle::is_refused(const agent::WriteRequest& request, const crdt::VersionVector& past) const {
  return is_refused_at(request, past, {}) && is_refused_at(request, past, kLatest);
}

bool Oracle::may_be_refused(const agent::WriteRequest& request,
                            const crdt::VersionVector& past) const {
  return is_refused_at(request, past, {}) || is_refused_at(request, past, kLatest);
}

bool Oracle::is_refused_at(const agent::WriteRequest& request, const crdt::VersionVector& past,
                           crdt::HybridTime time) const {
  const auto* typed = typed_write(request);
  if (typed == nullptr) return false;
  Writer author;
  author.time = time;
  return meaning(*typed, author, view(past)).is_refused();
}

ObjectSight Oracle::object(const std::string& object, const crdt::VersionVector& vector) const {
  static const Facts kNone;
  const auto found = objects_.find(object);
  const View seen = view(vector);
  return {found == objects_.end() ? kNone : found->second,
          [&](std::size_t number) { return covers(seen, changes_[number]); }};
}

std::vector<std::string> Oracle::typed_objects() const {
  std::vector<std::string> names;
  for (const auto& [name, facts] : objects_) names.push_back(name);
  return names;
}

std::vector<std::string> Oracle::typed_objects(const crdt::VersionVector& before,
                                               const crdt::VersionVector& after) const {
  std::set<std::string> names;
  for (const std::size_t change : between(before, after)) {
    if (!changes_[change].object.empty()) names.insert(changes_[change].object);
  }
  return {names.begin(), names.end()};
}

std::string Oracle::object_history(const std::string& object,
                                   const crdt::VersionVector& vector) const {
  const View covered = view(vector);
  std::string text;
  for (const Change& change : changes_) {
    if (change.object != object || !covers(covered, change)) continue;
    text += actors_[change.actor].short_hex() + ":" + std::to_string(change.seq) + " " +
            change.request + "; had seen";
    for (std::size_t i = 0; i < change.past.seqs_.size(); ++i) {
      if (change.past.seqs_[i] == 0) continue;
      text += " " + actors_[i].short_hex() + ":" + std::to_string(change.past.seqs_[i]);
    }
    text += "\n";
  }
  return text;
}

}  // namespace simulation

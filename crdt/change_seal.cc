#include <algorithm>
#include <map>
#include <string>

#include "crdt/base/hash.h"
#include "crdt/change.h"
#include "crdt/change_format.h"
#include "crdt/slot_codec.h"

namespace crdt {
namespace {

using base::Code;
using base::Error;

// The actors that dependencies and kills name, in order of first use. The author is number 0 and
// takes no bytes.
class ActorTable {
 public:
  explicit ActorTable(const Change& change) : author_(change.actor) {
    for (const auto& dependency : change.deps) enter(dependency.actor);
    for (const auto& effect : change.effects) {
      for (const auto& run : effect.kills) enter(run.actor);
      if (effect.anchor && effect.anchor->parent) enter(effect.anchor->parent->actor);
    }
  }
  std::uint64_t number_of(const ActorId& actor) const {
    return actor == author_ ? 0 : numbers_.find(actor)->second;
  }
  const std::vector<ActorId>& listed() const { return listed_; }

 private:
  void enter(const ActorId& actor) {
    if (actor == author_) return;
    if (numbers_.try_emplace(actor, listed_.size() + 1).second) listed_.push_back(actor);
  }
  const ActorId& author_;
  std::map<ActorId, std::uint64_t> numbers_;
  std::vector<ActorId> listed_;
};

Error too_large(const Change& change, const std::string& what) {
  return {Code::kTooLarge, "seal change " + std::to_string(change.seq) + ": " + what};
}

base::Status check_effect(const Change& change, const Effect& effect) {
  if (effect.kills.size() > kEffectKillsMax) return too_large(change, "kills of an effect");
  if (effect.slot.object.size() > kObjectNameMax) return too_large(change, "object name");
  if (effect.slot.path.size() > kPathDepthMax) return too_large(change, "path depth");
  for (const auto& component : effect.slot.path) {
    if (component.size() > kPathComponentMax) return too_large(change, "path component");
  }
  if (auto refused = format::contradiction(effect)) {
    return base::invalid(std::string("seal change: ") + refused);
  }
  if (!effect.body) return {};
  if (effect.stamp.writer.size() > kWriterBytesMax) return too_large(change, "writer of a stamp");
  return {};
}

// Refuses everything that open_change() refuses, so every sealed change can be opened on every
// agent.
base::Status check(const Change& change) {
  if (change.seq == 0) return base::invalid("seal change: seq 0");
  if (change.effects.size() > kChangeEffectsMax) return too_large(change, "number of effects");
  if (change.deps.size() > kChangeDepsMax) return too_large(change, "number of dependencies");
  for (const auto& dependency : change.deps) {
    if (dependency.head.seq == 0) return base::invalid("seal change: dependency on seq 0");
  }
  std::size_t slot_bytes = 0;
  std::size_t body_bytes = 0;
  std::uint64_t dots = 0;
  for (const auto& effect : change.effects) {
    RETURN_IF_ERROR(check_effect(change, effect));
    slot_bytes += format::slot_charge(effect.slot);
    if (effect.body) body_bytes += effect.body->size();
    dots += effect.span();
  }
  if (slot_bytes > kChangeSlotBytesMax) return too_large(change, "bytes of all slots");
  if (body_bytes > kChangeBytesMax) return too_large(change, "bytes of all bodies");
  CHECK(dots <= UINT32_MAX);  // a dot takes a byte of a body, or is an effect
  return {};
}

constexpr std::size_t kUsualBytes = 256;  // a change of one small effect fits

// Writes one change and counts its items, because the opener has a limit for them.
class Sealer {
 public:
  explicit Sealer(const Change& change) : change_(change), actors_(change) {
    out_.reserve(kUsualBytes);
  }

  void write_envelope() {
    array(format::kEnvelopeFields + (change_.request ? 1 : 0));
    number(format::kEnvelopeVersion);
    binary(change_.actor.view());
    number(change_.seq);
    number(change_.prev);
    signed_number(change_.time.nanos);
    number(change_.time.counter);
    if (change_.node) {
      binary(change_.node->view());
    } else {
      nil();
    }
    array(actors_.listed().size());
    for (const auto& actor : actors_.listed()) binary(actor.view());
    array(change_.deps.size() * format::kDependencyNumbers);
    for (const auto& dependency : change_.deps) {
      number(actors_.number_of(dependency.actor));
      number(dependency.head.seq);
      number(dependency.head.hash);
    }
    write_effects();
    if (change_.request) write_request(*change_.request);
  }

  std::size_t items() const { return items_; }
  std::size_t size() const { return out_.size(); }
  base::Bytes take() { return out_.take(); }

 private:
  void write_request(const RequestMark& request) {
    array(format::kRequestFields);
    binary(request.key.view());
    binary(request.content.view());
    binary(request.done);
  }

  void write_effects() {
    array(change_.effects.size());
    const Slot* before = nullptr;
    for (const auto& effect : change_.effects) {
      write_effect(effect, before);
      before = &effect.slot;
    }
  }

  void write_effect(const Effect& effect, const Slot* before) {
    array(format::kEffectFields + (effect.anchor ? 1 : 0));
    number(static_cast<std::uint64_t>(effect.kind));
    items_ += codec::write_slot(out_, effect.slot, before);
    array(effect.kills.size() * format::kKillNumbers);
    for (const auto& run : effect.kills) {
      number(actors_.number_of(run.actor));
      number(run.seq);
      number(run.index);
      number(run.count);
      number(run.changes);
    }
    write_stamp(effect);
    if (effect.body) {
      binary(*effect.body);
    } else {
      nil();
    }
    if (effect.anchor) write_anchor(*effect.anchor);
  }

  void write_anchor(const Anchor& anchor) {
    array(anchor.parent ? format::kAnchorNumbers : 1);
    number(anchor.right ? 1 : 0);
    if (!anchor.parent) return;
    number(actors_.number_of(anchor.parent->actor));
    number(anchor.parent->seq);
    number(anchor.parent->index);
  }

  void write_stamp(const Effect& effect) {
    if (!effect.body) {
      nil();
      return;
    }
    const Stamp& stamp = effect.stamp;
    if (stamp.time == change_.time && stamp.writer.empty()) {
      number(0);
      return;
    }
    array(stamp.writer.empty() ? 2 : 3);
    signed_number(format::wrapping_difference(stamp.time.nanos, change_.time.nanos));
    number(stamp.time.counter);
    if (!stamp.writer.empty()) binary(stamp.writer);
  }

  void array(std::size_t count) { out_.array(count), ++items_; }
  void number(std::uint64_t value) { out_.number(value), ++items_; }
  void signed_number(std::int64_t value) { out_.signed_number(value), ++items_; }
  void binary(base::BytesView value) { out_.binary(value), ++items_; }
  void nil() { out_.nil(), ++items_; }

  const Change& change_;
  ActorTable actors_;
  codec::Writer out_;
  std::size_t items_ = 0;
};

}  // namespace

HeadHash head_hash(base::BytesView sealed) {
  base::Hash256 hash = base::hash256(sealed);
  return base::read_be64(reinterpret_cast<const char*>(hash.data()));
}

base::Result<SealedChange> seal(const Change& change) {
  RETURN_IF_ERROR(check(change));
  Sealer sealer(change);
  sealer.write_envelope();
  if (sealer.size() > kChangeBytesMax) return too_large(change, "bytes when sealed");
  if (sealer.items() > format::kLimits.items_max) return too_large(change, "items when sealed");
  SealedChange sealed;
  sealed.bytes = sealer.take();
  sealed.hash = head_hash(sealed.bytes);
  sealed.actor = change.actor;
  sealed.seq = change.seq;
  return sealed;
}

}  // namespace crdt

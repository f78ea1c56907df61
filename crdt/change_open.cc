#include <string>

#include "crdt/change.h"
#include "crdt/change_format.h"
#include "crdt/slot_codec.h"

namespace crdt {
namespace {

using codec::Reader;
using codec::Token;

constexpr std::uint64_t kCounterMax = UINT32_MAX;

// Reads one change. After a mismatch the reader is !ok() and all reads give defaults. This is
// checked once for each effect, so a broken change costs no more than a sound one.
class Opener {
 public:
  Opener(Reader& in, Change& change) : in_(in), change_(change) {}

  // Reads the fields after version, actor and seq.
  void read_rest(std::size_t fields) {
    change_.prev = in_.number();
    change_.time.nanos = in_.signed_number();
    change_.time.counter = read_counter();
    if (!in_.take_nil()) change_.node = in_.id<NodeId>();
    read_actors();
    read_deps();
    read_effects();
    fields -= format::kEnvelopeFields;
    // A field of another kind comes from a later version.
    if (fields > 0 && in_.ok() && in_.peek() == Token::Kind::kArray) {
      read_request();
      --fields;
    }
    in_.skip(fields);
  }

 private:
  void read_actors() {
    std::size_t count = in_.array();
    if (!in_.ok()) return;
    actors_.reserve(count + 1);
    actors_.push_back(change_.actor);
    for (std::size_t i = 0; i < count && in_.ok(); ++i) actors_.push_back(in_.id<ActorId>());
  }

  void read_request() {
    const std::size_t fields = in_.array();
    if (fields < format::kRequestFields) return in_.fail();
    RequestMark& request = change_.request.emplace();
    request.key = in_.id<RequestHash>();
    request.content = in_.id<RequestHash>();
    request.done = in_.binary(kRequestDoneMax);
    in_.skip(fields - format::kRequestFields);
  }

  ActorId read_actor_number() {
    std::uint64_t number = in_.number();
    if (number < actors_.size()) return actors_[number];
    in_.fail();
    return {};
  }

  void read_deps() {
    std::size_t numbers = in_.array(kChangeDepsMax * format::kDependencyNumbers);
    if (numbers % format::kDependencyNumbers != 0) return in_.fail();
    std::size_t count = numbers / format::kDependencyNumbers;
    change_.deps.reserve(count);
    for (std::size_t i = 0; i < count && in_.ok(); ++i) {
      Dependency& dependency = change_.deps.emplace_back();
      dependency.actor = read_actor_number();
      dependency.head.seq = in_.number();
      dependency.head.hash = in_.number();
      if (dependency.head.seq == 0) in_.fail();
    }
  }

  void read_effects() {
    std::size_t count = in_.array(kChangeEffectsMax);
    change_.effects.reserve(count);
    for (std::size_t i = 0; i < count && in_.ok(); ++i) {
      change_.effects.emplace_back();
      read_effect(change_.effects.back(), i == 0 ? nullptr : &change_.effects[i - 1].slot);
    }
  }

  void read_effect(Effect& effect, const Slot* before) {
    std::size_t fields = in_.array();
    if (fields < format::kEffectFields) return in_.fail();
    effect.kind = static_cast<EffectKind>(in_.number(UINT8_MAX));
    read_slot(effect.slot, before);
    read_kills(effect.kills);
    bool stamped = read_stamp(effect.stamp);
    if (!in_.take_nil()) effect.body = in_.binary();
    if (stamped != effect.body.has_value()) in_.fail();
    if (effect.kind == EffectKind::kInsert && fields > format::kEffectFields) {
      read_anchor(effect.anchor.emplace());
      --fields;
    }
    if (format::contradiction(effect)) in_.fail();
    in_.skip(fields - format::kEffectFields);
  }

  void read_anchor(Anchor& anchor) {
    const std::size_t numbers = in_.array();
    if (numbers != 1 && numbers != format::kAnchorNumbers) return in_.fail();
    anchor.right = in_.number(1) == 1;
    if (numbers > 1) anchor.parent = Dot{read_actor_number(), in_.number(), read_counter()};
  }

  std::uint32_t read_counter() { return static_cast<std::uint32_t>(in_.number(kCounterMax)); }

  void read_slot(Slot& slot, const Slot* before) {
    codec::read_slot(in_, slot, before);
    slot_bytes_ += format::slot_charge(slot);
    if (slot_bytes_ > kChangeSlotBytesMax) in_.fail();
  }

  void read_kills(DotRuns& kills) {
    std::size_t numbers = in_.array(kEffectKillsMax * format::kKillNumbers);
    if (numbers % format::kKillNumbers != 0) return in_.fail();
    std::size_t count = numbers / format::kKillNumbers;
    kills.reserve(count);
    for (std::size_t i = 0; i < count && in_.ok(); ++i) {
      DotRun& run = kills.emplace_back();
      run.actor = read_actor_number();
      run.seq = in_.number();
      run.index = read_counter();
      run.count = read_counter();
      run.changes = read_counter();
    }
  }

  // Returns true if there is a stamp. 0 stands for the time of the change, without a writer.
  bool read_stamp(Stamp& stamp) {
    if (in_.take_nil()) return false;
    if (in_.peek() == Token::Kind::kUnsigned) {
      in_.number(0);
      stamp.time = change_.time;
      return true;
    }
    std::size_t fields = in_.array();
    if (fields < 2) {
      in_.fail();
      return false;
    }
    stamp.time.nanos = format::wrapping_sum(in_.signed_number(), change_.time.nanos);
    stamp.time.counter = read_counter();
    if (fields > 2) {
      stamp.writer = in_.binary(kWriterBytesMax);
      in_.skip(fields - 3);
    }
    return true;
  }

  Reader& in_;
  Change& change_;
  std::vector<ActorId> actors_;
  std::size_t slot_bytes_ = 0;
};

}  // namespace

base::Result<Opened> open_change(base::BytesView bytes) {
  ASSIGN_OR_RETURN(Reader in, Reader::parse(bytes, format::kLimits));
  Opened opened;
  Change& change = opened.change;
  Opener opener(in, change);
  std::size_t fields = in.array();
  if (fields < format::kFixedFields) return base::invalid("open change: no envelope");
  std::uint64_t version = in.number();
  change.actor = in.id<ActorId>();
  change.seq = in.number();
  if (!in.ok() || change.seq == 0) return base::invalid("open change: no actor and seq");
  opened.envelope_known = version == format::kEnvelopeVersion;
  if (opened.envelope_known) {
    if (fields < format::kEnvelopeFields) return base::invalid("open change: fields are missing");
    opener.read_rest(fields);
    if (!in.ok()) {
      return base::invalid("open change " + std::to_string(change.seq) + " of " +
                           change.actor.hex() + ": malformed");
    }
  }
  opened.sealed = {base::Bytes(bytes), head_hash(bytes), change.actor, change.seq};
  return opened;
}

}  // namespace crdt

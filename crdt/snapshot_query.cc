#include <utility>

#include "crdt/dot_run_codec.h"
#include "crdt/slot_codec.h"
#include "crdt/snapshot.h"
#include "crdt/snapshot_codec.h"

namespace crdt {
namespace {

using codec::read_object;
using codec::read_place;
using codec::Reader;
using codec::write_place;
using codec::Writer;

constexpr std::size_t kQueryFields = 6;
constexpr std::size_t kRunFields = 7;
constexpr std::size_t kPlaceFields = 7;
constexpr std::size_t kWantedFields = 3;
constexpr std::size_t kMissingFields = 2;
constexpr codec::Limits kLimits{
    .bytes_max = kSnapshotQueryBytesMax, .depth_max = 6, .items_max = kSnapshotQueryBytesMax};

void write_wanted(Writer& out, const SnapshotRun::Wanted& wanted) {
  std::map<ActorId, std::size_t> numbers;
  for (const DotRun& run : wanted.dots) numbers.try_emplace(run.actor, numbers.size());
  out.array(kWantedFields);
  wanted.until ? write_place(out, *wanted.until) : static_cast<void>(out.nil());
  out.array(numbers.size());  // the runs are in the order of their actors, so the table is too
  for (const auto& [actor, number] : numbers) out.binary(actor.view());
  codec::write_runs(out, wanted.dots, [&](const ActorId& actor) { return numbers.at(actor); });
}

void read_wanted(Reader& in, SnapshotRun::Wanted& wanted) {
  if (in.array() != kWantedFields) return in.fail();
  if (!in.take_nil()) read_place(in, wanted.until.emplace());
  std::vector<ActorId> table;
  const std::size_t actors = in.array();
  for (std::size_t i = 0; i < actors && in.ok(); ++i) table.push_back(in.id<ActorId>());
  codec::read_runs(in, table, kSnapshotNamedMax, wanted.dots);
  if (wanted.dots.empty()) in.fail();
}

void read_missing(Reader& in, SnapshotRun::Missing& missing) {
  const std::size_t numbers = in.array(kSnapshotMissingMax * kMissingFields);
  if (numbers % kMissingFields != 0) return in.fail();
  for (std::size_t i = 0; i < numbers / kMissingFields && in.ok(); ++i) {
    const auto actor = in.id<ActorId>();
    const std::uint64_t seq = in.number();
    if (!missing.empty() && !(missing.rbegin()->first < actor)) return in.fail();
    missing.emplace_hint(missing.end(), actor, seq);
  }
}

bool is_of_run(const SnapshotPlace& place, const SnapshotRun& run) {
  const ObjectKey object = object_of(place.slot);
  return !(object < run.first) && !(run.last < object);
}

void read_run(Reader& in, SnapshotRun& run) {
  if (in.array() != kRunFields) return in.fail();
  run.first = read_object(in);
  run.last = read_object(in);
  if (run.last < run.first) in.fail();
  if (!in.take_nil()) read_place(in, run.after.emplace());
  if (!in.take_nil()) read_missing(in, run.missing.emplace());
  if (!in.take_nil()) read_wanted(in, run.wanted.emplace());
  if (run.after && !is_of_run(*run.after, run)) in.fail();
  if (!run.wanted || !run.wanted->until) return;
  if (!is_of_run(*run.wanted->until, run)) in.fail();
  if (run.after && !is_behind(*run.after, *run.wanted->until)) in.fail();
}

void write_run(Writer& out, const SnapshotRun& run) {
  out.array(kRunFields);
  for (const ObjectKey* key : {&run.first, &run.last}) {
    out.binary(key->first).number(static_cast<std::uint64_t>(key->second));
  }
  run.after ? write_place(out, *run.after) : static_cast<void>(out.nil());
  if (run.missing) {
    out.array(run.missing->size() * kMissingFields);
    for (const auto& [actor, seq] : *run.missing) out.binary(actor.view()).number(seq);
  } else {
    out.nil();
  }
  run.wanted ? write_wanted(out, *run.wanted) : static_cast<void>(out.nil());
}

}  // namespace

ObjectKey codec::read_object(Reader& in) {
  ObjectKey key;
  key.first = in.binary(kObjectNameMax);
  key.second = read_type(in);
  return key;
}

void codec::write_place(Writer& out, const SnapshotPlace& place) {
  out.array(kPlaceFields);
  write_slot(out, place.slot, nullptr);
  out.binary(place.dot.actor.view()).number(place.dot.seq).number(place.dot.index);
  out.boolean(place.text);
}

void codec::read_place(Reader& in, SnapshotPlace& place) {
  if (in.array() != kPlaceFields) return in.fail();
  read_slot(in, place.slot, nullptr);
  place.dot.actor = in.id<ActorId>();
  place.dot.seq = in.number();
  place.dot.index = static_cast<std::uint32_t>(in.number(UINT32_MAX));
  place.text = in.boolean();
}

base::Bytes encode(const SnapshotQuery& query) {
  Writer out;
  out.array(kQueryFields).number(codec::kSnapshotVersion).number(query.step);
  out.number(query.snapshot);
  query.head.actor ? out.binary(query.head.actor->view()) : out.nil();
  query.head.object ? out.binary(*query.head.object) : out.nil();
  query.run ? write_run(out, *query.run) : static_cast<void>(out.nil());
  return out.take();
}

base::Result<SnapshotQuery> decode_snapshot_query(base::BytesView bytes) {
  ASSIGN_OR_RETURN(Reader in, Reader::parse(bytes, kLimits));
  SnapshotQuery query;
  std::size_t fields = in.array();
  if (fields < kQueryFields || in.number() != codec::kSnapshotVersion) in.fail();
  query.step = in.number();
  query.snapshot = in.number();
  if (!in.take_nil()) query.head.actor = in.id<ActorId>();
  if (!in.take_nil()) query.head.object = in.binary(kObjectNameMax);
  if (!in.take_nil()) read_run(in, query.run.emplace());
  if (in.ok()) in.skip(fields - kQueryFields);
  if (!in.ok() || !in.at_end()) return base::invalid("decode snapshot query: malformed");
  return query;
}

}  // namespace crdt

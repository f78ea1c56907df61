#include "crdt/types/sequence/element_ids.h"

#include <algorithm>

#include "crdt/types/sequence/columns.h"

namespace crdt {

std::uint32_t ElementIds::intern(const ActorId& id) {
  if (last_actor_ < actors_.size() && actors_[last_actor_].id == id) return last_actor_;
  auto [at, added] = by_id_.try_emplace(id, static_cast<std::uint32_t>(actors_.size()));
  if (added) actors_.push_back({id, 0, {}});
  return last_actor_ = at->second;
}

Element ElementIds::add(const Dot& first, std::uint32_t span) {
  const std::uint32_t actor_index = intern(first.actor);
  Actor& actor = actors_[actor_index];
  const Element element{actor_index, actor.count};
  actor.count += span;
  if (!actor.names.empty()) {
    Names& last = actor.names.back();
    const std::uint32_t length = element.number - last.number;
    const bool same_change = !last.by_seq || length == 1;
    if (same_change && first.seq == last.seq && first.index == last.index + length) {
      last.by_seq = 0;
      return element;
    }
    const bool one_each = (last.by_seq || length == 1) && span == 1;
    if (one_each && first.index == last.index && first.seq == last.seq + length) {
      last.by_seq = 1;
      return element;
    }
  }
  Names next;
  next.seq = first.seq;
  next.number = element.number;
  next.index = first.index & 0x7fffffffu;
  next.by_seq = 0;
  actor.names.push_back(next);
  return element;
}

std::optional<std::uint32_t> ElementIds::index_of(const ActorId& id) const {
  if (last_actor_ < actors_.size() && actors_[last_actor_].id == id) return last_actor_;
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  return found->second;
}

std::optional<Element> ElementIds::find(const Dot& dot) const {
  const auto known = index_of(dot.actor);
  if (!known) return std::nullopt;
  const std::uint32_t index = *known;
  const Actor& actor = actors_[index];
  auto after = std::upper_bound(
      actor.names.begin(), actor.names.end(), dot, [](const Dot& one, const Names& stretch) {
        return one.seq != stretch.seq ? one.seq < stretch.seq : one.index < stretch.index;
      });
  if (after == actor.names.begin()) return std::nullopt;
  const std::uint32_t end = after == actor.names.end() ? actor.count : after->number;
  const Names& stretch = *std::prev(after);
  std::uint64_t offset = 0;
  if (stretch.by_seq) {
    if (dot.index != stretch.index) return std::nullopt;
    offset = dot.seq - stretch.seq;
  } else {
    if (dot.seq != stretch.seq) return std::nullopt;
    offset = dot.index - stretch.index;
  }
  if (offset >= end - stretch.number) return std::nullopt;
  return Element{index, stretch.number + static_cast<std::uint32_t>(offset)};
}

const ElementIds::Names& ElementIds::names_of(const Actor& actor, std::uint32_t number) {
  if (number >= actor.names.back().number) return actor.names.back();
  const auto after =
      std::upper_bound(actor.names.begin(), actor.names.end(), number,
                       [](std::uint32_t wanted, const Names& one) { return wanted < one.number; });
  return *std::prev(after);
}

Dot ElementIds::dot_of(Element element) const {
  const Actor& actor = actors_[element.actor];
  const Names& names = names_of(actor, element.number);
  const std::uint32_t offset = element.number - names.number;
  if (names.by_seq) return {actor.id, names.seq + offset, names.index};
  return {actor.id, names.seq, names.index + offset};
}

DotRun ElementIds::run_of(Element element, std::uint32_t most) const {
  const Actor& actor = actors_[element.actor];
  const Names& names = names_of(actor, element.number);
  const bool is_last = &names == &actor.names.back();
  const std::uint32_t end = is_last ? actor.count : (&names + 1)->number;
  const std::uint32_t length = std::min(most, end - element.number);
  const std::uint32_t offset = element.number - names.number;
  if (names.by_seq) return {actor.id, names.seq + offset, names.index, 1, length};
  return {actor.id, names.seq, names.index + offset, length, 1};
}

std::vector<ElementIds::Stretch> ElementIds::in(const DotRun& run) const {
  std::vector<Stretch> found;
  const auto index = index_of(run.actor);
  if (!index) return found;
  const Actor& actor = actors_[*index];
  const std::uint64_t last_seq = run.seq + (run.changes - 1);
  const std::uint64_t end_index = std::uint64_t{run.index} + run.count;
  auto names = std::upper_bound(actor.names.begin(), actor.names.end(), run.seq,
                                [](std::uint64_t seq, const Names& one) { return seq < one.seq; });
  // The names before may reach into the run: by their changes, or as several of its first change.
  while (names != actor.names.begin() && std::prev(names)->seq == run.seq) --names;
  if (names != actor.names.begin()) --names;
  for (; names != actor.names.end() && names->seq <= last_seq; ++names) {
    const auto next = std::next(names);
    const std::uint64_t length =
        (next == actor.names.end() ? actor.count : next->number) - names->number;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    if (names->by_seq) {
      if (names->index < run.index || names->index >= end_index) continue;
      from = run.seq > names->seq ? run.seq - names->seq : 0;
      to = std::min(length, last_seq - names->seq + 1);
    } else {
      if (names->seq < run.seq) continue;
      from = run.index > names->index ? run.index - names->index : 0;
      to = end_index > names->index ? std::min<std::uint64_t>(length, end_index - names->index) : 0;
    }
    if (from >= to) continue;
    found.push_back({{*index, names->number + static_cast<std::uint32_t>(from)},
                     static_cast<std::uint32_t>(to - from)});
  }
  return found;
}

DotRuns ElementIds::met(const DotRuns& runs) const {
  DotRuns found;
  const std::map<ActorId, std::uint64_t> last_seqs = this->last_seqs();
  for (const auto& [id, last] : last_seqs) {
    const std::uint64_t first = actors_[by_id_.at(id)].names.front().seq;
    auto run = std::lower_bound(runs.begin(), runs.end(), first,
                                [&id = id](const DotRun& one, std::uint64_t seq) {
                                  return one.actor != id ? one.actor < id : one.seq < seq;
                                });
    // Runs that begin before may reach to it.
    const auto reaches = [&id = id, first](const DotRun& one) {
      return one.actor == id && one.seq + (one.changes - 1) >= first;
    };
    while (run != runs.begin() && reaches(*std::prev(run))) --run;
    for (; run != runs.end() && run->actor == id && run->seq <= last; ++run) {
      if (!in(*run).empty()) found.push_back(*run);
    }
  }
  return found;
}

std::size_t ElementIds::bytes() const {
  std::size_t bytes = 0;
  for (const Actor& actor : actors_) {
    bytes += sizeof(Actor) + 64 + actor.names.capacity() * sizeof(Names);
  }
  return bytes;
}

std::uint64_t ElementIds::elements() const {
  std::uint64_t elements = 0;
  for (const Actor& actor : actors_) elements += actor.count;
  return elements;
}

std::map<ActorId, std::uint64_t> ElementIds::last_seqs() const {
  std::map<ActorId, std::uint64_t> seqs;
  for (const Actor& actor : actors_) {
    const Names& last = actor.names.back();
    seqs[actor.id] = last.by_seq ? last.seq + (actor.count - 1 - last.number) : last.seq;
  }
  return seqs;
}

base::Bytes ElementIds::encode() const {
  Column counts;  // for each actor: elements, names
  Column seqs;    // of each name: the distance to the one before
  Column numbers;
  Column indexes;
  base::Bytes ids;
  for (const Actor& actor : actors_) {
    ids.append(actor.id.view());
    counts.add(actor.count);
    counts.add(actor.names.size());
    std::uint64_t seq = 0;
    std::uint32_t number = 0;
    for (const Names& names : actor.names) {
      seqs.add(names.seq - seq);
      numbers.add(names.number - number);
      indexes.add(std::uint64_t{names.index} << 1 | names.by_seq);
      seq = names.seq;
      number = names.number;
    }
  }
  Column actors;
  actors.add(actors_.size());
  base::Bytes out;
  actors.append_to(out);
  for (const Column* column : {&counts, &seqs, &numbers, &indexes}) column->append_to(out);
  return out + ids;
}

base::Result<ElementIds> ElementIds::decode(base::BytesView bytes) {
  const base::Error malformed = base::invalid("decode names of the elements of a text: malformed");
  ColumnReader all(bytes);
  const std::uint64_t actors = all.column().next();
  ColumnReader counts = all.column();
  ColumnReader seqs = all.column();
  ColumnReader numbers = all.column();
  ColumnReader indexes = all.column();
  ElementIds ids;
  for (std::uint64_t i = 0; i < actors; ++i) {
    const auto id = ActorId::from(all.take(ActorId::kSize));
    if (!id || ids.by_id_.contains(*id)) return malformed;
    Actor& actor = ids.actors_[ids.intern(*id)];
    const std::uint64_t elements = counts.next();
    const std::uint64_t names = counts.next();
    if (elements == 0 || elements >= UINT32_MAX || names == 0) return malformed;
    actor.count = static_cast<std::uint32_t>(elements);
    for (std::uint64_t n = 0; n < names; ++n) {
      const std::uint64_t seq = (n > 0 ? actor.names.back().seq : 0) + seqs.next();
      const std::uint64_t number = (n > 0 ? actor.names.back().number : 0) + numbers.next();
      const std::uint64_t index = indexes.next();
      const bool first = n == 0 ? number == 0 : number > actor.names.back().number;
      if (!seqs.ok() || !numbers.ok() || !indexes.ok()) return malformed;
      if (!first || number >= elements || (index >> 1) > 0x7fffffff) return malformed;
      if (n > 0 && seq < actor.names.back().seq) return malformed;
      Names& next = actor.names.emplace_back();
      next.seq = seq;
      next.number = static_cast<std::uint32_t>(number);
      next.index = static_cast<std::uint32_t>(index >> 1) & 0x7fffffffu;
      next.by_seq = static_cast<std::uint32_t>(index & 1) & 1u;
    }
  }
  const bool complete = counts.at_end() && seqs.at_end() && numbers.at_end() && indexes.at_end();
  if (!all.ok() || !all.at_end() || !counts.ok() || !complete) return malformed;
  return ids;
}

}  // namespace crdt

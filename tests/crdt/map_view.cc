#include "map_view.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "crdt/types/sequence/text_digest.h"

namespace crdt {
namespace {

bool leads_to(const Path& place, const Path& path) {
  return place.size() <= path.size() && std::equal(place.begin(), place.end(), path.begin());
}

void erase_runs(const DotRuns& runs, Sequence& text) {
  for (const DotRun& run : runs) text.apply_erase(run);
}

}  // namespace

base::Result<Cells> MapView::cells(const Path& path, SlotType type) {
  const auto found = cells_.find({path, type});
  return found == cells_.end() ? Cells() : found->second;
}

base::Status MapView::below(const Path& path, const Visit& visit) {
  std::map<std::pair<Path, SlotType>, Cells> found;
  for (auto at = cells_.lower_bound({path, SlotType::kSubtree}); at != cells_.end(); ++at) {
    if (!leads_to(path, at->first.first)) break;
    if (!at->second.empty()) found.insert(*at);
  }
  for (const auto& [at, text] : texts_) {
    if (leads_to(path, at)) found.try_emplace({at, SlotType::kSeq});
  }
  for (const auto& [key, cells] : found) {
    if (!visit(slot_of(key), cells)) break;
  }
  return {};
}

base::Result<const Sequence*> MapView::text(const Path& path, const TextNeed&) {
  const auto found = texts_.find(path);
  return found == texts_.end() ? nullptr : &found->second;
}

base::Result<std::string> MapView::shown_text(const Path& path) {
  const auto found = texts_.find(path);
  return found == texts_.end() ? std::string() : found->second.text();
}

void MapView::apply(const Effect& effect, const Dot& dot) {
  if (effect.slot.type == SlotType::kSubtree) {
    for (auto& [key, cells] : cells_) {
      if (reaches(effect.slot, slot_of(key))) {
        kill_cells(slot_of(key), effect.kills, cells, digest_);
      }
    }
    for (auto& [at, text] : texts_) {
      if (leads_to(effect.slot.path, at)) erase_runs(effect.kills, text);
    }
    return;
  }
  const auto text = texts_.find(effect.slot.path);
  if (effect.slot.type == SlotType::kSeq && text != texts_.end()) {
    erase_runs(effect.kills, text->second);
  }
  if (effect.kind == EffectKind::kInsert) {
    EXPECT_TRUE(texts_[effect.slot.path].apply_insert(effect.anchor.value(), dot, *effect.body));
    return;
  }
  apply_effect(effect, dot, cells_[{effect.slot.path, effect.slot.type}], digest_);
}

std::size_t MapView::count() const {
  std::size_t count = 0;
  for (const auto& [key, cells] : cells_) count += cells.size();
  return count;
}

Digest MapView::digest() const {
  Digest sum = digest_;
  for (const auto& [path, text] : texts_) {
    TextDigest digest(slot_of({path, SlotType::kSeq}));
    text.visit(std::nullopt, [&](const TextRun& run) {
      sum.add(digest.of(run));
      return true;
    });
  }
  return sum;
}

std::map<Path, std::string> MapView::texts() const {
  std::map<Path, std::string> texts;
  for (const auto& [path, text] : texts_) texts[path] = text.text();
  return texts;
}

Site::Site(char name, std::string object) : view_(std::move(object)) {
  actor_.bytes[0] = static_cast<unsigned char>(name);
}

base::Result<std::optional<Sent>> Site::write(const std::vector<Op>& ops) {
  Sent sent{{}, seen_};
  Change& change = sent.change;
  change.actor = actor_;
  change.seq = seen_[actor_] + 1;
  change.time = {clock++, 0};
  const Author author{[&] { return change.time; }, [&] { return actor_; }};
  Dot dot{actor_, change.seq, 0};
  for (const Op& op : ops) {
    std::vector<Effect> effects;
    RETURN_IF_ERROR(plan(view_, op, author, effects));
    for (const Effect& effect : effects) {
      view_.apply(effect, dot);
      dot.index += effect.span();
      change.effects.push_back(effect);
    }
  }
  if (change.effects.empty()) return std::optional<Sent>();
  ++seen_[actor_];
  RETURN_IF_ERROR(seal(change));
  log_.push_back(sent);
  return std::optional(sent);
}

Sent Site::must(const Op& op) {
  auto sent = write({op});
  EXPECT_TRUE(sent.ok()) << sent.error().message;
  EXPECT_TRUE(sent.value().has_value()) << "no effect";
  return sent.value().value_or(Sent());
}

bool Site::take(const Sent& sent) {
  if (seen_[sent.change.actor] >= sent.change.seq) return true;
  if (seen_[sent.change.actor] + 1 != sent.change.seq) return false;
  for (const auto& [actor, seq] : sent.before) {
    if (seen_[actor] < seq) return false;
  }
  apply(sent);
  return true;
}

void Site::take_all(const std::vector<Sent>& all) {
  for (const Sent& sent : std::vector<Sent>(all)) EXPECT_TRUE(take(sent));
}

void Site::apply(const Sent& sent) {
  const auto applied = each_effect(sent.change, [&](const Effect& effect, const Dot& dot) {
    view_.apply(effect, dot);
    return base::Status();
  });
  EXPECT_TRUE(applied.ok());
  seen_[sent.change.actor] = sent.change.seq;
  log_.push_back(sent);
}

std::string Site::value(const Path& path, std::optional<SlotType> type) {
  auto shown = shown_at(view_, path, type, 1u << 20);
  EXPECT_TRUE(shown.ok());
  return *shown ? (**shown).value : "-";
}

std::vector<Reason> Site::reasons(const Path& path) {
  std::vector<Reason> reasons;
  const auto status = reasons_at(view_, path, [&](const Reason& reason) {
    reasons.push_back(reason);
    return true;
  });
  EXPECT_TRUE(status.ok());
  return reasons;
}

std::vector<Hidden> Site::conflicts(const Path& path) {
  std::vector<Hidden> conflicts;
  const auto status = conflicts_at(view_, path, [&](const Hidden& hidden) {
    conflicts.push_back(hidden);
    return true;
  });
  EXPECT_TRUE(status.ok());
  return conflicts;
}

Op set(Path path, std::string value, std::optional<SlotType> type) {
  return {std::move(path), Verb::kSet, std::move(value), type, {}};
}
Op unset(Path path) { return {std::move(path), Verb::kUnset, {}, {}, {}}; }
Op increment(Path path, std::uint64_t by, std::optional<SlotType> type) {
  return {std::move(path), Verb::kIncrement, Amount{by}, type, {}};
}
Op decrement(Path path, std::uint64_t by) {
  return {std::move(path), Verb::kDecrement, Amount{by}, {}, {}};
}
Op add(Path path, std::string element) {
  return {std::move(path), Verb::kAdd, std::move(element), SlotType::kOrSet, {}};
}
Op remove(Path path, std::string element) {
  return {std::move(path), Verb::kRemove, std::move(element), SlotType::kOrSet, {}};
}
Op insert(Path path, std::uint32_t at, std::string text) {
  return {std::move(path), Verb::kInsert, TextInsert{at, {}, std::move(text)}, SlotType::kSeq, {}};
}
Op erase(Path path, std::uint32_t at, std::uint32_t length) {
  return {std::move(path), Verb::kErase, TextErase{at, length}, SlotType::kSeq, {}};
}
Op replace(Path path, SlotType type, std::string value) {
  return {std::move(path), Verb::kReplace, std::move(value), type, {}};
}

}  // namespace crdt

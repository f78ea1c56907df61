#include "agent/replica/compaction.h"

#include <utility>

namespace agent {

CompactionSettings Compaction::settings() const {
  const auto& set = context_.meta().compaction;
  if (set) return {set->automatic, set->every};
  return {context_.options.compaction.automatic, context_.options.store.fold_changes};
}

base::Result<CompactionSettings> Compaction::set(const SetCompaction& asked) {
  CompactionSettings now = settings();
  if (asked.automatic) now.automatic = *asked.automatic;
  if (asked.every) now.every = *asked.every;
  if (now.every < 1 || now.every > store::kFoldChangesMax) {
    return base::invalid("every=" + std::to_string(now.every) + ": a number from 1 to " +
                         std::to_string(store::kFoldChangesMax) + " is expected");
  }
  context_.meta().compaction = store::Compaction{now.automatic, now.every};
  return now;
}

base::Result<Compacted> Compaction::step(const Compact& asked) {
  if (context_.meta().repair.sets_aside()) {
    return base::Error{base::Code::kUnavailable,
                       "the agent is about to set its database aside; try again in some seconds"};
  }
  store::Texts::FoldPlace from;
  if (asked.object) from.object.first = *asked.object;
  if (asked.from) from = *asked.from;
  if (asked.object && !asked.from) {
    ASSIGN_OR_RETURN(const auto found, context_.store->cells().objects_from(from.object, 1));
    if (found.empty() || found.front().name != *asked.object) {
      return base::Error{base::Code::kNotFound, "there is no object " + *asked.object};
    }
  }
  ASSIGN_OR_RETURN(auto step, fold(from, asked.object, context_.options.compaction.asked));
  Compacted compacted;
  for (const store::Texts::Folded& folded : step.folded) {
    auto& objects = compacted.objects;
    if (objects.empty() || objects.back().object != folded.slot.object) {
      objects.push_back({folded.slot.object});
    }
    objects.back().changes += folded.changes;
    objects.back().freed += folded.freed;
  }
  compacted.next = std::move(step.next);
  return compacted;
}

base::Status Compaction::rest() {
  store::Texts& texts = context_.store->cells().texts();
  const store::FoldLimits& limits = context_.options.compaction.rest;
  texts.rest_tick();
  if (!settings().automatic || context_.meta().repair.sets_aside()) return {};
  if (pause_ > 0) {
    --pause_;
    return {};
  }
  if (texts.rested(limits.rest) == 0) return {};
  auto step = fold(place_, std::nullopt, limits);
  if (!step.ok()) {
    pause_ = context_.options.compaction.pause;
    return step.error();
  }
  place_ = step->next ? std::move(*step->next) : store::Texts::FoldPlace();
  return {};
}

base::Result<store::Texts::FoldStep> Compaction::fold(const store::Texts::FoldPlace& from,
                                                      const std::optional<std::string>& only,
                                                      const store::FoldLimits& limits) {
  store::Store& store = *context_.store;
  RETURN_IF_ERROR(store.begin(store::Durability::kNormal));
  auto step = store.cells().texts().fold_from(from, only, limits);
  if (!step.ok() || step->folded.empty()) {
    store.rollback();
    return step;
  }
  RETURN_IF_ERROR(store.commit(store::Durability::kNormal));
  return step;
}

}  // namespace agent

#pragma once

// Folds texts that wait (docs/storage.md, "texts, blocks"): in steps that a client asks for, and at
// rest. Each step is bounded and is a transaction of its own, without a sync: it changes how the
// state is kept, never the state, so a power cut that takes it costs nothing.

#include "agent/replica/context.h"
#include "agent/replica/requests.h"

namespace agent {

class Compaction {
 public:
  explicit Compaction(Context& context) : context_(context) {}

  // Inside the transaction of the turn. kInvalid when a number is out of bounds.
  base::Result<CompactionSettings> set(const SetCompaction& asked);
  // Outside of a transaction. kNotFound: there is no object with this name.
  base::Result<Compacted> step(const Compact& asked);
  // Call it once a second, outside of a transaction. Folds some of the texts that have not been
  // edited lately, if there are any.
  base::Status rest();

 private:
  CompactionSettings settings() const;
  base::Result<store::Texts::FoldStep> fold(const store::Texts::FoldPlace& from,
                                            const std::optional<std::string>& only,
                                            const store::FoldLimits& limits);

  Context& context_;
  store::Texts::FoldPlace place_;  // where the next step at rest begins
  std::uint32_t pause_ = 0;        // calls of rest() that do nothing
};

}  // namespace agent

#pragma once

// How long this agent exchanged no data with its peers before it met them again. The time of the
// last exchange is in the database, so a stop of the process counts too. The wall clock measures
// it; when the clock is not trusted, the length is not known.

#include <optional>

#include "agent/replica/context.h"
#include "crdt/base/time.h"

namespace agent {

class Absence {
 public:
  // A shorter silence is usual between peers that have nothing to tell each other.
  static constexpr base::Duration kSilence = base::seconds(60);
  // The time in the database may be so much too old. It bounds how often it is written.
  static constexpr base::Duration kGrain = base::seconds(20);
  // After that the end of a silence no longer explains a join.
  static constexpr base::Duration kRecent = base::seconds(3'600);

  explicit Absence(Context& context) : context_(context) {}

  void heard(base::Now now);  // data of a peer came; inside the transaction of a turn
  // The silence that ended last, if that is recent.
  std::optional<base::Duration> before(base::Now now) const;

 private:
  Context& context_;
  std::optional<base::Duration> silence_;
  base::Instant ended_;
};

}  // namespace agent

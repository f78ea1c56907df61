#include "crdt/base/plant.h"

#ifdef HEARSAY_PLANTS
namespace base {
Plant planted = Plant::kNone;
}  // namespace base
#endif

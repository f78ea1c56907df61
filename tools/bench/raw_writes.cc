#include "tools/bench/raw_writes.h"

#include <utility>
#include <vector>

#include "tools/bench/clock.h"
#include "tools/bench/raw_store.h"

namespace bench {
namespace {

constexpr std::size_t kNameSize = 6;      // random bytes; the name has twice as many characters
constexpr std::size_t kValueSize = 100;   // bytes of an entry
constexpr std::size_t kChangeSize = 200;  // bytes of its change in the log

}  // namespace

std::string new_write_name(base::Random& random) {
  return "snap-" + base::to_hex(random.bytes(kNameSize));
}

std::string new_write_value(base::Random& random) {
  return base::to_hex(random.bytes(kValueSize / 2));
}

base::Result<WriteRate> measure_raw_writes(int group, double seconds, const std::string& file) {
  ASSIGN_OR_RETURN(auto store, RawStore::open(file));
  base::Random random = base::Random::from_number(1);
  std::vector<double> latencies;
  std::int64_t started = monotonic_nanos();
  auto deadline = started + static_cast<std::int64_t>(seconds * static_cast<double>(kSecond));
  std::int64_t now = started;
  while (now < deadline) {
    std::int64_t begun = now;
    RETURN_IF_ERROR(store->begin(RawStore::Durability::kFull));
    for (int i = 0; i < group; ++i) {
      RETURN_IF_ERROR(store->upsert(new_write_name(random), random.bytes(kValueSize)));
      RETURN_IF_ERROR(store->append(random.bytes(kChangeSize)));
    }
    RETURN_IF_ERROR(store->commit());
    now = monotonic_nanos();
    latencies.push_back(millis_of(now - begun));
  }
  double writes = static_cast<double>(latencies.size()) * group;
  return WriteRate{writes / seconds_of(now - started), summarise(std::move(latencies))};
}

}  // namespace bench

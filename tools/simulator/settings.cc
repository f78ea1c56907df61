#include "tools/simulator/settings.h"

#include <array>

namespace simulation {
namespace {

constexpr std::array<std::string_view, kFaults> kNames = {
    "loss",      "duplication",   "reordering",  "corruption",  "one-way-cut",
    "partition", "session-break", "udp-blocked", "tcp-blocked", "kill",
    "power-cut", "power-in-turn", "clean-stop",  "pause",       "slow-disk",
    "full-disk", "disk-error",    "clock-step",  "clock-wild",  "clone",
    "restore",   "rot",           "lost-cell",   "death",       "leave"};

std::uint32_t pick(base::Random& random, std::initializer_list<std::uint32_t> values) {
  auto index = static_cast<std::size_t>(random.below(values.size()));
  return *(values.begin() + index);
}

Weather draw_weather(base::Random& random, const std::set<Fault>& enabled) {
  Weather weather;
  if (enabled.contains(Fault::kLoss)) weather.loss_permille = pick(random, {20, 100, 200, 300});
  if (enabled.contains(Fault::kDuplication)) weather.duplicate_permille = pick(random, {10, 100});
  if (enabled.contains(Fault::kReordering)) weather.straggle_permille = pick(random, {10, 100});
  if (enabled.contains(Fault::kCorruption)) weather.corrupt_permille = pick(random, {5, 50});
  weather.delay_min = base::micros(pick(random, {100, 500, 5'000, 40'000}));
  weather.delay_spread = weather.delay_min * pick(random, {1, 4});
  return weather;
}

}  // namespace

std::string_view fault_name(Fault fault) { return kNames.at(static_cast<std::size_t>(fault)); }

std::optional<Fault> fault_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kFaults; ++i) {
    if (kNames.at(i) == name) return static_cast<Fault>(i);
  }
  return std::nullopt;
}

Settings Settings::draw(std::uint64_t seed, std::size_t nodes) {
  base::Random random = base::Random::from_number(seed ^ 0x5e77195);
  Settings settings;
  settings.seed = seed;
  settings.nodes = nodes;
  for (std::size_t i = 0; i < kFaults; ++i) {
    if (random.below(2) == 0) settings.enabled.insert(static_cast<Fault>(i));
  }
  settings.weather = draw_weather(random, settings.enabled);
  settings.requests = pick(random, {60, 150, 250});
  settings.retries = true;
  settings.faults = pick(random, {6, 14, 24});
  // Round trips of 80 ms and more need the timing of the profile wan.
  bool wide = settings.weather.delay_min >= base::millis(5);
  settings.node.profile = *gossip::profile_from_name(wide ? "wan" : "lan");
  bool relayed = random.below(2) == 0;
  settings.node.topology = relayed ? gossip::Topology::kPushPull : gossip::Topology::kDirect;
  settings.node.range_changes_max = pick(random, {2, 3, 20, 2'000});
  settings.replica.store.log_bytes_max = pick(random, {600, 2'000, 10'000, 1'000'000});
  settings.replica.parked.changes_max = pick(random, {2, 10, 4'096});
  settings.replica.snapshots.page_bytes = pick(random, {400, 4'000, 1'000'000});
  settings.replica.store.wal_pages = pick(random, {8, 60, 1'000});
  settings.replica.store.closed_loose_max = 3;
  settings.replica.clock.build_nanos = 1'700'000'000'000'000'000;
  settings.clockless = random.below(4) == 0;
  // Small, so that scrubs truncate the write-ahead log in most runs, as a daemon at rest does.
  settings.replica.store.wal_rest_bytes = pick(random, {0, 50'000, 4'194'304});
  settings.replica.store.free_pages_rest = pick(random, {0, 4, 256});
  settings.replica.store.vacuum_pages = pick(random, {1, 16, 256});
  settings.objects_percent = pick(random, {0, 40, 80});
  // So small that texts are folded, closed for lack of room and loaded again within a run.
  settings.replica.store.fold_changes = pick(random, {3, 10, 100});
  settings.replica.store.texts_open_bytes = pick(random, {1, 20'000, 32u << 20});
  settings.replica.store.text_block_runs = pick(random, {1, 64, 1'024});
  // Late in half of the runs, so that many power cuts hit a commit that is not on the medium yet.
  const bool flushes_late = random.below(2) == 0;
  if (flushes_late) {
    settings.pump.flush_quiet = base::seconds(2);
    settings.pump.flush_after = base::seconds(8);
  }
  // So small that most crashes hit the middle of a fold, and readers meet several versions.
  settings.replica.store.memtable_slots = pick(random, {3, 20, 65'536});
  settings.replica.store.memtable_fold_slots = pick(random, {1, 4, 512});
  settings.replica.store.memtable_rest_calls = pick(random, {1u, 3u, 10u});
  return settings;
}

void Settings::allow(const std::set<Fault>& wanted) {
  base::Random random = base::Random::from_number(seed ^ 0x3ea7e4);
  Weather drawn = draw_weather(random, wanted);
  drawn.delay_min = weather.delay_min;
  drawn.delay_spread = weather.delay_spread;
  weather = drawn;
  enabled = wanted;
}

}  // namespace simulation

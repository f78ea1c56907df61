// Many runs at once. Runs share nothing, so each thread takes the next seed.

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "tools/simulator/run.h"

namespace simulation {

Settings SweepOptions::settings(std::uint64_t seed, std::size_t nodes) const {
  Settings settings = Settings::draw(seed, nodes);
  if (objects_percent) settings.objects_percent = *objects_percent;
  return settings;
}

Tally sweep(const SweepOptions& options, const std::function<void(const Report&)>& each) {
  std::atomic<std::uint64_t> next = 0;
  std::atomic<bool> stop = false;
  std::mutex mutex;  // guards the tally and `each`
  Tally tally;
  auto work = [&] {
    while (!stop) {
      std::uint64_t index = next++;
      if (index >= options.count) return;
      std::uint64_t seed = options.first + index;
      std::size_t nodes =
          options.nodes_min +
          static_cast<std::size_t>(seed % (options.nodes_max - options.nodes_min + 1));
      Report report = run(options.settings(seed, nodes));
      std::lock_guard lock(mutex);
      tally.add(report);
      each(report);
      if (options.stop_at_first && !report.passed()) stop = true;
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < options.jobs; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  return tally;
}

}  // namespace simulation

#include "crdt/dot_run_codec.h"

namespace crdt::codec {
namespace {

constexpr std::uint64_t kIndexes = std::uint64_t{UINT32_MAX} + 1;

bool same_block(const DotRun& a, const DotRun& b) {
  return a.actor == b.actor && a.seq == b.seq && a.changes == b.changes;
}

// The end of the block or of the actor that begins with the first run.
template <typename Same>
std::size_t length_of(std::span<const DotRun> runs, const Same& same) {
  std::size_t length = 1;
  while (length < runs.size() && same(runs.front(), runs[length])) ++length;
  return length;
}

class RunReader {
 public:
  RunReader(Reader& in, std::size_t numbers, std::uint64_t dots_max)
      : in_(in), numbers_(numbers), dots_(dots_max) {}

  bool more() const { return in_.ok() && numbers_ > 0; }
  std::uint64_t number(std::uint64_t most) {
    if (numbers_ == 0) in_.fail();
    if (!in_.ok()) return 0;
    --numbers_;
    return in_.number(most);
  }

  void read_actor(std::span<const ActorId> table, DotRuns& runs) {
    const std::uint64_t number_in_table = number(UINT32_MAX);
    if (number_in_table >= table.size()) return in_.fail();
    const ActorId& actor = table[number_in_table];
    if (!runs.empty() && !(runs.back().actor < actor)) return in_.fail();
    const std::uint64_t blocks = number(numbers_);
    if (blocks == 0) return in_.fail();
    std::uint64_t next = 1;  // the lowest seq that may follow; 0: none
    for (std::uint64_t i = 0; i < blocks && in_.ok(); ++i) {
      const std::uint64_t gap = number(UINT64_MAX);
      if (next == 0 || gap > UINT64_MAX - next) return in_.fail();
      const std::uint64_t seq = next + gap;
      const std::uint64_t changes = number(UINT32_MAX - 1) + 1;
      if (changes - 1 > UINT64_MAX - seq) return in_.fail();
      next = seq + changes;
      read_block({actor, seq, 0, 1, static_cast<std::uint32_t>(changes)}, runs);
    }
  }

 private:
  void read_block(DotRun run, DotRuns& runs) {
    const std::uint64_t count = number(numbers_) + 1;
    std::uint64_t next = 0;  // the lowest index that may follow
    for (std::uint64_t i = 0; i < count && in_.ok(); ++i) {
      const std::uint64_t index = next + number(UINT32_MAX);
      const std::uint64_t indexes = number(UINT32_MAX - 1) + 1;
      next = index + indexes;
      const std::uint64_t dots = indexes * run.changes;
      if (next > kIndexes || dots > dots_) return in_.fail();
      dots_ -= dots;
      run.index = static_cast<std::uint32_t>(index);
      run.count = static_cast<std::uint32_t>(indexes);
      runs.push_back(run);
    }
  }

  Reader& in_;
  std::size_t numbers_;  // of the array, still to come
  std::uint64_t dots_;   // that may still come
};

}  // namespace

void write_runs(Writer& out, std::span<const DotRun> runs,
                const std::function<std::size_t(const ActorId&)>& number_of) {
  Writer list;
  std::size_t numbers = 0;
  const auto write = [&](std::uint64_t value) {
    list.number(value);
    ++numbers;
  };
  const auto same_actor = [](const DotRun& a, const DotRun& b) { return a.actor == b.actor; };
  while (!runs.empty()) {
    auto of_actor = runs.first(length_of(runs, same_actor));
    runs = runs.subspan(of_actor.size());
    std::size_t blocks = 0;
    for (auto rest = of_actor; !rest.empty(); ++blocks) {
      rest = rest.subspan(length_of(rest, same_block));
    }
    write(number_of(of_actor.front().actor));
    write(blocks);
    std::uint64_t next = 1;
    while (!of_actor.empty()) {
      const auto block = of_actor.first(length_of(of_actor, same_block));
      of_actor = of_actor.subspan(block.size());
      write(block.front().seq - next);
      write(block.front().changes - 1);
      write(block.size() - 1);
      next = block.front().seq + block.front().changes;
      std::uint64_t next_index = 0;
      for (const DotRun& run : block) {
        write(run.index - next_index);
        write(run.count - 1);
        next_index = std::uint64_t{run.index} + run.count;
      }
    }
  }
  out.array(numbers).encoded(list.view());
}

void read_runs(Reader& in, std::span<const ActorId> table, std::uint64_t dots_max, DotRuns& runs) {
  RunReader reader(in, in.array(), dots_max);
  while (reader.more()) reader.read_actor(table, runs);
}

std::uint64_t count_dots(std::span<const DotRun> runs) {
  std::uint64_t dots = 0;
  for (const DotRun& run : runs) dots += std::uint64_t{run.count} * run.changes;
  return dots;
}

}  // namespace crdt::codec

#include "agent/replica/input_size.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <functional>

#include "agent/replica/pump.h"
#include "tests/crdt/members_of.h"
#include "tools/simulator/requests.h"

namespace agent {
namespace {

using crdt::Verb;
using crdt::samples::members_of;
using simulation::add_entry;
using simulation::op;

// The text of an object with many fields of a few bytes each.
std::string short_fields(int count) {
  std::string text = "{";
  for (int i = 0; i < count; ++i) text += "\"" + std::to_string(i) + "\":1,";
  text.back() = '}';
  return text;
}

std::size_t heap_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::size_t heap_taken_by(const std::function<Input()>& make) {
  const std::size_t before = heap_in_use();
  const Input kept = make();
  return heap_in_use() - before;
}

Input import_of(int lines) {
  ImportEntries import{"images", {}};
  for (int i = 0; i < lines; ++i) {
    import.entries.push_back({"a name of more than 15 bytes " + std::to_string(i),
                              members_of(R"({"size":1,"text":"a text that is long enough"})")});
  }
  return Write{1, std::move(import)};
}

Input entries_of(int count) {
  WriteObject write{"images", {}};
  for (int i = 0; i < count; ++i) {
    const std::string id = std::to_string(i);
    write.ops.push_back(op({id, "field"}, Verb::kSet, std::string("1")));
    write.ops.push_back(op({id, "one"}, Verb::kUnset));
    write.ops.push_back(op({id, "another, which is longer than 15 bytes"}, Verb::kUnset));
  }
  return Write{1, std::move(write)};
}

// The bound of the queue limits memory. So a parsed write counts with the memory that it takes, not
// with the bytes of its text.
TEST(InputSize, IsWhatAWriteTakesInMemory) {
  auto patch = [] {
    return Write{1, simulation::patch_entry(
                        "images", "x", members_of(short_fields(9'000)),
                        std::vector<std::string>(1'000, "a name of more than 15 bytes"))};
  };
  const std::function<Input()> kWrites[] = {
      [] {
        return Write{1, add_entry("images", "x", members_of(short_fields(20'000)))};
      },
      [] {
        return Write{1, simulation::put_entry("images", "x", members_of(short_fields(20'000)))};
      },
      [] {
        return Write{1, add_entry("images", "x", {{"f", std::string(500'000, '1')}})};
      },
      patch,
      [] { return import_of(1'000); },
      [] { return entries_of(2'000); },
  };
  if (heap_taken_by(kWrites[0]) == 0)
    GTEST_SKIP() << "this allocator does not report the bytes that are in use";
  for (std::size_t i = 0; i < std::size(kWrites); ++i) {
    const std::size_t taken = heap_taken_by(kWrites[i]);

    const std::size_t counted = bytes_of(kWrites[i]());

    EXPECT_GT(counted, taken * 9 / 10) << i;
    EXPECT_LT(counted, taken * 11 / 10 + sizeof(Input)) << i;
  }
}

TEST(InputSize, TheQueueOfManyShortFieldsEndsAtItsBoundOfMemory) {
  PumpOptions options;
  options.bytes_max = 8u << 20;
  Pump pump(options);
  const std::string text = short_fields(10'000);
  std::size_t taken = 0;

  while (pump.offer(Write{1, add_entry("images", "x", members_of(text))}) && taken < 1'000) ++taken;

  EXPECT_GE(taken, 1u);
  EXPECT_LE(taken * 10'000 * sizeof(crdt::Members::value_type), options.bytes_max);
}

}  // namespace
}  // namespace agent

// How large the file is after many changes to one object.

#include <iostream>

#include "tests/replica/join_fixture.h"

namespace agent {
namespace {

using crdt::Verb;

constexpr int kChanges = 100'000;
constexpr int kAtOnce = 100;

// Typing at places that move now and then, some erasing, and values of the other types.
class Author {
 public:
  explicit Author(std::uint64_t seed) : random_(base::Random::from_number(seed)) {}

  Input next() {
    const std::uint64_t what = random_.below(100);
    if (what < 70) return type();
    if (what < 80) return erase();
    const std::string number = std::to_string(random_.below(1'000));
    if (what < 88) return write({"field" + std::to_string(random_.below(50))}, Verb::kSet, number);
    if (what < 92) return write({"hits"}, Verb::kIncrement, crdt::Amount{1});
    return write({"tags"}, what < 96 ? Verb::kAdd : Verb::kRemove, number);
  }

 private:
  static Input write(crdt::Path path, Verb verb, crdt::Argument argument) {
    return Write{1, WriteObject{"doc", {{std::move(path), verb, std::move(argument), {}, {}}}}};
  }
  Input type() {
    if (random_.below(40) == 0) at_ = static_cast<std::uint32_t>(random_.below(length_ + 1));
    const std::string letter(1, static_cast<char>('a' + random_.below(26)));
    ++length_;
    return write({"text"}, Verb::kInsert, crdt::TextInsert{at_++, std::nullopt, letter});
  }
  Input erase() {
    if (at_ == 0) return type();
    --length_;
    return write({"text"}, Verb::kErase, crdt::TextErase{--at_, 1});
  }

  base::Random random_;
  std::uint32_t at_ = 0;
  std::uint32_t length_ = 0;
};

// Lets an agent rest, then closes it. Returns the bytes of its file.
std::uintmax_t rested(std::unique_ptr<Replica>& replica, const std::string& file) {
  for (int second = 0; second < 200; ++second) replica->scrub(at(1'000'000 + second * 1'000));
  EXPECT_EQ(replica->store().cells().texts().totals().waiting, 0u);
  expect_sound(*replica);
  EXPECT_TRUE(replica->close().ok());
  replica.reset();
  return std::filesystem::file_size(file);
}

struct Sizes {
  std::uintmax_t old = 0;
  std::uintmax_t fresh = 0;
};

void measure(std::uint64_t log_bytes_max, Sizes& sizes) {
  Folder folder;
  ReplicaOptions options;
  options.store.log_bytes_max = log_bytes_max;
  auto a = open_replica(folder.file("a.db"), 1, options);
  Author author(7);
  const std::uint64_t written = a->counts().written_bytes;
  for (int done = 0; done < kChanges; done += kAtOnce) {
    std::vector<Input> inputs;
    for (int i = 0; i < kAtOnce; ++i) inputs.push_back(author.next());
    Outputs out = turn(*a, done, std::move(inputs));
    for (const Reply& reply : out.replies) ASSERT_TRUE(reply.result.ok()) << done;
  }
  const std::uint64_t each = (a->counts().written_bytes - written) / kChanges;
  const auto before = std::filesystem::file_size(folder.file("a.db"));
  auto z = open_replica(folder.file("z.db"), 2, options);
  join(*z, *a);
  ASSERT_EQ(z->state(), a->state());

  const std::uint64_t log = a->store().log_bytes();
  sizes.old = rested(a, folder.file("a.db"));
  sizes.fresh = rested(z, folder.file("z.db"));

  std::cout << kChanges << " changes: " << sizes.old << " bytes at rest (" << before
            << " before; the changes of the log take " << log << "), joined fresh " << sizes.fresh
            << " bytes; " << each << " bytes written for each change, " << kAtOnce
            << " in a commit\n";
}

// An agent that joined fresh has no log, and the log has a budget of its own. So the two are
// compared with a log of a few changes; the figures with the usual budget are printed.
TEST(FileSize, AfterManyChangesToOneObjectItIsThatOfAnAgentThatJoinedFresh) {
  Sizes sizes;
  ASSERT_NO_FATAL_FAILURE(measure(4 << 10, sizes));
  EXPECT_LE(static_cast<double>(sizes.old), 1.2 * static_cast<double>(sizes.fresh));

  Sizes with_log;
  ASSERT_NO_FATAL_FAILURE(measure(store::Options().log_bytes_max, with_log));
}

}  // namespace
}  // namespace agent

#pragma once

// Random numbers for machines: a ChaCha20 key stream from one 32-byte seed. The same seed gives the
// same run with every compiler. With a seed from the kernel it is fit for keys and ids. Draw once
// in a statement, because argument order is not defined. Not thread-safe: each machine has its own.

#include <array>
#include <cstdint>

#include "crdt/base/bytes.h"
#include "crdt/base/strong.h"

namespace base {

class Random {
 public:
  using Seed = std::array<unsigned char, 32>;
  explicit Random(const Seed& seed);
  static Random from_number(std::uint64_t seed);  // for tests and the simulator

  std::uint64_t next();
  std::uint64_t below(std::uint64_t bound);  // uniform in [0, bound), bound > 0
  bool chance(std::uint32_t one_in);         // true once in `one_in`
  Bytes bytes(std::size_t count);
  Random fork();  // an independent stream, for a collaborator

  template <typename Tag>
  Id16<Tag> id() {
    return *Id16<Tag>::from(bytes(16));
  }
  template <typename Container>
  auto& pick(Container& items) {
    return items[static_cast<std::size_t>(below(items.size()))];
  }

 private:
  void refill();
  Seed seed_;
  std::uint64_t block_ = 0;
  std::array<unsigned char, 512> buffer_{};
  std::size_t used_ = sizeof(buffer_);
};

}  // namespace base

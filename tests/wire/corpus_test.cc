// The fuzzers start from a corpus that holds every message there is: what it misses they rarely
// find.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "gossip/wire/message.h"

namespace gossip::wire {
namespace {

std::vector<base::Bytes> inputs_of(const std::string& corpus) {
  std::vector<base::Bytes> inputs;
  std::string folder = HEARSAY_SOURCE_DIR "/tests/fuzz/corpus/" + corpus;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(file.path(), std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return inputs;
}

TEST(Corpus, ReachesEveryMessageOfADatagram) {
  std::set<std::size_t> reached;
  for (const base::Bytes& input : inputs_of("datagram")) {
    auto packet = decode_packet(input);
    if (!packet.ok()) continue;
    for (const Message& message : packet->messages) reached.insert(message.index());
  }

  EXPECT_EQ(reached.size(), std::variant_size_v<Message>);
}

}  // namespace
}  // namespace gossip::wire

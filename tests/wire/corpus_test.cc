// The corpus from which the fuzzers start has every type of message. The fuzzers rarely find a type
// that it lacks.

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

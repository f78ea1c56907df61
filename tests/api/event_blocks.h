#pragma once

// What a client of /v1/events has received, block by block.

#include <string>
#include <vector>

#include "tests/api/answers.h"

namespace agent {

struct Heard {
  std::string id;
  std::string event;  // empty: a block that only carries an id
  Json data;
};

inline std::vector<Heard> heard(const FakeExchange& stream) {
  std::vector<Heard> blocks;
  std::string_view text = stream.streamed();
  while (!text.empty()) {
    std::size_t end = text.find("\n\n");
    EXPECT_NE(end, std::string_view::npos) << "a block is cut";
    std::string_view block = text.substr(0, end);
    text.remove_prefix(end + 2);
    Heard one;
    while (!block.empty()) {
      std::string line(block.substr(0, block.find('\n')));
      block.remove_prefix(std::min(block.size(), line.size() + 1));
      if (line.starts_with("id: ")) one.id = line.substr(4);
      if (line.starts_with("event: ")) one.event = line.substr(7);
      if (line.starts_with("data: ")) one.data = Json::parse(line.substr(6));
    }
    blocks.push_back(std::move(one));
  }
  return blocks;
}

}  // namespace agent

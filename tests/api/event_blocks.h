#pragma once

// Helpers for clients of /v1/events: their requests, and the blocks that they have received.

#include <algorithm>
#include <memory>
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

inline std::vector<Heard> changes(const FakeExchange& stream) {
  std::vector<Heard> found = heard(stream);
  std::erase_if(found, [](const Heard& one) { return one.event != "change"; });
  return found;
}

inline std::vector<std::string> ids(const FakeExchange& stream) {
  std::vector<std::string> found;
  for (const Heard& one : changes(stream)) found.push_back(one.data["path"][0]);
  return found;
}

inline std::size_t resets(const FakeExchange& stream) {
  std::vector<Heard> found = heard(stream);
  return static_cast<std::size_t>(std::count_if(
      found.begin(), found.end(), [](const Heard& one) { return one.event == "reset"; }));
}

inline std::shared_ptr<FakeExchange> open(FakeHost& host, const std::string& last_id = "",
                                          const std::string& query = "") {
  http::Headers headers;
  if (!last_id.empty()) headers.emplace_back("last-event-id", last_id);
  return host.send("GET", "/v1/events" + query, "", headers);
}

inline void add(FakeHost& host, const std::string& id, const std::string& metadata = "{}") {
  host.send("POST", "/snapshots/add/" + id, metadata);
}

}  // namespace agent

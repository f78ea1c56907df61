#pragma once

// Parses a server-sent event stream that arrives in any pieces.

#include <functional>
#include <string>
#include <string_view>

namespace cli {

struct StreamEvent {
  std::string name = "message";
  std::string data;  // several data lines are joined with LF
};

class EventStream {
 public:
  static constexpr std::size_t kEventBytesMax = 64u << 20;

  // Calls `event` for each complete event. False: an event is larger than the bound, and the stream
  // cannot be used any more.
  bool feed(std::string_view piece, const std::function<void(const StreamEvent&)>& event);

  // For Last-Event-ID: the id of the last complete event that had one. It is kept over a
  // reconnection.
  const std::string& last_id() const { return last_id_; }
  void reconnected();  // forgets an incomplete event

 private:
  void line(std::string_view text, const std::function<void(const StreamEvent&)>& event);

  std::string partial_;  // the part of a line that has arrived
  bool after_return_ = false;
  StreamEvent event_;
  bool has_data_ = false;
  std::string id_;
  std::string last_id_;
};

}  // namespace cli

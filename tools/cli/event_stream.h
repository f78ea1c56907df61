#pragma once

// Takes a server-sent event stream apart, whatever the pieces it arrives in.

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

  // Calls `event` for each event that is complete. False: an event over the bound; the stream is
  // of no use any more.
  bool feed(std::string_view piece, const std::function<void(const StreamEvent&)>& event);

  // For Last-Event-ID: of the last complete event that carried one; kept over a reconnection.
  const std::string& last_id() const { return last_id_; }
  void reconnected();  // what was incomplete is forgotten

 private:
  void line(std::string_view text, const std::function<void(const StreamEvent&)>& event);

  std::string partial_;  // of a line
  bool after_return_ = false;
  StreamEvent event_;
  bool has_data_ = false;
  std::string id_;
  std::string last_id_;
};

}  // namespace cli

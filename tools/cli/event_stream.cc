#include "tools/cli/event_stream.h"

#include <utility>

namespace cli {

bool EventStream::feed(std::string_view piece,
                       const std::function<void(const StreamEvent&)>& event) {
  for (char c : piece) {
    bool second_of_pair = c == '\n' && after_return_;
    after_return_ = c == '\r';
    if (second_of_pair) continue;
    if (c != '\n' && c != '\r') {
      partial_.push_back(c);
      continue;
    }
    line(std::exchange(partial_, {}), event);
  }
  return partial_.size() + event_.data.size() <= kEventBytesMax;
}

void EventStream::line(std::string_view text,
                       const std::function<void(const StreamEvent&)>& event) {
  if (text.empty()) {
    last_id_ = id_;
    auto complete = std::exchange(event_, {});
    if (std::exchange(has_data_, false) || complete.name != "message") event(complete);
    return;
  }
  auto colon = text.find(':');
  auto name = text.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "event") {
    event_.name = value;
  } else if (name == "data") {
    if (std::exchange(has_data_, true)) event_.data.push_back('\n');
    event_.data += value;
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    id_ = value;
  }
}

void EventStream::reconnected() {
  partial_.clear();
  after_return_ = false;
  event_ = {};
  has_data_ = false;
  id_ = last_id_;
}

}  // namespace cli

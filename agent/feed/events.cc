#include "agent/feed/events.h"

namespace agent {
namespace {

constexpr std::size_t kAround = 256;  // bytes of an event beside its names and its value

}  // namespace

std::size_t bytes_of(const Event& event) {
  std::size_t bytes = kAround + event.object.size() + event.value.size();
  for (const std::string& component : event.path) bytes += component.size();
  return bytes;
}

std::size_t bytes_of(const Value& value) {
  std::size_t bytes = kAround + value.object.size() + value.value.size();
  for (const std::string& component : value.path) bytes += component.size();
  return bytes;
}

Events::Events(std::vector<Event> list, bool shared)
    : list_(std::move(list)), remaining_(list_.size()), shared_(shared) {
  for (std::size_t i = list_.size(); i-- > 0;) {  // backwards, to count the events that follow
    bytes_ += bytes_of(list_[i]);
    const bool more = i + 1 < list_.size() && list_[i + 1].position == list_[i].position;
    remaining_[i] = more ? remaining_[i + 1] + 1 : 0;
  }
}

}  // namespace agent

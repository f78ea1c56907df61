#pragma once

// The bytes that still have to be written to one channel. They go out with one write if the channel
// takes them; the rest waits in one pending write. The owner bounds it: it looks at unsent() before
// it appends more. It passes on_drained() of the channel to drained().

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "agent/http/channel.h"

namespace http {

inline constexpr std::size_t kKeepCapacity = 4 * 1024;  // memory that an idle connection may keep

class Outbox {
 public:
  explicit Outbox(Channel& channel) : channel_(channel) {}

  std::string& tail() { return tail_; }  // append here
  void append_body(std::string body);    // large ones are not copied
  bool flush();                          // false: the channel is broken
  void drained();                        // the pending write has ended

  std::size_t unsent() const;
  std::size_t unwritten() const;  // the part of unsent() that flush() has not taken yet
  std::size_t in_flight() const;  // the other part: in the pending write
  // Bytes in memory: a pending write keeps all of its bytes until the last one is sent.
  std::size_t held() const { return unwritten() + std::max(writing_bytes_, in_flight()); }
  bool empty() const { return unsent() == 0; }

 private:
  bool write_chunks();

  Channel& channel_;
  std::vector<std::string> chunks_;  // before tail_
  std::string tail_;
  std::vector<std::string> writing_chunks_;
  std::size_t writing_bytes_ = 0;  // of writing_chunks_
  bool writing_ = false;
};

}  // namespace http

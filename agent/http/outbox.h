#pragma once

// The bytes that still have to be written to one socket. They go out with one write if the socket
// takes them; the rest waits in one pending write. The owner bounds it: it looks at unsent() before
// it appends more.

#include <uv.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace http {

inline constexpr std::size_t kKeepCapacity = 4 * 1024;  // memory that an idle connection may keep

class Outbox {
 public:
  // `written` gets the status of each pending write when it ends. It is never called from inside
  // flush().
  Outbox(uv_stream_t* stream, std::function<void(int status)> written);

  std::string& tail() { return tail_; }  // append here
  void append_body(std::string body);    // large ones are not copied
  bool flush();                          // false: the connection is broken

  std::size_t unsent() const;
  std::size_t unwritten() const;  // the part of unsent() that flush() has not taken yet
  std::size_t in_flight() const;  // the other part: in the pending write
  // Bytes in memory: a pending write keeps all of its bytes until the last one is sent.
  std::size_t held() const { return unwritten() + writing_bytes_; }
  bool empty() const { return unsent() == 0; }

 private:
  bool write_chunks();
  static void finish(uv_write_t* request, int status);

  uv_stream_t* stream_;
  std::function<void(int)> written_;
  std::vector<std::string> chunks_;  // before tail_
  std::string tail_;
  std::vector<std::string> writing_chunks_;
  std::size_t writing_bytes_ = 0;  // of writing_chunks_
  bool writing_ = false;
  uv_write_t request_{};
};

}  // namespace http

#include "tools/bench/http/server_child.h"

#include <unistd.h>

#include <fstream>
#include <iterator>

#include "tools/bench/clock.h"

namespace bench {

std::string text_of_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

base::Result<ServerChild> ServerChild::start(const std::vector<std::string>& arguments,
                                             const std::string& log) {
  constexpr std::int64_t kStartTimeout = 30 * kSecond;
  constexpr std::string_view kWord = "port ";
  ServerChild server;
  ASSIGN_OR_RETURN(server.child, Child::start(arguments, {}, log));
  const std::int64_t deadline = monotonic_nanos() + kStartTimeout;
  while (server.child->running() && monotonic_nanos() < deadline) {
    const std::string text = text_of_file(log);
    const std::size_t end = text.find('\n');
    if (text.starts_with(kWord) && end != text.npos) {
      server.address = "127.0.0.1:" + text.substr(kWord.size(), end - kWord.size());
      return server;
    }
    ::usleep(kPauseMicros);
  }
  return base::Error{base::Code::kUnavailable,
                     arguments.front() + " did not listen: " + text_of_file(log).substr(0, 300)};
}

}  // namespace bench

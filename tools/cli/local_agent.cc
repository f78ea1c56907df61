#include "tools/cli/local_agent.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "agent/host_port.h"
#include "agent/regular_file.h"
#include "tools/cli/json_text.h"

namespace cli {
namespace {

constexpr std::size_t kAnnouncementBytesMax = 64u << 10;

}  // namespace

base::Result<LocalAgent> agent_of(const std::string& directory) {
  const std::string path = directory + "/agent.json";
  ASSIGN_OR_RETURN(const auto file, agent::read_regular_file(path, kAnnouncementBytesMax));
  if (!file) {
    return base::Error{
        base::Code::kUnavailable,
        fmt::format("no agent runs with the data directory {}: there is no {}", directory, path)};
  }
  LocalAgent found;
  found.http = unquote(field(file->text, "http"));
  if (!agent::HostPort::parse_http(found.http)) {
    return base::Error{base::Code::kInternal, path + ": it is not complete; start the agent again"};
  }
  // The agent may have been told a path that is relative to another folder.
  const std::string socket = directory + "/http.sock";
  const bool fits = socket.size() < sizeof(sockaddr_un::sun_path);
  if (fits && !field(file->text, "socket").empty()) found.socket = socket;
  return found;
}

bool is_served_by(const LocalAgent& agent, std::string_view url) {
  const auto asked = agent::HostPort::parse_http(url);
  const auto served = agent::HostPort::parse_http(agent.http);
  if (!asked || !served || asked->port != served->port) return false;
  const agent::HostPort numeric = asked->with_numeric_loopback();
  return numeric == *served || (served->is_any() && numeric.is_loopback());
}

bool is_answered(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.empty() || socket.size() >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, socket.data(), socket.size());
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  const int status =
      connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  close(descriptor);
  return status == 0;
}

}  // namespace cli

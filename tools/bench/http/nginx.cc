#include "tools/bench/http/nginx.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tools/bench/clock.h"
#include "tools/bench/http/server_child.h"

namespace bench {
namespace {

constexpr std::int64_t kNginxStart = 20 * kSecond;

// A port of the loopback that nobody uses now. nginx cannot choose one.
int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* place = reinterpret_cast<sockaddr*>(&address);
  const bool bound = ::bind(socket, place, size) == 0 && ::getsockname(socket, place, &size) == 0;
  ::close(socket);
  return bound ? ntohs(address.sin_port) : 0;
}

// The settings of Debian, but: no master, no access log, a connection takes any number of requests,
// and open files are kept open.
std::string configuration(const NginxSetup& setup, int port) {
  const bool tls = setup.tls != nullptr;
  std::string text =
      "daemon off;\nmaster_process off;\nerror_log stderr error;\n"
      "events { worker_connections 1024; }\nhttp {\n";
  for (const char* what : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    text += fmt::format("{0}_temp_path tmp-{0};\n", what);
  }
  text +=
      "access_log off;\nsendfile on;\ntcp_nopush on;\nkeepalive_requests 1000000000;\n"
      "open_file_cache max=10;\ndefault_type application/json;\nserver {\n";
  text += fmt::format("listen 127.0.0.1:{} reuseport{};\nroot {}/files;\n", port, tls ? " ssl" : "",
                      setup.folder);
  if (tls) {
    text += fmt::format(
        "ssl_certificate {};\nssl_certificate_key {};\nssl_protocols TLSv1.3;\n"
        "ssl_conf_command Ciphersuites {};\n",
        setup.tls->certificate, setup.tls->key, setup.cipher);
  }
  return text + "}\n}\n";
}

// It writes its pid when it listens.
base::Status wait_for_pid(Child& child, const std::string& pid_file, const std::string& log) {
  const std::int64_t deadline = monotonic_nanos() + kNginxStart;
  while (child.running() && monotonic_nanos() < deadline) {
    if (!text_of_file(pid_file).empty()) return {};
    ::usleep(kPauseMicros);
  }
  return base::Error{base::Code::kUnavailable,
                     "nginx did not start: " + text_of_file(log).substr(0, 500)};
}

}  // namespace

base::Result<Nginx> Nginx::start(const NginxSetup& setup) {
  const int port = free_port();
  const std::string file = setup.folder + "/files" + setup.path;
  std::filesystem::create_directories(std::filesystem::path(file).parent_path());
  std::ofstream(file, std::ios::binary) << setup.body;
  std::ofstream(setup.folder + "/nginx.conf") << configuration(setup, port);
  Nginx nginx;
  nginx.address_ = fmt::format("127.0.0.1:{}", port);
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < cores; ++i) {
    const std::string log = fmt::format("{}/nginx-{}.log", setup.folder, i);
    const std::string pid_file = fmt::format("nginx-{}.pid", i);
    ASSIGN_OR_RETURN(auto child,
                     Child::start({setup.program, "-p", setup.folder, "-c", "nginx.conf", "-e",
                                   "stderr", "-g", fmt::format("pid {};", pid_file)},
                                  {}, log));
    RETURN_IF_ERROR(wait_for_pid(*child, setup.folder + "/" + pid_file, log));
    nginx.processes_.push_back(std::move(child));
  }
  return nginx;
}

}  // namespace bench

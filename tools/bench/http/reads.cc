#include <fmt/format.h>

#include <filesystem>
#include <sstream>

#include "tools/bench/clock.h"
#include "tools/bench/http/figure.h"
#include "tools/bench/http/nginx.h"
#include "tools/bench/http/server_child.h"
#include "tools/bench/http/wrk.h"
#include "tools/probe/http_client.h"

namespace bench {
namespace {

constexpr double kTimesNginxMax = 2;
constexpr const char* kEntryPath = "/v1/objects/snapshots/entry";
constexpr std::int64_t kToolPatience = 30 * kSecond;

base::Error not_there(const std::string& program) {
  return {base::Code::kNotFound, program + " is not installed: see tools/bench/peers/setup http"};
}

std::string chosen(const std::string& given, const char* name) {
  if (given.empty()) return find_program(name);
  return std::filesystem::exists(given) ? given : std::string();
}

// Writes the entry, and returns the bytes that a GET of it answers.
base::Result<std::string> write_entry(const Agent& agent) {
  probe::HttpClient client(agent.http());
  ASSIGN_OR_RETURN(auto added, client.post("/snapshots/add/entry",
                                           R"({"cluster":"a","size":1024,"status":"completed"})"));
  ASSIGN_OR_RETURN(auto got, client.get(kEntryPath));
  if (added.status == 200 && got.status == 200) return got.body;
  return base::Error{base::Code::kUnavailable,
                     fmt::format("add answers {}, get {}", added.status, got.status)};
}

// Runs a tool to its end and returns what it printed.
base::Result<std::string> run_tool(const std::vector<std::string>& arguments,
                                   const std::string& log) {
  ASSIGN_OR_RETURN(auto tool, Child::start(arguments, {}, log));
  if (tool->wait(kToolPatience) == 0) return text_of_file(log);
  return base::Error{base::Code::kUnavailable,
                     arguments.front() + ": " + text_of_file(log).substr(0, 300)};
}

base::Result<TlsFiles> make_certificate(const HttpBench& bench) {
  const std::string& program = bench.agents.program;
  const std::string ca = bench.file("ca");
  const std::string certs = bench.file("certs");
  const std::string log = bench.file("tls.log");
  RETURN_IF_ERROR(run_tool({program, "tls", "ca", "--out", ca}, log));
  RETURN_IF_ERROR(run_tool(
      {program, "tls", "issue", "n1", "--ca", ca, "--host", "127.0.0.1", "--out", certs}, log));
  return TlsFiles{certs + "/n1.crt", certs + "/n1.key"};
}

// The cipher suite that a client with the defaults of OpenSSL, such as wrk, agrees on.
base::Result<std::string> cipher_of(const std::string& openssl, const std::string& address,
                                    const std::string& log) {
  const std::string line = openssl + " s_client -brief -connect " + address + " </dev/null 2>&1";
  ASSIGN_OR_RETURN(std::string said, run_tool({"/bin/sh", "-c", line}, log));
  constexpr std::string_view kName = "Ciphersuite: ";
  const std::size_t at = said.find(kName);
  if (at == said.npos) {
    return base::Error{base::Code::kUnavailable, "openssl s_client: " + said.substr(0, 300)};
  }
  std::istringstream words(said.substr(at + kName.size()));
  std::string cipher;
  words >> cipher;
  return cipher;
}

// One run of one server.
base::Result<WrkResult> read_from(const HttpBench& bench, const std::string& wrk,
                                  const std::string& url, const std::string& name) {
  RETURN_IF_ERROR(run_wrk({wrk, url, 1, bench.file(name + "-warm.log")}));
  return run_wrk({wrk, url, bench.options.seconds, bench.file(name + ".log")});
}

base::Status add_runs(const HttpBench& bench, const std::string& wrk, const std::string& name,
                      const std::string& ours, const std::string& nginx, HttpFigure& figure) {
  for (int i = 0; i < bench.options.runs; ++i) {
    if (!nginx.empty()) {
      ASSIGN_OR_RETURN(WrkResult floor,
                       read_from(bench, wrk, nginx, fmt::format("{}-nginx-{}", name, i)));
      figure.floor.push_back(floor.per_second);
    }
    ASSIGN_OR_RETURN(WrkResult result, read_from(bench, wrk, ours, fmt::format("{}-{}", name, i)));
    figure.hearsay.push_back(result.per_second);
    figure.client.push_back(result.client_cores);
  }
  return {};
}

}  // namespace

base::Result<HttpFigures> measure_get(const HttpBench& bench) {
  const std::string wrk = chosen(bench.options.wrk, "wrk");
  const std::string nginx_program = chosen(bench.options.nginx, "nginx");
  if (wrk.empty()) return not_there("wrk");
  ASSIGN_OR_RETURN(auto agent, Agent::start_alone(bench.agents, "get", bench.folder));
  ASSIGN_OR_RETURN(std::string body, write_entry(*agent));
  HttpFigure figure{"GET of an entry, wrk, 50 connections", "requests/s", true, {}, kTimesNginxMax,
                    "nginx, the same bytes from a file"};
  std::string url;
  base::Result<Nginx> nginx = not_there("nginx");
  if (!nginx_program.empty()) {
    nginx = Nginx::start({nginx_program, bench.file("nginx"), kEntryPath, body, nullptr, ""});
    if (!nginx.ok()) return nginx.error();
    url = "http://" + nginx->address() + kEntryPath;
  } else {
    bench.note("get: without its floor: " + nginx.error().message);
  }
  RETURN_IF_ERROR(add_runs(bench, wrk, "get", "http://" + agent->http() + kEntryPath, url, figure));
  agent->stop();
  return HttpFigures{figure};
}

base::Result<HttpFigures> measure_get_tls(const HttpBench& bench) {
  const std::string wrk = chosen(bench.options.wrk, "wrk");
  const std::string nginx_program = chosen(bench.options.nginx, "nginx");
  const std::string openssl = find_program("openssl");
  if (wrk.empty()) return not_there("wrk");
  if (openssl.empty()) return not_there("openssl");
  ASSIGN_OR_RETURN(TlsFiles files, make_certificate(bench));
  ASSIGN_OR_RETURN(auto plain, Agent::start_alone(bench.agents, "tls", bench.folder));
  ASSIGN_OR_RETURN(std::string body, write_entry(*plain));
  plain->stop();
  AgentSetup setup = bench.agents;
  setup.more = {"--http-cert", files.certificate, "--http-key", files.key};
  ASSIGN_OR_RETURN(auto agent, Agent::start(setup, "tls", "", bench.folder));  // the same data
  RETURN_IF_ERROR(agent->wait_serving());
  ASSIGN_OR_RETURN(std::string cipher, cipher_of(openssl, agent->http(), bench.file("cipher.log")));

  HttpFigure figure{"GET of an entry over TLS 1.3, kept alive",
                    "requests/s",
                    true,
                    {},
                    kTimesNginxMax,
                    "nginx, the same cipher"};
  std::string url;
  base::Result<Nginx> nginx = not_there("nginx");
  if (!nginx_program.empty()) {
    nginx =
        Nginx::start({nginx_program, bench.file("nginx-tls"), kEntryPath, body, &files, cipher});
    if (!nginx.ok()) return nginx.error();
    ASSIGN_OR_RETURN(std::string same,
                     cipher_of(openssl, nginx->address(), bench.file("cipher-nginx.log")));
    if (same != cipher) {
      return base::Error{base::Code::kUnavailable, "nginx uses " + same + ", we " + cipher};
    }
    url = "https://" + nginx->address() + kEntryPath;
  } else {
    bench.note("get-tls: without its floor: " + nginx.error().message);
  }
  bench.note("get-tls: " + cipher);
  RETURN_IF_ERROR(
      add_runs(bench, wrk, "get-tls", "https://" + agent->http() + kEntryPath, url, figure));
  agent->stop();
  return HttpFigures{figure};
}

}  // namespace bench

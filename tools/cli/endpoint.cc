#include "tools/cli/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "agent/config.h"
#include "agent/host_port.h"
#include "agent/regular_file.h"
#include "crdt/base/trimmed.h"
#include "tools/cli/local_agent.h"
#include "tools/cli/url.h"

namespace cli {
namespace {

constexpr std::size_t kFileBytesMax = 1u << 20;
constexpr std::size_t kApiKeyBytesMax = 256;  // above: it is something else
constexpr unsigned kOthersMask = 077;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

std::string flag_or(const std::string& flag, const char* name) {
  return flag.empty() ? variable(name) : flag;
}

// An agent that serves by TLS is reached by its Unix socket without any option.
std::string socket_instead_of(const std::string& url, const agent::Flags& flags) {
  const auto directory = agent::data_directory_setting(flags);
  if (!directory.ok()) return {};
  const auto agent = agent_of(*directory);
  const bool same = agent.ok() && is_served_by(*agent, url) && is_answered(agent->socket);
  return same ? std::string(kUnixScheme) + agent->socket : std::string();
}

base::Result<std::string> find_url(const agent::Flags& flags) {
  const auto directory = flags.find("data_dir");
  if (directory != flags.end() && !flags.contains("http")) {
    ASSIGN_OR_RETURN(const LocalAgent agent, agent_of(directory->second.back()));
    return agent.socket.empty() ? base_url(agent.http) : std::string(kUnixScheme) + agent.socket;
  }
  ASSIGN_OR_RETURN(const agent::HttpSetting setting, agent::http_setting(flags));
  auto url = base_url(setting.text);
  if (!url.ok()) {
    return base::invalid(fmt::format("http {} ({})", url.error().message, setting.origin));
  }
  const bool was_told = flags.contains("http") || !variable("HEARSAY_HTTP").empty();
  const std::string socket = was_told ? std::string() : socket_instead_of(*url, flags);
  return socket.empty() ? url : socket;
}

base::Result<std::string> read_file(std::string_view what, const std::string& path, bool secret) {
  auto file = agent::read_regular_file(path, kFileBytesMax);
  if (!file.ok()) {
    return base::Error{file.error().code, fmt::format("{}: {}", what, file.error().message)};
  }
  if (!*file) return base::invalid(fmt::format("{}: {}: no such file", what, path));
  if (secret && ((*file)->mode & kOthersMask) != 0) {
    return base::Error{
        base::Code::kForbidden,
        fmt::format("{}: the file {} can be read by others; run: chmod 600 {}", what, path, path)};
  }
  return std::move((*file)->text);
}

// libcurl reads the files again. Here their names and modes are checked, for clear messages.
base::Status find_certificates(const EndpointFlags& given, Endpoint& out) {
  out.ca = flag_or(given.ca, "HEARSAY_CACERT");
  out.certificate = flag_or(given.certificate, "HEARSAY_CLIENT_CERT");
  out.key = flag_or(given.key, "HEARSAY_CLIENT_KEY");
  if (out.certificate.empty() != out.key.empty()) {
    return base::invalid(
        "a client certificate and its key come together: --client-cert FILE and --client-key FILE "
        "(HEARSAY_CLIENT_CERT and HEARSAY_CLIENT_KEY)");
  }
  if (!out.ca.empty()) {
    ASSIGN_OR_RETURN(auto text, read_file("--cacert (HEARSAY_CACERT)", out.ca, false));
    if (text.find("-----BEGIN ") == std::string::npos) {
      return base::invalid(fmt::format("--cacert: {} has no certificate in PEM", out.ca));
    }
  }
  if (out.certificate.empty()) return {};
  RETURN_IF_ERROR(read_file("--client-cert (HEARSAY_CLIENT_CERT)", out.certificate, false));
  RETURN_IF_ERROR(read_file("--client-key (HEARSAY_CLIENT_KEY)", out.key, true));
  return {};
}

bool is_key_text(std::string_view text) {
  return !text.empty() && text.size() <= kApiKeyBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

base::Status find_api_key(const EndpointFlags& given, Endpoint& out) {
  std::string text = variable("HEARSAY_API_KEY");
  out.api_key_from = "HEARSAY_API_KEY";
  const std::string path = flag_or(given.api_key, "HEARSAY_API_KEY_FILE");
  if (!given.api_key.empty() || (text.empty() && !path.empty())) {
    ASSIGN_OR_RETURN(text, read_file("--api-key-file (HEARSAY_API_KEY_FILE)", path, true));
    out.api_key_from = path;
  } else if (text.empty()) {
    return {};
  }
  out.api_key = base::trimmed(text);
  if (!is_key_text(out.api_key)) {
    return base::invalid(
        fmt::format("{}: this is no API key; it is one word, as \"hearsay apikey "
                    "add\" printed it",
                    out.api_key_from));
  }
  const auto address = agent::HostPort::parse_http(out.url);
  if (address && !out.is_https() && !address->is_loopback()) {
    return base::invalid(fmt::format(
        "the API key of {} is not sent to another host without TLS; write --http https://{}",
        out.api_key_from, address->text()));
  }
  return {};
}

}  // namespace

bool Endpoint::is_https() const { return url.starts_with(kHttpsScheme); }

base::Result<Endpoint> find_endpoint(const agent::Flags& flags, const EndpointFlags& given) {
  Endpoint out;
  ASSIGN_OR_RETURN(out.url, find_url(flags));
  if (out.is_https()) RETURN_IF_ERROR(find_certificates(given, out));
  RETURN_IF_ERROR(find_api_key(given, out));
  return out;
}

base::Error about_key(base::Error error, const Endpoint& endpoint) {
  const bool unauthorized = error.code == base::Code::kUnauthorized;
  if (endpoint.api_key.empty()) {
    if (unauthorized) error.message += "; give one with --api-key-file FILE or HEARSAY_API_KEY";
  } else if (unauthorized || error.code == base::Code::kForbidden) {
    error.message += fmt::format("; the API key came from {}", endpoint.api_key_from);
  }
  return error;
}

}  // namespace cli

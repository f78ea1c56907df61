#include "tools/cli/client.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include "crdt/base/bytes.h"
#include "tools/cli/curl_library.h"
#include "tools/cli/json_text.h"
#include "tools/cli/tls_problem.h"
#include "tools/cli/url.h"

namespace cli {
namespace {

constexpr long kConnectTimeoutMillis = 2'000;
constexpr std::size_t kAnswerBytesMax = 256u << 20;  // above: an error, no agent sends so much
constexpr std::size_t kErrorBytesShown = 300;  // of an answer that does not come from an agent
// An agent that is killed may close the connection some moments before its port.
constexpr int kLooks = 3;
constexpr std::chrono::milliseconds kLookGap(100);
constexpr long kLookTimeoutMillis = 2'000;
constexpr std::string_view kMayBeDone =
    "; the write may have been done all the same: read the place before you send an increment, a "
    "decrement, an insert or an erase again, because done twice they count twice";
// A write whose connection broke is sent again under the same name, so it is done once.
constexpr int kSendings = 3;
constexpr std::chrono::milliseconds kSendingGap(300);
constexpr std::size_t kNameBytes = 16;

std::string random_name() {
  base::Bytes bytes(kNameBytes, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return base::to_hex(bytes);
}

struct EasyClose {
  void operator()(CURL* handle) const { curl_library().easy_cleanup(handle); }
};
struct ListClose {
  void operator()(curl_slist* list) const { curl_library().slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListClose>;

// One request and its answer. The callbacks of libcurl fill it.
struct Transfer {
  CURL* handle = nullptr;
  Answer answer;
  bool too_large = false;
  const Client::Read* read = nullptr;
  std::optional<base::Error> read_error;
  const std::function<bool(std::string_view)>* piece = nullptr;
  const Client::Arrived* arrived = nullptr;
  long silence_seconds = 0;                            // the longest one in an answer in parts
  bool is_write = false;                               // it may be done without an answer
  bool is_broken = false;                              // the agent went away before it answered
  bool stopped = false;                                // `piece` or `arrived` returned false
  std::string_view wanted_type = "text/event-stream";  // of an answer that goes to `piece`
  bool is_wanted = false;                              // the answer has this type
  bool is_download = false;
};

long status_of(CURL* handle) {
  long status = 0;
  curl_library().easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  std::string_view piece(data, size);
  if (transfer.piece != nullptr && status_of(transfer.handle) == 200) {
    if (!transfer.is_wanted) return 0;
    transfer.stopped = !(*transfer.piece)(piece);
    return transfer.stopped ? 0 : size;
  }
  if (transfer.answer.body.size() + size > kAnswerBytesMax) {
    transfer.too_large = true;
    return 0;
  }
  transfer.answer.body += piece;
  bool wanted = transfer.arrived != nullptr && transfer.answer.in_parts;
  if (wanted && status_of(transfer.handle) == 200) {
    transfer.stopped = !(*transfer.arrived)(transfer.answer);
  }
  return transfer.stopped ? 0 : size;
}

// The text after the name of a header. The case of letters does not matter.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  bool same = line.size() >= name.size() && strncasecmp(line.data(), name.data(), name.size()) == 0;
  return same ? std::optional(line.substr(name.size())) : std::nullopt;
}

// Rows are printed while the answer comes, and whoever reads them may take any time (`| less`). So
// the time limit is for silence of the agent from here on. It sends something every 500 ms.
void limit_silence(const Transfer& transfer) {
  curl_library().easy_setopt(transfer.handle, CURLOPT_TIMEOUT_MS, 0L);
  curl_library().easy_setopt(transfer.handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_library().easy_setopt(transfer.handle, CURLOPT_LOW_SPEED_TIME, transfer.silence_seconds);
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  std::string_view line(data, size);
  if (auto link = value_of(line, "link:")) transfer.answer.link = *link;
  if (auto coding = value_of(line, "transfer-encoding:")) {
    transfer.answer.in_parts = coding->find("chunked") != std::string_view::npos;
    const bool long_answer = transfer.arrived != nullptr || transfer.is_download;
    if (transfer.answer.in_parts && long_answer) limit_silence(transfer);
  }
  if (auto type = value_of(line, "content-type:")) {
    transfer.is_wanted = type->find(transfer.wanted_type) != std::string_view::npos;
  }
  return size;
}

std::size_t on_read(char* buffer, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  auto count = (*transfer.read)(buffer, size);
  if (count.ok()) return *count;
  transfer.read_error = count.error();
  return CURL_READFUNC_ABORT;
}

// The code with this name; if there is none, the code with this HTTP status.
base::Code code_of(std::string_view name, long status) {
  auto last = static_cast<int>(base::Code::kInternal);
  for (int i = 0; i <= last; ++i) {
    auto code = static_cast<base::Code>(i);
    if (base::code_info(code).name == name) return code;
  }
  for (int i = 0; i <= last; ++i) {
    auto code = static_cast<base::Code>(i);
    if (base::code_info(code).http_status == status) return code;
  }
  return base::Code::kInternal;
}

// The error that an agent sent; nullopt when the body is not an agent's error.
std::optional<base::Error> refusal(long status, const std::string& body) {
  auto error = field(body, "error");
  auto message = field(error, "message");
  auto code = field(error, "code");
  if (!message.starts_with('"') || !code.starts_with('"')) return std::nullopt;
  return base::Error{code_of(unquote(code), status), unquote(message)};
}

base::Error foreign_error(const std::string& base_url, std::string_view what) {
  return {base::Code::kInvalid,
          fmt::format("the program that answered at {} is no Hearsay agent, or its port speaks TLS "
                      "({}); give the address of the agent with --http; with TLS give its Unix "
                      "socket: --http unix:DATA-DIR/http.sock",
                      base_url, what)};
}

}  // namespace

struct Client::Impl {
  Endpoint endpoint;
  long timeout_millis;
  std::array<char, CURL_ERROR_SIZE> words{};  // of libcurl, about its last failure
  std::unique_ptr<CURL, EasyClose> handle{};

  std::string_view unix_socket() const {
    std::string_view url = endpoint.url;
    return url.starts_with(kUnixScheme) ? url.substr(kUnixScheme.size()) : std::string_view();
  }
  // A Unix socket has no host; the agent takes any name of loopback there.
  std::string url_of(const std::string& path) const {
    return (unix_socket().empty() ? endpoint.url : "http://localhost") + path;
  }

  void prepare(Transfer& transfer, const std::string& url);
  void show_credentials();
  base::Result<Answer> perform(Transfer& transfer, const std::string& url);
  base::Error failure(CURLcode code, Transfer& transfer, const std::string& url);
  std::optional<base::Error> tls_failure(CURLcode code);
  std::optional<base::Error> other_scheme() const;
  bool answers(const Endpoint& there) const;
  bool speaks_tls(const Endpoint& there) const;
  bool is_agent_away();
  base::Result<Answer> send_once(Transfer& transfer, const std::string& method,
                                 const std::string& url, const std::string& body,
                                 const std::string& name);
};

Client::Client(Endpoint endpoint, long timeout_millis)
    : impl_(std::make_unique<Impl>(Impl{std::move(endpoint), timeout_millis})) {
  impl_->handle.reset(curl_library().easy_init());
  CHECK(impl_->handle != nullptr);
}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;

Client Client::another() const { return Client(impl_->endpoint, impl_->timeout_millis); }

base::Error Client::foreign(std::string_view asked) const {
  return foreign_error(
      impl_->endpoint.url,
      fmt::format("{}: its answer does not have the form of an agent's answer", asked));
}

// The options of every request. The handle keeps its connection from one request to the next.
void Client::Impl::prepare(Transfer& transfer, const std::string& url) {
  CURL* curl = handle.get();
  transfer.handle = curl;
  curl_library().easy_reset(curl);
  curl_library().easy_setopt(curl, CURLOPT_URL, url.c_str());
  if (std::string socket(unix_socket()); !socket.empty()) {
    curl_library().easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
  }
  curl_library().easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_library().easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  // A proxy of the environment cannot reach our loopback.
  curl_library().easy_setopt(curl, CURLOPT_PROXY, "");
  // curl must not change SIGPIPE and SIGALRM: `| head` then ends this program quietly.
  curl_library().easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_library().easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                             std::min(kConnectTimeoutMillis, timeout_millis));
  curl_library().easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_millis);
  curl_library().easy_setopt(curl, CURLOPT_USERAGENT, "hearsay/" HEARSAY_VERSION);
  curl_library().easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_library().easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_library().easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_library().easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  words.fill('\0');
  curl_library().easy_setopt(curl, CURLOPT_ERRORBUFFER, words.data());
  show_credentials();
}

void Client::Impl::show_credentials() {
  CURL* curl = handle.get();
  if (endpoint.is_https()) {
    curl_library().easy_setopt(curl, CURLOPT_SSLVERSION,
                               static_cast<long>(CURL_SSLVERSION_TLSv1_3));
    if (!endpoint.ca.empty()) {
      curl_library().easy_setopt(curl, CURLOPT_CAINFO, endpoint.ca.c_str());
      curl_library().easy_setopt(curl, CURLOPT_CAPATH, nullptr);  // no other authority counts
    }
    if (!endpoint.certificate.empty()) {
      curl_library().easy_setopt(curl, CURLOPT_SSLCERT, endpoint.certificate.c_str());
      curl_library().easy_setopt(curl, CURLOPT_SSLKEY, endpoint.key.c_str());
    }
  }
  if (!endpoint.api_key.empty()) {
    curl_library().easy_setopt(curl, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BEARER));
    curl_library().easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, endpoint.api_key.c_str());
  }
}

base::Result<Answer> Client::Impl::perform(Transfer& transfer, const std::string& url) {
  auto code = curl_library().easy_perform(handle.get());
  auto status = status_of(handle.get());
  const auto& body = transfer.answer.body;
  // An error that the agent sent while we were still sending is the answer, whatever happened to
  // our sending.
  if (status >= 300 && (code == CURLE_OK || !body.empty())) {
    if (auto refused = refusal(status, body)) return about_key(std::move(*refused), endpoint);
    return foreign_error(endpoint.url, fmt::format("{} answered {}: {}", url, status,
                                                   body.substr(0, kErrorBytesShown)));
  }
  if (code != CURLE_OK) return failure(code, transfer, url);
  return std::move(transfer.answer);
}

base::Error Client::Impl::failure(CURLcode code, Transfer& transfer, const std::string& url) {
  if (transfer.read_error) return *transfer.read_error;
  if (transfer.too_large) {
    return {base::Code::kTooLarge, fmt::format("{}: more than {} bytes", url, kAnswerBytesMax)};
  }
  // This time is set when a request is about to be sent, also on a connection that is used again.
  curl_off_t reached = 0;
  curl_library().easy_getinfo(handle.get(), CURLINFO_PRETRANSFER_TIME_T, &reached);
  const char* why = curl_library().easy_strerror(code);
  if (auto problem = tls_failure(code)) return *problem;
  if (reached == 0 || code == CURLE_COULDNT_CONNECT) {
    return {base::Code::kUnavailable,
            fmt::format("cannot connect to {}: {}; is the agent running?", endpoint.url, why)};
  }
  if (code == CURLE_PARTIAL_FILE || (transfer.answer.in_parts && code == CURLE_RECV_ERROR)) {
    return {
        base::Code::kInternal,
        fmt::format("{}: the agent broke its answer off, because it met an error or ended; what "
                    "was received is not complete; try again, and look into the agent's log",
                    url)};
  }
  const std::string_view may_be_done = transfer.is_write ? kMayBeDone : "";
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return {base::Code::kTimeout,
            fmt::format("{}: no answer within {} ms{}", url, timeout_millis, may_be_done)};
  }
  const bool broken =
      code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR;
  if (broken && is_agent_away()) {
    transfer.is_broken = true;
    const bool import = transfer.read != nullptr;
    return {base::Code::kUnavailable,
            fmt::format("the agent at {} went away before it answered{}", endpoint.url,
                        import ? "; start it and run the import again: what is stored already is "
                                 "left unchanged"
                               : may_be_done)};
  }
  // The server speaks another protocol, such as that of the mesh port.
  const bool other = code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_GOT_NOTHING ||
                     code == CURLE_WEIRD_SERVER_REPLY;
  if (other || broken) {
    if (auto scheme = other_scheme()) return *scheme;
  }
  if (other) {
    return foreign_error(endpoint.url, fmt::format("{} was not answered in HTTP: {}", url, why));
  }
  return {base::Code::kInternal, fmt::format("{}: {}", url, why)};
}

std::optional<base::Error> Client::Impl::tls_failure(CURLcode code) {
  if (!endpoint.is_https()) return std::nullopt;
  if (code == CURLE_SSL_CONNECT_ERROR) {
    if (auto other = other_scheme()) return other;
  }
  TlsFailure failure{code, 0, words.data()};
  curl_library().easy_getinfo(handle.get(), CURLINFO_SSL_VERIFYRESULT, &failure.verify_result);
  // What the other side says about a certificate may be lost when it closes the connection.
  const bool broken = code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR;
  if (broken && !endpoint.certificate.empty()) {
    Endpoint bare = endpoint;
    bare.certificate.clear();
    if (answers(bare) && !answers(endpoint)) failure.code = CURLE_SSL_CLIENTCERT;
  }
  return tls_problem(failure, endpoint);
}

// An agent with certificates speaks TLS only, and one without them plain HTTP only. Nullopt: the
// program there does not speak the other one either. It is shown no credentials.
std::optional<base::Error> Client::Impl::other_scheme() const {
  if (!unix_socket().empty()) return std::nullopt;
  const bool tls = endpoint.is_https();
  Endpoint other;
  other.url = std::string(tls ? kHttpScheme : kHttpsScheme) +
              endpoint.url.substr(tls ? kHttpsScheme.size() : kHttpScheme.size());
  if (tls ? !answers(other) : !speaks_tls(other)) return std::nullopt;
  if (tls) {
    return base::invalid(fmt::format("the agent at {} speaks plain HTTP, not TLS; write --http {}",
                                     endpoint.url, other.url));
  }
  return base::invalid(
      fmt::format("the program at {} speaks TLS; write --http {} (--cacert FILE is the certificate "
                  "of its authority), or --data-dir DIR for an agent of this host",
                  endpoint.url, other.url));
}

// Whether an agent answers there.
bool Client::Impl::answers(const Endpoint& there) const {
  Client look(there, std::min(kLookTimeoutMillis, timeout_millis));
  Transfer transfer;
  look.impl_->prepare(transfer, there.url + "/healthz");
  const bool done = curl_library().easy_perform(transfer.handle) == CURLE_OK;
  return done && field(transfer.answer.body, "status") == "\"ok\"";
}

// Whether a handshake succeeds there, with any certificate.
bool Client::Impl::speaks_tls(const Endpoint& there) const {
  Client look(there, std::min(kLookTimeoutMillis, timeout_millis));
  Transfer transfer;
  look.impl_->prepare(transfer, there.url + "/");
  curl_library().easy_setopt(transfer.handle, CURLOPT_CONNECT_ONLY, 1L);
  curl_library().easy_setopt(transfer.handle, CURLOPT_SSL_VERIFYPEER, 0L);
  curl_library().easy_setopt(transfer.handle, CURLOPT_SSL_VERIFYHOST, 0L);
  return curl_library().easy_perform(transfer.handle) == CURLE_OK;
}

// A connection was closed without an answer. This is so when an agent ends, and also at the port of
// another protocol. The first one listens no more, or was started again and says so.
bool Client::Impl::is_agent_away() {
  // With a handle of its own: the caller still asks the other one for its status.
  Client look(endpoint, std::min(kLookTimeoutMillis, timeout_millis));
  for (int i = 0; i < kLooks; ++i) {
    if (i > 0) std::this_thread::sleep_for(kLookGap);
    Transfer transfer;
    look.impl_->prepare(transfer, url_of("/healthz"));
    const auto code = curl_library().easy_perform(transfer.handle);
    if (code == CURLE_COULDNT_CONNECT) return true;
    if (code == CURLE_OK && field(transfer.answer.body, "status") == "\"ok\"") return true;
  }
  return false;
}

base::Result<Answer> Client::get(const std::string& path) { return get(path, nullptr); }

base::Result<Answer> Client::get(const std::string& path, const Arrived& arrived) {
  Transfer transfer;
  if (arrived) transfer.arrived = &arrived;
  transfer.silence_seconds = (impl_->timeout_millis + 999) / 1'000;
  auto url = impl_->url_of(path);
  impl_->prepare(transfer, url);
  return impl_->perform(transfer, url);
}

// Writes have a name that is drawn once. If the agent does not come back, the first error tells
// that the write may be done.
base::Result<Answer> Client::send(const std::string& method, const std::string& path,
                                  const std::string& body) {
  const bool is_write = path != "/v1/join" && path != "/v1/leave";
  const auto url = impl_->url_of(path);
  const std::string name = is_write ? random_name() : std::string();
  std::optional<base::Error> broken;
  for (int i = 0; i < kSendings; ++i) {
    if (i > 0) std::this_thread::sleep_for(kSendingGap);
    Transfer transfer;
    transfer.is_write = is_write;
    auto answer = impl_->send_once(transfer, method, url, body, name);
    const bool away = !answer.ok() && answer.error().code == base::Code::kUnavailable;
    const bool again = is_write && (transfer.is_broken || (broken && away));
    if (!again) return answer;
    if (!broken) broken = answer.error();
  }
  return *broken;
}

base::Result<Answer> Client::Impl::send_once(Transfer& transfer, const std::string& method,
                                             const std::string& url, const std::string& body,
                                             const std::string& name) {
  prepare(transfer, url);
  CURL* curl = handle.get();
  HeaderList headers(curl_library().slist_append(nullptr, "Content-Type: application/json"));
  curl_library().slist_append(headers.get(), "Expect:");
  if (!name.empty()) {
    curl_library().slist_append(headers.get(), ("Idempotency-Key: " + name).c_str());
  }
  curl_library().easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_library().easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method.c_str());
  curl_library().easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                             static_cast<curl_off_t>(body.size()));
  curl_library().easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
  return perform(transfer, url);
}

base::Status Client::download(const std::string& path,
                              const std::function<bool(std::string_view)>& piece) {
  Transfer transfer;
  transfer.piece = &piece;
  transfer.wanted_type = "application/octet-stream";
  transfer.is_download = true;
  transfer.silence_seconds = (impl_->timeout_millis + 999) / 1'000;
  auto url = impl_->url_of(path);
  impl_->prepare(transfer, url);
  auto answer = impl_->perform(transfer, url);
  if (status_of(transfer.handle) == 200 && !transfer.is_wanted) return foreign("GET " + path);
  if (!answer.ok()) return answer.error();
  return {};
}

base::Result<Answer> Client::upload(const std::string& path, const std::string& content_type,
                                    const Read& read) {
  Transfer transfer;
  transfer.read = &read;
  auto url = impl_->url_of(path);
  impl_->prepare(transfer, url);
  CURL* curl = impl_->handle.get();
  HeaderList headers(
      curl_library().slist_append(nullptr, ("Content-Type: " + content_type).c_str()));
  curl_library().slist_append(headers.get(), "Transfer-Encoding: chunked");
  curl_library().slist_append(headers.get(), "Expect:");
  curl_library().easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_library().easy_setopt(curl, CURLOPT_POST, 1L);
  curl_library().easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
  curl_library().easy_setopt(curl, CURLOPT_READDATA, &transfer);
  curl_library().easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
  curl_library().easy_setopt(curl, CURLOPT_TIMEOUT_MS, 0L);
  return impl_->perform(transfer, url);
}

base::Status Client::follow(const std::string& path, const std::string& last_event_id,
                            const std::function<bool(std::string_view)>& piece) {
  Transfer transfer;
  transfer.piece = &piece;
  auto url = impl_->url_of(path);
  impl_->prepare(transfer, url);
  CURL* curl = impl_->handle.get();
  HeaderList headers(curl_library().slist_append(nullptr, "Accept: text/event-stream"));
  if (!last_event_id.empty()) {
    curl_library().slist_append(headers.get(), ("Last-Event-ID: " + last_event_id).c_str());
  }
  curl_library().easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_library().easy_setopt(curl, CURLOPT_TIMEOUT_MS, 0L);
  curl_library().easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
  auto answer = impl_->perform(transfer, url);
  bool served = status_of(curl) == 200;
  if (served && !transfer.is_wanted) return foreign("GET " + path);
  if (answer.ok() || served) return {};
  return answer.error();
}

}  // namespace cli

#include "agent/http/connection.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "agent/http/answer.h"
#include "agent/http/upgrade.h"

namespace http {
namespace {

using base::Code;
using base::Error;

constexpr std::size_t kMissing = 0;

bool is_continue(std::string_view value) {
  constexpr std::string_view kContinue = "100-continue";
  return std::equal(value.begin(), value.end(), kContinue.begin(), kContinue.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

std::string join(const std::vector<Verb>& verbs) {
  std::string out;
  for (Verb verb : verbs) {
    if (!out.empty()) out += ", ";
    out += verb_name(verb);
  }
  return out;
}

// The end of the head at the start of `input`, after its empty line; kMissing if it has not come
// yet. Nullopt if a line ends without CR, because readers do not agree where such a head ends.
std::optional<std::size_t> find_head_end(std::string_view input, std::size_t from) {
  while (from < input.size()) {
    const void* found = std::memchr(input.data() + from, '\n', input.size() - from);
    if (found == nullptr) return kMissing;
    auto at = static_cast<std::size_t>(static_cast<const char*>(found) - input.data());
    if (at == 0 || input[at - 1] != '\r') return std::nullopt;
    if (at >= 2 && input[at - 2] == '\n') return at + 1;
    from = at + 1;
  }
  return kMissing;
}

}  // namespace

void Connection::advance(std::string_view fresh) {
  if (closed_ || advancing_) return;
  advancing_ = true;
  bool stored = input_start_ < input_.size();
  if (stored) input_.append(fresh);
  std::string_view all = stored ? std::string_view(input_).substr(input_start_) : fresh;
  std::string_view rest = all;
  while (!closed_ && step(rest)) {
  }
  keep_input(stored, all.size() - rest.size(), rest);
  advancing_ = false;
  settle();
}

bool Connection::step(std::string_view& input) {
  switch (state_) {
    case State::kHead:
      return take_head(input);
    case State::kBody:
      return take_body(input);
    case State::kAnswering:
      return pass_body(input);
    case State::kChunks:
      return false;  // the next request waits for the end of this answer
    case State::kSocket:
      return read_socket(input);
    case State::kStream:
    case State::kFinishing:
    case State::kLinger:
      input.remove_prefix(input.size());
      return false;
  }
  return false;
}

bool Connection::take_head(std::string_view& input) {
  route_ = nullptr;  // that of the request before
  if (outbox_.unsent() > kUnsentMax) {
    if (!flush() || outbox_.unsent() > kUnsentMax) return false;
  }
  while (input.starts_with("\r\n"))
    input.remove_prefix(2);  // RFC 9112, 2.2: an empty line before a head is ignored
  if (input.empty()) return false;
  if (!is_token_char(input.front()) && input != "\r") {
    refuse(400, base::invalid("the method is not a token"));
    return true;
  }
  if (scanned_ == 0) since_ = uv_now(shared_.loop);
  auto end = find_head_end(input, scanned_);
  scanned_ = input.size();
  std::size_t size = end.value_or(kMissing) == kMissing ? input.size() : *end;
  if (size > shared_.options.head_bytes_max) {
    refuse(431, {Code::kTooLarge, "the head of the request is too large"});
    return true;
  }
  if (end == kMissing) return false;
  scanned_ = 0;
  if (!end) {
    refuse(400, base::invalid("a line of the head ends without CR"));
    return true;
  }
  std::string_view head = input.substr(0, *end);
  input.remove_prefix(*end);
  open_request(head);
  return true;
}

void Connection::open_request(std::string_view head) {
  ++shared_.stats.requests_total;
  auto sound = check_head(head.substr(0, head.size() - 2));
  if (!sound.ok()) {
    return refuse(sound.error().code == Code::kTooLarge ? 431 : 400, sound.error());
  }
  pending_ = std::make_shared<LiveExchange>();
  Request& request = pending_->mutable_request();
  auto read = parser_.read_head(head, request);
  if (!read.ok()) return refuse(400, read.error());
  keep_alive_ = parser_.keep_alive();
  http_1_0_ = parser_.is_http_1_0();
  head_only_ = request.verb == Verb::kHead;
  if (channel_->is_expired()) {
    return refuse(403, {Code::kForbidden, "the certificate of this client is not valid any more"});
  }
  auto doors = check_doors(request, shared_.doors, peer());
  if (doors.ok()) {
    cors_ = cors_headers(request, shared_.doors, peer());
    return find_route();
  }
  if (doors.error().code == Code::kInvalid) return refuse(400, doors.error());
  reply(error_response(doors.error()));
}

void Connection::find_route() {
  Request& request = pending_->mutable_request();
  Router::Match match = shared_.router.match(request.verb, request.target.segments);
  if (match.route != nullptr) {
    route_ = match.route;
    request.pattern = route_->pattern;
    request.captures = std::move(match.captures);
    request.tail = std::move(match.tail);
    return judge_caller();
  }
  if (match.allow.empty()) {
    return reply(error_response({Code::kNotFound, "no such route: " + request.target.path}));
  }
  bool listed =
      std::find(match.allow.begin(), match.allow.end(), Verb::kOptions) != match.allow.end();
  if (!listed) match.allow.push_back(Verb::kOptions);
  Response response;
  if (request.verb == Verb::kOptions) {
    response.status = 204;
  } else {
    std::string what = request.method + " is not possible on " + request.target.path;
    response = error_response({Code::kMethod, std::move(what)});
  }
  response.headers.emplace_back("allow", join(match.allow));
  reply(std::move(response));
}

void Connection::judge_caller() {
  if (shared_.options.judge == nullptr) return judge_body();
  Request& request = pending_->mutable_request();
  Judgement judgement = shared_.options.judge(request, *route_, peer());
  for (auto& header : judgement.headers) cors_.push_back(std::move(header));
  if (judgement.refusal) return reply(std::move(*judgement.refusal));
  request.caller = caller_ = std::move(judgement.caller);
  body_check_ = std::move(judgement.body);
  judge_body();
}

void Connection::judge_body() {
  const Request& request = pending_->request();
  for (const auto& [name, value] : request.headers) {
    if (name != "expect" || http_1_0_) continue;
    if (!is_continue(value)) {
      return refuse(417,
                    {Code::kUnprocessable, "the only supported value of Expect is 100-continue"});
    }
    wants_continue_ = true;
  }
  if (route_->websocket) {
    auto refusal = refuse_upgrade(request, http_1_0_);
    if (refusal) return reply(std::move(*refusal));
    if (!parser_.done()) return refuse(400, base::invalid("a WebSocket begins without a body"));
  }
  if (route_->streams_body) return dispatch();
  if (parser_.content_length() > route_->body_max) {
    return refuse(413, body_too_large(route_->body_max));
  }
  parser_.limit_body(route_->body_max);
  state_ = State::kBody;
  since_ = uv_now(shared_.loop);
}

bool Connection::take_body(std::string_view& input) {
  if (parser_.done()) {
    end_body();
    return true;
  }
  std::string_view piece;
  if (!read_body(input, piece)) return state_ == State::kFinishing;
  if (body_check_ != nullptr) body_check_->add(piece);
  pending_->mutable_request().body += piece;
  if (!collect(collected_ + piece.size())) refuse_collecting();
  return true;
}

void Connection::end_body() {
  if (auto check = std::exchange(body_check_, nullptr)) {
    if (auto refusal = check->finish()) return reply(std::move(*refusal));
  }
  dispatch();
}

void Connection::dispatch() {
  state_ = State::kAnswering;
  end_delivered_ = false;
  since_ = uv_now(shared_.loop);
  auto exchange = std::exchange(pending_, nullptr);
  exchange_ = exchange.get();
  exchange->attach(*this);
  route_->handler(exchange);
}

bool Connection::pass_body(std::string_view& input) {
  if (!is_streaming_body() || !exchange_->wants_body()) return false;
  if (parser_.done()) {
    end_delivered_ = true;
    exchange_->deliver({});
    return true;
  }
  std::string_view piece;
  if (!read_body(input, piece)) return state_ == State::kFinishing;
  if (!piece.empty()) exchange_->deliver(piece);
  return true;
}

// Reads one piece of the body. False: more bytes are needed, or the body was refused.
bool Connection::read_body(std::string_view& input, std::string_view& piece) {
  if (input.empty()) {
    if (std::exchange(wants_continue_, false)) outbox_.tail() += "HTTP/1.1 100 Continue\r\n\r\n";
    return false;
  }
  auto step = parser_.read_body(input);
  if (!step.ok()) {
    refuse(step.error().code == Code::kTooLarge ? 413 : 400, step.error());
    return false;
  }
  wants_continue_ = false;
  if (step->consumed == 0 && !parser_.done()) return false;
  input.remove_prefix(step->consumed);
  piece = step->piece;
  since_ = uv_now(shared_.loop);
  return true;
}

void Connection::refuse(int status, const Error& error) {
  lose_exchange();
  const RefusalForm form = route_ != nullptr ? route_->refused : refusal_response;
  put_answer(form(status, error), false);
}

void Connection::reply(Response response) { put_answer(std::move(response), may_keep_alive()); }

void Connection::answer(Response response) {
  exchange_ = nullptr;
  put_answer(std::move(response), may_keep_alive());
  go_on();
}

// If the body was not read to its end, the start of the next request is unknown.
bool Connection::may_keep_alive() const {
  return keep_alive_ && parser_.done() && !shared_.closing && !channel_->is_expired();
}

void Connection::put_answer(Response response, bool keep_alive) {
  shared_.count_response(response.status);
  append_head(outbox_.tail(), {response, cors_, keep_alive, http_1_0_}, response.body.size());
  if (!head_only_ && may_have_body(response.status)) {
    keep_room(0);
    // A bound for answers that did not reserve room: answers of writes, and pipelines that nobody
    // reads.
    bool waits = response.body.size() > kUnsentMax || !outbox_.empty();
    if (waits) shared_.make_room(response.body.size(), 0, this);
    outbox_.append_body(std::move(response.body));
    account();
  }
  leave_request(keep_alive ? State::kHead : State::kFinishing);
}

void Connection::leave_request(State next) {
  pending_.reset();
  body_check_.reset();
  stop_waiting();
  keep_room(0);
  forget_collected();
  cors_.clear();
  head_only_ = false;
  http_1_0_ = false;
  wants_continue_ = false;
  served_ = true;
  since_ = uv_now(shared_.loop);
  state_ = next;
}

void Connection::go_on() {
  if (state_ != State::kSocket) since_ = uv_now(shared_.loop);
  if (advancing_ || closed_ || touched) return;
  touched = true;
  shared_.touched.push_back(this);
}

// Cuts the tie to the handler's exchange. What the handler sends from now on is ignored. The
// exchange is told when this connection has been deleted.
void Connection::lose_exchange() {
  pending_.reset();
  if (exchange_ == nullptr) return;
  lost_ = exchange_->shared_from_this();
  exchange_->lose();
  exchange_ = nullptr;
}

}  // namespace http

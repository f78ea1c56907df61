#include "agent/api/credentials.h"

#include <algorithm>
#include <utility>

#include "agent/api/json_text.h"
#include "agent/http/server.h"
#include "crdt/base/trimmed.h"

namespace agent {
namespace {

constexpr char kKeyHeader[] = "x-crdt-api-key";
constexpr char kNonceHeader[] = "x-crdt-nonce";
constexpr char kSignatureHeader[] = "x-crdt-signature";

// The token of `Authorization: Bearer TOKEN`; empty for another scheme. The name of the scheme has
// no case (RFC 9110, 11.1).
std::string_view bearer_token(std::string_view header) {
  constexpr std::string_view kScheme = "bearer ";
  if (header.size() < kScheme.size()) return {};
  bool same = std::equal(kScheme.begin(), kScheme.end(), header.begin(), [](char own, char sent) {
    return own == (sent >= 'A' && sent <= 'Z' ? static_cast<char>(sent - 'A' + 'a') : sent);
  });
  return same ? base::trimmed(header.substr(kScheme.size())) : std::string_view();
}

std::string_view key_of(const http::Request& request, const http::Route& route) {
  if (auto key = request.header(kKeyHeader); !key.empty()) return key;
  if (auto key = bearer_token(request.header("authorization")); !key.empty()) return key;
  return route.key_in_query ? request.target.query_value("api_key").value_or("")
                            : std::string_view();
}

auth::Need need_of(http::Scope scope) {
  switch (scope) {
    case http::Scope::kNone:
      return auth::Need::kNothing;
    case http::Scope::kAnyKey:
      return auth::Need::kAnyKey;
    case http::Scope::kRead:
      return auth::Need::kRead;
    case http::Scope::kWrite:
      return auth::Need::kWrite;
    case http::Scope::kByVerb:
    case http::Scope::kAdmin:
      break;
  }
  return auth::Need::kAdmin;
}

std::optional<auth::Certificate> certificate_of(const http::Peer& peer) {
  if (!peer.certificate) return std::nullopt;
  const http::ClientCertificate& shown = *peer.certificate;
  return auth::Certificate{shown.common_name, shown.serial, shown.not_before, shown.not_after};
}

struct Words {
  base::Code code;
  int status;
  const char* verbatim;  // of the delta sync API
};

Words words_of(auth::Refusal refusal) {
  if (refusal == auth::Refusal::kPlan) return {base::Code::kRateLimited, 429, "Too Many Requests"};
  if (refusal == auth::Refusal::kScope) return {base::Code::kForbidden, 403, "Forbidden"};
  return {base::Code::kUnauthorized, 401, "Unauthorized"};
}

http::Response refusal_answer(auth::Refusal refusal, const std::string& message,
                              const std::string& fresh_nonce, const http::Route& route) {
  Words words = words_of(refusal);
  http::Response response = http::error_response({words.code, message});
  if (route.signed_off_loopback) {
    response = http::json_response(JsonObject().text("error", words.verbatim).take());
  }
  response.status = words.status;
  if (words.status == 401) {
    response.headers.emplace_back(
        "WWW-Authenticate", "Bearer realm=\"hearsay\", error_description=\"" + message + "\"");
  }
  if (!fresh_nonce.empty()) response.headers.emplace_back("X-CRDT-Nonce", fresh_nonce);
  return response;
}

http::Headers plan_headers(const auth::Verdict& verdict) {
  http::Headers headers;
  if (!verdict.allowance) return headers;
  const auth::Allowance& left = *verdict.allowance;
  headers.emplace_back("RateLimit-Limit", std::to_string(left.limit));
  headers.emplace_back("RateLimit-Remaining", std::to_string(left.remaining));
  headers.emplace_back("RateLimit-Reset", std::to_string(left.full_after_seconds));
  if (verdict.refusal == auth::Refusal::kPlan) {
    headers.emplace_back("Retry-After", std::to_string(left.retry_after_seconds));
  }
  return headers;
}

class SignedBody final : public http::BodyCheck {
 public:
  SignedBody(auth::Access& access, AccessTime time, const http::Route& route, std::string key_id,
             auth::Signature signature)
      : access_(access),
        time_(std::move(time)),
        route_(route),
        key_id_(std::move(key_id)),
        signature_(std::move(signature)) {}

  void add(std::string_view piece) override { signature_.add(piece); }

  std::optional<http::Response> finish() override {
    if (signature_.finish()) return std::nullopt;
    std::string nonce = access_.signature_failed(key_id_, time_().instant);
    return refusal_answer(auth::Refusal::kSignature,
                          "the signature does not fit the request; sign again with the nonce of "
                          "this answer",
                          nonce, route_);
  }

 private:
  auth::Access& access_;
  AccessTime time_;
  const http::Route& route_;
  std::string key_id_;
  auth::Signature signature_;
};

void get_nonce(auth::Access& access, const AccessTime& time,
               const std::shared_ptr<http::Exchange>& exchange) {
  auth::Access::Nonce nonce = access.give_nonce(exchange->request().caller, time().instant);
  exchange->respond(http::json_response(
      JsonObject().text("nonce", nonce.text).number("expires_in", nonce.seconds).take()));
}

}  // namespace

auth::Asked asked_of(const http::Request& request, const http::Route& route) {
  auth::Asked asked;
  asked.need = need_of(route.scope);
  asked.signed_off_loopback = route.signed_off_loopback;
  asked.key = key_of(request, route);
  asked.signature = request.header(kSignatureHeader);
  asked.head = {request.method, request.target.path, request.target.query_text,
                request.header(kNonceHeader)};
  return asked;
}

bool may_go_on(const auth::Access& access, const auth::Time& time, std::string_view caller,
               const http::Peer& peer) {
  const std::optional<auth::Certificate> certificate = certificate_of(peer);
  return access.still_valid(caller) && (!certificate || access.check(*certificate, time).ok());
}

http::Judge judge_by(auth::Access& access, AccessTime time) {
  return [&access, time = std::move(time)](const http::Request& request, const http::Route& route,
                                           const http::Peer& from) {
    const std::optional<auth::Certificate> certificate = certificate_of(from);
    const auth::Peer peer{from.is_local(), from.tls, certificate ? &*certificate : nullptr};
    auth::Verdict verdict = access.judge(asked_of(request, route), peer, time());
    http::Judgement judgement;
    judgement.headers = plan_headers(verdict);
    if (verdict.refusal != auth::Refusal::kNone) {
      judgement.refusal =
          refusal_answer(verdict.refusal, verdict.message, verdict.fresh_nonce, route);
      return judgement;
    }
    judgement.caller = verdict.key_id;
    if (verdict.signature) {
      judgement.body = std::make_unique<SignedBody>(access, time, route, verdict.key_id,
                                                    std::move(*verdict.signature));
    }
    return judgement;
  };
}

void add_nonce_route(auth::Access& access, AccessTime time, http::Router& router) {
  http::Route route;
  route.verb = http::Verb::kGet;
  route.pattern = "/crdt/nonce";
  route.summary = "A nonce for one signed request of the delta sync API";
  route.scope = http::Scope::kAnyKey;
  route.handler = [&access,
                   time = std::move(time)](const std::shared_ptr<http::Exchange>& exchange) {
    get_nonce(access, time, exchange);
  };
  router.add(std::move(route));
}

}  // namespace agent

#include "agent/access/access.h"

#include <algorithm>

namespace auth {
namespace {

constexpr std::size_t kKeyTextSize = 4 + 64;  // "hsk_" and 64 hex digits

bool has_scope(const Scopes& scopes, Need need) {
  switch (need) {
    case Need::kNothing:
    case Need::kAnyKey:
      return true;
    case Need::kRead:
      return scopes.read;
    case Need::kWrite:
      return scopes.write;
    case Need::kAdmin:
      return scopes.admin;
  }
  return false;
}

const char* scope_name(Need need) {
  return need == Need::kRead ? "read" : need == Need::kWrite ? "write" : "admin";
}

Allowance allowance_of(const TokenBucket& bucket) {
  return {bucket.per_minute(), bucket.remaining(), bucket.seconds_until_full(),
          bucket.seconds_until_one()};
}

}  // namespace

std::string_view refusal_name(Refusal refusal) {
  static constexpr std::array<std::string_view, kRefusals> kNames = {
      "none",  "no_tls", "no_key", "unknown_key", "certificate",
      "scope", "plan",   "nonce",  "signature"};
  return kNames[static_cast<std::size_t>(refusal)];
}

Verdict Access::judge(const Asked& asked, const Peer& peer, const Time& time) {
  Verdict verdict;
  if (asked.need == Need::kNothing) return verdict;
  if (!peer.local && !peer.encrypted) {
    refuse(verdict, Refusal::kNoTls, "callers of other hosts must use https");
  } else if (!asked.key.empty()) {
    Holder* holder = find(asked.key);
    if (holder != nullptr) {
      judge_key(*holder, asked, peer, time, verdict);
    } else {
      refuse(verdict, Refusal::kUnknownKey,
             "this agent does not know the API key; see: hearsay apikey ls");
    }
  } else if (!peer.local) {
    refuse(verdict, Refusal::kNoKey,
           "callers of other hosts need an API key in X-CRDT-API-Key or in Authorization: Bearer");
  }
  return verdict;
}

void Access::judge_key(Holder& holder, const Asked& asked, const Peer& peer, const Time& time,
                       Verdict& verdict) {
  const ApiKey& key = holder.key;
  ++counts_.with_key;
  verdict.key_id = key.id;
  bool within_plan = holder.bucket.take(time.instant);
  verdict.allowance = allowance_of(holder.bucket);
  if (!within_plan) {
    return refuse(verdict, Refusal::kPlan,
                  "the key " + key.id + " has used its " + std::to_string(key.per_minute) +
                      " requests a minute; try again after Retry-After");
  }
  if (!has_scope(key.scopes, asked.need)) {
    return refuse(verdict, Refusal::kScope,
                  "the key " + key.id + " does not have the scope " + scope_name(asked.need));
  }
  if (peer.certificate != nullptr) {
    auto good = check(*peer.certificate, time);
    if (!good.ok()) return refuse(verdict, Refusal::kCertificate, good.error().message);
  }
  if (asked.signed_off_loopback) judge_signed(key, asked, peer, time, verdict);
}

// On loopback neither a certificate nor a signature is needed, but one that is shown must be right.
void Access::judge_signed(const ApiKey& key, const Asked& asked, const Peer& peer, const Time& time,
                          Verdict& verdict) {
  if (!peer.local && !key.no_mtls && peer.certificate == nullptr) {
    return refuse(verdict, Refusal::kCertificate,
                  "this route needs a client certificate with the key " + key.id);
  }
  bool needed = !peer.local && !key.no_nonce;
  bool shown = !asked.head.nonce.empty() || !asked.signature.empty();
  if (!needed && !shown) return;
  if (!nonces_.take(key.id, asked.head.nonce, time.instant)) {
    verdict.fresh_nonce = give_nonce(key.id, time.instant).text;
    return refuse(verdict, Refusal::kNonce,
                  asked.head.nonce.empty()
                      ? "this route needs a nonce in X-CRDT-Nonce and a signature in "
                        "X-CRDT-Signature; sign with the nonce of this answer"
                      : "the nonce is wrong, used or expired; sign again with the nonce of this "
                        "answer");
  }
  verdict.signature.emplace(asked.key, asked.head, asked.signature);
}

void Access::refuse(Verdict& verdict, Refusal refusal, std::string message) {
  ++counts_.refused[static_cast<std::size_t>(refusal)];
  verdict.refusal = refusal;
  verdict.message = std::move(message);
}

std::string Access::signature_failed(const std::string& key_id, base::Instant now) {
  ++counts_.refused[static_cast<std::size_t>(Refusal::kSignature)];
  return give_nonce(key_id, now).text;
}

Access::Nonce Access::give_nonce(const std::string& key_id, base::Instant now) {
  const Holder* holder = by_id(key_id);
  std::uint32_t seconds = holder != nullptr ? holder->key.nonce_seconds : kNonceSecondsDefault;
  ++counts_.nonces_given;
  // A key that was removed meanwhile gets a nonce like any other, but nothing is kept for it.
  const std::string& owner = holder != nullptr ? key_id : std::string();
  return {nonces_.give(owner, base::seconds(seconds), now), seconds};
}

// The hash is keyed with a secret, so the time of this search says nothing about keys that exist.
Access::Holder* Access::find(std::string_view key) {
  if (key.size() != kKeyTextSize || holders_.empty()) return nullptr;
  auto found = holders_.find(hash_of_key(secret_, key));
  return found == holders_.end() ? nullptr : &found->second;
}

const Access::Holder* Access::by_id(std::string_view id) const {
  for (const auto& [hash, holder] : holders_) {
    if (holder.key.id == id) return &holder;
  }
  return nullptr;
}

bool Access::still_valid(std::string_view key_id) const {
  return key_id.empty() || by_id(key_id) != nullptr;
}

base::Status Access::check(const Certificate& certificate, const Time& time) const {
  auto refused = [&](const char* what) {
    return base::Error{base::Code::kUnauthorized, "the client certificate with the serial number " +
                                                      certificate.serial + what};
  };
  auto serial = normal_serial(certificate.serial);
  if (!serial.ok()) return refused(" has no usable serial number");
  if (std::binary_search(revoked_.begin(), revoked_.end(), *serial)) return refused(" is revoked");
  if (!time.trusted_wall) return {};
  if (*time.trusted_wall < certificate.not_before) return refused(" is not valid yet");
  if (*time.trusted_wall > certificate.not_after) return refused(" is no longer valid");
  return {};
}

void Access::set(const KeyFile& file, base::Instant now) {
  std::map<base::Hash256, Holder> fresh;
  for (const ApiKey& key : file.keys) {
    auto known = holders_.find(key.hash);
    bool same = known != holders_.end() && known->second.key.id == key.id;
    TokenBucket bucket = same ? known->second.bucket : TokenBucket(key.per_minute, now);
    bucket.set_rate(key.per_minute, now);
    fresh.emplace(key.hash, Holder{key, bucket});
  }
  for (const auto& [hash, holder] : holders_) {
    auto stays = fresh.find(hash);
    bool same = stays != fresh.end() && stays->second.key.id == holder.key.id;
    if (!same) nonces_.forget(holder.key.id);
  }
  holders_ = std::move(fresh);
  secret_ = file.secret;
  revoked_ = file.revoked;
}

}  // namespace auth

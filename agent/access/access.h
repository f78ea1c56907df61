#pragma once

// Who may send which request. It knows the API keys and the revoked certificates, counts the
// requests of each key, and gives out nonces. It has no socket and no clock: facts of the request,
// facts of the peer and the time are arguments. It allocates nothing for a caller whose key it does
// not know (rule 12). docs/operating.md, "Keys and certificates", has the rules for people.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "agent/access/key_file.h"
#include "agent/access/nonces.h"
#include "agent/access/signature.h"
#include "agent/access/token_bucket.h"
#include "crdt/base/random.h"
#include "crdt/base/time.h"

namespace auth {

// What a route asks of a caller.
enum class Need : std::uint8_t { kNothing, kAnyKey, kRead, kWrite, kAdmin };

struct Certificate {  // of a client, after TLS has checked its chain, but not its dates
  std::string common_name;
  std::string serial;           // hex digits
  std::int64_t not_before = 0;  // seconds since 1970
  std::int64_t not_after = 0;
};

struct Peer {
  bool local = false;      // a Unix socket, or a loopback address
  bool encrypted = false;  // TLS
  const Certificate* certificate = nullptr;
};

// The credentials are as they were sent; an empty text means that there is none.
struct Asked {
  Need need = Need::kAdmin;
  bool signed_off_loopback = false;  // a route of the delta sync API
  std::string_view key;
  std::string_view signature;
  SignedHead head;  // its nonce is a credential too
};

struct Time {
  base::Instant instant;
  // Seconds since 1970, only if the wall clock is trusted (rule 9). Without it the dates of a
  // certificate are not looked at (rule 14).
  std::optional<std::int64_t> trusted_wall;
};

enum class Refusal : std::uint8_t {
  kNone,
  kNoTls,        // a caller of another host without TLS
  kNoKey,        // a caller of another host without a key
  kUnknownKey,   // a key that is not in the file, also on loopback
  kCertificate,  // none where one is needed, or it is revoked, or its time is over
  kScope,
  kPlan,   // the requests of this minute are used up
  kNonce,  // none, or unknown, used, expired
  kSignature,
};
inline constexpr std::size_t kRefusals = 9;
std::string_view refusal_name(Refusal refusal);  // "no_tls", for metrics

struct Allowance {  // of a key, after this request
  std::uint32_t limit = 0;
  std::uint32_t remaining = 0;
  std::uint32_t full_after_seconds = 0;
  std::uint32_t retry_after_seconds = 0;  // 0: at once
};

struct Verdict {
  Refusal refusal = Refusal::kNone;
  std::string message;                 // for people; quotes no credential
  std::string key_id;                  // of the key that was used; empty: none
  std::optional<Allowance> allowance;  // present when a known key was used
  std::string fresh_nonce;             // with kNonce
  // Present when the request may be handled only if this holds for its body.
  std::optional<Signature> signature;
};

class Access {
 public:
  struct Counts {
    std::array<std::uint64_t, kRefusals> refused{};  // since the start, by Refusal
    std::uint64_t with_key = 0;                      // requests with a known key
    std::uint64_t nonces_given = 0;
  };

  explicit Access(base::Random random) : nonces_(std::move(random)) {}

  // Replaces keys and revoked certificates. What a key that stays has used of its plan stays too.
  void set(const KeyFile& file, base::Instant now);

  Verdict judge(const Asked& asked, const Peer& peer, const Time& time);
  // The signature of an allowed request did not hold: counts it, and gives a fresh nonce.
  std::string signature_failed(const std::string& key_id, base::Instant now);

  struct Nonce {
    std::string text;
    std::uint32_t seconds = 0;
  };
  Nonce give_nonce(const std::string& key_id, base::Instant now);  // empty id: no key

  // False when the key was removed: its streams should end. True for the empty id.
  bool still_valid(std::string_view key_id) const;
  // kUnauthorized: revoked, or its time is over by a trusted clock. For streams that go on.
  base::Status check(const Certificate& certificate, const Time& time) const;

  std::size_t keys() const { return holders_.size(); }
  std::size_t nonces() const { return nonces_.count(); }
  const Counts& counts() const { return counts_; }

 private:
  struct Holder {
    ApiKey key;
    TokenBucket bucket;
  };
  Holder* find(std::string_view key);
  const Holder* by_id(std::string_view id) const;
  void refuse(Verdict& verdict, Refusal refusal, std::string message);
  void judge_key(Holder& holder, const Asked& asked, const Peer& peer, const Time& time,
                 Verdict& verdict);
  void judge_signed(const ApiKey& key, const Asked& asked, const Peer& peer, const Time& time,
                    Verdict& verdict);

  base::Bytes secret_;
  std::map<base::Hash256, Holder> holders_;
  std::vector<std::string> revoked_;  // sorted
  Nonces nonces_;
  Counts counts_;
};

}  // namespace auth

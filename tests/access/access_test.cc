#include "agent/access/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crdt/base/bytes.h"
#include "tests/access/signed_by.h"

namespace auth {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class AccessTest : public ::testing::Test {
 protected:
  std::string add(const std::string& name, const std::string& scopes = "read,write",
                  const std::function<void(ApiKey&)>& change = nullptr) {
    ApiKey key;
    key.name = name;
    key.scopes = *parse_scopes(scopes);
    key.per_minute = 1'000;
    if (change) change(key);
    auto text = file_.add(key, random_);
    EXPECT_TRUE(text.ok());
    access_.set(file_, now_.instant);
    return *text;
  }
  Verdict ask(const std::string& key, Need need = Need::kRead) {
    Asked asked;
    asked.need = need;
    asked.key = key;
    return access_.judge(asked, peer_, now_);
  }
  // A request of the delta sync API with this nonce and signature.
  Verdict ask_signed(const std::string& key, const std::string& nonce,
                     const std::string& signature) {
    Asked asked;
    asked.need = Need::kWrite;
    asked.signed_off_loopback = true;
    asked.key = key;
    asked.signature = signature;
    asked.head = {"POST", "/crdt/sync", "wait=1", nonce};
    return access_.judge(asked, peer_, now_);
  }
  bool holds(Verdict& verdict, const std::string& body) {
    if (!verdict.signature) return false;
    verdict.signature->add(body);
    return verdict.signature->finish();
  }
  static std::string sign(const std::string& key, const std::string& nonce,
                          const std::string& body) {
    return signed_by(key, {"POST", "/crdt/sync", "wait=1", nonce}, body);
  }
  void remote() { peer_ = {false, true, nullptr}; }
  void remote_with_certificate() { peer_ = {false, true, &certificate_}; }

  base::Random random_ = base::Random::from_number(7);
  KeyFile file_;
  Access access_{random_.fork()};
  Peer peer_{true, false, nullptr};
  Certificate certificate_{"client", "0A1B", 1'000, 2'000};
  Time now_{{base::seconds(100).nanos}, std::nullopt};
};

TEST_F(AccessTest, OnLoopbackNoKeyIsNeededButAKeyThatIsShownCounts) {
  const std::string reader = add("reader", "read");

  for (Need need : {Need::kNothing, Need::kAnyKey, Need::kRead, Need::kWrite, Need::kAdmin}) {
    EXPECT_EQ(ask("", need).refusal, Refusal::kNone);
  }
  EXPECT_EQ(ask("").allowance, std::nullopt);
  EXPECT_EQ(ask(reader).refusal, Refusal::kNone);
  EXPECT_EQ(ask(reader, Need::kWrite).refusal, Refusal::kScope);
  EXPECT_EQ(ask("hsk_unknown").refusal, Refusal::kUnknownKey);
}

TEST_F(AccessTest, OtherHostsNeedTlsAndAKeyExceptForHealth) {
  const std::string key = add("a");
  peer_ = {false, false, nullptr};
  EXPECT_EQ(ask(key).refusal, Refusal::kNoTls);
  EXPECT_EQ(ask("").refusal, Refusal::kNoTls);
  EXPECT_EQ(ask("", Need::kNothing).refusal, Refusal::kNone);
  EXPECT_EQ(access_.counts().with_key, 0u);

  remote();
  EXPECT_EQ(ask("", Need::kNothing).refusal, Refusal::kNone);
  EXPECT_EQ(ask("", Need::kAnyKey).refusal, Refusal::kNoKey);
  EXPECT_EQ(ask("").refusal, Refusal::kNoKey);
  EXPECT_EQ(ask(key).refusal, Refusal::kNone);
  EXPECT_EQ(ask(key, Need::kAdmin).refusal, Refusal::kScope);
}

TEST_F(AccessTest, EachScopeIsForItself) {
  remote();
  for (const char* scopes : {"read", "write", "admin", "read,write", "read,write,admin"}) {
    const std::string key = add(scopes, scopes);
    const std::string has(scopes);
    auto allowed = [&](Need need) { return ask(key, need).refusal == Refusal::kNone; };

    EXPECT_TRUE(allowed(Need::kAnyKey)) << has;
    EXPECT_EQ(allowed(Need::kRead), has.find("read") != std::string::npos) << has;
    EXPECT_EQ(allowed(Need::kWrite), has.find("write") != std::string::npos) << has;
    EXPECT_EQ(allowed(Need::kAdmin), has.find("admin") != std::string::npos) << has;
  }
}

TEST_F(AccessTest, ForgedKeysAreNotKnown) {
  const std::string key = add("a");
  remote();
  const std::string hash(reinterpret_cast<const char*>(file_.keys[0].hash.data()), 32);
  for (const std::string& forged :
       {key.substr(1), key + "0", key.substr(0, 67) + "g", "HSK_" + key.substr(4),
        "hsk_" + std::string(64, '0'), "hsk_" + base::to_hex(hash), file_.keys[0].id,
        std::string(68, '\0'), std::string(1 << 20, 'a')}) {
    Verdict verdict = ask(forged);
    EXPECT_EQ(verdict.refusal, Refusal::kUnknownKey) << forged.substr(0, 80);
    EXPECT_EQ(verdict.key_id, "");
    EXPECT_EQ(verdict.allowance, std::nullopt);
  }
  for (std::size_t i = 0; i < key.size(); ++i) {
    std::string changed = key;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_EQ(ask(changed).refusal, Refusal::kUnknownKey) << i;
  }
  EXPECT_EQ(ask(key).refusal, Refusal::kNone);
  EXPECT_EQ(access_.nonces(), 0u);
}

TEST_F(AccessTest, APlanThatIsUsedUpIsRefusedUntilTimePasses) {
  const std::string key = add("a", "read", [](ApiKey& one) { one.per_minute = 60; });
  const std::string other = add("b", "read");
  for (std::uint32_t left = 60; left > 0; --left) {
    Verdict verdict = ask(key);
    ASSERT_EQ(verdict.refusal, Refusal::kNone);
    ASSERT_TRUE(verdict.allowance);
    EXPECT_EQ(verdict.allowance->limit, 60u);
    EXPECT_EQ(verdict.allowance->remaining, left - 1);
    EXPECT_EQ(verdict.allowance->full_after_seconds, 61 - left);
  }

  Verdict over = ask(key);
  EXPECT_EQ(over.refusal, Refusal::kPlan);
  EXPECT_EQ(over.allowance->retry_after_seconds, 1u);
  EXPECT_EQ(ask(other).refusal, Refusal::kNone);
  now_.instant = now_.instant + base::seconds(1);
  EXPECT_EQ(ask(key).refusal, Refusal::kNone);
  EXPECT_EQ(ask(key).refusal, Refusal::kPlan);
}

TEST_F(AccessTest, ASignedRequestIsTakenOnce) {
  const std::string key = add("a");
  remote_with_certificate();
  const std::string nonce = access_.give_nonce(file_.keys[0].id, now_.instant).text;
  const std::string body = R"({"type":"gcounter"})";

  Verdict first = ask_signed(key, nonce, sign(key, nonce, body));
  Verdict replay = ask_signed(key, nonce, sign(key, nonce, body));

  EXPECT_EQ(first.refusal, Refusal::kNone) << first.message;
  EXPECT_TRUE(holds(first, body));
  EXPECT_EQ(replay.refusal, Refusal::kNonce);
  EXPECT_FALSE(replay.signature);
  ASSERT_EQ(replay.fresh_nonce.size(), 32u);
  Verdict again = ask_signed(key, replay.fresh_nonce, sign(key, replay.fresh_nonce, body));
  EXPECT_EQ(again.refusal, Refusal::kNone);
  EXPECT_TRUE(holds(again, body));
}

TEST_F(AccessTest, ASignatureIsForOneBodyOneNonceAndOneKey) {
  const std::string key = add("a");
  const std::string other = add("b");
  remote_with_certificate();
  auto nonce = [&](std::size_t of) {
    return access_.give_nonce(file_.keys[of].id, now_.instant).text;
  };

  const std::string n1 = nonce(0);
  Verdict body = ask_signed(key, n1, sign(key, n1, "a"));
  EXPECT_FALSE(holds(body, "b"));
  const std::string n2 = nonce(0);
  Verdict signer = ask_signed(key, n2, sign(other, n2, "a"));
  EXPECT_FALSE(holds(signer, "a"));
  const std::string n3 = nonce(1);
  EXPECT_EQ(ask_signed(key, n3, sign(key, n3, "a")).refusal, Refusal::kNonce);
  EXPECT_EQ(ask_signed(key, "", "").refusal, Refusal::kNonce);
  EXPECT_EQ(ask_signed(key, std::string(32, 'a'), sign(key, n2, "a")).refusal, Refusal::kNonce);
  const std::string keyless = access_.give_nonce("", now_.instant).text;
  EXPECT_EQ(ask_signed(key, keyless, sign(key, keyless, "a")).refusal, Refusal::kNonce);

  const std::string id = file_.keys[0].id;
  EXPECT_EQ(access_.signature_failed(id, now_.instant).size(), 32u);
  EXPECT_EQ(access_.counts().refused[static_cast<std::size_t>(Refusal::kSignature)], 1u);
}

TEST_F(AccessTest, ANonceEndsWhenItsTimeIsOver) {
  const std::string key = add("a", "write", [](ApiKey& one) { one.nonce_seconds = 10; });
  remote_with_certificate();
  for (std::int64_t late : {-1, 0, 1}) {
    auto nonce = access_.give_nonce(file_.keys[0].id, now_.instant);
    EXPECT_EQ(nonce.seconds, 10u);
    now_.instant = now_.instant + base::seconds(10) + base::nanos(late);

    Verdict verdict = ask_signed(key, nonce.text, sign(key, nonce.text, ""));

    EXPECT_EQ(verdict.refusal, late < 0 ? Refusal::kNone : Refusal::kNonce) << late;
  }
}

TEST_F(AccessTest, NoncesAndCertificatesCanBeLeftOutOnlyWhereTheKeySaysSo) {
  const std::string strict = add("strict", "write");
  const std::string no_mtls = add("no mtls", "write", [](ApiKey& one) { one.no_mtls = true; });
  const std::string no_nonce = add("no nonce", "write", [](ApiKey& one) { one.no_nonce = true; });
  const std::string neither =
      add("neither", "write", [](ApiKey& one) { one.no_mtls = one.no_nonce = true; });

  remote();
  EXPECT_EQ(ask_signed(strict, "", "").refusal, Refusal::kCertificate);
  EXPECT_EQ(ask_signed(no_mtls, "", "").refusal, Refusal::kNonce);
  EXPECT_EQ(ask_signed(no_nonce, "", "").refusal, Refusal::kCertificate);
  EXPECT_EQ(ask_signed(neither, "", "").refusal, Refusal::kNone);
  EXPECT_EQ(ask(strict, Need::kWrite).refusal, Refusal::kNone);
  remote_with_certificate();
  EXPECT_EQ(ask_signed(no_nonce, "", "").refusal, Refusal::kNone);
  EXPECT_EQ(ask_signed(strict, "", "").refusal, Refusal::kNonce);
  peer_ = {true, false, nullptr};
  EXPECT_EQ(ask_signed(strict, "", "").refusal, Refusal::kNone);
  EXPECT_EQ(ask_signed(strict, "", sign(strict, "", "")).refusal, Refusal::kNonce);
  EXPECT_EQ(ask_signed("", "x", "y").refusal, Refusal::kNone);
}

TEST_F(AccessTest, ARevokedCertificateIsRefusedWithoutAClock) {
  const std::string key = add("a", "read,write", [](ApiKey& one) { one.no_nonce = true; });
  remote_with_certificate();
  ASSERT_EQ(ask_signed(key, "", "").refusal, Refusal::kNone);
  ASSERT_TRUE(access_.check(certificate_, now_).ok());

  ASSERT_TRUE(*file_.revoke("a1:b"));
  access_.set(file_, now_.instant);

  EXPECT_EQ(ask_signed(key, "", "").refusal, Refusal::kCertificate);
  EXPECT_EQ(ask(key).refusal, Refusal::kCertificate);
  EXPECT_FALSE(access_.check(certificate_, now_).ok());
  certificate_.serial = "0A1C";
  EXPECT_EQ(ask(key).refusal, Refusal::kNone);
  certificate_.serial = "";
  EXPECT_EQ(ask(key).refusal, Refusal::kCertificate);
}

TEST_F(AccessTest, DatesOfACertificateCountOnlyWithATrustedClock) {
  const std::string key = add("a");
  remote_with_certificate();
  EXPECT_EQ(ask(key).refusal, Refusal::kNone);
  for (std::int64_t wall : {999, 1'000, 2'000, 2'001}) {
    now_.trusted_wall = wall;
    const bool inside = wall >= 1'000 && wall <= 2'000;

    EXPECT_EQ(ask(key).refusal, inside ? Refusal::kNone : Refusal::kCertificate) << wall;
  }
}

TEST_F(AccessTest, AReloadKeepsWhatAKeyHasUsedAndForgetsKeysThatAreGone) {
  const std::string stays = add("stays", "read,write", [](ApiKey& one) { one.per_minute = 10; });
  const std::string goes = add("goes");
  const std::string stays_id = file_.keys[0].id;
  const std::string goes_id = file_.keys[1].id;
  remote_with_certificate();
  for (int i = 0; i < 9; ++i) EXPECT_EQ(ask(stays).refusal, Refusal::kNone);
  const std::string nonce = access_.give_nonce(stays_id, now_.instant).text;
  access_.give_nonce(goes_id, now_.instant);

  ASSERT_TRUE(file_.remove("goes").ok());
  access_.set(file_, now_.instant);

  EXPECT_TRUE(access_.still_valid(stays_id));
  EXPECT_FALSE(access_.still_valid(goes_id));
  EXPECT_TRUE(access_.still_valid(""));
  EXPECT_EQ(access_.keys(), 1u);
  EXPECT_EQ(access_.nonces(), 1u);
  EXPECT_EQ(ask(goes).refusal, Refusal::kUnknownKey);
  EXPECT_EQ(ask_signed(stays, nonce, "").refusal, Refusal::kNone);
  EXPECT_EQ(ask(stays).refusal, Refusal::kPlan);
}

TEST_F(AccessTest, NoMessageQuotesACredential) {
  const std::string key = add("a", "read", [](ApiKey& one) { one.per_minute = 4; });
  remote();
  std::vector<Verdict> verdicts{ask("hsk_secret"), ask(key, Need::kWrite), ask(key, Need::kAdmin),
                                ask_signed(key, "nonce-secret", "signature-secret")};
  for (int i = 0; i < 5; ++i) verdicts.push_back(ask(key, Need::kRead));

  for (const Verdict& verdict : verdicts) {
    EXPECT_THAT(verdict.message, Not(HasSubstr(key)));
    EXPECT_THAT(verdict.message, Not(HasSubstr("secret")));
    EXPECT_THAT(verdict.message, Not(HasSubstr("\"")));
  }
  EXPECT_EQ(verdicts.back().refusal, Refusal::kPlan);
}

TEST_F(AccessTest, CountsRefusalsByCause) {
  remote();
  ask("");
  ask("x");
  ask("y");

  EXPECT_EQ(access_.counts().refused[static_cast<std::size_t>(Refusal::kNoKey)], 1u);
  EXPECT_EQ(access_.counts().refused[static_cast<std::size_t>(Refusal::kUnknownKey)], 2u);
  for (std::size_t i = 0; i < kRefusals; ++i) {
    EXPECT_FALSE(refusal_name(static_cast<Refusal>(i)).empty());
  }
}

}  // namespace
}  // namespace auth

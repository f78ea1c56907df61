// `hearsay apikey` and `hearsay tls`.

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/access/key_file.h"
#include "tests/cli/answers.h"

namespace cli {
namespace {

using Json = nlohmann::json;

std::string text_of(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

unsigned mode_of(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

class ApiKeyCommand : public ::testing::Test {
 protected:
  Ended run(Words words) {
    words.insert(words.end(), {"--data-dir", folder_.path("data")});
    return run_program(words);
  }
  std::string file() { return folder_.path("data") + "/keys.toml"; }

  Folder folder_;
};

TEST_F(ApiKeyCommand, ShowsTheKeyOnceAndKeepsOnlyItsHash) {
  auto made = run({"apikey", "add", "laptop"});

  ASSERT_EQ(made.exit, 0) << made.err;
  ASSERT_EQ(made.out.size(), 69u);
  const std::string key = made.out.substr(0, 68);
  EXPECT_TRUE(key.starts_with("hsk_"));
  EXPECT_TRUE(holds(made.err, "SIGHUP"));
  EXPECT_FALSE(holds(made.err, key));
  EXPECT_EQ(mode_of(file()), 0600u);
  EXPECT_FALSE(holds(text_of(file()), key.substr(4)));
  auto read = auth::read_keys(folder_.path("data"));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->keys.at(0).hash, auth::hash_of_key(read->secret, key));
  EXPECT_EQ(auth::scopes_text(read->keys[0].scopes), "read,write");
  EXPECT_EQ(read->keys[0].per_minute, 1'000u);
  EXPECT_NE(run({"apikey", "add", "other"}).out, made.out);
}

TEST_F(ApiKeyCommand, EveryOptionReachesTheFile) {
  auto made = run({"apikey", "add", "a b", "--scope", "admin,read", "--rate", "7", "--no-mtls",
                   "--no-nonce", "--nonce-ttl", "3600", "-o", "json"});
  auto plan = run({"apikey", "add", "p", "--plan", "10000"});

  ASSERT_EQ(made.exit, 0) << made.err;
  Json shown = Json::parse(made.out);
  Json listed = Json::parse(run({"apikey", "ls", "-o", "json"}).out);
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0]["name"], "a b");
  EXPECT_EQ(listed[0]["scopes"], (Json{"read", "admin"}));
  EXPECT_EQ(listed[0]["per_minute"], 7);
  EXPECT_EQ(listed[0]["no_mtls"], true);
  EXPECT_EQ(listed[0]["no_nonce"], true);
  EXPECT_EQ(listed[0]["nonce_ttl"], 3'600);
  EXPECT_EQ(listed[1]["per_minute"], 10'000);
  EXPECT_EQ(plan.exit, 0);
  EXPECT_TRUE(shown["key"].get<std::string>().starts_with("hsk_"));
  shown.erase("key");
  EXPECT_EQ(shown, listed[0]);
}

TEST_F(ApiKeyCommand, RefusesWhatIsOutOfRange) {
  const std::vector<Words> wrong{{"--scope", "all"},    {"--scope", ""},
                                 {"--plan", "61"},      {"--rate", "0"},
                                 {"--rate", "1000001"}, {"--rate", "5", "--plan", "60"},
                                 {"--nonce-ttl", "9"},  {"--nonce-ttl", "3601"}};
  for (const Words& words : wrong) {
    Words all{"apikey", "add", "a"};
    all.insert(all.end(), words.begin(), words.end());
    EXPECT_EQ(run(all).exit, 2) << ::testing::PrintToString(words);
  }
  EXPECT_EQ(run({"apikey", "add", ""}).exit, 2);
  EXPECT_EQ(run({"apikey", "add", std::string(65, 'a')}).exit, 2);
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(ApiKeyCommand, ListsAndRemovesByIdOrName) {
  EXPECT_EQ(run({"apikey", "ls"}).exit, 4);
  ASSERT_EQ(run({"apikey", "add", "a"}).exit, 0);
  ASSERT_EQ(run({"apikey", "add", "z"}).exit, 0);
  auto twice = run({"apikey", "add", "z"});
  auto listed = run({"apikey", "ls"});
  const std::string id = auth::read_keys(folder_.path("data"))->keys.at(0).id;

  EXPECT_EQ(twice.exit, 1);
  EXPECT_TRUE(holds(twice.err, "there is a key with the name"));
  EXPECT_TRUE(holds(listed.out, id));
  EXPECT_TRUE(holds(listed.out, "read,write"));
  EXPECT_EQ(run({"apikey", "rm", "b"}).exit, 4);
  EXPECT_EQ(run({"apikey", "rm", "z"}).exit, 0);
  EXPECT_EQ(run({"apikey", "rm", id}).exit, 0);
  EXPECT_EQ(run({"apikey", "ls"}).exit, 4);
}

TEST_F(ApiKeyCommand, RefusesAFileThatOthersCanRead) {
  ASSERT_EQ(run({"apikey", "add", "a"}).exit, 0);
  const std::string before = text_of(file());
  ASSERT_EQ(chmod(file().c_str(), 0644), 0);

  for (const Words& words : {Words{"apikey", "ls"}, Words{"apikey", "add", "b"},
                             Words{"apikey", "rm", "a"}, Words{"tls", "revoke", "ab"}}) {
    auto refused = run(words);
    EXPECT_EQ(refused.exit, 6) << words[1];
    EXPECT_TRUE(holds(refused.err, "chmod 600 " + file()));
  }
  EXPECT_EQ(text_of(file()), before);
}

TEST_F(ApiKeyCommand, RevokesASerialNumberOnce) {
  EXPECT_EQ(run({"tls", "revoke", "0A:1B"}).exit, 0);
  EXPECT_EQ(run({"tls", "revoke", "a1b"}).exit, 0);
  EXPECT_EQ(run({"tls", "revoke", "no"}).exit, 2);

  EXPECT_EQ(auth::read_keys(folder_.path("data"))->revoked, Words{"a1b"});
}

// --- certificates, read with OpenSSL itself

using CertificatePtr = std::unique_ptr<X509, decltype(&X509_free)>;

CertificatePtr certificate_at(const std::string& path) {
  const std::string text = text_of(path);
  std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
  return {PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free};
}

std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_at(const std::string& path) {
  const std::string text = text_of(path);
  std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
  return {PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
}

// The error of a verification as if it were `at`, seconds since 1970; X509_V_OK if it holds.
int verify(X509* authority, X509* certificate, int purpose, time_t at) {
  std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(), X509_STORE_free);
  X509_STORE_add_cert(store.get(), authority);
  std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(X509_STORE_CTX_new(),
                                                                          X509_STORE_CTX_free);
  X509_STORE_CTX_init(context.get(), store.get(), certificate, nullptr);
  X509_STORE_CTX_set_purpose(context.get(), purpose);
  X509_STORE_CTX_set_time(context.get(), 0, at);
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

class TlsCommand : public ::testing::Test {
 protected:
  std::string ca() { return folder_.path("ca"); }
  std::string out() { return folder_.path("out"); }
  Ended make_ca() { return run_program({"tls", "ca", "--out", ca()}); }
  Ended issue(Words words) {
    words.insert(words.begin(), {"tls", "issue"});
    words.insert(words.end(), {"--ca", ca(), "--out", out()});
    return run_program(words);
  }

  Folder folder_;
};

TEST_F(TlsCommand, AServerCertificateIsGoodForItsHostsAndForNoClient) {
  ASSERT_EQ(make_ca().exit, 0);
  auto issued = issue(
      {"n1", "--host", "n1.lan", "--host", "192.0.2.10", "--host", "2001:db8::1", "-o", "json"});

  ASSERT_EQ(issued.exit, 0) << issued.err;
  auto authority = certificate_at(ca() + "/ca.crt");
  auto certificate = certificate_at(out() + "/n1.crt");
  ASSERT_TRUE(authority && certificate);
  const time_t now = time(nullptr);
  X509* leaf = certificate.get();
  EXPECT_EQ(verify(authority.get(), leaf, X509_PURPOSE_SSL_SERVER, now), X509_V_OK);
  EXPECT_EQ(verify(authority.get(), leaf, X509_PURPOSE_SSL_CLIENT, now),
            X509_V_ERR_INVALID_PURPOSE);
  EXPECT_EQ(X509_check_host(leaf, "n1.lan", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(leaf, "n2.lan", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(leaf, "192.0.2.10", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf, "2001:db8::1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf, "192.0.2.11", 0), 0);
  EXPECT_EQ(X509_check_private_key(leaf, key_at(out() + "/n1.key").get()), 1);
  EXPECT_EQ(X509_get_version(leaf), 2);
  std::unique_ptr<BIGNUM, decltype(&BN_free)> serial(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(leaf), nullptr), BN_free);
  std::unique_ptr<char, void (*)(char*)> hex(BN_bn2hex(serial.get()),
                                             [](char* text) { OPENSSL_free(text); });
  EXPECT_EQ(*auth::normal_serial(hex.get()), Json::parse(issued.out)["serial"].get<std::string>());
}

// Hosts without a clock start in 1970. A certificate ends after two years, its authority after ten.
TEST_F(TlsCommand, CertificatesHoldFrom1970UntilTheirEnd) {
  ASSERT_EQ(make_ca().exit, 0);
  ASSERT_EQ(issue({"n1"}).exit, 0);
  auto authority = certificate_at(ca() + "/ca.crt");
  auto certificate = certificate_at(out() + "/n1.crt");
  ASSERT_TRUE(authority && certificate);
  const time_t day = 24 * 60 * 60;
  const time_t now = time(nullptr);
  auto at = [&](time_t when) {
    return verify(authority.get(), certificate.get(), X509_PURPOSE_SSL_SERVER, when);
  };

  EXPECT_EQ(at(1), X509_V_OK);
  EXPECT_EQ(at(now + 729 * day), X509_V_OK);
  EXPECT_EQ(at(now + 731 * day), X509_V_ERR_CERT_HAS_EXPIRED);
  time_t end = now + 3'649 * day;
  EXPECT_GT(X509_cmp_time(X509_get0_notAfter(authority.get()), &end), 0);
  end = now + 3'651 * day;
  EXPECT_LT(X509_cmp_time(X509_get0_notAfter(authority.get()), &end), 0);
}

TEST_F(TlsCommand, AClientCertificateIsGoodForNoServer) {
  ASSERT_EQ(make_ca().exit, 0);
  ASSERT_EQ(issue({"alice", "--client"}).exit, 0);
  auto authority = certificate_at(ca() + "/ca.crt");
  auto certificate = certificate_at(out() + "/alice.crt");
  ASSERT_TRUE(authority && certificate);
  const time_t now = time(nullptr);

  EXPECT_EQ(verify(authority.get(), certificate.get(), X509_PURPOSE_SSL_CLIENT, now), X509_V_OK);
  EXPECT_EQ(verify(authority.get(), certificate.get(), X509_PURPOSE_SSL_SERVER, now),
            X509_V_ERR_INVALID_PURPOSE);
}

TEST_F(TlsCommand, KeysAreForTheirOwnerAndNothingIsReplaced) {
  ASSERT_EQ(make_ca().exit, 0);
  ASSERT_EQ(issue({"n1"}).exit, 0);
  const std::string key = text_of(out() + "/n1.key");
  const std::string ca_key = text_of(ca() + "/ca.key");

  EXPECT_EQ(mode_of(ca() + "/ca.key"), 0600u);
  EXPECT_EQ(mode_of(out() + "/n1.key"), 0600u);
  EXPECT_EQ(make_ca().exit, 1);
  EXPECT_EQ(issue({"n1"}).exit, 1);
  EXPECT_EQ(text_of(out() + "/n1.key"), key);
  EXPECT_EQ(text_of(ca() + "/ca.key"), ca_key);
  std::ofstream(out() + "/n2.crt") << "mine";
  EXPECT_EQ(issue({"n2"}).exit, 1);
  EXPECT_FALSE(std::filesystem::exists(out() + "/n2.key"));
}

TEST_F(TlsCommand, RefusesWhatItCannotSign) {
  EXPECT_EQ(issue({"n1"}).exit, 4);
  ASSERT_EQ(make_ca().exit, 0);
  for (const Words& words :
       {Words{"../n1"}, Words{"ca"}, Words{".n1"}, Words{""}, Words{std::string(65, 'n')},
        Words{"n1", "--host", "a,IP:192.0.2.1"}, Words{"n1", "--host", "n1:7780"},
        Words{"n1", "--host", ""}, Words{"n1", "--client", "--host", "n1"}}) {
    EXPECT_EQ(issue(words).exit, 2) << ::testing::PrintToString(words);
  }
  ASSERT_EQ(chmod((ca() + "/ca.key").c_str(), 0640), 0);
  auto open_key = issue({"n1"});
  EXPECT_EQ(open_key.exit, 6);
  EXPECT_TRUE(holds(open_key.err, "chmod 600"));
  ASSERT_EQ(chmod((ca() + "/ca.key").c_str(), 0600), 0);

  // Of another authority, of no authority, and no certificate at all.
  ASSERT_EQ(run_program({"tls", "ca", "--out", folder_.path("other")}).exit, 0);
  ASSERT_EQ(issue({"leaf"}).exit, 0);
  std::filesystem::copy_file(out() + "/leaf.crt", folder_.path("other") + "/leaf.crt");
  const auto replace = std::filesystem::copy_options::overwrite_existing;
  for (const std::string& wrong :
       {folder_.path("other") + "/ca.crt", out() + "/leaf.crt", ca() + "/ca.key"}) {
    std::filesystem::copy_file(wrong, ca() + "/ca.crt", replace);
    EXPECT_EQ(issue({"n1"}).exit, 1) << wrong;
  }
  EXPECT_FALSE(std::filesystem::exists(out() + "/n1.key"));
}

}  // namespace
}  // namespace cli

// The expected signatures were made with Python:
//   hmac.new(key, "\n".join([method, path, query, sha256(body).hexdigest(), nonce]), sha256)

#include "agent/access/signature.h"

#include <gtest/gtest.h>

#include <vector>

#include "crdt/base/random.h"

namespace auth {
namespace {

std::string test_key() {
  std::string key = "hsk_";
  for (int i = 0; i < 4; ++i) key += "0123456789abcdef";
  return key;
}

struct Vector {
  SignedHead head;
  std::string body;
  std::string signature;
};

std::vector<Vector> vectors() {
  std::string bytes;
  for (int i = 0; i < 256 * 300; ++i) bytes += static_cast<char>(i % 256);
  return {
      {{"POST", "/crdt/sync", "", "00112233445566778899aabbccddeeff"},
       R"({"type":"gcounter","object_id":"hits","delta":{"increment":1}})",
       "0a31e39f235b874a57960b490aea0242d944b21e982f1ebe8150b9127bd1f43e"},
      {{"GET", "/crdt/metrics", "object_id=a%2Fb&x=+1", "ffeeddccbbaa99887766554433221100"},
       "",
       "a58e4606177aec18c45ff697648dc0981fcc4b4ebb35bbea1462bf02bca5c32d"},
      {{"GET", "/crdt/object/caf%C3%A9", "", "000102030405060708090a0b0c0d0e0f"},
       "",
       "6960699db99246bbc1c670edecea6b3cbc64ebec087a0673232d47bdcde5f6ce"},
      {{"POST", "/crdt/compact", "", "0f0e0d0c0b0a09080706050403020100"},
       "",
       "9ce3ed7f6f35744472360394ce7e1a64745ecaa1a8d486599532bfebc9418d3d"},
      {{"POST", "/crdt/sync", "wait=2&timeout_ms=500", "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"},
       bytes,
       "fe85f158bb334debde18c8e0c89597cde0d17d4c1b95d3d5f5be713016e2db7c"},
  };
}

bool holds(const Vector& vector, const std::string& key) {
  Signature signature(key, vector.head, vector.signature);
  signature.add(vector.body);
  return signature.finish();
}

TEST(Signature, HoldsForWhatAnotherProgramSigned) {
  for (const Vector& vector : vectors()) EXPECT_TRUE(holds(vector, test_key())) << vector.head.path;

  Vector long_key = vectors()[0];
  long_key.signature = "5668681147f74ac6ef78c3ca19e7cf7ebb87bcaf040fb27621437a72c7cc80d1";
  EXPECT_TRUE(holds(long_key, std::string(100, 'k')));
}

TEST(Signature, TakesTheBodyInAnyPieces) {
  base::Random random = base::Random::from_number(1);
  for (const Vector& vector : vectors()) {
    for (int round = 0; round < 20; ++round) {
      Signature signature(test_key(), vector.head, vector.signature);
      std::string_view rest = vector.body;
      while (!rest.empty()) {
        const auto size = static_cast<std::size_t>(1 + random.below(rest.size()));
        signature.add(rest.substr(0, size));
        rest.remove_prefix(size);
      }
      EXPECT_TRUE(signature.finish());
    }
  }
}

// Every byte that was signed counts, and none can move from one part to its neighbour.
TEST(Signature, DoesNotHoldForAnythingElse) {
  const Vector good = vectors()[1];
  std::vector<Vector> wrong(10, good);
  wrong[0].head.method = "POST";
  wrong[1].head.path = "/crdt/metrics/";
  wrong[2].head.path = "/crdt/metrics\nobject_id=a%2Fb&x=+1";
  wrong[3].head.query = "object_id=a%2fb&x=+1";
  wrong[4].head.query = "";
  wrong[5].head.nonce = "ffeeddccbbaa99887766554433221101";
  wrong[6].body = " ";
  wrong[7].signature = "";
  wrong[8].signature.pop_back();
  wrong[9].signature += "00";
  for (std::size_t i = 0; i < wrong.size(); ++i) EXPECT_FALSE(holds(wrong[i], test_key())) << i;

  for (std::size_t i = 0; i < good.signature.size(); ++i) {
    Vector changed = good;
    changed.signature[i] = changed.signature[i] == '0' ? '1' : '0';
    EXPECT_FALSE(holds(changed, test_key())) << i;
  }
  std::string key = test_key();
  key.back() = '0';
  EXPECT_FALSE(holds(good, key));
  EXPECT_TRUE(holds(good, test_key()));
}

TEST(Signature, TakesHexDigitsOfEitherCase) {
  Vector vector = vectors()[0];
  for (char& c : vector.signature) c = c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;

  EXPECT_TRUE(holds(vector, test_key()));
}

}  // namespace
}  // namespace auth

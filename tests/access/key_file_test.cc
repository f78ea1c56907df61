#include "agent/access/key_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <set>
#include <thread>

#include "crdt/base/bytes.h"
#include "tests/support/process.h"
#include "tests/support/scoped_directory.h"

namespace auth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ApiKey wanted(const std::string& name) {
  ApiKey key;
  key.name = name;
  key.scopes.read = true;
  return key;
}

std::string refusal(const std::string& text) {
  auto parsed = KeyFile::parse(text, "keys.toml");
  return parsed.ok() ? "" : parsed.error().message;
}

TEST(KeyFile, ComesBackFromItsTextAsItWas) {
  base::Random random = base::Random::from_number(1);
  KeyFile file;
  for (const char* name : {"plain", "a \"quoted\" \\ name", "caf\xC3\xA9", "[[key]]", "x # y"}) {
    ApiKey key = wanted(name);
    key.scopes = {random.chance(2), random.chance(2), true};
    key.per_minute = static_cast<std::uint32_t>(1 + random.below(kRateMax));
    key.no_mtls = random.chance(2);
    key.no_nonce = random.chance(2);
    key.nonce_seconds = static_cast<std::uint32_t>(10 + random.below(3'591));
    key.created = -static_cast<std::int64_t>(random.below(1'000));
    ASSERT_TRUE(file.add(key, random).ok());
  }
  ASSERT_TRUE(file.revoke("0A:ff").ok());
  ASSERT_TRUE(file.revoke("1").ok());

  auto again = KeyFile::parse(file.text(), "keys.toml");

  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->secret, file.secret);
  EXPECT_THAT(again->revoked, ElementsAre("1", "aff"));
  ASSERT_EQ(again->keys.size(), file.keys.size());
  for (std::size_t i = 0; i < file.keys.size(); ++i) {
    const ApiKey& a = file.keys[i];
    const ApiKey& z = again->keys[i];
    EXPECT_EQ(z.id, a.id);
    EXPECT_EQ(z.name, a.name);
    EXPECT_EQ(z.hash, a.hash);
    EXPECT_EQ(z.scopes, a.scopes);
    EXPECT_EQ(z.per_minute, a.per_minute);
    EXPECT_EQ(z.no_mtls, a.no_mtls);
    EXPECT_EQ(z.no_nonce, a.no_nonce);
    EXPECT_EQ(z.nonce_seconds, a.nonce_seconds);
    EXPECT_EQ(z.created, a.created);
  }
  EXPECT_EQ(again->text(), file.text());
}

TEST(KeyFile, NeverHoldsTheTextOfAKey) {
  base::Random random = base::Random::from_number(2);
  KeyFile file;
  auto text = file.add(wanted("a"), random);

  ASSERT_TRUE(text.ok());
  EXPECT_EQ(text->size(), 68u);
  EXPECT_TRUE(text->starts_with("hsk_"));
  EXPECT_THAT(file.text(), ::testing::Not(HasSubstr(text->substr(4))));
  EXPECT_EQ(file.keys[0].hash, hash_of_key(file.secret, *text));
}

// BLAKE2b with a key of 32 bytes, made with Python: hashlib.blake2b(text, digest_size=32, key=…).
TEST(KeyFile, HashesKeysAsWritten) {
  base::Bytes secret;
  for (char c = 0; c < 32; ++c) secret += c;
  std::string key = "hsk_";
  for (int i = 0; i < 4; ++i) key += "0123456789abcdef";

  auto hash = hash_of_key(secret, key);

  EXPECT_EQ(base::to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()}),
            "65fecd7f97f8de8028073fa77798dd85acff07663f400f976b25b4d0fa0b97ed");
}

TEST(KeyFile, RefusesWhatIsNotInItsForm) {
  const std::string secret = "secret = \"" + std::string(64, 'a') + "\"\n";
  const std::string key =
      "[[key]]\nid = \"00112233\"\nname = \"a\"\nhash = \"" + std::string(64, 'b') +
      "\"\nscopes = \"read\"\nper_minute = 60\nno_mtls = false\nno_nonce = false\n"
      "nonce_seconds = 60\ncreated = 0\n";
  EXPECT_EQ(refusal(""), "");
  EXPECT_EQ(refusal(secret + key), "");

  EXPECT_THAT(refusal(key), HasSubstr("secret must be"));
  EXPECT_THAT(refusal("secret = \"ab\"\n"), HasSubstr("keys.toml:1: secret must have 64"));
  EXPECT_THAT(refusal(secret + "other = 1\n"), HasSubstr("keys.toml:2: unknown key other"));
  EXPECT_THAT(refusal(secret + key + "more = 1\n"), HasSubstr("unknown key more"));
  EXPECT_THAT(refusal(secret + key + key), HasSubstr("stands twice"));
  EXPECT_THAT(refusal(secret + "key = [1]\n"), HasSubstr("must be a table"));
  EXPECT_THAT(refusal("revoked = [\"x\"]\n"), HasSubstr("is no serial number"));
  EXPECT_THAT(refusal("revoked = [1]\n"), HasSubstr("string in quotes"));
  EXPECT_THAT(refusal("key = \n"), HasSubstr("keys.toml:1:"));
  const std::vector<std::pair<std::string, std::string>> bad{
      {"\"00112233\"", "\"0011\""},
      {"\"a\"", "\"\""},
      {"\"a\"", "\"a\\nb\""},
      {"\"a\"", "\"" + std::string(65, 'n') + "\""},
      {"\"read\"", "\"all\""},
      {"\"read\"", "\"\""},
      {"per_minute = 60", "per_minute = 0"},
      {"per_minute = 60", "per_minute = 1000001"},
      {"per_minute = 60", "per_minute = \"60\""},
      {"no_mtls = false", "no_mtls = 0"},
      {"nonce_seconds = 60", "nonce_seconds = 9"},
      {"nonce_seconds = 60", "nonce_seconds = 3601"},
      {"created = 0\n", ""},
  };
  for (const auto& [good, wrong] : bad) {
    std::string changed = secret + key;
    changed.replace(changed.find(good), good.size(), wrong);
    EXPECT_NE(refusal(changed), "") << wrong;
  }
}

TEST(KeyFile, TakesEachNameOnceAndRemovesByIdOrName) {
  base::Random random = base::Random::from_number(3);
  KeyFile file;
  ASSERT_TRUE(file.add(wanted("a"), random).ok());
  ASSERT_TRUE(file.add(wanted("z"), random).ok());

  auto twice = file.add(wanted("a"), random);
  auto as_id = file.add(wanted(file.keys[0].id), random);
  auto unknown = file.remove("b");
  auto by_name = file.remove("z");
  auto by_id = file.remove(std::string(file.keys[0].id));

  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.error().code, base::Code::kConflict);
  EXPECT_FALSE(as_id.ok());
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, base::Code::kNotFound);
  ASSERT_TRUE(by_name.ok());
  EXPECT_EQ(by_name->name, "z");
  ASSERT_TRUE(by_id.ok());
  EXPECT_TRUE(file.keys.empty());
}

TEST(KeyFile, HasBounds) {
  base::Random random = base::Random::from_number(4);
  KeyFile file;
  for (std::size_t i = 0; i < kKeysMax; ++i) {
    ASSERT_TRUE(file.add(wanted("k" + std::to_string(i)), random).ok());
  }
  for (std::size_t i = 1; i <= kRevokedMax; ++i) {
    std::string digits = std::to_string(i);
    ASSERT_TRUE(file.revoke(digits).ok());
  }

  EXPECT_EQ(file.add(wanted("one more"), random).error().code, base::Code::kTooLarge);
  EXPECT_EQ(file.revoke("abc").error().code, base::Code::kTooLarge);
  EXPECT_EQ(*file.revoke("1"), false);
  EXPECT_TRUE(KeyFile::parse(file.text(), "keys.toml").ok());
  EXPECT_LT(file.text().size(), kKeyFileMax);
}

TEST(SerialNumbers, HaveOneForm) {
  EXPECT_EQ(*normal_serial("00:0A:bC"), "abc");
  EXPECT_EQ(*normal_serial("0ABC"), "abc");
  EXPECT_EQ(*normal_serial(std::string(40, 'F')), std::string(40, 'f'));
  for (const std::string& wrong :
       {std::string(), std::string("0"), std::string("00:00"), std::string("xyz"),
        std::string("1g"), std::string(41, '1'), std::string(10'000, '0') + "1", std::string("-1"),
        std::string("1 2")}) {
    EXPECT_FALSE(normal_serial(wrong).ok()) << wrong.substr(0, 60);
  }
}

TEST(KeysOnDisk, AreAbsentThenWrittenForTheirOwnerAlone) {
  support::ScopedDirectory folder;
  const std::string directory = folder / "data";
  auto none = read_keys(directory);
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->keys.empty());

  base::Random random = base::Random::from_number(5);
  auto changed = change_keys(directory, [&](KeyFile& file) -> base::Status {
    auto text = file.add(wanted("a"), random);
    return text.ok() ? base::Status() : base::Status(text.error());
  });

  ASSERT_TRUE(changed.ok()) << changed.error().message;
  struct stat info {};
  ASSERT_EQ(stat(key_path(directory).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  auto one = read_keys(directory);
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->keys.at(0).name, "a");
  EXPECT_FALSE(std::filesystem::exists(key_path(directory) + ".new"));
}

TEST(KeysOnDisk, AreRefusedWhenOthersCanReadThemOrTheyAreDamaged) {
  support::ScopedDirectory folder;
  const std::string directory = folder.path();
  const std::string path = key_path(directory);
  support::write_file(path, "");
  for (mode_t mode : {0640u, 0604u, 0620u, 0601u}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    auto read = read_keys(directory);
    ASSERT_FALSE(read.ok()) << mode;
    EXPECT_EQ(read.error().code, base::Code::kForbidden);
    EXPECT_THAT(read.error().message, HasSubstr("chmod 600 " + path));
  }
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  EXPECT_TRUE(read_keys(directory).ok());

  support::write_file(path, "secret = \"aa");
  ASSERT_FALSE(read_keys(directory).ok());
  EXPECT_THAT(read_keys(directory).error().message, HasSubstr(path + ":1:"));
  support::write_file(path, std::string(kKeyFileMax + 1, '#'));
  EXPECT_EQ(read_keys(directory).error().code, base::Code::kTooLarge);
  std::filesystem::remove(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(read_keys(directory).error().message, HasSubstr("FIFO"));
}

TEST(KeysOnDisk, AChangeThatFailsLeavesTheFile) {
  support::ScopedDirectory folder;
  const std::string directory = folder.path();
  ASSERT_TRUE(change_keys(directory, [](KeyFile& file) -> base::Status {
                auto added = file.revoke("abc");
                return added.ok() ? base::Status() : base::Status(added.error());
              }).ok());
  const std::string before = support::read_file(key_path(directory));

  auto failed = change_keys(directory, [](KeyFile& file) -> base::Status {
    file.revoked.clear();
    return base::invalid("no");
  });

  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(support::read_file(key_path(directory)), before);
}

TEST(KeysOnDisk, NoChangeOfManyAtOnceIsLost) {
  support::ScopedDirectory folder;
  const std::string directory = folder.path();
  constexpr int kWriters = 4;
  constexpr int kEach = 8;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < kEach; ++i) {
        const std::string serial = std::to_string(1'000 + writer * kEach + i);
        auto changed = change_keys(directory, [&](KeyFile& file) -> base::Status {
          auto added = file.revoke(serial);
          return added.ok() ? base::Status() : base::Status(added.error());
        });
        EXPECT_TRUE(changed.ok()) << changed.error().message;
      }
    });
  }
  for (auto& writer : writers) writer.join();

  EXPECT_EQ(read_keys(directory)->revoked.size(), kWriters * kEach);
}

}  // namespace
}  // namespace auth

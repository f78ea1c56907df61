// tools/examples/debian-packages, with a false apt-cache that prints what the test wants.

#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/program.h"

namespace cli {
namespace {

struct Output {
  int exit = -1;
  std::string out;
};

// The output of the program: stderr if `channel` is "2", else stdout; never both.
Output packages(const std::string& index, const std::string& channel = "1") {
  Folder folder;
  auto text = folder.write("index", index);
  auto fake = folder.write("apt-cache", "#!/bin/sh\nexec cat " + text + "\n");
  EXPECT_EQ(chmod(fake.c_str(), 0700), 0);
  auto redirect = channel == "1" ? " 2>/dev/null" : " 2>&1 >/dev/null";
  auto command = "PATH=" + folder.path("") +
                 ":$PATH " HEARSAY_SOURCE_DIR "/tools/examples/debian-packages" + redirect;
  FILE* pipe = popen(command.c_str(), "r");
  Output output;
  char piece[4096];
  while (auto count = fread(piece, 1, sizeof(piece), pipe)) output.out.append(piece, count);
  output.exit = WEXITSTATUS(pclose(pipe));
  return output;
}

TEST(DebianPackages, EachPackageIsOneLineOfJsonWithItsOwnId) {
  auto output = packages(
      "Package: a\nVersion: 1:2.0~rc\nArchitecture: amd64\nSize: 12\nSHA256: ff\nSection: net\n"
      "Filename: pool/a.deb\nDescription: say \"hi\" \\ \t& go\n more of it\n .\nTag: x,\n y\n\n"
      "Package: b\nVersion: 1\nArchitecture: all\nSize: huge\nDescription-en: caf\xC3\xA9\n\n\n"
      "Package: b\nVersion: 1\nArchitecture: all\nSize: 5\n\n"
      "Package: b\nVersion: 2\nArchitecture: all\nSize: 7");

  ASSERT_EQ(output.exit, 0);
  std::istringstream lines(output.out);
  std::vector<nlohmann::json> all;
  for (std::string line; std::getline(lines, line);) all.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0], nlohmann::json::parse(R"({"id":"a_1:2.0~rc_amd64","package":"a",
      "version":"1:2.0~rc","architecture":"amd64","size":12,"sha256":"ff","section":"net",
      "filename":"pool/a.deb","description":"say \"hi\" \\  & go"})"));
  EXPECT_EQ(all[1], nlohmann::json::parse(R"({"id":"b_1_all","package":"b","version":"1",
      "architecture":"all","description":"caf\u00e9"})"));
  EXPECT_EQ(all[2]["id"], "b_2_all");
  EXPECT_EQ(all[2]["size"], 7);
}

TEST(DebianPackages, AnEmptyIndexIsAnErrorSaidOnStderr) {
  EXPECT_EQ(packages("").exit, 1);
  EXPECT_EQ(packages("").out, "");
  EXPECT_NE(packages("", "2").out.find("knows no packages"), std::string::npos);
}

}  // namespace
}  // namespace cli

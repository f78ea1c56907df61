// Checks the conventions of docs/style.md and docs/architecture.md. The rules are in tests/tidy/.
// Here each rule checks the whole tree. It is also tested with a file that it must refuse and a
// similar one that it must accept.

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>

#include "tests/tidy/arrows.h"
#include "tests/tidy/purity.h"
#include "tests/tidy/shape.h"
#include "tests/tidy/source.h"

namespace tidy {
namespace {

// Every allowed exception, with its reason. An exception that is no longer needed fails the test.
struct Exception {
  std::string path;
  std::string rule;
  std::string what;  // part of the message
  std::string reason;
};
const std::vector<Exception>& exceptions() {
  static const std::vector<Exception> kExceptions{
      {"tests/tidy/shape.cc", "words", "", "names the words it refuses"},
      {"tests/tidy_test.cc", "words", "", "shows the words that are refused"},
  };
  return kExceptions;
}

bool excuses(const Exception& exception, const Finding& finding) {
  return exception.path == finding.path && exception.rule == finding.rule &&
         finding.what.find(exception.what) != std::string::npos;
}

using Rule = Findings (*)(const Source&);
const std::vector<Rule>& rules() {
  static const std::vector<Rule> kRules{check_arrows, check_libraries, check_purity,
                                        check_sizes,  check_header,    check_namespace,
                                        check_words,  check_decision};
  return kRules;
}

Findings check_all(const Source& source) {
  Findings all;
  for (auto rule : rules()) {
    auto some = rule(source);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

const std::vector<Source>& tree() {
  static const std::vector<Source> kTree = read_tree(HEARSAY_SOURCE_DIR);
  return kTree;
}

TEST(Tidy, TheTreeKeepsItsConventions) {
  ASSERT_FALSE(tree().empty());
  for (const auto& source : tree()) {
    for (const auto& finding : check_all(source)) {
      bool excused =
          std::any_of(exceptions().begin(), exceptions().end(),
                      [&](const Exception& exception) { return excuses(exception, finding); });
      if (excused) continue;
      ADD_FAILURE() << finding.path << ":" << finding.line << ": " << finding.rule << ": "
                    << finding.what;
    }
  }
}

TEST(Tidy, EveryExceptionIsStillNeeded) {
  Findings all;
  for (const auto& source : tree()) {
    auto some = check_all(source);
    all.insert(all.end(), some.begin(), some.end());
  }
  for (const auto& exception : exceptions()) {
    bool used = std::any_of(all.begin(), all.end(),
                            [&](const Finding& finding) { return excuses(exception, finding); });
    EXPECT_TRUE(used) << exception.path << " no longer needs its exception: " << exception.reason;
  }
}

TEST(Tidy, TheWalkSeesTheTreeAndNotTheBuild) {
  std::set<std::string> paths;
  for (const auto& source : tree()) paths.insert(source.path);

  EXPECT_TRUE(paths.contains("CMakeLists.txt"));
  EXPECT_TRUE(paths.contains("tools/test"));
  EXPECT_TRUE(paths.contains("crdt/base/result.h"));
  for (const auto& path : paths) {
    EXPECT_FALSE(is_below(path, "build") || is_below(path, ".git")) << path;
    EXPECT_EQ(path.find("node_modules"), path.npos) << path;
  }
}

// A source that no target names is never compiled, and its tests never run.
TEST(Tidy, EverySourceOfATestIsInATarget) {
  std::map<std::string, std::string> lists;  // folder to the text of its CMakeLists.txt
  const std::string name = "CMakeLists.txt";
  for (const auto& source : tree()) {
    if (!source.path.ends_with("/" + name)) continue;
    lists[source.path.substr(0, source.path.size() - name.size() - 1)] = source.text;
  }
  for (const auto& source : tree()) {
    if (!source.path.starts_with("tests/") || !source.path.ends_with(".cc")) continue;
    const std::size_t slash = source.path.rfind('/');
    const std::string& list = lists[source.path.substr(0, slash)];
    const bool named = list.find(source.path.substr(slash + 1)) != std::string::npos ||
                       list.find("file(GLOB") != std::string::npos;
    EXPECT_TRUE(named) << source.path << " is in no target";
  }
}

TEST(Tidy, LongFilesAndFunctionsAreListed) {
  for (const auto& source : tree()) {
    for (const auto& thing : long_things(source)) std::cout << "long: " << thing << '\n';
  }
}

// --- Each rule: what it refuses, and what it accepts ---------------------------------------------

void expect_refused(Rule rule, const std::string& path, const std::string& text) {
  EXPECT_FALSE(rule(make_source(path, text)).empty()) << path << ":\n" << text;
}
void expect_passes(Rule rule, const std::string& path, const std::string& text) {
  for (const auto& finding : rule(make_source(path, text))) {
    ADD_FAILURE() << path << ":\n" << text << "\n" << finding.what;
  }
}

std::string include(const std::string& header) { return "#include \"" + header + "\"\n"; }

TEST(TidyArrows, NobodyLooksUpOrSideways) {
  const std::vector<std::pair<std::string, std::string>> refused{
      {"crdt/base/x.cc", "crdt/dot.h"},
      {"crdt/x.cc", "store/store.h"},
      {"store/x.cc", "gossip/node.h"},
      {"store/x.h", "agent/replica/replica.h"},
      {"gossip/x.cc", "store/store.h"},
      {"gossip/wire/x.cc", "gossip/transport/transport.h"},
      {"gossip/swim/x.cc", "agent/daemon.h"},
      {"gossip/wire/x.cc", "gossip/node.h"},
      {"gossip/wire/x.cc", "gossip/options.h"},
      {"gossip/wire/x.cc", "gossip/swim/membership.h"},
      {"gossip/tokens.cc", "gossip/swim/membership.h"},
      {"gossip/actions.h", "gossip/node.h"},
      {"gossip/swim/x.h", "gossip/reconcile/claims.h"},
      {"gossip/swim/x.cc", "gossip/spread/strategy.h"},
      {"gossip/swim/x.cc", "gossip/node_impl.h"},
      {"gossip/spread/x.cc", "gossip/reconcile/intake.h"},
      {"gossip/reconcile/x.cc", "gossip/spread/push_pull.h"},
      {"gossip/reconcile/x.cc", "gossip/node.h"},
      {"gossip/node.h", "gossip/swim/membership.h"},
      {"gossip/transport/x.cc", "gossip/node.h"},
      {"gossip/transport/x.cc", "gossip/swim/membership.h"},
      {"gossip/transport/x.cc", "agent/daemon.h"},
      {"agent/replica/x.cc", "gossip/node.h"},
      {"agent/replica/x.cc", "agent/daemon.h"},
      {"agent/http/x.cc", "crdt/dot.h"},
      {"agent/feed/x.cc", "agent/http/message.h"},
      {"agent/feed/x.cc", "agent/api/json_text.h"},
      {"agent/replica/x.cc", "agent/feed/feed.h"},
      {"agent/http/x.cc", "agent/replica/requests.h"},
      {"agent/http/x.cc", "agent/access/access.h"},
      {"agent/access/x.cc", "agent/http/message.h"},
      {"agent/access/x.cc", "agent/daemon.h"},
      {"agent/x.cc", "tools/cli/tree.h"},
      {"agent/api/x.cc", "agent/daemon.h"},

      {"tools/cli/x.cc", "store/store.h"},
      {"tools/cli/x.cc", "crdt/change.h"},
      {"tools/cli/x.cc", "agent/daemon.h"},
      {"tools/cli/x.cc", "agent/replica/replica.h"},
      {"tools/simulator/x.cc", "agent/daemon.h"},
      {"tools/probe/x.cc", "tools/bench/load.h"},
      {"tools/probe/x.cc", "agent/http/server.h"},
      {"tools/cli/x.cc", "tools/probe/http_client.h"},
      {"agent/x.cc", "tools/probe/network.h"},
      {"tools/bench/x.cc", "tests/support/process.h"},
      {"tests/support/x.h", "agent/daemon.h"},
      {"crdt/x.cc", "tests/support/process.h"},
      {"crdt/x.cc", "dot.h"},
  };
  for (const auto& [path, header] : refused) expect_refused(check_arrows, path, include(header));

  const std::vector<std::pair<std::string, std::string>> passing{
      {"crdt/x.cc", "crdt/base/bytes.h"},
      {"store/x.cc", "crdt/dot.h"},
      {"gossip/transport/x.cc", "gossip/wire/seal.h"},
      {"gossip/wire/x.h", "gossip/member.h"},
      {"gossip/tokens.h", "gossip/wire/seal.h"},
      {"gossip/swim/x.cc", "gossip/outbox.h"},
      {"gossip/spread/x.cc", "gossip/swim/member_table.h"},
      {"gossip/reconcile/x.cc", "gossip/swim/member_table.h"},
      {"gossip/node_door.cc", "gossip/node_impl.h"},
      {"gossip/node_impl.h", "gossip/reconcile/reconciler.h"},
      {"agent/replica/x.cc", "store/store.h"},
      {"agent/http/x.cc", "crdt/base/result.h"},
      {"agent/api/x.cc", "agent/http/router.h"},
      {"agent/api/x.cc", "agent/feed/feed.h"},
      {"agent/feed/x.cc", "agent/replica/requests.h"},
      {"agent/api/x.cc", "agent/access/access.h"},
      {"agent/access/x.cc", "agent/regular_file.h"},
      {"agent/daemon.cc", "gossip/transport/transport.h"},
      {"tools/cli/x.cc", "agent/config.h"},
      {"tools/cli/x.cc", "crdt/value.h"},
      {"agent/main.cc", "tools/cli/cli.h"},
      {"tools/simulator/x.cc", "agent/replica/replica.h"},
      {"tools/bench/x.cc", "tools/probe/http_client.h"},
      {"tests/support/x.h", "tools/probe/http_client.h"},
      {"tests/store/x.cc", "agent/daemon.h"},
  };
  for (const auto& [path, header] : passing) expect_passes(check_arrows, path, include(header));
}

TEST(TidyArrows, ATestMayNameItsNeighbourAndNobodyElseMay) {
  expect_passes(check_arrows, "tests/store/x.cc", include("sample.h"));
  expect_refused(check_arrows, "tests/store/x.cc", include("elsewhere/sample.h"));
  expect_refused(check_arrows, "store/x.cc", include("sample.h"));
}

TEST(TidyArrows, AnIncludeInACommentIsNone) {
  expect_passes(check_arrows, "store/x.cc", "// " + include("gossip/node.h"));
  expect_passes(check_arrows, "store/x.cc", "/*\n" + include("gossip/node.h") + "*/\n");
}

TEST(TidyLibraries, EachStopsAtItsBorder) {
  const std::vector<std::pair<std::string, std::string>> refused{
      {"crdt/x.cc", "sqlite3.h"},
      {"agent/replica/x.cc", "sqlite3.h"},
      {"agent/api/x.cc", "boost/beast/http.hpp"},
      {"agent/api/x.cc", "wslay/wslay.h"},
      {"agent/daemon.cc", "openssl/ssl.h"},
      {"gossip/wire/x.cc", "msgpack.hpp"},
      {"gossip/x.cc", "uv.h"},
      {"store/x.cc", "zstd.h"},
      {"agent/replica/x.cc", "uv.h"},
      {"agent/feed/x.cc", "uv.h"},
      {"store/x.cc", "sys/socket.h"},
      {"crdt/x.cc", "gtest/gtest.h"},
      {"agent/config.cc", "CLI/CLI.hpp"},
  };
  for (const auto& [path, header] : refused) {
    expect_refused(check_libraries, path, "#include <" + header + ">\n");
  }
  const std::vector<std::pair<std::string, std::string>> passing{
      {"store/x.cc", "sqlite3.h"},
      {"tools/bench/x.cc", "sqlite3.h"},
      {"tools/bench/http/x.cc", "wslay/wslay.h"},
      {"agent/http/x.cc", "boost/beast/http.hpp"},
      {"agent/http/x.cc", "openssl/ssl.h"},
      {"crdt/codec.cc", "msgpack.hpp"},
      {"gossip/transport/x.cc", "uv.h"},
      {"gossip/wire/x.cc", "zstd.h"},
      {"agent/daemon.cc", "uv.h"},
      {"tools/cli/x.cc", "CLI/CLI.hpp"},
      {"tests/store/x.cc", "gtest/gtest.h"},
  };
  for (const auto& [path, header] : passing) {
    expect_passes(check_libraries, path, "#include <" + header + ">\n");
  }
}

TEST(TidyPurity, RefusesWhatMakesARunDifferFromTheLast) {
  for (std::string code : {
           "auto now = std::chrono::steady_clock::now();",
           "auto now = chrono::system_clock :: now();",
           "long t = time(nullptr);",
           "long t = std::time(nullptr);",
           "return ::time(0);",
           "return time(0);",
           "bool late = a < b * time(0);",
           "gettimeofday(&tv, nullptr);",
           "clock_gettime(CLOCK_MONOTONIC, &ts);",
           "int s = ::socket(AF_INET, SOCK_DGRAM, 0);",
           "#include <sys/socket.h>",
           "#include <uv.h>",
           "std::thread worker;",
           "static std::mutex guard;",
           "#include <mutex>",
           "auto f = std::async(work);",
           "pthread_create(&id, nullptr, work, nullptr);",
           "int i = rand() % 6;",
           "std::random_device device;",
           "std::mt19937 engine(7);",
           "std::uniform_int_distribution<int> die(1, 6);",
           "std::shuffle(a.begin(), a.end(), engine);",
           "randombytes_buf(key, sizeof(key));",
           "std::unordered_map<int, int> table;",
           "#include <unordered_set>",
           "printf(\"x\");",
           "std::fprintf(file, \"x\");",
           "std::cout << 1;",
           "std::cerr << 1;",
           "throw Error();",
           "if (x) throw 1;",
       }) {
    for (std::string path :
         {"crdt/x.cc", "gossip/swim/x.h", "store/x.cc", "agent/replica/x.cc", "agent/feed/x.cc"}) {
      expect_refused(check_purity, path, code + "\n");
    }
    expect_passes(check_purity, "gossip/transport/x.cc", code + "\n");
    expect_passes(check_purity, "agent/daemon.cc", code + "\n");
  }
}

TEST(TidyPurity, LetsNamesakesCommentsAndLiteralsPass) {
  for (std::string code : {
           "// time(nullptr) and std::thread and throw\n",
           "/* std::cout << rand(); */ int x = 0;",
           "const char* text = \"printf( std::mutex throw\";",
           "const char* text = R\"(rand() \" std::thread)\"; int y = 1'000'000;",
           "char quote = '\"'; // \" printf(\nint after = 0;",
           "auto stamp = change.time(1);",
           "auto stamp = change->time();",
           "HybridTime time() const { return time_; }",
           "const HybridTime& time() const;",
           "HybridTime Change::time() const {}",
           "int operand(int x); int strand(int y);",
           "snprintf(buffer, sizeof(buffer), text);",
           "std::int64_t lifetime(int x); auto a = b.runtime();",
           "Random random; auto x = random.below(6);",
           "void throws_nothing() noexcept;",
       }) {
    expect_passes(check_purity, "store/x.cc", code + "\n");
  }
}

std::string function_of(int lines) {
  std::string text = "int f(int x) {\n";
  for (int i = 0; i < lines - 2; ++i) text += "  x += 1;\n";
  return text + "}\n";
}

TEST(TidySizes, RefusesWhatNobodyShouldHaveToRead) {
  expect_refused(check_sizes, "crdt/x.cc", function_of(kFunctionLinesMax + 1));
  expect_passes(check_sizes, "crdt/x.cc", function_of(kFunctionLinesMax));
  expect_refused(check_sizes, "crdt/x.cc",
                 "namespace crdt {\nclass X {\n public:\n" + function_of(101) + "};\n}\n");
  expect_refused(check_sizes, "crdt/x.cc", "int x;\n" + std::string(kFileLinesMax, '\n'));
  expect_passes(check_sizes, "crdt/x.cc", std::string(kFileLinesMax, '\n'));
  expect_refused(check_sizes, "crdt/x.cc", std::string(kColumnsMax + 1, 'x') + "\n");
  std::string wide;
  for (int i = 0; i < kColumnsMax; ++i) wide += "\xC3\xA9";
  expect_passes(check_sizes, "crdt/x.cc", wide + "\n");
}

TEST(TidySizes, ListsWhatIsLongBeforeItIsRefused) {
  EXPECT_EQ(long_things(make_source("a.cc", function_of(61))).size(), 1u);
  EXPECT_EQ(long_things(make_source("a.cc", function_of(60))).size(), 0u);
  EXPECT_EQ(long_things(make_source("a.cc", std::string(501, '\n'))).size(), 1u);
}

TEST(TidySizes, KnowsAFunctionFromWhatOnlyLooksLikeOne) {
  auto functions = functions_of(make_source("x.cc", R"text(
#define OPEN(x) if (x) { \
  {
namespace a::b {
struct Point { int x = 0; int y{1}; };
enum class Kind { kA, kB };
const std::vector<int> kTable = { 1, 2 };
const std::function<void()> kNothing{};
template <typename T, class = std::enable_if_t<(sizeof(T) > 1)>>
class Holder : public Base<T> {
 public:
  explicit Holder(int x) : x_(x), y_{x} { use("}}}"); }
  int x() const { return x_; }
 private:
  int x_; int y_{2};
};
template <typename T>
T larger(T a,
         T z) {
  if (a < z) { return z; }
  for (char c : {'{', 'a'}) use(c);
  return a;
}
auto twice = [](int x) { return 2 * x; };
extern "C" int entry(int x) { return x; }
extern "C" {
int other(void);
}
TEST(Suite, Name) {
}
bool operator==(const Point& a, const Point& z) noexcept { return a.x == z.x; }
}  // namespace a::b
)text"));

  std::vector<std::string> names;
  for (const auto& function : functions) names.push_back(function.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"explicit Holder", "int x", "T larger", "auto twice = []",
                                      "extern \" \" int entry", "TEST", "bool operator=="}));
  EXPECT_EQ(functions.at(2).lines, 7);  // from `template`
  EXPECT_EQ(functions.at(2).line, 17);
}

TEST(TidyHeaders, SayOnceAndWhatTheyAreFor) {
  expect_passes(check_header, "crdt/x.h", "#pragma once\n\n// What for.\n\nstruct X {};\n");
  expect_passes(
      check_header, "crdt/x.h",
      "#pragma once\n\n#include <a>\n\nnamespace x {\nclass Y;\n\n// What for.\nstruct X {};\n}\n");
  expect_refused(check_header, "crdt/x.h", "// What for.\n\nstruct X {};\n");
  expect_refused(check_header, "crdt/x.h",
                 "#pragma once\n\nnamespace x {\nstruct X {};  // no\n}\n");
  expect_passes(check_header, "crdt/x.cc", "int x;\n");
}

TEST(TidyNamespaces, FollowTheFolder) {
  expect_passes(check_namespace, "crdt/base/x.h", "namespace base {\n}\n");
  expect_passes(check_namespace, "gossip/wire/x.h", "namespace gossip::wire {\n}\n");
  expect_passes(check_namespace, "agent/api/x.cc", "namespace agent {\nnamespace {\n}\n}\n");
  expect_passes(check_namespace, "agent/main.cc", "int main(int argc, char** argv) {\n}\n");
  expect_passes(check_namespace, "tests/store/x.cc", "namespace whatever {\n}\n");
  expect_refused(check_namespace, "crdt/base/x.h", "namespace crdt {\n}\n");
  expect_refused(check_namespace, "gossip/wire/x.h", "namespace gossip {\n}\n");
  expect_refused(check_namespace, "agent/http/x.h", "namespace agent {\n}\n");
  expect_refused(check_namespace, "store/x.cc", "int x;\n");
}

TEST(TidyWords, RefusesMarkersTabsAndPathsOfOneMachine) {
  const std::string slash = "/";
  const std::vector<std::string> refused{
      "// TODO: later",         "// FIXME", "# XXX", "int\tx;", "cd " + slash + "work/x",
      "see " + slash + "root/x"};
  for (const auto& line : refused) {
    expect_refused(check_words, "docs/x.md", "first\n" + line + "\n");
  }
  for (const std::string& line : {std::string("hearsay-XXXXXX"), std::string("TODOS"),
                                  std::string("homework/done"), "a" + slash + "root/b"}) {
    expect_passes(check_words, "docs/x.md", line + "\n");
  }
}

TEST(TidyDecisions, HaveANumberANameAndATitle) {
  expect_passes(check_decision, "docs/decisions/0001-x.md", "# Why\n");
  expect_passes(check_decision, "docs/other.md", "no title\n");
  expect_refused(check_decision, "docs/decisions/0001-x.md", "Why\n");
  expect_refused(check_decision, "docs/decisions/0001-x.md", "");
  expect_refused(check_decision, "docs/decisions/why.md", "# Why\n");
}

}  // namespace
}  // namespace tidy

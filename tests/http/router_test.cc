#include "agent/http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Router make(const std::vector<std::pair<Verb, std::string>>& routes) {
  Router router;
  for (const auto& [verb, pattern] : routes) {
    Route route;
    route.verb = verb;
    route.pattern = pattern;
    route.handler = [](const std::shared_ptr<Exchange>&) {};
    router.add(std::move(route));
  }
  return router;
}

std::string pattern_for(const Router& router, Verb verb, const std::vector<std::string>& path) {
  auto match = router.match(verb, path);
  return match.route == nullptr ? "" : match.route->pattern;
}

TEST(Router, CapturesNamesAndTail) {
  Router router = make({{Verb::kPut, "/v1/objects/{id}/{path...}"}});

  auto match = router.match(Verb::kPut, {"v1", "objects", "a/b", "x", "", "y"});

  ASSERT_NE(match.route, nullptr);
  EXPECT_THAT(match.captures, ElementsAre("a/b"));
  EXPECT_THAT(match.tail, ElementsAre("x", "", "y"));
}

TEST(Router, TailMayBeEmptyButNamesMayNotBeMissing) {
  Router router = make({{Verb::kGet, "/v1/objects/{id}/{path...}"}});

  EXPECT_THAT(router.match(Verb::kGet, {"v1", "objects", "a"}).tail, IsEmpty());
  EXPECT_EQ(router.match(Verb::kGet, {"v1", "objects"}).route, nullptr);
  EXPECT_THAT(router.match(Verb::kGet, {"v1", "objects", ""}).captures, ElementsAre(""));
}

TEST(Router, MostSpecificWinsWhateverTheOrderOfAdding) {
  std::vector<std::pair<Verb, std::string>> routes = {
      {Verb::kGet, "/a/{x...}"}, {Verb::kGet, "/a/{x}"}, {Verb::kGet, "/a/b"},
      {Verb::kGet, "/a"},        {Verb::kGet, "/{n}/b"}, {Verb::kGet, "/{all...}"}};
  for (int i = 0; i < 6; ++i) {
    std::rotate(routes.begin(), routes.begin() + 1, routes.end());
    Router router = make(routes);

    EXPECT_EQ(pattern_for(router, Verb::kGet, {"a", "b"}), "/a/b");
    EXPECT_EQ(pattern_for(router, Verb::kGet, {"a", "c"}), "/a/{x}");
    EXPECT_EQ(pattern_for(router, Verb::kGet, {"a", "c", "d"}), "/a/{x...}");
    EXPECT_EQ(pattern_for(router, Verb::kGet, {"a"}), "/a");
    EXPECT_EQ(pattern_for(router, Verb::kGet, {"c", "b"}), "/{n}/b");
    EXPECT_EQ(pattern_for(router, Verb::kGet, {"c"}), "/{all...}");
    EXPECT_EQ(pattern_for(router, Verb::kGet, {}), "/{all...}");
  }
}

TEST(Router, HeadFollowsGetUnlessItHasItsOwn) {
  Router router = make({{Verb::kGet, "/a"}, {Verb::kGet, "/b"}, {Verb::kHead, "/b"}});

  EXPECT_EQ(router.match(Verb::kHead, {"a"}).route, router.routes().data());
  EXPECT_NE(router.match(Verb::kHead, {"b"}).route, nullptr);
  EXPECT_EQ(router.match(Verb::kGet, {"b"}).route, &router.routes()[1]);
}

TEST(Router, AllowListsTheVerbsOfThePath) {
  Router router = make({{Verb::kGet, "/a"}, {Verb::kDelete, "/a"}, {Verb::kPost, "/{x}"}});

  auto wrong = router.match(Verb::kPatch, {"a"});
  auto unknown = router.match(Verb::kPatch, {"a", "b"});

  EXPECT_EQ(wrong.route, nullptr);
  EXPECT_THAT(wrong.allow,
              UnorderedElementsAre(Verb::kGet, Verb::kHead, Verb::kDelete, Verb::kPost));
  EXPECT_EQ(unknown.route, nullptr);
  EXPECT_THAT(unknown.allow, IsEmpty());
}

TEST(Router, LessSpecificPatternWithTheVerbIsTaken) {
  Router router = make({{Verb::kGet, "/a/b"}, {Verb::kPost, "/a/{x}"}});

  EXPECT_EQ(pattern_for(router, Verb::kPost, {"a", "b"}), "/a/{x}");
}

TEST(Router, UnknownVerbNeverMatches) {
  Router router = make({{Verb::kGet, "/a"}});

  EXPECT_EQ(router.match(Verb::kOther, {"a"}).route, nullptr);
}

}  // namespace
}  // namespace http

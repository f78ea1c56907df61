// Texts by the names of their elements: what a client needs that holds a replica of a text.

#include <algorithm>

#include "crdt/base/bytes.h"
#include "crdt/base/random.h"
#include "tests/api/answers.h"
#include "tests/api/event_blocks.h"

namespace agent {
namespace {

// "a:5:0 len 2" as its single dots.
std::vector<std::string> dots_of(const Json& runs) {
  std::vector<std::string> dots;
  for (const Json& run : runs) {
    const crdt::Dot first = *crdt::Dot::from_text(run["dot"].get<std::string>());
    for (std::uint64_t change = 0; change < run.value("changes", 1u); ++change) {
      for (std::uint32_t i = 0; i < run["len"]; ++i) {
        dots.push_back(crdt::Dot{first.actor, first.seq + change, first.index + i}.text());
      }
    }
  }
  return dots;
}

std::vector<std::string> points_of(const std::string& text) {
  std::vector<std::string> points;
  for (char c : text) {
    const bool goes_on = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    if (!goes_on) points.emplace_back();
    points.back() += c;
  }
  return points;
}

std::vector<std::string> dots_behind(const std::string& first, std::size_t count) {
  Json run = {{"dot", first}, {"len", count}};
  return dots_of(Json::array({run}));
}

// A client: letters with their names, placed by what the events say and nothing else.
struct Replica {
  std::vector<std::pair<std::string, std::string>> letters;  // dot, code point

  void load(const Json& read) {
    letters.clear();
    const auto dots = dots_of(read["elements"]);
    const auto points = points_of(read["value"]);
    ASSERT_EQ(dots.size(), points.size());
    for (std::size_t i = 0; i < dots.size(); ++i) letters.emplace_back(dots[i], points[i]);
  }
  auto find(const std::string& dot) {
    return std::find_if(letters.begin(), letters.end(),
                        [&](const auto& letter) { return letter.first == dot; });
  }
  bool take(const Json& event) {  // false: the event does not fit
    if (event["op"] == "erase") {
      for (const std::string& dot : dots_of(event["elements"])) {
        if (auto at = find(dot); at != letters.end()) letters.erase(at);
      }
      return true;
    }
    if (event["op"] != "insert") return false;
    auto at = letters.begin();
    if (event["after"] != "start") {
      at = find(event["after"]);
      if (at == letters.end()) return false;
      ++at;
    }
    const auto points = points_of(event["value"]);
    const auto dots = dots_behind(event["dot"], points.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
      at = letters.insert(at, {dots[i], points[i]}) + 1;
    }
    return true;
  }
  std::string text() const {
    std::string text;
    for (const auto& [dot, point] : letters) text += point;
    return text;
  }
};

struct TextElements : ::testing::Test {
  FakeHost a{"A"};
  FakeHost z{"Z"};
  static Json read(FakeHost& host) { return json(host, "GET", "/v1/objects/note?elements=1"); }
  static Json edit(FakeHost& host, const std::string& op) {
    return json(host, "PATCH", "/v1/objects/note", R"({"type":"seq","ops":[)" + op + "]}");
  }
  static std::string insert(const std::string& after, const std::string& text) {
    return Json{{"op", "insert"}, {"after", after}, {"text", text}}.dump();
  }
  static std::string erase(const Json& elements) {
    return Json{{"op", "erase"}, {"elements", elements}}.dump();
  }
  static Json one(const std::string& dot) { return Json::array({{{"dot", dot}, {"len", 1}}}); }
};

TEST_F(TextElements, AreListedInTheOrderOfTheText) {
  const std::string first = edit(a, R"({"op":"insert","at":0,"text":"häy"})")["dot"];
  const std::string second = edit(a, R"({"op":"insert","at":1,"text":"X"})")["dot"];

  Json note = read(a);

  EXPECT_EQ(note["value"], "hXäy");
  auto dots = dots_behind(first, 3);
  dots.insert(dots.begin() + 1, second);
  EXPECT_EQ(dots_of(note["elements"]), dots);
  EXPECT_FALSE(json(a, "GET", "/v1/objects/note").contains("elements"));
}

// One run of several changes: a text that was typed by the key must not cost a run for each letter.
TEST_F(TextElements, OfATextThatWasTypedAreOneRun) {
  std::string last = edit(a, R"({"op":"insert","at":0,"text":"-"})")["dot"];
  for (char c = 'a'; c <= 'j'; ++c) last = edit(a, insert(last, std::string(1, c)))["dot"];

  Json elements = read(a)["elements"];

  ASSERT_EQ(elements.size(), 1u) << elements;
  EXPECT_EQ(elements[0]["len"], 1);
  EXPECT_EQ(elements[0]["changes"], 11);
  const auto dots = dots_of(elements);
  EXPECT_EQ(dots.back(), last);
  edit(a, erase(Json::array({{{"dot", dots[1]}, {"len", 1}, {"changes", 9}}})));
  EXPECT_EQ(read(a)["value"], "-j");
}

TEST_F(TextElements, AnEraseTakesWhatItNamesWhateverStandsBetween) {
  const std::string first = edit(a, R"({"op":"insert","at":0,"text":"abcd"})")["dot"];
  z.learn_from(a);
  const Json seen = read(z)["elements"];
  edit(z, R"({"op":"insert","at":2,"text":"--"})");

  edit(z, erase(seen));

  EXPECT_EQ(read(z)["value"], "--");
  EXPECT_EQ(edit(z, erase(one(first)))["dot"], nullptr) << "it is erased already";
}

TEST_F(TextElements, BadRunsAreRefusedWithTheirNumber) {
  const std::string dot = edit(a, R"({"op":"insert","at":0,"text":"abc"})")["dot"];
  const auto refused = [&](const std::string& elements, const std::string& more = "") {
    return refusal(a, "PATCH", "/v1/objects/note",
                   R"({"type":"seq","ops":[{"op":"erase","elements":)" + elements + more + "}]}");
  };
  const std::string good = R"([{"dot":")" + dot + R"(","len":1}])";
  for (const std::string& bad :
       {std::string("[]"), std::string("7"), std::string("[7]"), std::string("[{}]"),
        R"([{"dot":")" + dot + R"("}])", R"([{"dot":")" + dot + R"(","len":0}])",
        R"([{"dot":")" + dot + R"(","len":1,"changes":0}])",
        R"([{"dot":")" + dot + R"(","len":-1}])", R"([{"dot":")" + dot + R"(","len":1,"x":1}])",
        R"([{"dot":")" + dot + R"(","len":4294967296}])", std::string(R"([{"dot":"x","len":1}])"),
        R"([{"dot":")" + crdt::Dot{{}, UINT64_MAX, 0}.text() + R"(","len":1,"changes":9}])"}) {
    EXPECT_EQ(refused(bad), "400 invalid") << bad;
  }
  EXPECT_EQ(refused(good, R"(,"at":0)"), "400 invalid");
  EXPECT_EQ(refused(R"([{"dot":")" + dot + R"(","len":4}])"), "422 unprocessable");
  EXPECT_EQ(refused(R"([{"dot":")" + dot + R"(","len":4294967295,"changes":4294967295}])"),
            "422 unprocessable");
  EXPECT_EQ(read(a)["value"], "abc");
  body(a, "PUT", "/v1/objects/n", R"({"type":"lww_register","value":1})");
  EXPECT_EQ(refusal(a, "GET", "/v1/objects/n?elements=1"), "422 unprocessable");
  EXPECT_EQ(refusal(a, "GET", "/v1/objects/note?elements=2"), "400 invalid");
  EXPECT_EQ(refusal(a, "GET", "/v1/objects/none?elements=1"), "404 not_found");
}

TEST_F(TextElements, AnEmptyTextHasNone) {
  body(a, "PUT", "/v1/objects/note", R"({"type":"seq","value":""})");
  EXPECT_EQ(read(a)["elements"], Json::array());
}

// After a restart the text is opened in parts, from its blocks.
TEST_F(TextElements, OfAStoredTextAreErasedTheSame) {
  std::string text;
  for (int i = 0; i < 3'000; ++i) {
    const std::string letter(1, static_cast<char>('a' + i % 26));
    edit(a, R"({"op":"insert","at":)" + std::to_string(i / 2) + R"(,"text":")" + letter + "\"}");
    text.insert(static_cast<std::size_t>(i / 2), letter);
  }
  body(a, "POST", "/crdt/compact", R"({"object_id":"note"})");
  const auto dots = dots_of(read(a)["elements"]);
  a.restart(true);

  edit(a,
       erase(Json::array({{{"dot", dots[2'000]}, {"len", 1}}, {{"dot", dots[10]}, {"len", 1}}})));

  text.erase(2'000, 1).erase(10, 1);
  EXPECT_EQ(read(a)["value"], text);
}

// Edits of two agents at random. The replica of a client that hears every event as it happens is
// the text, at every moment.
TEST_F(TextElements, AClientThatHearsEveryEventHasTheText) {
  base::Random random = base::Random::from_number(5);
  edit(a, R"({"op":"insert","at":0,"text":"begin"})");
  z.learn_from(a);
  auto stream = open(a);
  a.run();
  Replica replica;
  replica.load(read(a));
  std::size_t taken = 0;
  std::size_t inserts = 0;

  for (int step = 0; step < 400; ++step) {
    FakeHost& writer = random.chance(2) ? a : z;
    Json note = read(writer);
    const auto dots = dots_of(note["elements"]);
    if (!dots.empty() && random.chance(3)) {
      const std::size_t at = random.below(dots.size());
      edit(writer, erase(one(dots[at])));
    } else {
      const std::size_t at = random.below(dots.size() + 1);
      edit(writer, insert(at == 0 ? "start" : dots[at - 1], random.chance(2) ? "é" : "xyz"));
    }
    if (random.chance(4)) {
      a.learn_from(z);
      z.learn_from(a);
    }
    const auto found = changes(*stream);
    for (; taken < found.size(); ++taken) {
      ASSERT_TRUE(replica.take(found[taken].data)) << found[taken].data;
      inserts += found[taken].data["op"] == "insert";
    }
    ASSERT_EQ(replica.text(), read(a)["value"]) << "step " << step;
  }
  EXPECT_GT(inserts, 100u);
}

// A client that was away reads the events from the log. Some name an element that the client does
// not know yet; then it loads the text. In all other cases the events lead to the text.
TEST_F(TextElements, AClientThatResumesHasTheTextOrKnowsThatItHasNot) {
  base::Random random = base::Random::from_number(6);
  int fitted = 0;
  int misfits = 0;
  for (int round = 0; round < 60; ++round) {
    FakeHost host("H" + std::to_string(round));
    edit(host, R"({"op":"insert","at":0,"text":"begin"})");
    auto before = open(host);
    host.run();
    const std::string cursor = heard(*before).back().id;
    Replica replica;
    replica.load(read(host));
    before->leave();
    for (std::uint64_t left = 2 + random.below(5); left > 0; --left) {
      const auto dots = dots_of(read(host)["elements"]);
      const std::size_t at = random.below(dots.size() + 1);
      if (at > 0 && random.chance(4)) {
        edit(host, erase(one(dots[at - 1])));
      } else {
        edit(host, insert(at == 0 ? "start" : dots[at - 1], "xy"));
      }
    }

    auto stream = open(host, cursor);
    host.run();
    bool fits = true;
    for (const Heard& event : changes(*stream)) fits = fits && replica.take(event.data);

    ++(fits ? fitted : misfits);
    if (fits) {
      EXPECT_EQ(replica.text(), read(host)["value"]);
    }
  }
  EXPECT_GT(fitted, 10);
  EXPECT_GT(misfits, 3);
}

}  // namespace
}  // namespace agent

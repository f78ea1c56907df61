#include "agent/http/router.h"

#include <algorithm>
#include <string_view>

#include "crdt/base/check.h"

namespace http {
namespace {

bool answers(Verb offered, Verb asked) {
  return offered == asked || (offered == Verb::kGet && asked == Verb::kHead);
}

void add_once(std::vector<Verb>& verbs, Verb verb) {
  if (std::find(verbs.begin(), verbs.end(), verb) == verbs.end()) verbs.push_back(verb);
}

}  // namespace

void Router::add(Route route) {
  CHECK(route.handler != nullptr);
  CHECK(!(route.signed_off_loopback && route.streams_body));
  if (route.scope == Scope::kByVerb) {
    bool reads = route.verb == Verb::kGet || route.verb == Verb::kHead;
    route.scope = reads ? Scope::kRead : Scope::kWrite;
  }
  Pattern pattern{compile(route.pattern), routes_.size()};
  routes_.push_back(std::move(route));
  auto at = std::upper_bound(patterns_.begin(), patterns_.end(), pattern, before);
  patterns_.insert(at, std::move(pattern));
}

Router::Match Router::match(Verb verb, const std::vector<std::string>& segments) const {
  Match match;
  for (const Pattern& pattern : patterns_) {
    if (!fits(pattern, segments)) continue;
    const Route& route = routes_[pattern.route];
    if (answers(route.verb, verb)) {
      match.route = &route;
      match.allow.clear();
      for (std::size_t i = 0; i < pattern.pieces.size(); ++i) {
        Kind kind = pattern.pieces[i].kind;
        if (kind == Kind::kName) match.captures.push_back(segments[i]);
        if (kind == Kind::kTail) {
          match.tail.assign(segments.begin() + static_cast<std::ptrdiff_t>(i), segments.end());
        }
      }
      return match;
    }
    add_once(match.allow, route.verb);
    if (route.verb == Verb::kGet) add_once(match.allow, Verb::kHead);
  }
  return match;
}

std::vector<Router::Piece> Router::compile(const std::string& pattern) {
  CHECK(pattern.starts_with('/'));
  std::vector<Piece> pieces;
  if (pattern == "/") return pieces;
  std::string_view rest = std::string_view(pattern).substr(1);
  for (;;) {
    CHECK(pieces.empty() || pieces.back().kind != Kind::kTail);  // a tail must be the last piece
    std::size_t end = std::min(rest.find('/'), rest.size());
    std::string_view text = rest.substr(0, end);
    if (!text.starts_with('{')) {
      pieces.push_back({Kind::kLiteral, std::string(text)});
    } else {
      CHECK(text.ends_with('}'));
      Kind kind = text.ends_with("...}") ? Kind::kTail : Kind::kName;
      pieces.push_back({kind, std::string(text)});
    }
    if (end == rest.size()) return pieces;
    rest.remove_prefix(end + 1);
  }
}

bool Router::fits(const Pattern& pattern, const std::vector<std::string>& segments) {
  const auto& pieces = pattern.pieces;
  bool has_tail = !pieces.empty() && pieces.back().kind == Kind::kTail;
  std::size_t fixed = has_tail ? pieces.size() - 1 : pieces.size();
  if (has_tail ? segments.size() < fixed : segments.size() != fixed) return false;
  for (std::size_t i = 0; i < fixed; ++i) {
    if (pieces[i].kind == Kind::kLiteral && pieces[i].text != segments[i]) return false;
  }
  return true;
}

// Two patterns that fit the same path first differ where their kinds differ, or where the shorter
// one ends and the longer one has a tail of no segments. In the second case the shorter one is more
// specific.
bool Router::before(const Pattern& a, const Pattern& b) {
  std::size_t common = std::min(a.pieces.size(), b.pieces.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (a.pieces[i].kind != b.pieces[i].kind) return a.pieces[i].kind < b.pieces[i].kind;
  }
  return a.pieces.size() < b.pieces.size();
}

}  // namespace http

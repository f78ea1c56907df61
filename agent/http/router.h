#pragma once

// The table of routes: which handler, how large a body, and a description. /openapi.json is made
// from the same table, and a test compares the two.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/http/message.h"

namespace http {

class Exchange;
using Handler = std::function<void(const std::shared_ptr<Exchange>&)>;

// The answer to a request that the server refuses before a handler has it.
using RefusalForm = Response (*)(int status, const base::Error& error);

// What a caller must be allowed to do.
enum class Scope : std::uint8_t {
  kByVerb,  // of a route that is added: GET reads, every other verb writes
  kNone,    // everybody may call it
  kAnyKey,  // every caller that is known
  kRead,
  kWrite,
  kAdmin,
};

struct Route {
  Verb verb = Verb::kGet;
  std::string pattern;  // "/v1/objects/{id}/{path...}"
  Handler handler;
  std::string summary;                   // one line, for /openapi.json
  std::vector<std::string> query_names;  // documented query parameters
  std::size_t body_max = 1u << 20;       // above: 413
  bool streams_body = false;             // the handler takes the body in pieces: Exchange::on_body
  std::vector<std::string> header_names = {};  // documented headers of the request
  // A GET route whose handler gets only sound requests for a WebSocket: Exchange::upgrade. All
  // others get 426 or 400.
  bool websocket = false;
  std::size_t message_max = 1u << 20;  // bytes of one message of a client; above: close code 1009
  Scope scope = Scope::kByVerb;
  // Callers of other hosts sign their requests and show a client certificate. Not together with
  // streams_body: a signature is known to hold only at the end of the body.
  bool signed_off_loopback = false;
  // The form of errors of this route, for a body that is too large, malformed or too slow.
  RefusalForm refused = refusal_response;
  bool key_in_query = false;  // a WebSocket: browsers cannot send the key in a header
};

class Router {
 public:
  // Add all routes before the first match, because matches point into the table. In the table no
  // route has the scope kByVerb.
  void add(Route route);
  const std::vector<Route>& routes() const { return routes_; }

  struct Match {
    const Route* route = nullptr;  // null: no route has this verb, see `allow`
    std::vector<std::string> captures;
    std::vector<std::string> tail;
    std::vector<Verb> allow;  // verbs of the patterns that fit the path; empty: 404
  };
  // A GET route also answers HEAD. Of the patterns with the verb the most specific one wins: a
  // literal before {name} before {name...}, compared from the left.
  Match match(Verb verb, const std::vector<std::string>& segments) const;

 private:
  enum class Kind : std::uint8_t { kLiteral, kName, kTail };  // in order of specificity
  struct Piece {
    Kind kind;
    std::string text;
  };
  struct Pattern {
    std::vector<Piece> pieces;
    std::size_t route;  // index in routes_
  };
  static std::vector<Piece> compile(const std::string& pattern);
  static bool fits(const Pattern& pattern, const std::vector<std::string>& segments);
  static bool before(const Pattern& a, const Pattern& b);

  std::vector<Route> routes_;
  std::vector<Pattern> patterns_;  // the most specific first
};

}  // namespace http

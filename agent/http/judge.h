#pragma once

// Who may send a request is decided outside of this folder, by a function in Options. It is called
// when the guard has let the head pass and the route is known, before a byte of the body is read.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/http/message.h"
#include "agent/http/peer.h"

namespace http {

struct Route;

// Checks a body that is collected for its handler, for example against a signature.
class BodyCheck {
 public:
  virtual ~BodyCheck() = default;
  virtual void add(std::string_view piece) = 0;
  // Called once, after the last piece. An answer: the handler does not get the request.
  virtual std::optional<Response> finish() = 0;
};

struct Judgement {
  std::optional<Response> refusal;  // the answer, instead of that of the handler
  std::string caller;               // for Request::caller
  Headers headers;                  // added to the answer, whatever it is
  std::unique_ptr<BodyCheck> body;  // may be null; never for a route that streams its body
};

// Whether a caller that has an open stream may go on with it. Asked from time to time.
using StillAllowed = std::function<bool(const std::string& caller, const Peer& peer)>;
using Judge = std::function<Judgement(const Request& head, const Route& route, const Peer& peer)>;

}  // namespace http

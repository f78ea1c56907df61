#pragma once

// Between HTTP and auth::Access: takes the credentials out of a request, and gives a refusal the
// form of the protocol that the route belongs to.

#include <functional>

#include "agent/access/access.h"
#include "agent/http/judge.h"
#include "agent/http/router.h"

namespace agent {

using AccessTime = std::function<auth::Time()>;

// What `request` shows. The views are into `request`, which must outlive them.
auth::Asked asked_of(const http::Request& request, const http::Route& route);

// Whether a caller may go on with a stream: its key stands in the file, and its certificate is
// valid.
bool may_go_on(const auth::Access& access, const auth::Time& time, std::string_view caller,
               const http::Peer& peer);

// For http::Options. `access` must outlive every request.
http::Judge judge_by(auth::Access& access, AccessTime time);

// GET /crdt/nonce.
void add_nonce_route(auth::Access& access, AccessTime time, http::Router& router);

}  // namespace agent

#pragma once

// GET /v1/events: changes after their commit as server-sent events, resumed with Last-Event-ID. It
// renders the feed (agent/feed/feed.h).

#include <memory>

#include "agent/api/host.h"
#include "agent/feed/feed.h"
#include "agent/http/router.h"

namespace agent {

void add_event_route(Host& host, std::shared_ptr<Feed> feed, http::Router& router);

}  // namespace agent

#pragma once

// Device sync (docs/api.md, "Device sync"): devices bring their notes with their own timestamps and
// get those of the others, over a WebSocket or, by polling, with POST /sync/device. The notes are
// the object `notes`, a crdt_map of registers whose stamps are (timestamp, device).

#include <memory>

#include "agent/api/host.h"
#include "agent/feed/feed.h"
#include "agent/http/router.h"

namespace agent {

void add_device_sync_routes(Data& data, Timers& timers, std::shared_ptr<Feed> feed,
                            http::Router& router);

}  // namespace agent

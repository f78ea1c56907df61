#include "agent/api/api.h"

#include "agent/api/catalog.h"
#include "agent/api/catalog_deltas.h"
#include "agent/api/catalog_query.h"
#include "agent/api/compaction.h"
#include "agent/api/conflicts.h"
#include "agent/api/delta_metrics.h"
#include "agent/api/delta_sync.h"
#include "agent/api/device_sync.h"
#include "agent/api/dictionary.h"
#include "agent/api/event_stream.h"
#include "agent/api/health.h"
#include "agent/api/import.h"
#include "agent/api/membership.h"
#include "agent/api/objects.h"
#include "agent/api/openapi.h"
#include "agent/api/presence.h"
#include "agent/api/state.h"
#include "agent/api/status.h"
#include "agent/api/ui.h"

namespace agent {

void add_routes(Host& host, http::Router& router) {
  add_status_routes(host, router);
  add_object_routes(host, router);
  add_conflict_route(host, host, router);
  const auto feed = std::make_shared<Feed>(host, host);
  add_event_route(host, feed, router);
  add_dictionary_route(host, host, feed, router);
  add_device_sync_routes(host, host, feed, router);
  add_import_route(host, host, router);
  add_compaction_route(host, host, router);
  add_delta_sync_routes(host, router);
  add_delta_metrics_route(host, router);
  add_state_routes(host, host, host, router);
  add_membership_routes(host, router);
  add_presence_routes(host, router);
  add_catalog_routes(host, router);
  add_catalog_delta_routes(host, router);
  add_query_route(host, host, router);
  add_health_routes(host, host, router);
  add_ui_routes(router);
  add_openapi_route(router);
}

}  // namespace agent

#pragma once

// The agent as the routes see it, in four parts. A handler takes the parts that it needs and no
// more. The Daemon implements it; tests use a double.

#include <string>

#include "agent/api/about.h"
#include "agent/api/data.h"
#include "agent/api/mesh_control.h"
#include "agent/feed/timers.h"

namespace agent {

class Host : public Data, public MeshControl, public Timers, public About {
 public:
  std::string short_node_id() const override { return facts().node_id.short_hex(); }
};

}  // namespace agent

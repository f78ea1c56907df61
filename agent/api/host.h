#pragma once

// The agent as the routes see it, in four parts. A handler takes the parts that it needs and no
// more. The Daemon implements it; tests use a double.

#include "agent/api/about.h"
#include "agent/api/data.h"
#include "agent/api/mesh_control.h"
#include "agent/api/timers.h"

namespace agent {

class Host : public Data, public MeshControl, public Timers, public About {};

}  // namespace agent

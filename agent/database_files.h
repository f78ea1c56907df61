#pragma once

// The files of a database on this host, moved and removed as a whole when it is set aside.

#include "agent/replica/set_aside.h"

namespace agent {

// Flushes the directory after every change. It has no state: one for the whole program.
DatabaseFiles& database_files();

}  // namespace agent

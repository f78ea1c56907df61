#pragma once

// A VFS like the default one, except that a sync takes some time. It records when the last sync
// ended.

#include <chrono>
#include <string>

namespace agent {

// Registers the VFS (once) under `name`. `delay` is the time of every sync of a WAL; 0 makes the
// VFS the default again.
void register_slow_vfs(const std::string& name);
void set_sync_delay(std::chrono::milliseconds delay);
// Monotonic nanoseconds at which the last sync of a WAL returned.
long long last_sync_end();

}  // namespace agent

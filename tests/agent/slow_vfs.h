#pragma once

// A VFS like the default one whose sync takes a while, and which tells when one ended.

#include <chrono>
#include <string>

namespace agent {

// Registers it (once) under `name`. `delay` of every sync of a WAL; 0 makes it the default again.
void register_slow_vfs(const std::string& name);
void set_sync_delay(std::chrono::milliseconds delay);
// Monotonic nanoseconds at which the last sync of a WAL returned.
long long last_sync_end();

}  // namespace agent

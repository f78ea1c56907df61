#pragma once

// A program may be started with descriptor 0, 1 or 2 closed. Then the next file that it opens gets
// that number, and what is meant for stdout or stderr is written into it.

namespace agent {

// Gives each of the three that is closed to /dev/null: reading stdin and writing stdout fail with
// EBADF, as they would have, and what goes to stderr is lost. To be called first of all.
void keep_standard_streams();

}  // namespace agent

#pragma once

// A program may be started with descriptor 0, 1 or 2 closed. The next file that it opens then gets
// this number, and output for stdout or stderr would be written into the file.

namespace agent {

// Opens /dev/null for each of the three descriptors that is closed. Reading stdin and writing
// stdout still fail with EBADF; output for stderr is lost. Call it before anything else.
void keep_standard_streams();

}  // namespace agent

#pragma once

// The signals that an agent obeys: SIGTERM, SIGINT and SIGHUP. While they are held they do not end
// the process: they wait until signals.h reads them. So a signal that comes while an agent starts,
// stops, or opens its database again is not lost and does not kill the process.

#include <csignal>

namespace agent {

sigset_t obeyed_signals();

// Holds the signals for the whole process. Call it before the first thread is started and before
// anything is opened. It also ignores SIGXFSZ, so that a write above the size limit of a file
// (`ulimit -f`) fails with EFBIG, like a write on a full disk, instead of ending the program.
void hold_signals();

// Gives the signals back to the kernel, for commands that are not the agent. A signal that came in
// the meantime ends the program here.
void release_signals();

}  // namespace agent

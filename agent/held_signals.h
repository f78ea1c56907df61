#pragma once

// The signals an agent obeys: SIGTERM, SIGINT and SIGHUP. Held, they end nothing: they wait until
// signals.h reads them. So none that comes while an agent starts, stops, or starts again in the
// same process is its end.

#include <csignal>

namespace agent {

sigset_t obeyed_signals();

// For the whole process: to be called before its first thread is started and before anything is
// opened. Also ignores SIGXFSZ, so that a write over the limit of a file's size (`ulimit -f`) fails
// with EFBIG, like one on a full disk, instead of ending the program.
void hold_signals();

// Back to what the kernel does by itself. For commands that are not the agent; one that came
// meanwhile ends the program here.
void release_signals();

}  // namespace agent

#pragma once

// The heap of a program that is small most of the time and large for moments.

namespace agent {

// Once, before the first thread: few arenas, and large blocks of their own that go back to the
// system as soon as they are freed. Without this the heap of an agent stays as large as it ever
// was.
void keep_heap_small();

// Gives free parts of the heap back to the system. Milliseconds, during which other threads may
// wait for memory: for times of rest, not on the loop thread.
void give_heap_back();

}  // namespace agent

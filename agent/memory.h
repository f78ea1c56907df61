#pragma once

// Keeps the heap of the agent small. The agent needs little memory most of the time, and much for
// short times.

namespace agent {

// Call it once, before the first thread. It limits the arenas, and large blocks get their own
// mapping, which goes back to the system when they are freed. Without it the heap of an agent would
// keep its largest size.
void keep_heap_small();

// Gives free parts of the heap back to the system. It takes milliseconds during which other threads
// may wait for memory, so call it when the agent is at rest, and not on the loop thread.
void give_heap_back();

}  // namespace agent

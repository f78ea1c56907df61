#include "agent/memory.h"

#include <malloc.h>

namespace agent {
namespace {

constexpr int kArenas = 2;
constexpr int kOwnBlockBytes = 256 * 1024;

}  // namespace

void keep_heap_small() {
  mallopt(M_ARENA_MAX, kArenas);
  // Setting the threshold also stops malloc from raising it when a larger block is freed.
  mallopt(M_MMAP_THRESHOLD, kOwnBlockBytes);
  mallopt(M_TRIM_THRESHOLD, kOwnBlockBytes);
}

void give_heap_back() { malloc_trim(0); }

}  // namespace agent

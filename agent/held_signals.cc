#include "agent/held_signals.h"

#include <initializer_list>

#include "crdt/base/check.h"

namespace agent {

sigset_t obeyed_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

void hold_signals() {
  signal(SIGXFSZ, SIG_IGN);
  sigset_t set = obeyed_signals();
  CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
}

void release_signals() {
  sigset_t set = obeyed_signals();
  CHECK(pthread_sigmask(SIG_UNBLOCK, &set, nullptr) == 0);
}

}  // namespace agent

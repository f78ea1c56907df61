#pragma once

// The server of y-websocket (npm) as a process, and keystrokes as its clients send them: updates
// that Yjs made, recorded once (tools/bench/peers/y-websocket). It relays them in memory.

#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "tools/bench/http/server_child.h"
#include "tools/bench/summary.h"

namespace bench {

class YWebsocket {
 public:
  // `peers`: the folder where tools/bench/peers/setup put it. kNotFound if it is not installed.
  static base::Result<YWebsocket> start(const std::string& peers, std::size_t keystrokes,
                                        const std::string& log);
  // Two clients of a new document; one types, one reads.
  base::Result<Summary> type(const std::string& document);

 private:
  ServerChild server_;
  std::vector<std::string> updates_;  // messages, in their order
};

}  // namespace bench

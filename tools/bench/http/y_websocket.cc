#include "tools/bench/http/y_websocket.h"

#include <filesystem>
#include <sstream>

#include "crdt/base/bytes.h"
#include "tools/bench/clock.h"
#include "tools/bench/http/typing.h"

namespace bench {
namespace {

constexpr std::int64_t kRecordTimeout = 60 * kSecond;
constexpr std::string_view kUpdateHead{"\x00\x02", 2};  // a message of the protocol: sync, update

base::Result<std::vector<std::string>> record_keystrokes(const std::string& node,
                                                         const std::string& script,
                                                         std::size_t keystrokes,
                                                         const std::string& log) {
  ASSIGN_OR_RETURN(auto child, Child::start({node, script, std::to_string(keystrokes)}, {}, log));
  const bool ended = child->wait(kRecordTimeout) == 0;
  std::vector<std::string> updates;
  std::istringstream lines(text_of_file(log));
  for (std::string line; std::getline(lines, line);) {
    const auto bytes = base::from_hex(line);
    if (bytes && bytes->starts_with(kUpdateHead)) updates.push_back(*bytes);
  }
  if (ended && updates.size() == keystrokes) return updates;
  return base::Error{base::Code::kUnavailable,
                     "record keystrokes of Yjs: " + text_of_file(log).substr(0, 300)};
}

}  // namespace

base::Result<YWebsocket> YWebsocket::start(const std::string& peers, std::size_t keystrokes,
                                           const std::string& log) {
  const std::string beside = std::filesystem::path(own_program()).parent_path().string();
  const auto folder = std::filesystem::path(peers.empty() ? beside : peers) / "peer-y-websocket";
  const std::string node = find_program("node");
  if (node.empty() || !std::filesystem::exists(folder / "node_modules/yjs")) {
    return base::Error{base::Code::kNotFound,
                       "y-websocket is not installed: see tools/bench/peers/setup http"};
  }
  YWebsocket peer;
  ASSIGN_OR_RETURN(peer.updates_, record_keystrokes(node, (folder / "record.mjs").string(),
                                                    keystrokes, log + ".record"));
  ASSIGN_OR_RETURN(peer.server_, ServerChild::start({node, (folder / "server.mjs").string()}, log));
  return peer;
}

base::Result<Summary> YWebsocket::type(const std::string& document) {
  ASSIGN_OR_RETURN(auto writer, WebSocketClient::open(server_.address, "/" + document));
  ASSIGN_OR_RETURN(auto reader, WebSocketClient::open(server_.address, "/" + document));
  RETURN_IF_ERROR(writer->await_message());  // the state of the document at the beginning
  RETURN_IF_ERROR(reader->await_message());
  std::size_t heard = 0;
  Typing typing;
  typing.keystrokes = updates_.size();
  typing.binary = true;
  typing.message = [this](std::size_t number) { return updates_[number]; };
  // The server sends the updates in their order.
  typing.latest = [&heard](std::string_view message) -> std::optional<std::size_t> {
    if (!message.starts_with(kUpdateHead)) return std::nullopt;
    return heard++;
  };
  return type_and_read(*writer, *reader, typing);
}

}  // namespace bench

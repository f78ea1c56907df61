#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "tools/bench/http/figure.h"
#include "tools/bench/http/typing.h"
#include "tools/bench/http/y_websocket.h"
#include "tools/bench/raw_writes.h"
#include "tools/probe/relay.h"

namespace bench {
namespace {

constexpr double kKeystrokeMillisMax = 10;
constexpr int kDelayMillis = 20;
constexpr unsigned kLossOfThousand = 20;
constexpr double kRelayMillisMax = kDelayMillis + 50;
constexpr double kCommitSeconds = 1;

std::size_t keystrokes_of(const HttpBench& bench) {
  return static_cast<std::size_t>(std::ceil(bench.options.seconds / kKeystrokeSeconds));
}

// A keystroke updates one key of the dictionary: its number, and the end of what was typed.
std::string dictionary_keystroke(std::size_t number) {
  std::string end;
  for (std::size_t i = number < 40 ? 0 : number - 40; i <= number; ++i) {
    end += static_cast<char>('a' + i % 26);
  }
  return fmt::format(R"({{"action":"update","key":"draft","value":"{} {}"}})", number, end);
}

std::optional<std::size_t> keystroke_in(std::string_view message) {
  constexpr std::string_view kMark = R"("key":"draft","value":")";
  const std::size_t at = message.find(kMark);
  if (at == message.npos) return std::nullopt;
  std::size_t number = 0;
  const char* first = message.data() + at + kMark.size();
  const auto read = std::from_chars(first, message.data() + message.size(), number);
  if (read.ec != std::errc{}) return std::nullopt;
  return number;
}

using Pair = std::vector<std::unique_ptr<Agent>>;

// Two agents that see each other; through the relay, if there is one.
base::Result<Pair> start_pair(const HttpBench& bench, const std::string& name,
                              probe::Relay* relay) {
  Pair pair;
  for (std::size_t i = 0; i < 2; ++i) {
    AgentSetup setup = bench.agents;
    std::string join = i == 0 ? "" : pair[0]->bind();
    if (relay != nullptr) {
      setup.profile = "lan";
      setup.more = {"--advertise", relay->front(relay->add())};
      if (i > 0) join = relay->front(0);
    }
    ASSIGN_OR_RETURN(auto agent,
                     Agent::start(setup, fmt::format("{}-{}", name, i), join, bench.folder));
    RETURN_IF_ERROR(agent->wait_serving());
    if (relay != nullptr) relay->attach(i, agent->bind());
    pair.push_back(std::move(agent));
  }
  for (auto& agent : pair) RETURN_IF_ERROR(agent->wait_members(2));
  return pair;
}

base::Result<Summary> type_between(const Pair& pair, std::size_t keystrokes) {
  ASSIGN_OR_RETURN(auto writer, WebSocketClient::open(pair[0]->http(), "/ws"));
  ASSIGN_OR_RETURN(auto reader, WebSocketClient::open(pair[1]->http(), "/ws"));
  RETURN_IF_ERROR(writer->await_message());
  RETURN_IF_ERROR(reader->await_message());
  Typing typing;
  typing.keystrokes = keystrokes;
  typing.message = dictionary_keystroke;
  typing.latest = keystroke_in;
  return type_and_read(*writer, *reader, typing);
}

}  // namespace

base::Result<HttpFigures> measure_keystroke(const HttpBench& bench) {
  HttpFigure p99{"keystroke to another agent, p99", "ms", false, kKeystrokeMillisMax, 1,
                 "y-websocket p99 + one raw COMMIT"};
  HttpFigure median{"the same: median", "ms", false, {}, {}, "y-websocket median"};
  HttpFigure yjs{"y-websocket alone, p99", "ms", false, {}, {}, "y-websocket"};
  HttpFigure commit{"one raw COMMIT, median", "ms", false, {}, {}, "raw SQLite"};
  auto peer = YWebsocket::start(bench.options.peers, keystrokes_of(bench), bench.file("y.log"));
  if (!peer.ok()) bench.note("keystroke: without its floor: " + peer.error().message);
  for (int i = 0; i < bench.options.runs; ++i) {
    if (peer.ok()) {
      ASSIGN_OR_RETURN(WriteRate raw,
                       measure_raw_writes(1, std::min(bench.options.seconds, kCommitSeconds),
                                          bench.file(fmt::format("raw-keystroke-{}", i))));
      ASSIGN_OR_RETURN(Summary relayed, peer->type(fmt::format("document-{}", i)));
      yjs.floor.push_back(relayed.p99);
      median.floor.push_back(relayed.median);
      commit.floor.push_back(raw.latency_millis.median);
      p99.floor.push_back(relayed.p99 + raw.latency_millis.median);
    }
    ASSIGN_OR_RETURN(Pair pair, start_pair(bench, fmt::format("typing-{}", i), nullptr));
    ASSIGN_OR_RETURN(Summary ours, type_between(pair, keystrokes_of(bench)));
    p99.hearsay.push_back(ours.p99);
    median.hearsay.push_back(ours.median);
    for (auto& agent : pair) agent->stop();
  }
  if (!peer.ok()) return HttpFigures{p99, median};
  return HttpFigures{p99, median, yjs, commit};
}

base::Result<HttpFigures> measure_relay(const HttpBench& bench) {
  HttpFigure p99{
      fmt::format("keystroke through {} ms and {} % loss, p99", kDelayMillis, kLossOfThousand / 10),
      "ms", false, kRelayMillisMax};
  HttpFigure median{"the same: median", "ms"};
  std::uint64_t passed = 0;
  std::uint64_t lost = 0;
  for (int i = 0; i < bench.options.runs; ++i) {
    probe::Relay relay(static_cast<std::uint64_t>(i) + 1);
    probe::DatagramFaults faults;
    faults.loss = kLossOfThousand;
    faults.delay_min = faults.delay_max = probe::Millis{kDelayMillis};
    relay.set_all(faults);
    ASSIGN_OR_RETURN(Pair pair, start_pair(bench, fmt::format("far-{}", i), &relay));
    ASSIGN_OR_RETURN(Summary ours, type_between(pair, keystrokes_of(bench)));
    p99.hearsay.push_back(ours.p99);
    median.hearsay.push_back(ours.median);
    for (auto& agent : pair) agent->stop();
    passed += relay.counts().passed;
    lost += relay.counts().lost;
  }
  bench.note(fmt::format("relay: {} datagrams passed, {} were lost", passed, lost));
  return HttpFigures{p99, median};
}

}  // namespace bench

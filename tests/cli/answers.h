#pragma once

// Shared by the tests of commands: prepared answers of an agent, and functions that run a command.

#include <string>

#include "tests/cli/fake_agent.h"
#include "tests/cli/program.h"

namespace cli {

using Words = Program::Words;

inline FakeAgent::Handler always(std::string response) {
  return [response](const Seen&) { return response; };
}

inline Ended ask(const FakeAgent& agent, Words arguments) {
  arguments.insert(arguments.end(), {"--http", agent.address()});
  return run_program(arguments);
}

inline bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The shortest list of members that an agent may give: itself.
inline constexpr char kAlone[] =
    R"([{"name":"n1","node_id":"00","address":"127.0.0.1:7700","state":"alive"}])";

inline constexpr char kStatus[] =
    R"({"name":"n1","node_id":"00ff","actor_id":null,"version":"0.1.0","state":"STATE",)"
    R"("bind":"0.0.0.0:7700","http":"127.0.0.1:7780","topology":"direct","profile":"lan",)"
    R"("members":{"alive":3,"suspect":1,"dead":0},"vector":{"a1":5,"b2":18446744073709551000},)"
    R"("digest":"d1","objects":2,"cells":40,"log":{"changes":9,"bytes":2097152},)"
    R"("clock":{"trusted":true,"offset_ms":-3},"uptime_seconds":93784,)"
    R"("last_join":{"outcome":"merged","from":"00112233445566778899aabbccddeeff",)"
    R"("seconds_ago":12,"away_seconds":90000,"objects":{"new":1,"changed":2,"removed":3},)"
    R"("cells":{"added":4,"removed":5},"texts_changed":6,"own_changes_kept":7,"bytes":2048,)"
    R"("seconds":1.250}})";

inline std::string status_body(const std::string& state) {
  std::string body = kStatus;
  return body.replace(body.find("STATE"), 5, state);
}

inline constexpr char kMembers[] =
    R"([{"name":"n1","node_id":"00112233445566778899aabbccddeeff","address":"127.0.0.1:7700",)"
    R"("state":"alive","incarnation":1,"rtt_ms":null,"topology":"direct","vector_lag":null}, )"
    R"({"name":"caf\u00e9\u001b","node_id":"ff","address":"[::1]:1","state":"dead",)"
    R"("incarnation":12.0,"rtt_ms":1.50,"topology":"tree","vector_lag":18446744073709551615}])";

}  // namespace cli

#include "tools/bench/types/peers.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "tools/bench/child.h"
#include "tools/bench/clock.h"
#include "tools/bench/summary.h"

namespace bench {
namespace {

constexpr std::int64_t kRunNanosMax = 150 * kSecond;      // a run that takes longer is ended
constexpr std::int64_t kTogetherNanosMax = 30 * kSecond;  // no further run after this time

using nlohmann::json;

base::Error failed(const std::string& what) { return {base::Code::kUnavailable, what}; }

TypesPeer program(const std::string& name, const std::string& path) {
  if (::access(path.c_str(), X_OK) != 0) return {name, {}};
  return {name, {path}};
}

TypesPeer script(const std::string& name, const std::filesystem::path& folder) {
  const std::string node = find_program("node");
  const bool installed = std::filesystem::exists(folder / "node_modules" / name);
  if (node.empty() || !installed) return {name, {}};
  return {name, {node, "--expose-gc", (folder / "main.mjs").string()}};
}

// The last line that is an object.
base::Result<json> last_object(const std::string& path) {
  std::ifstream in(path);
  json found;
  std::string last;
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    last = line;
    if (line.front() == '{' && json::accept(line)) found = json::parse(line);
  }
  if (found.is_object()) return found;
  return failed(last.empty() ? "it printed nothing" : last.substr(0, 200));
}

base::Result<json> run_once(const std::vector<std::string>& command, const std::string& log) {
  std::filesystem::remove(log);
  ASSIGN_OR_RETURN(auto child, Child::start(command, {}, log));
  const auto status = child->wait(kRunNanosMax);
  if (!status) {
    return failed(child->running() ? fmt::format("no result after {} s", kRunNanosMax / kSecond)
                                   : "it was killed by a signal");
  }
  return last_object(log);
}

}  // namespace

std::vector<TypesPeer> find_types_peers(const std::string& folder) {
  const std::filesystem::path path(folder);
  std::vector<TypesPeer> peers{{"hearsay", {own_program(), "types-peer"}}};
  peers.push_back(program("diamond-types", path / "peer-diamond"));
  peers.push_back(program("loro", path / "peer-loro"));
  peers.push_back(program("yrs", path / "peer-yrs"));
  peers.push_back(program("automerge", path / "peer-automerge"));
  peers.push_back(script("yjs", path / "peer-yjs"));
  return peers;
}

TypesPeer find_set_peer(const std::string& folder) {
  return program("crdts", std::filesystem::path(folder) / "peer-crdts");
}

base::Result<json> run_peer(const TypesPeer& peer, const std::vector<std::string>& arguments,
                            int runs, const std::string& log_folder) {
  if (peer.command.empty()) return failed("not installed");
  std::vector<std::string> command = peer.command;
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::map<std::string, std::vector<double>> numbers;
  json result;
  bool ok = true;
  int done = 0;
  const std::int64_t begin = monotonic_nanos();
  for (; done < runs && (done == 0 || monotonic_nanos() - begin < kTogetherNanosMax); ++done) {
    ASSIGN_OR_RETURN(result, run_once(command, log_folder + "/" + peer.name + ".log"));
    ok = ok && result.value("ok", false);
    for (const auto& [key, value] : result.items()) {
      if (value.is_number()) numbers[key].push_back(value.get<double>());
    }
  }
  for (auto& [key, values] : numbers) result[key] = summarise(std::move(values)).median;
  result["ok"] = ok;
  result["runs"] = done;
  return result;
}

}  // namespace bench

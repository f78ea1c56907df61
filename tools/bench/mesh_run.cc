#include "tools/bench/mesh_run.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tools/bench/clock.h"
#include "tools/probe/http_client.h"

namespace bench {
namespace {

constexpr std::int64_t kJoinTimeout = 120 * kSecond;
constexpr std::int64_t kStopTimeout = 20 * kSecond;
constexpr std::int64_t kMemberStart = 20 * kSecond;
constexpr unsigned kReadMicros = 20'000;

}  // namespace

base::Result<std::unique_ptr<MeshRun>> MeshRun::start(const MeshSetup& setup, int members,
                                                      MeshNetwork& network,
                                                      const WorkFolder& folder,
                                                      const std::string& label) {
  std::unique_ptr<MeshRun> run(new MeshRun(setup, network, folder, label));
  run->members_.resize(static_cast<std::size_t>(members));
  for (int i = 0; i < members; ++i) {
    RETURN_IF_ERROR(run->launch(i));
    // The others join the first one. Some of the programs give up if nobody listens there yet.
    if (i == 0) run->watch(kSecond / 2);
  }
  if (!run->watch_until(kJoinTimeout, [&] { return run->acquainted(); })) {
    return base::Error{base::Code::kTimeout,
                       fmt::format("{} members of {} do not all see each other", members,
                                   program_name(setup.program.kind))};
  }
  return run;
}

base::Status MeshRun::launch(int index) {
  Member& member = members_[static_cast<std::size_t>(index)];
  MemberStart start;
  start.index = index;
  start.profile = setup_.profile;
  start.host = network_.host(index);
  if (index > 0) start.join = fmt::format("{}:{}", network_.host(0), kMeshPort);
  start.data = data(folder_, label_, index);
  start.key_file = setup_.key_file;
  start.topology = setup_.topology;
  start.more = setup_.more;
  start.shared_loopback = !network_.isolated();
  std::filesystem::create_directories(start.data);
  std::filesystem::remove(start.data + "/agent.json");  // a killed agent leaves this file behind
  member.log = start.data + ".log";
  member.view.clear();
  return network_.on(index, [&]() -> base::Status {
    ASSIGN_OR_RETURN(member.child, Child::start(command_of(setup_.program, start), {}, member.log));
    member.running = true;
    return {};
  });
}

std::string MeshRun::data(const WorkFolder& folder, const std::string& label, int index) {
  return (folder / fmt::format("{}-{}", label, index)).string();
}

void MeshRun::kill(int index) {
  Member& member = members_[static_cast<std::size_t>(index)];
  member.child->kill();
  member.running = false;
}

void MeshRun::stop(int index) {
  Member& member = members_[static_cast<std::size_t>(index)];
  member.child->stop(kStopTimeout);
  member.running = false;
}

void MeshRun::pause(int index) {
  Member& member = members_[static_cast<std::size_t>(index)];
  ::kill(member.child->pid(), SIGSTOP);
  member.running = false;
}

void MeshRun::resume(int index) {
  Member& member = members_[static_cast<std::size_t>(index)];
  ::kill(member.child->pid(), SIGCONT);
  member.running = true;
}

// --- What members say ----------------------------------------------------------------------------

bool MeshRun::watch_until(std::int64_t nanos, const std::function<bool()>& holds) {
  std::int64_t deadline = monotonic_nanos() + nanos;
  for (;;) {
    read_all();
    if (holds()) return true;
    if (monotonic_nanos() >= deadline) return false;
    ::usleep(kReadMicros);
  }
}

bool MeshRun::ask_until(std::int64_t nanos, const std::function<bool()>& holds) {
  std::int64_t asked = 0;
  return watch_until(nanos, [&] {
    if (monotonic_nanos() - asked < kAskGap) return false;
    asked = monotonic_nanos();
    return holds();
  });
}

void MeshRun::watch(std::int64_t nanos) {
  watch_until(nanos, [] { return false; });
}

void MeshRun::read_all() {
  for (int i = 0; i < size(); ++i) read(i);
}

void MeshRun::read(int index) {
  Member& member = members_[static_cast<std::size_t>(index)];
  if (member.log.empty()) return;
  std::error_code ignored;
  auto length = std::filesystem::file_size(member.log, ignored);
  if (ignored || length <= member.read) return;
  std::ifstream file(member.log, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(member.read));
  std::string text(length - member.read, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  member.read += text.size();
  member.rest += text;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = member.rest.find('\n', begin)) != std::string::npos;) {
    take_line(index, std::string_view(member.rest).substr(begin, end - begin));
    begin = end + 1;
  }
  member.rest.erase(0, begin);
}

void MeshRun::take_line(int index, std::string_view line) {
  auto news = news_in(setup_.program.kind, line);
  if (!news) return;
  for (int subject = 0; subject < size(); ++subject) {
    if (subject == index || network_.host(subject) != news->host) continue;
    auto& view = members_[static_cast<std::size_t>(index)].view;
    if (news->up) view.insert(subject);
    if (!news->up) view.erase(subject);
    events_.push_back({monotonic_nanos(), index, subject, news->up});
  }
}

bool MeshRun::acquainted() const {
  std::set<int> running;
  for (int i = 0; i < size(); ++i) {
    if (members_[static_cast<std::size_t>(i)].running) running.insert(i);
  }
  for (int i : running) {
    std::set<int> expected = running;
    expected.erase(i);
    if (members_[static_cast<std::size_t>(i)].view != expected) return false;
  }
  return true;
}

std::size_t MeshRun::deaths_since(std::size_t first, const std::set<int>& excepted) const {
  std::size_t deaths = 0;
  for (std::size_t i = first; i < events_.size(); ++i) {
    deaths += !events_[i].up && !excepted.contains(events_[i].subject);
  }
  return deaths;
}

// --- What the host and the agent know
// -------------------------------------------------------------

// User and system time, fields 14 and 15 of /proc/PID/stat. Field 2 may contain spaces.
double MeshRun::cpu_seconds(int index) const {
  const Member& member = members_[static_cast<std::size_t>(index)];
  std::ifstream file(fmt::format("/proc/{}/stat", member.child->pid()));
  std::string text{std::istreambuf_iterator<char>(file), {}};
  auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream rest(text.substr(name_end + 1));
  std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
  if (fields.size() < 13) return 0;
  return (std::stod(fields[11]) + std::stod(fields[12])) /
         static_cast<double>(::sysconf(_SC_CLK_TCK));
}

base::Result<std::string> MeshRun::http(int index) {
  std::string address;
  pid_t pid = members_[static_cast<std::size_t>(index)].child->pid();
  bool serving = watch_until(kMemberStart, [&] {
    std::ifstream file(data(folder_, label_, index) + "/agent.json");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    auto json = nlohmann::json::parse(text, nullptr, false);
    if (json.is_object() && json.value("pid", pid_t{0}) == pid) address = json.value("http", "");
    return !address.empty();
  });
  if (serving) return address;
  return base::Error{base::Code::kTimeout, fmt::format("agent {} does not serve", index)};
}

base::Result<probe::HttpAnswer> MeshRun::ask(int index, const std::string& method,
                                             const std::string& target, const std::string& body) {
  ASSIGN_OR_RETURN(std::string address, http(index));
  probe::HttpAnswer answer;
  probe::HttpClient client(address);
  RETURN_IF_ERROR(network_.on(index, [&]() -> base::Status {
    ASSIGN_OR_RETURN(answer, client.request(method, target, body));
    return {};
  }));
  return answer;
}

bool MeshRun::equal() {
  std::set<std::pair<std::string, std::string>> states;
  for (int i = 0; i < size(); ++i) {
    if (!members_[static_cast<std::size_t>(i)].running) continue;
    auto answer = ask(i, "GET", "/v1/status");
    if (!answer.ok() || answer->status != 200) return false;
    auto status = nlohmann::json::parse(answer->body, nullptr, false);
    if (!status.is_object()) return false;
    states.insert({status["vector"].dump(), status.value("digest", "")});
  }
  return states.size() == 1;
}

}  // namespace bench

#include "agent/marks.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "agent/files.h"
#include "crdt/base/hash.h"

namespace agent {
namespace {

constexpr std::size_t kTokensMax = 16;  // of starts that died before they could commit

std::string name_of(const std::string& data_path) {
  auto hash = base::hash128(data_path);
  return base::to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

std::string mark_text(const Mark& mark) {
  std::ostringstream text;
  text << "hearsay mark 1\n"
       << mark.run_token.hex() << "\n"
       << mark.actor.hex() << "\n"
       << mark.head.seq << "\n"
       << mark.head.hash << "\n";
  return text.str();
}

std::optional<Mark> parse_mark(const std::string& text) {
  std::istringstream in(text);
  std::string title;
  std::string token;
  std::string actor;
  Mark mark;
  std::getline(in, title);
  in >> token >> actor >> mark.head.seq >> mark.head.hash;
  auto run = base::RunToken::from_hex(token);
  auto own = base::ActorId::from_hex(actor);
  if (!in || title != "hearsay mark 1" || !run || !own) return std::nullopt;
  mark.run_token = *run;
  mark.actor = *own;
  return mark;
}

std::string tokens_text(const std::vector<base::RunToken>& tokens) {
  std::string text = "hearsay tokens 1\n";
  for (const base::RunToken& token : tokens) text += token.hex() + "\n";
  return text;
}

std::vector<base::RunToken> parse_tokens(const std::string& text) {
  std::istringstream in(text);
  std::string line;
  std::vector<base::RunToken> tokens;
  std::getline(in, line);
  if (line != "hearsay tokens 1") return tokens;
  while (std::getline(in, line) && tokens.size() < kTokensMax) {
    if (auto token = base::RunToken::from_hex(line)) tokens.push_back(*token);
  }
  return tokens;
}

// The addresses of hardware interfaces, ordered by name; loopback and virtual ones have no device.
std::string first_hardware_address() {
  std::error_code error;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/class/net", error)) {
    if (std::filesystem::exists(entry.path() / "device", error)) names.push_back(entry.path());
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    auto address = read_small_file(name + "/address");
    if (address.ok() && *address) return **address;
  }
  return "";
}

}  // namespace

Marks::Marks(const std::string& mark_dir, const std::string& data_path)
    : directory_(mark_dir),
      mark_file_(mark_dir + "/" + name_of(data_path) + ".mark"),
      token_file_(mark_dir + "/" + name_of(data_path) + ".run"),
      data_path_(data_path) {}

Outside Marks::begin_run(base::Random& random, std::string& warning) {
  Outside outside;
  outside.fingerprint = host_fingerprint(data_path_);
  base::RunToken fresh = random.id<base::RunTag>();
  base::Status usable = make_private_directory(directory_);
  if (usable.ok()) {
    auto mark = read_small_file(mark_file_);
    if (mark.ok() && *mark) outside.mark = parse_mark(**mark);
    usable = remove_file(mark_file_);
  }
  if (usable.ok()) {
    auto tokens = read_small_file(token_file_);
    if (tokens.ok() && *tokens) outside.tokens = parse_tokens(**tokens);
    // The first is the one the database surely held once; of the rest any may have been committed.
    if (outside.tokens.size() >= kTokensMax) outside.tokens.erase(outside.tokens.begin() + 1);
    outside.tokens.push_back(fresh);
    usable = write_private_file(token_file_, tokens_text(outside.tokens));
  }
  if (!usable.ok()) {
    warning = usable.error().message + " (mark_dir): every start will write under a new actor";
    outside.mark.reset();
    outside.tokens = {fresh};
  }
  return outside;
}

base::Status Marks::settle_token(const base::RunToken& token) {
  return write_private_file(token_file_, tokens_text({token}));
}

base::Status Marks::write_mark(const Mark& mark) {
  return write_private_file(mark_file_, mark_text(mark));
}

base::Bytes host_fingerprint(const std::string& data_path) {
  std::string facts = data_path + "\n";
  for (const char* file :
       {"/etc/machine-id", "/proc/device-tree/serial-number", "/sys/class/dmi/id/board_serial"}) {
    auto content = read_small_file(file);
    facts += (content.ok() && *content ? **content : std::string("-")) + "\n";
  }
  facts += first_hardware_address();
  auto hash = base::hash128(facts);
  return base::Bytes(reinterpret_cast<const char*>(hash.data()), hash.size());
}

}  // namespace agent

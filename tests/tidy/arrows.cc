#include "tests/tidy/arrows.h"

#include <algorithm>

namespace tidy {
namespace {

// A folder may include the folders and single headers that are named here, and no other of our
// headers.
struct Arrow {
  std::string_view folder;
  std::vector<std::string_view> may_include;
};

const std::vector<Arrow>& arrows() {
  static const std::vector<Arrow> kArrows{
      {"crdt/base", {"crdt/base"}},
      {"crdt", {"crdt", "crdt/base"}},
      {"store", {"store", "crdt", "crdt/base"}},
      {"gossip", {"gossip", "crdt", "crdt/base"}},
      {"gossip/transport", {"gossip/transport", "gossip", "crdt", "crdt/base"}},
      {"agent/replica", {"agent/replica", "store", "crdt", "crdt/base"}},
      // Changes as values: it knows neither HTTP nor text.
      {"agent/feed", {"agent/feed", "agent/replica", "store", "crdt", "crdt/base"}},
      {"agent/http", {"agent/http", "crdt/base"}},
      {"agent/access", {"agent/access", "agent/files.h", "agent/regular_file.h", "crdt/base"}},
      {"agent",
       {"agent", "agent/access", "agent/api", "agent/feed", "agent/http", "agent/replica", "gossip",
        "gossip/transport", "store", "crdt", "crdt/base"}},
      // Handlers have no sockets and no threads.
      {"agent/api",
       {"agent/api", "agent/access", "agent/feed", "agent/http", "agent/replica", "agent/web",
        "gossip", "store", "crdt", "crdt/base"}},
      // The page for people: files without code of their own in C++.
      {"agent/web", {"agent/web"}},
      // The program: only here do the daemon and the command line meet.
      {"agent/main.cc", {"agent", "agent/api", "tools/cli", "gossip", "crdt/base"}},
      // An HTTP client. It uses the configuration and a few names of the agent, nothing else of it.
      {"tools/cli",
       {"tools/cli", "agent/access", "crdt/base", "crdt/minified.h", "crdt/value.h",
        "agent/config.h", "agent/files.h", "agent/held_signals.h", "agent/host_port.h",
        "agent/http/openssl_library.h", "agent/log.h", "agent/regular_file.h", "agent/settings.h",
        "gossip/address.h", "gossip/options.h"}},
      // How tests and benchmarks reach running agents.
      {"tools/probe", {"tools/probe", "crdt/base"}},
      {"tools/bench",
       {"tools/bench", "tools/probe", "agent/replica", "store", "crdt", "crdt/base",
        "gossip/wire/compression.h", "gossip/wire/message.h"}},
      {"tools/simulator",
       {"tools/simulator", "agent/repair_watch.h", "agent/translate.h", "agent/replica", "gossip",
        "store", "crdt", "crdt/base"}},
      {"tests/support", {"tests/support", "tools/probe", "crdt/base"}},
      {"tests/tidy", {"tests/tidy", "crdt/base"}},
      // Tests and the main file of a program may include everything; no other file may include
      // them.
      {"tests",
       {"tests", "tests/support", "tests/tidy", "tools/cli", "tools/bench", "tools/probe",
        "tools/simulator", "agent", "agent/access", "agent/api", "agent/feed", "agent/http",
        "agent/replica", "agent/web", "gossip", "gossip/transport", "store", "crdt", "crdt/base"}},
  };
  return kArrows;
}

// The layers of the protocol: rules for includes between files below `gossip`. Here `gossip` means
// the files of that folder itself, without the node.
const std::vector<Arrow>& arrows_in_gossip() {
  static const std::vector<std::string_view> kAll{
      "gossip/node.h", "gossip/node_impl.h", "gossip/presence", "gossip/reconcile",
      "gossip/spread", "gossip/swim",        "gossip/wire",     "gossip"};
  static const std::vector<Arrow> kArrows{
      {"gossip/wire", {"gossip/wire", "gossip/address.h", "gossip/member.h"}},
      {"gossip", {"gossip", "gossip/wire"}},
      {"gossip/swim", {"gossip/swim", "gossip/wire", "gossip"}},
      // Neighbours: none may include another.
      {"gossip/presence", {"gossip/presence", "gossip/swim", "gossip/wire", "gossip"}},
      {"gossip/spread", {"gossip/spread", "gossip/swim", "gossip/wire", "gossip"}},
      {"gossip/reconcile", {"gossip/reconcile", "gossip/swim", "gossip/wire", "gossip"}},
      {"gossip/node.h", {"gossip", "gossip/wire"}},
      {"gossip/node_impl.h", kAll},
      {"gossip/node.cc", kAll},
      {"gossip/node_door.cc", kAll},
      {"gossip/transport", {"gossip/transport", "gossip/wire", "gossip"}},
  };
  return kArrows;
}

// A header of a library may be included only below these folders or in these files.
struct Library {
  std::string_view header;  // the start of its name
  std::vector<std::string_view> places;
};

const std::vector<Library>& libraries() {
  static const std::vector<Library> kLibraries{
      {"sqlite3.h", {"store", "tests", "tools/bench", "tools/simulator"}},
      {"boost/", {"agent/http"}},
      {"wslay/", {"agent/http", "tools/bench"}},
      {"msgpack", {"crdt/codec.h", "crdt/codec.cc"}},
      {"zstd.h", {"gossip/wire", "store/packed_change.cc", "tests/wire", "tests/store"}},
      {"zlib.h", {"tools/bench", "tests"}},
      {"uv.h", {"gossip/transport", "agent", "tests"}},
      {"sys/socket.h", {"gossip/transport", "agent", "tests", "tools"}},
      {"toml++/", {"agent", "tests"}},
      {"CLI/", {"agent/main.cc", "tools"}},
      {"curl/", {"agent", "tools/cli", "tests"}},
      {"openssl/", {"agent/http", "tools/cli", "tests"}},
      {"gtest/", {"tests"}},
      {"gmock/", {"tests"}},
  };
  return kLibraries;
}

// The data machine and the feed are in folders below agent, but they may not use what the agent
// may.
bool is_machine(std::string_view path) {
  return is_below(path, "agent/replica") || is_below(path, "agent/feed");
}

const Arrow* arrow_of(std::string_view path, const std::vector<Arrow>& among = arrows()) {
  const Arrow* best = nullptr;
  for (const auto& arrow : among) {
    if (!is_below(path, arrow.folder)) continue;
    if (!best || arrow.folder.size() > best->folder.size()) best = &arrow;
  }
  return best;
}

struct Include {
  int line;
  bool ours;  // in quotes
  std::string name;
};

std::vector<Include> includes_of(const Source& source) {
  std::vector<Include> includes;
  auto text = lines_of(source.text);
  auto code = lines_of(source.code);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!code[i].starts_with("#include")) continue;
    auto open = text[i].find_first_of("\"<");
    if (open == std::string_view::npos) continue;
    bool ours = text[i][open] == '"';
    auto close = text[i].find(ours ? '"' : '>', open + 1);
    includes.push_back(
        {static_cast<int>(i) + 1, ours, std::string(text[i].substr(open + 1, close - open - 1))});
  }
  return includes;
}

// A test includes its own samples and doubles by their bare names, because they are in its folder.
bool is_neighbour_of_a_test(const Source& source, std::string_view header) {
  return is_below(source.path, "tests") && header.find('/') == std::string_view::npos;
}

// `from` is an arrow of `among`.
bool may_include(const Arrow& from, std::string_view header, const std::vector<Arrow>& among) {
  const Arrow* to = arrow_of(header, among);
  return std::any_of(from.may_include.begin(), from.may_include.end(), [&](auto allowed) {
    return header == allowed || (to && to->folder == allowed);
  });
}

}  // namespace

Findings check_arrows(const Source& source) {
  Findings findings;
  if (!is_cpp(source) || !arrow_of(source.path)) return findings;
  for (const auto& include : includes_of(source)) {
    if (!include.ours || is_neighbour_of_a_test(source, include.name)) continue;
    const bool inside = is_below(source.path, "gossip") && is_below(include.name, "gossip");
    const auto& among = inside ? arrows_in_gossip() : arrows();
    const Arrow* from = arrow_of(source.path, among);
    if (!arrow_of(include.name)) {
      findings.push_back({source.path, include.line, "arrow",
                          include.name + ": write our headers in quotes, from the root"});
    } else if (!may_include(*from, include.name, among)) {
      findings.push_back({source.path, include.line, "arrow",
                          std::string(from->folder) + " must not see " + include.name});
    }
  }
  return findings;
}

Findings check_libraries(const Source& source) {
  Findings findings;
  if (!is_cpp(source)) return findings;
  for (const auto& include : includes_of(source)) {
    for (const auto& library : libraries()) {
      if (!include.name.starts_with(library.header)) continue;
      bool allowed = std::any_of(library.places.begin(), library.places.end(), [&](auto place) {
        return is_below(source.path, place) && !(place == "agent" && is_machine(source.path));
      });
      if (!allowed) {
        findings.push_back(
            {source.path, include.line, "library", include.name + " is not for this folder"});
      }
    }
  }
  return findings;
}

}  // namespace tidy

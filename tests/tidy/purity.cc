#include "tests/tidy/purity.h"

#include <cctype>
#include <set>

namespace tidy {
namespace {

struct Banned {
  std::string_view what;                // in messages
  std::vector<std::string_view> calls;  // free functions: std::, :: or no qualifier, then "("
  std::vector<std::string_view> names;  // anywhere, whatever stands before
  std::vector<std::string_view> headers;
};

const std::vector<Banned>& banned() {
  static const std::vector<Banned> kBanned{
      {"a clock",
       {"time", "gettimeofday", "clock_gettime", "localtime", "gmtime", "timespec_get", "sleep",
        "usleep", "nanosleep"},
       {"system_clock", "steady_clock", "high_resolution_clock", "sleep_for", "sleep_until"},
       {"time.h", "sys/time.h"}},
      {"a socket",
       {"socket", "sendto", "recvfrom", "getaddrinfo", "epoll_wait"},
       {},
       {"sys/socket.h", "netdb.h", "uv.h"}},
      {"a thread",
       {"fork", "pthread_create"},
       {"std::thread", "std::jthread", "std::mutex", "std::shared_mutex", "std::recursive_mutex",
        "std::condition_variable", "std::async", "std::future", "std::promise", "thread_local"},
       {"thread", "mutex", "shared_mutex", "condition_variable", "future", "pthread.h"}},
      {"ambient chance",
       {"rand", "srand", "drand48", "getrandom", "getentropy", "arc4random"},
       {"std::random_device", "std::mt19937", "std::mt19937_64", "std::default_random_engine",
        "std::minstd_rand", "randombytes_buf", "randombytes_random", "randombytes_uniform",
        "std::shuffle", "std::sample", "std::uniform_int_distribution",
        "std::uniform_real_distribution", "std::normal_distribution",
        "std::exponential_distribution", "std::bernoulli_distribution",
        "std::geometric_distribution", "std::poisson_distribution", "std::discrete_distribution"},
       {"random", "sys/random.h"}},
      {"a container without an order",
       {},
       {"unordered_map", "unordered_set", "unordered_multimap", "unordered_multiset"},
       {"unordered_map", "unordered_set"}},
      {"output",
       {"printf", "fprintf", "vprintf", "vfprintf", "puts", "fputs", "putchar", "perror", "syslog"},
       {"std::cout", "std::cerr", "std::clog", "stdout", "stderr", "fmt::print"},
       {"iostream", "syslog.h", "fmt/ostream.h"}},
      {"an exception", {}, {"throw"}, {}},
  };
  return kBanned;
}

std::string_view word_ending_at(std::string_view code, std::size_t end) {
  std::size_t start = end;
  while (start > 0 && is_word(code[start - 1])) --start;
  return code.substr(start, end - start);
}

std::size_t skip_blanks_back(std::string_view code, std::size_t at) {
  while (at > 0 && std::isspace(static_cast<unsigned char>(code[at - 1])) != 0) --at;
  return at;
}

// True if the name at `at` is a call of the free function. False for `now.time(` and
// `Change::time(`, and for the declarations `Instant time(` and `const Stamp& time(`.
bool is_free_call(std::string_view code, std::size_t at) {
  std::size_t end = skip_blanks_back(code, at);
  auto before = code.substr(0, end);
  if (before.ends_with('.') || before.ends_with("->")) return false;
  if (before.ends_with("::")) {
    auto owner = word_ending_at(code, end - 2);
    return owner.empty() || owner == "std";
  }
  if (end < at && (before.ends_with('&') || before.ends_with('*') || before.ends_with('>'))) {
    return end < 2 || (!is_word(before[end - 2]) && before[end - 2] != '>');
  }
  static const std::set<std::string_view> kNotATypes{"return", "else", "do", "case", "co_return",
                                                     "throw",  "and",  "or", "not",  "co_await"};
  auto word = word_ending_at(code, end);
  return word.empty() || kNotATypes.contains(word);
}

bool stands_alone(std::string_view code, std::size_t at, std::size_t size) {
  bool starts = at == 0 || !is_word(code[at - 1]);
  return starts && (at + size == code.size() || !is_word(code[at + size]));
}

bool is_followed_by_call(std::string_view code, std::size_t at) {
  auto next = code.find_first_not_of(" \n", at);
  return next != std::string_view::npos && code[next] == '(';
}

template <typename Accept>
void find_names(const Source& source, const Banned& kind, std::string_view name, Accept accept,
                Findings& findings) {
  for (auto at = source.code.find(name); at != std::string::npos;
       at = source.code.find(name, at + 1)) {
    if (!stands_alone(source.code, at, name.size()) || !accept(at)) continue;
    findings.push_back({source.path, line_of(source.code, at), "pure",
                        std::string(name) + " is " + std::string(kind.what)});
  }
}

}  // namespace

bool is_pure(std::string_view path) {
  if (is_below(path, "gossip/transport")) return false;
  return is_below(path, "crdt") || is_below(path, "gossip") || is_below(path, "store") ||
         is_below(path, "agent/replica") || is_below(path, "agent/feed");
}

Findings check_purity(const Source& source) {
  Findings findings;
  if (!is_cpp(source) || !is_pure(source.path)) return findings;
  std::string_view code = source.code;
  for (const auto& kind : banned()) {
    for (auto name : kind.calls) {
      auto is_call = [&](std::size_t at) {
        return is_followed_by_call(code, at + name.size()) && is_free_call(code, at);
      };
      find_names(source, kind, name, is_call, findings);
    }
    for (auto name : kind.names) {
      auto any_use = [&](std::size_t at) {  // the header of that name is reported below
        return !(at > 0 && code[at - 1] == '<');
      };
      find_names(source, kind, name, any_use, findings);
    }
    for (auto name : kind.headers) {
      auto is_header = [&](std::size_t at) {
        return at > 0 && code[at - 1] == '<' && code.substr(at + name.size()).starts_with('>');
      };
      find_names(source, kind, name, is_header, findings);
    }
  }
  return findings;
}

}  // namespace tidy

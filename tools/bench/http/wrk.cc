#include "tools/bench/http/wrk.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "tools/bench/child.h"
#include "tools/bench/clock.h"
#include "tools/bench/http/server_child.h"

namespace bench {
namespace {

constexpr int kWrkConnections = 50;
constexpr std::int64_t kWrkPatience = 60 * kSecond;

std::int64_t nanos_in(const timeval& time) { return time.tv_sec * kSecond + time.tv_usec * 1'000; }

// Of all children that have ended.
std::int64_t children_nanos() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  return nanos_in(usage.ru_utime) + nanos_in(usage.ru_stime);
}

}  // namespace

base::Result<WrkResult> wrk_result_in(const std::string& output) {
  constexpr std::string_view kRate = "Requests/sec:";
  const std::size_t at = output.find(kRate);
  const bool refused = output.find("Non-2xx or 3xx responses") != std::string::npos ||
                       output.find("Socket errors") != std::string::npos;
  WrkResult result;
  if (at != std::string::npos) {
    result.per_second = std::strtod(output.c_str() + at + kRate.size(), nullptr);
  }
  if (!refused && result.per_second > 0) return result;
  return base::Error{base::Code::kUnavailable, "wrk: " + output.substr(0, 500)};
}

base::Result<WrkResult> run_wrk(const WrkLoad& load) {
  const auto seconds = std::max<long>(1, std::lround(load.seconds));
  const std::int64_t before = children_nanos();
  ASSIGN_OR_RETURN(
      auto wrk, Child::start({load.program, "-t", "1", "-c", std::to_string(kWrkConnections), "-d",
                              fmt::format("{}s", seconds), load.url},
                             {}, load.log));
  const auto status = wrk->wait(seconds * kSecond + kWrkPatience);
  ASSIGN_OR_RETURN(WrkResult result, wrk_result_in(text_of_file(load.log)));
  if (status != 0) return base::Error{base::Code::kUnavailable, "wrk did not end with 0"};
  result.client_cores = seconds_of(children_nanos() - before) / static_cast<double>(seconds);
  return result;
}

}  // namespace bench

#pragma once

// The text format of Prometheus: base units, the prefix `hearsay_`, and `_total` on counters.

#include <cstdint>
#include <string>
#include <string_view>

namespace agent {

class MetricsText {
 public:
  // `name` has no prefix. The first sample of a name also writes its HELP and TYPE lines.
  void counter(std::string_view name, std::string_view help, std::uint64_t value,
               std::string_view labels = "");
  void gauge(std::string_view name, std::string_view help, double value,
             std::string_view labels = "");
  std::string take() { return std::move(text_); }

 private:
  void sample(std::string_view type, std::string_view name, std::string_view help,
              std::string_view labels, const std::string& value);
  std::string text_;
  std::string family_;
};

}  // namespace agent

#include "agent/metrics.h"

#include <fmt/format.h>

namespace agent {

void MetricsText::counter(std::string_view name, std::string_view help, std::uint64_t value,
                          std::string_view labels) {
  sample("counter", name, help, labels, std::to_string(value));
}

void MetricsText::gauge(std::string_view name, std::string_view help, double value,
                        std::string_view labels) {
  sample("gauge", name, help, labels, fmt::format("{}", value));
}

void MetricsText::sample(std::string_view type, std::string_view name, std::string_view help,
                         std::string_view labels, const std::string& value) {
  if (family_ != name) {
    family_ = name;
    text_ += fmt::format("# HELP hearsay_{0} {1}\n# TYPE hearsay_{0} {2}\n", name, help, type);
  }
  text_ += labels.empty() ? fmt::format("hearsay_{} {}\n", name, value)
                          : fmt::format("hearsay_{}{{{}}} {}\n", name, labels, value);
}

}  // namespace agent

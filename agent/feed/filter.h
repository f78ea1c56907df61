#pragma once

// Which objects a listener hears of.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agent {

// An object passes if it is one of `objects` or begins with one of `prefixes`. A filter with
// neither lets every object pass.
class Filter {
 public:
  Filter() = default;
  Filter(std::vector<std::string> objects, std::vector<std::string> prefixes);

  bool passes(std::string_view object) const;
  bool passes_all() const { return objects_.empty() && prefixes_.empty(); }
  // The lowest name at or above `from` that may pass; nullopt: none is above it. For a walk over
  // sorted names: it visits no name between two that pass.
  std::optional<std::string> next(std::string_view from) const;

 private:
  std::vector<std::string> objects_;  // sorted, each once
  std::vector<std::string> prefixes_;
};

}  // namespace agent

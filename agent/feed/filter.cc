#include "agent/feed/filter.h"

#include <algorithm>
#include <utility>

namespace agent {

Filter::Filter(std::vector<std::string> objects, std::vector<std::string> prefixes)
    : objects_(std::move(objects)), prefixes_(std::move(prefixes)) {
  std::sort(objects_.begin(), objects_.end());
  objects_.erase(std::unique(objects_.begin(), objects_.end()), objects_.end());
}

bool Filter::passes(std::string_view object) const {
  if (passes_all() || std::binary_search(objects_.begin(), objects_.end(), object)) return true;
  return std::any_of(prefixes_.begin(), prefixes_.end(),
                     [&](const std::string& prefix) { return object.starts_with(prefix); });
}

std::optional<std::string> Filter::next(std::string_view from) const {
  if (passes_all()) return std::string(from);
  std::optional<std::string_view> best;
  const auto consider = [&](std::string_view name) {
    if (!best || name < *best) best = name;
  };
  const auto object = std::lower_bound(objects_.begin(), objects_.end(), from);
  if (object != objects_.end()) consider(*object);
  for (const std::string& prefix : prefixes_) {
    if (from.starts_with(prefix)) {
      consider(from);
    } else if (prefix > from) {
      consider(prefix);
    }
  }
  return best ? std::optional<std::string>(*best) : std::nullopt;
}

}  // namespace agent

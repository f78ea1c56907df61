#include "tools/bench/summary.h"

#include <algorithm>
#include <cmath>

namespace bench {
namespace {

// The smallest value that is at least as large as this share of all values.
double at_share(const std::vector<double>& sorted, double share) {
  auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace

Summary summarise(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {values.size(), at_share(values, 0.5), at_share(values, 0.99), values.back()};
}

}  // namespace bench

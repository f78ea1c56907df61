#pragma once

// The figures that are shown for many measured values. There is no mean, because it hides slow
// cases.

#include <vector>

namespace bench {

struct Summary {
  std::size_t count = 0;
  double median = 0;
  double p99 = 0;
  double worst = 0;
};
Summary summarise(std::vector<double> values);  // all zeros if there are no values

}  // namespace bench

#pragma once

// What is told of many measured values. A mean hides what a user feels, so there is none.

#include <vector>

namespace bench {

struct Summary {
  std::size_t count = 0;
  double median = 0;
  double p99 = 0;
  double worst = 0;
};
Summary summarise(std::vector<double> values);  // of nothing: all zeros

}  // namespace bench

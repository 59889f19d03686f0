// What every unit of the link test computes from the same input.
#pragma once

#include <cstdint>
#include <vector>

struct results {
  std::vector<float> values;
  std::vector<std::int32_t> indices;
  double loss = 0;
};

results first_unit();
results other_unit();

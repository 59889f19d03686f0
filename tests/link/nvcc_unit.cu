// The same by nvcc, which also shows that it takes every header.
#include "unit.hpp"

results other_unit() { return compute(); }

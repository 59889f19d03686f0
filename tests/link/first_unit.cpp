#include "unit.hpp"

results first_unit() { return compute(); }

// SPDX-License-Identifier: Apache-2.0
// Runs one of the search's kernels on a tile of 14 x 32 rows of 512 elements.
// Usage: screens KERNEL TIMES
#include <coupleface/detail/search/screen_kernel.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace engine = coupleface::detail;
using coupleface::index_t;

namespace {

struct tile {
  static constexpr index_t width = 512;
  std::vector<engine::panel_word> left, right;
  std::vector<float> out;
  engine::product_hits hits;

  void multiply(engine::product_kernel product, index_t words) {
    product(words, left.data(), right.data(), out.data());
  }
  void find(engine::hits_kernel find_hits) {
    float least[engine::right_rows];
    std::fill_n(least, engine::right_rows, 1.0f);
    find_hits(out.data(), least, least, hits);
  }
};

bool run(tile& on, char const* kernel) {
  auto const is = [=](char const* name) { return std::strcmp(kernel, name) == 0; };
  index_t const width = tile::width, quads = engine::int8_words(width);
  if (is("float/portable")) {
    on.multiply(engine::portable_float_product, width);
  } else if (is("int8/portable")) {
    on.multiply(engine::portable_int8_product, quads);
  } else if (is("hits/portable")) {
    on.find(engine::portable_hits);
#if COUPLEFACE_NEON
  } else if (is("float/neon")) {
    on.multiply(engine::neon_float_product, width);
  } else if (is("int8/neon_dotprod")) {
    on.multiply(engine::neon_int8_product, quads);
  } else if (is("hits/neon")) {
    on.find(engine::neon_hits);
#endif
  } else {
    return false;
  }
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) { return std::fprintf(stderr, "usage: screens KERNEL TIMES\n"), 2; }
  tile on;
  on.left.resize(std::size_t(engine::left_rows * tile::width));
  on.right.resize(std::size_t(engine::right_rows * tile::width));
  on.out.resize(std::size_t(engine::left_rows * engine::right_rows));
  for (int i = std::atoi(arguments[2]); i > 0; --i) {
    if (!run(on, arguments[1])) { return std::fprintf(stderr, "screens: no such kernel\n"), 2; }
    asm volatile("" : : "r"(on.out.data()) : "memory");
  }
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// The set of kernels in use, and what a wrong COUPLEFACE_KERNELS does.
#include <coupleface/kernels.hpp>
#include <coupleface/normalize.hpp>

#include "support/kernel_sets.hpp"
#include "support/reference.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace {

#if COUPLEFACE_KERNEL_SETS
namespace detail = coupleface::detail;

/// Chooses anew with COUPLEFACE_KERNELS = name, and restores both afterwards.
class environment {
 public:
  explicit environment(char const* name) : before_(detail::chosen_kernels) {
    char const* const value = std::getenv("COUPLEFACE_KERNELS");
    had_ = value != nullptr;
    if (had_) { value_ = value; }
    name == nullptr ? unsetenv("COUPLEFACE_KERNELS") : setenv("COUPLEFACE_KERNELS", name, 1);
    detail::chosen_kernels = detail::not_chosen;
  }
  environment(environment const&) = delete;
  environment& operator=(environment const&) = delete;
  ~environment() {
    had_ ? setenv("COUPLEFACE_KERNELS", value_.c_str(), 1) : unsetenv("COUPLEFACE_KERNELS");
    detail::chosen_kernels = before_;
  }

 private:
  int before_;
  bool had_ = false;
  std::string value_;
};

TEST(kernels, the_best_without_a_name) {
  for (char const* const name : {static_cast<char const*>(nullptr), ""}) {
    environment const of(name);
    EXPECT_EQ(std::string(coupleface::kernels()),
              detail::kernel_set_names[int(detail::best_kernels())]);
  }
}

TEST(kernels, a_name_chooses) {
  for (int set = 0; set <= int(detail::best_kernels()); ++set) {
    environment const of(detail::kernel_set_names[set]);
    EXPECT_EQ(std::string(coupleface::kernels()), detail::kernel_set_names[set]);
  }
}

TEST(kernels, an_unknown_name_is_refused_by_the_first_call) {
  for (char const* const name : {"AVX2", "amx", "avx2 ", "NEON"}) {
    environment const of(name);
    std::vector<float> x(8, 1.0f), y(8, 7.0f);
    try {
      coupleface::normalize_rows(coupleface_test::policy(),
                                 coupleface::matrix_view<float const>(x.data(), 2, 4),
                                 coupleface::matrix_view<float>(y.data(), 2, 4));
      FAIL() << name;
    } catch (std::invalid_argument const& error) {
      EXPECT_EQ(std::string(error.what())
                    .find("coupleface::kernels: the environment variable "
                          "COUPLEFACE_KERNELS is '" +
                          std::string(name) + "', but this machine supports: portable"),
                0u)
          << error.what();
    }
    EXPECT_EQ(y, std::vector<float>(8, 7.0f)) << "nothing is written";
  }
}
#endif

TEST(kernels, every_set_has_a_name) {
  coupleface_test::for_each_kernel_set([] { EXPECT_NE(std::string(coupleface::kernels()), ""); });
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
// main() of the tests that need a CUDA device. Without one nothing passes by not running: every
// test is reported as skipped, and how many they are.
#include <gtest/gtest.h>

#include <cuda_runtime.h>

#include <cstdio>

namespace {

bool has_device() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
}

class skip_without_device : public testing::EmptyTestEventListener {
 public:
  explicit skip_without_device(bool skip) : skip_(skip) {}

  // GoogleTest takes a skip here for the test itself: its body is not run.
  void OnTestStart(testing::TestInfo const&) override {
    if (skip_) {
      []() { GTEST_SKIP() << "no CUDA device"; }();
    }
  }
  void OnTestProgramEnd(testing::UnitTest const& all) override {
    if (skip_) { std::printf("no CUDA device: %d tests skipped\n", all.skipped_test_count()); }
  }

 private:
  bool skip_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::UnitTest::GetInstance()->listeners().Append(new skip_without_device(!has_device()));
  return RUN_ALL_TESTS();
}

// SPDX-License-Identifier: Apache-2.0
// What only a device can show: work goes in the order of the policy's stream and nowhere else, and
// every function that needs no answer on the host can be captured in a CUDA graph and replayed.
#include <coupleface/feature_bank.hpp>
#include <coupleface/losses/fcd.hpp>
#include <coupleface/losses/margin_softmax.hpp>
#include <coupleface/losses/rad.hpp>
#include <coupleface/losses/rkd.hpp>
#include <coupleface/mining/mixed.hpp>
#include <coupleface/mining/nearest.hpp>
#include <coupleface/normalize.hpp>
#include <coupleface/prototypes.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/top_k.hpp>

#include "support/matrix.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;

/// Everything that a step of training calls, on any policy.
struct step {
  static constexpr index_t n = 33, classes = 21, d = 40, k = 6;
  matrix<float> student = random_matrix<float>(n, d, 1), teacher = random_matrix<float>(n, d, 2);
  matrix<float> starts = random_matrix<float>(classes, d, 3);
  matrix<std::int32_t> labels = random_labels(n, classes, 4);
  matrix<float> unit{n, d}, means{classes, d}, relations{classes, classes}, values{classes, k};
  matrix<float> mined_values{classes, k}, mixed_values{classes, k};
  matrix<std::int32_t> indices{classes, k}, mined{classes, k}, mixed{classes, k};
  matrix<float> fcd_gradient{n, d}, rad_gradient{n, d}, softmax_gradient{n, d},
      weight_gradient{classes, d}, rkd_gradient{n, d}, fcd{1, 1}, rad{1, 1}, softmax{1, 1},
      rkd{1, 1};
  coupleface::feature_bank<float, coupleface::recent_ring, device_vector> bank{policy(),
                                                                               starts.view()};

  template <class Policy>
  void run(Policy const& where) {
    using namespace coupleface;
    normalize_rows(where, student.view(), unit.view());
    class_prototypes(where, teacher.view(), labels.vector(), means.view());
    relation_matrix(where, means.view(), means.view(), relations.view());
    mine_nearest(where, means.view(), means.view(), mined_values.view(), mined.view());
    mine_mixed(where, means.view(), means.view(), 3, 5, mixed_values.view(), mixed.view(),
               inner_product{});
    top_k(where, relations.view(), values.view(), indices.view());
    fcd_loss(where, student.view(), teacher.view(), fcd.scalar(), fcd_gradient.view());
    rad_loss(where, student.view(), teacher.view(), bank.teacher(),
             class_neighbours(labels.vector(), indices.view()), rad.scalar(), rad_gradient.view());
    margin_softmax_loss(where, student.view(), starts.view(), labels.vector(), softmax.scalar(),
                        softmax_gradient.view(), weight_gradient.view());
    rkd_distance_loss(where, student.view(), teacher.view(), rkd.scalar(), rkd_gradient.view());
    bank.update(where, labels.vector(), teacher.view());
  }

  bool same_bits(step const& other) const {
    return unit.same_bits(other.unit) && means.same_bits(other.means) &&
           relations.same_bits(other.relations) && values.same_bits(other.values) &&
           indices.same_bits(other.indices) && mined_values.same_bits(other.mined_values) &&
           mined.same_bits(other.mined) && mixed_values.same_bits(other.mixed_values) &&
           mixed.same_bits(other.mixed) && fcd.same_bits(other.fcd) && rad.same_bits(other.rad) &&
           softmax.same_bits(other.softmax) && fcd_gradient.same_bits(other.fcd_gradient) &&
           rad_gradient.same_bits(other.rad_gradient) &&
           softmax_gradient.same_bits(other.softmax_gradient) &&
           weight_gradient.same_bits(other.weight_gradient) && rkd.same_bits(other.rkd) &&
           rkd_gradient.same_bits(other.rkd_gradient) &&
           on_host(bank.teacher()).same_bits(on_host(other.bank.teacher()));
  }
};

struct owned_stream {
  cudaStream_t stream = nullptr;
  owned_stream() { expect_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking)); }
  ~owned_stream() { cudaStreamDestroy(stream); }
};

TEST(stream, work_goes_in_its_order_with_the_same_bits) {
  owned_stream const s;
  step expected, found;
  expected.run(thrust::device);
  expect_cuda(cudaDeviceSynchronize());
  found.run(thrust::cuda::par_nosync.on(s.stream));
  expect_cuda(cudaStreamSynchronize(s.stream));
  EXPECT_TRUE(found.same_bits(expected));
}

TEST(graph, a_step_is_captured_and_replayed) {
  owned_stream const s;
  step expected, found;
  expected.run(thrust::device);  // makes the handle of cuBLAS, which a capture may not
  expect_cuda(cudaDeviceSynchronize());
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t replay = nullptr;
  expect_cuda(cudaStreamBeginCapture(s.stream, cudaStreamCaptureModeGlobal));
  found.run(thrust::cuda::par_nosync.on(s.stream));
  expect_cuda(cudaStreamEndCapture(s.stream, &graph));
  expect_cuda(cudaGraphInstantiate(&replay, graph, 0));
  expect_cuda(cudaGraphLaunch(replay, s.stream));
  expect_cuda(cudaStreamSynchronize(s.stream));
  EXPECT_TRUE(found.same_bits(expected));
  EXPECT_TRUE(std::isfinite(found.rad.at(0, 0)) && found.rad.at(0, 0) > 0);
  expect_cuda(cudaGraphExecDestroy(replay));
  expect_cuda(cudaGraphDestroy(graph));
}

/// Counts what the library takes from a policy's allocator.
struct device_allocator {
  using value_type = char;
  std::size_t* bytes;
  char* allocate(std::ptrdiff_t count) {
    *bytes += static_cast<std::size_t>(count);
    void* memory = nullptr;
    expect_cuda(cudaMalloc(&memory, static_cast<std::size_t>(count)));
    return static_cast<char*>(memory);
  }
  void deallocate(char* memory, std::size_t) { cudaFree(memory); }
};

TEST(allocator, scratch_comes_from_the_policys) {
  std::size_t bytes = 0;
  device_allocator allocator{&bytes};
  auto const s = random_matrix<float>(100, 16, 5);
  matrix<float> loss(1, 1);
  coupleface::fcd_loss(thrust::cuda::par(allocator), s.view(), s.view(), loss.scalar());
  EXPECT_EQ(loss.at(0, 0), 0);
  EXPECT_EQ(bytes, 800u);
}

}  // namespace

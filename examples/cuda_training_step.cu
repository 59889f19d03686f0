// SPDX-License-Identifier: Apache-2.0
// A training step that stays on the device: student, losses, their gradients, the optimizer and the
// bank on one stream, memory from a pool that allocates nothing after the first step, and the whole
// step captured in a CUDA graph. Without a device it prints a message and exits with 77.
#include <coupleface/feature_bank.hpp>
#include <coupleface/losses/fcd.hpp>
#include <coupleface/losses/margin_softmax.hpp>
#include <coupleface/losses/rad.hpp>
#include <coupleface/mining/nearest.hpp>

#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/host_vector.h>
#include <thrust/system/cpp/execution_policy.h>
#include <thrust/transform.h>

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <random>
#include <stdexcept>
#include <vector>

namespace {

using coupleface::index_t;
using coupleface::make_matrix_view;
using coupleface::make_scalar_view;
using coupleface::make_vector_view;
template <class... T>
using device_vector = thrust::device_vector<T...>;

constexpr index_t classes = 200, batches = 16, batch = 512, samples = batches * batch;
constexpr index_t inputs = 96, hidden = 256, width = 128, k = 20;
constexpr float rate = 2, lambda = 10, softmax_weight = 0.02f;
constexpr double margin = 0.3, scale = 32;
constexpr int steps = 400;

void expect(cudaError_t error) {
  if (error != cudaSuccess) { throw std::runtime_error(cudaGetErrorString(error)); }
}
void expect(cublasStatus_t status) {
  if (status != CUBLAS_STATUS_SUCCESS) { throw std::runtime_error(cublasGetStatusString(status)); }
}

template <class T>
T* raw(device_vector<T>& x) {
  return thrust::raw_pointer_cast(x.data());
}
auto view(device_vector<float>& x, index_t columns) {
  return make_matrix_view(raw(x), index_t(x.size()) / columns, columns);
}

/// Keeps freed memory and reuses it. That is safe on one stream: the next owner's work comes later
/// in the stream than the previous owner's. A step requests the same sizes in the same order every
/// time, so it suffices to reuse blocks of exactly the requested size.
class memory_pool {
 public:
  using value_type = char;
  memory_pool() = default;
  memory_pool(memory_pool const&) = delete;
  ~memory_pool() {
    for (auto const& [bytes, pieces] : free_) {
      for (char* const piece : pieces) { cudaFree(piece); }
    }
  }

  char* allocate(std::ptrdiff_t count) {
    auto const bytes = rounded(static_cast<std::size_t>(count));
    auto& pieces = free_[bytes];
    ++requests_;
    if (pieces.empty()) {
      void* memory = nullptr;
      expect(cudaMalloc(&memory, bytes));
      ++allocations_;
      bytes_ += bytes;
      return static_cast<char*>(memory);
    }
    char* const piece = pieces.back();
    pieces.pop_back();
    return piece;
  }
  void deallocate(char* piece, std::size_t count) { free_[rounded(count)].push_back(piece); }

  int requests() const { return requests_; }        ///< so far
  int allocations() const { return allocations_; }  ///< by CUDA, so far
  std::size_t bytes() const { return bytes_; }

 private:
  static std::size_t rounded(std::size_t count) { return (count + 511) / 512 * 512; }

  std::map<std::size_t, std::vector<char*>> free_;
  int requests_ = 0, allocations_ = 0;
  std::size_t bytes_ = 0;
};

struct owned_stream {
  cudaStream_t stream = nullptr;
  owned_stream() { expect(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking)); }
  ~owned_stream() { cudaStreamDestroy(stream); }
};

struct relu {
  __host__ __device__ float operator()(float x) const { return x > 0 ? x : 0; }
};
struct relu_gradient {
  __host__ __device__ float operator()(float y, float slope) const { return y > 0 ? slope : 0; }
};

std::vector<float> normal(index_t size, double deviation, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> draw(0, static_cast<float>(deviation));
  std::vector<float> x(static_cast<std::size_t>(size));
  for (float& v : x) { v = draw(generator); }
  return x;
}

/// Synthetic data: people are points in 32 dimensions with pictures around them. The student sees
/// one mixture of the coordinates; the teacher's embedding is another mixture, without noise.
struct drawn_people {
  std::vector<float> images, teacher, prototypes;
  std::vector<std::int32_t> labels;

  drawn_people() {
    index_t const latent = 32;
    auto const people = normal(classes * latent, 1, 1);
    auto points = normal(samples * latent, 0.4, 2);
    std::mt19937 generator(3);
    for (index_t i = 0; i < samples; ++i) {
      labels.push_back(static_cast<std::int32_t>(generator() % classes));
      for (index_t j = 0; j < latent; ++j) {
        points[i * latent + j] += people[labels.back() * latent + j];
      }
    }
    auto const to_image = normal(latent * inputs, 1 / std::sqrt(32.0), 4);
    auto const to_teacher = normal(latent * width, 1 / std::sqrt(32.0), 5);
    images = mixed(points, to_image, latent);
    teacher = mixed(points, to_teacher, latent);
    prototypes = mixed(people, to_teacher, latent);
  }

 private:
  static std::vector<float> mixed(std::vector<float> const& x, std::vector<float> const& by,
                                  index_t latent) {
    index_t const rows = index_t(x.size()) / latent, columns = index_t(by.size()) / latent;
    std::vector<float> y(static_cast<std::size_t>(rows * columns), 0.0f);
    for (index_t i = 0; i < rows; ++i) {
      for (index_t j = 0; j < latent; ++j) {
        for (index_t l = 0; l < columns; ++l) {
          y[i * columns + l] += x[i * latent + j] * by[j * columns + l];
        }
      }
    }
    return y;
  }
};

/// Matrix products and updates of the student, on one stream, with a workspace of our own for
/// cuBLAS.
class blas {
 public:
  explicit blas(cudaStream_t stream) : workspace_(32 << 20) {
    expect(cublasCreate(&handle_));
    expect(cublasSetStream(handle_, stream));
    expect(cublasSetWorkspace(handle_, raw(workspace_), workspace_.size()));
  }
  blas(blas const&) = delete;
  ~blas() { cublasDestroy(handle_); }

  /// c [m, n] = a b, row-major; a is [k, m] if a_turned, b is [n, k] if b_turned.
  void product(bool a_turned, bool b_turned, index_t m, index_t n, index_t k, float const* a,
               float const* b, float* c) {
    float const one = 1, zero = 0;
    expect(cublasSgemm(handle_, b_turned ? CUBLAS_OP_T : CUBLAS_OP_N,
                       a_turned ? CUBLAS_OP_T : CUBLAS_OP_N, int(n), int(m), int(k), &one, b,
                       int(b_turned ? k : n), a, int(a_turned ? m : k), &zero, c, int(n)));
  }
  /// y += a x
  void add(float a, device_vector<float>& x, device_vector<float>& y) {
    expect(cublasSaxpy(handle_, int(y.size()), &a, raw(x), 1, raw(y), 1));
  }

 private:
  cublasHandle_t handle_ = nullptr;
  device_vector<char> workspace_;
};

/// Everything that a step reads and writes, for the whole training.
class training {
 public:
  training(drawn_people const& people, cudaStream_t stream)
      : stream_(stream),
        blas_(stream),
        images_(people.images),
        teachers_(people.teacher),
        all_labels_(people.labels),
        prototypes_(people.prototypes),
        bank_(thrust::device, view(prototypes_, width)) {
    // Once: the k most related other classes of every class.
    device_vector<float> relations(classes * k);
    coupleface::mine_nearest(thrust::device, bank_.teacher(), bank_.teacher(), view(relations, k),
                             make_matrix_view(raw(table_), classes, k));
    expect(cudaDeviceSynchronize());  // the stream does not wait for work of thrust::device
  }

  /// Copies batch `number` to the buffers that a step reads, captured or not.
  void show(index_t number) {
    auto const copy = [&](auto& to, auto& from, index_t columns) {
      expect(cudaMemcpyAsync(raw(to), raw(from) + number * batch * columns,
                             sizeof(*raw(to)) * std::size_t(batch * columns),
                             cudaMemcpyDeviceToDevice, stream_));
    };
    copy(x_, images_, inputs);
    copy(teacher_, teachers_, width);
    copy(labels_, all_labels_, 1);
  }

  template <class Policy>
  void forward(Policy const& policy) {
    blas_.product(false, false, batch, hidden, inputs, raw(x_), raw(first_), raw(middle_));
    thrust::transform(policy, middle_.begin(), middle_.end(), middle_.begin(), relu{});
    blas_.product(false, false, batch, width, hidden, raw(middle_), raw(second_), raw(student_));
  }

  template <class Policy>
  void losses(Policy const& policy) {
    auto const student = view(student_, width), teacher = view(teacher_, width);
    auto const labels = make_vector_view(raw(labels_), batch);
    auto const table = make_matrix_view(raw(table_), classes, k);
    coupleface::fcd_loss(policy, student, teacher, make_scalar_view(raw(losses_)),
                         view(gradient_, width));
    coupleface::rad_loss(policy, student, teacher, bank_.teacher(),
                         coupleface::class_neighbours(labels, table),
                         make_scalar_view(raw(losses_) + 1), view(rad_gradient_, width));
    coupleface::margin_softmax_loss(policy, student, view(weights_, width), labels,
                                    make_scalar_view(raw(losses_) + 2),
                                    view(softmax_gradient_, width), view(weight_gradient_, width),
                                    coupleface::cosine_margin{margin, scale});
  }

  template <class Policy>
  void step(Policy const& policy) {
    forward(policy);
    losses(policy);
    blas_.add(lambda, rad_gradient_, gradient_);
    blas_.add(softmax_weight, softmax_gradient_, gradient_);
    blas_.product(true, false, hidden, width, batch, raw(middle_), raw(gradient_),
                  raw(second_gradient_));
    blas_.product(false, true, batch, hidden, width, raw(gradient_), raw(second_),
                  raw(middle_gradient_));
    thrust::transform(policy, middle_.begin(), middle_.end(), middle_gradient_.begin(),
                      middle_gradient_.begin(), relu_gradient{});
    blas_.product(true, false, inputs, hidden, batch, raw(x_), raw(middle_gradient_),
                  raw(first_gradient_));
    blas_.add(-rate, first_gradient_, first_);
    blas_.add(-rate, second_gradient_, second_);
    blas_.add(-rate * softmax_weight, weight_gradient_, weights_);
    bank_.update(policy, make_vector_view(raw(labels_), batch), view(teacher_, width));
  }

  struct terms {
    float fcd, rad, softmax;
    float total() const { return fcd + lambda * rad + softmax_weight * softmax; }
  };
  /// The losses of the last step; waits for it.
  terms read_losses() {
    terms read;
    expect(cudaMemcpyAsync(&read, raw(losses_), sizeof read, cudaMemcpyDeviceToHost, stream_));
    expect(cudaStreamSynchronize(stream_));
    return read;
  }

  template <class Policy>
  bool agrees_with_host(Policy const& policy);

 private:
  cudaStream_t stream_;
  blas blas_;
  device_vector<float> images_, teachers_;
  device_vector<std::int32_t> all_labels_;
  device_vector<float> prototypes_;
  coupleface::feature_bank<float, coupleface::latest_sample, device_vector> bank_;
  device_vector<std::int32_t> table_ = device_vector<std::int32_t>(classes * k);
  device_vector<float> first_ = normal(inputs * hidden, std::sqrt(2.0 / inputs), 6);
  device_vector<float> second_ = normal(hidden * width, std::sqrt(1.0 / hidden), 7);
  device_vector<float> weights_ = normal(classes * width, 1, 8);
  device_vector<float> first_gradient_ = device_vector<float>(inputs * hidden);
  device_vector<float> second_gradient_ = device_vector<float>(hidden * width);
  device_vector<float> weight_gradient_ = device_vector<float>(classes * width);
  device_vector<float> x_ = device_vector<float>(batch * inputs);
  device_vector<float> middle_ = device_vector<float>(batch * hidden), middle_gradient_ = middle_;
  device_vector<float> student_ = device_vector<float>(batch * width), teacher_ = student_;
  device_vector<float> gradient_ = student_, rad_gradient_ = student_, softmax_gradient_ = student_;
  device_vector<std::int32_t> labels_ = device_vector<std::int32_t>(batch);
  device_vector<float> losses_ = device_vector<float>(3);
};

template <class T>
std::vector<T> on_host(device_vector<T> const& x) {
  std::vector<T> copy(x.size());
  thrust::copy(x.begin(), x.end(), copy.begin());
  return copy;
}

/// Compares the losses of the current batch between `policy` and a host policy.
template <class Policy>
bool training::agrees_with_host(Policy const& policy) {
  forward(policy);
  losses(policy);
  terms const found = read_losses();
  auto const student = on_host(student_), teacher = on_host(teacher_), weights = on_host(weights_);
  auto const labels = on_host(labels_), table = on_host(table_);
  std::vector<float> bank(classes * width), slopes(batch * width);
  expect(cudaMemcpy(bank.data(), bank_.teacher().data_handle(), bank.size() * sizeof(float),
                    cudaMemcpyDeviceToHost));
  auto const host = thrust::cpp::par;
  auto const s = make_matrix_view(student.data(), batch, width);
  auto const t = make_matrix_view(teacher.data(), batch, width);
  auto const l = make_vector_view(labels.data(), batch);
  auto const gradient = make_matrix_view(slopes.data(), batch, width);
  terms expected;
  bool agree = true;
  coupleface::fcd_loss(host, s, t, make_scalar_view(&expected.fcd), gradient);
  agree &= slopes == on_host(gradient_);
  coupleface::rad_loss(host, s, t, make_matrix_view(bank.data(), classes, width),
                       coupleface::class_neighbours(l, make_matrix_view(table.data(), classes, k)),
                       make_scalar_view(&expected.rad), gradient);
  agree &= slopes == on_host(rad_gradient_);
  coupleface::margin_softmax_loss(host, s, make_matrix_view(weights.data(), classes, width), l,
                                  make_scalar_view(&expected.softmax),
                                  coupleface::cosine_margin{margin, scale});
  // A logit is a sum of width products of unit elements, in float on both sides; the loss changes
  // by at most twice the change of the logits.
  double const bound = 2 * 2 * scale * (width + 8) * std::ldexp(1.0, -24);
  agree &= found.fcd == expected.fcd && found.rad == expected.rad &&
           std::fabs(found.softmax - expected.softmax) <= bound;
  std::printf("host policy %s: fcd %.9g | %.9g, rad %.9g | %.9g, softmax %.6g | %.6g\n",
              agree ? "agrees" : "DISAGREES", found.fcd, expected.fcd, found.rad, expected.rad,
              found.softmax, expected.softmax);
  return agree;
}

/// A step as a CUDA graph: one launch instead of about fifty.
class captured_step {
 public:
  template <class Policy>
  captured_step(training& all, Policy const& policy, cudaStream_t stream) : stream_(stream) {
    cudaGraph_t graph = nullptr;
    expect(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    all.step(policy);
    expect(cudaStreamEndCapture(stream, &graph));
    expect(cudaGraphGetNodes(graph, nullptr, &nodes_));
    expect(cudaGraphInstantiate(&replay_, graph, 0));
    expect(cudaGraphDestroy(graph));
  }
  captured_step(captured_step const&) = delete;
  ~captured_step() { cudaGraphExecDestroy(replay_); }
  void operator()() { expect(cudaGraphLaunch(replay_, stream_)); }
  std::size_t nodes() const { return nodes_; }

 private:
  cudaStream_t stream_;
  cudaGraphExec_t replay_ = nullptr;
  std::size_t nodes_ = 0;
};

int train() {
  owned_stream const owned;
  memory_pool pool;
  auto const policy = thrust::cuda::par_nosync(pool).on(owned.stream);
  training all(drawn_people(), owned.stream);

  all.show(0);
  bool good = all.agrees_with_host(policy);
  all.step(policy);  // fills the pool and initialises cuBLAS, which is not allowed during a capture
  int const requests = pool.requests(), allocations = pool.allocations();
  captured_step replay(all, policy, owned.stream);
  std::printf("step: %d pieces of scratch from the pool of %.1f MiB, %zu nodes of the graph\n",
              pool.requests() - requests, double(pool.bytes()) / (1 << 20), replay.nodes());

  float first = 0, last = 0;
  for (int i = 0; i < steps; ++i) {
    all.show(i % batches);
    replay();
    if (i % 50 == 0 || i == steps - 1) {
      auto const loss = all.read_losses();
      last = loss.total();
      if (i == 0) { first = last; }
      std::printf("step %3d  fcd %.4f  rad %.5f  softmax %.3f  total %.4f\n", i, loss.fcd, loss.rad,
                  loss.softmax, last);
    }
  }
  good &= all.agrees_with_host(policy);
  int const later = pool.allocations() - allocations;
  std::printf("allocations by CUDA: %d before and in the first step, %d after it\n", allocations,
              later);
  return good && later == 0 && last < 0.5f * first ? 0 : 1;
}

}  // namespace

int main() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess || count == 0) {
    std::puts("no CUDA device");
    return 77;
  }
  try {
    return train();
  } catch (std::exception const& error) {
    std::fprintf(stderr, "cuda_training_step: %s\n", error.what());
    return 1;
  }
}

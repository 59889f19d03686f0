// SPDX-License-Identifier: Apache-2.0
// DLPack tensors as views and back. The structs are declared here, as the ABI has them.
#include <coupleface/interop/dlpack.hpp>

#include <coupleface/normalize.hpp>

#include <thrust/execution_policy.h>

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

namespace cf = coupleface;

namespace {

struct data_type {
  std::uint8_t code, bits;
  std::uint16_t lanes;
};
struct device {
  std::int32_t device_type, device_id;
};
struct tensor {
  void* data;
  struct device device;
  std::int32_t ndim;
  data_type dtype;
  std::int64_t* shape;
  std::int64_t* strides;
  std::uint64_t byte_offset;
};
struct managed_tensor {
  tensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(managed_tensor*);
};
struct versioned_tensor {
  struct {
    std::uint32_t major, minor;
  } version;
  void* manager_ctx;
  void (*deleter)(versioned_tensor*);
  std::uint64_t flags;
  tensor dl_tensor;
};

template <class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (std::invalid_argument const& error) { return error.what(); }
  return "(nothing was thrown)";
}

/// A matrix of floats [4, 3] in rows of 5, and its tensor.
struct float_tensor {
  std::vector<float> data = std::vector<float>(20, 1.f);
  std::int64_t shape[2] = {4, 3};
  std::int64_t strides[2] = {5, 1};
  tensor t{data.data(), {1, 0}, 2, {2, 32, 1}, shape, strides, 0};
};

TEST(dlpack, a_matrix_with_its_strides_and_offset) {
  float_tensor x;
  auto const view = cf::matrix_view_of<float>(x.t);
  EXPECT_EQ(view.data_handle(), x.data.data());
  EXPECT_EQ(view.extent(0), 4);
  EXPECT_EQ(view.extent(1), 3);
  EXPECT_EQ(view.stride(0), 5);
  x.t.byte_offset = 8;
  EXPECT_EQ(cf::matrix_view_of<float const>(x.t).data_handle(), x.data.data() + 2);
  x.t.strides = nullptr;  // compact
  EXPECT_EQ(cf::matrix_view_of<float>(x.t).stride(0), 3);
  managed_tensor const managed{x.t, nullptr, nullptr};
  EXPECT_EQ(cf::matrix_view_of<float>(managed).data_handle(), x.data.data() + 2);
}

TEST(dlpack, a_vector) {
  float_tensor x;
  x.t.ndim = 1;
  x.strides[0] = 1;
  auto const view = cf::vector_view_of<float>(x.t);
  EXPECT_EQ(view.data_handle(), x.data.data());
  EXPECT_EQ(view.extent(0), 4);
  x.strides[0] = 2;
  EXPECT_EQ(message_of([&] { cf::vector_view_of<float>(x.t); }),
            "coupleface::vector_view_of: stride is 2, but a view's is 1");
  x.shape[0] = 1;  // a stride that is never taken
  EXPECT_EQ(cf::vector_view_of<float>(x.t).extent(0), 1);
  x.shape[0] = 0;
  x.t.data = nullptr;
  EXPECT_EQ(cf::vector_view_of<float>(x.t).extent(0), 0);
}

template <class T>
void expect_type(std::uint8_t code, std::uint8_t bits) {
  T values[2] = {};
  std::int64_t shape[1] = {2};
  tensor t{values, {1, 0}, 1, {code, bits, 1}, shape, nullptr, 0};
  EXPECT_EQ(cf::vector_view_of<T>(t).data_handle(), values);
  auto const made = cf::make_dlpack<managed_tensor>(cf::make_vector_view(values, 2), nullptr);
  EXPECT_EQ(made->dl_tensor.dtype.code, code);
  EXPECT_EQ(made->dl_tensor.dtype.bits, bits);
  EXPECT_EQ(made->dl_tensor.dtype.lanes, 1);
  t.dtype.lanes = 2;
  EXPECT_THROW(cf::vector_view_of<T>(t), std::invalid_argument);
}

TEST(dlpack, element_types) {
  expect_type<float>(2, 32);
  expect_type<double>(2, 64);
  expect_type<cf::float16>(2, 16);
  expect_type<cf::bfloat16>(4, 16);
  expect_type<std::int32_t>(0, 32);
  expect_type<std::int64_t>(0, 64);
  expect_type<std::uint8_t>(1, 8);
  expect_type<bool>(6, 8);
}

TEST(dlpack, what_no_view_can_show) {
  using std::string;
  float_tensor x;
  auto const message = [&] { return message_of([&] { cf::matrix_view_of<float>(x.t); }); };
  x.t.dtype = {0, 64, 1};
  EXPECT_EQ(message(),
            "coupleface::matrix_view_of: elements are int64, but the view asked for has float32");
  x.t.dtype = {2, 32, 1};
  x.t.ndim = 3;
  EXPECT_EQ(message(),
            "coupleface::matrix_view_of: number of dimensions is 3, but a matrix's is 2");
  x.t.ndim = 2;
  x.t.device.device_type = 2;
  EXPECT_EQ(
      message(),
      "coupleface::matrix_view_of: the elements are on a device of type 2, but the view asked "
      "for is of host memory (1)");
  EXPECT_EQ(cf::matrix_view_of<float>(x.t, cf::dlpack_memory::cuda).extent(0), 4);
  x.t.device.device_type = 3;  // pinned: both
  EXPECT_EQ(cf::matrix_view_of<float>(x.t).extent(0), 4);
  EXPECT_EQ(cf::matrix_view_of<float>(x.t, cf::dlpack_memory::cuda).extent(0), 4);
  x.t.device.device_type = 1;
  EXPECT_THROW(cf::matrix_view_of<float>(x.t, cf::dlpack_memory::cuda), std::invalid_argument);
  x.strides[1] = 2;
  EXPECT_EQ(message(), "coupleface::matrix_view_of: inner stride is 2, but a view's is 1");
  x.strides[1] = 1;
  x.strides[0] = 0;  // one row broadcast
  EXPECT_EQ(message(), "coupleface::matrix_view_of: the tensor has row stride 0 but 3 columns");
  x.strides[0] = -5;
  EXPECT_NE(message().find("row stride -5"), string::npos);
  x.strides[0] = 5;
  x.shape[0] = -4;
  EXPECT_NE(message().find("negative extent"), string::npos);
  x.shape[0] = 4;
  x.t.byte_offset = 2;
  EXPECT_NE(message().find("byte_offset 2 make no address"), string::npos);
  x.t.byte_offset = 0;
  x.t.data = nullptr;
  EXPECT_NE(message().find("null pointer"), string::npos);
  x.shape[0] = 0;
  x.strides[0] = x.strides[1] = 0;  // as NumPy's of arrays without elements
  EXPECT_EQ(cf::matrix_view_of<float>(x.t).extent(1), 3);
  x.shape[0] = 4;
  x.shape[1] = 0;
  EXPECT_EQ(cf::matrix_view_of<float>(x.t).extent(0), 4);
}

TEST(dlpack, versions_and_read_only_tensors) {
  float_tensor x;
  versioned_tensor versioned{{1, 3}, nullptr, nullptr, 1, x.t};
  EXPECT_EQ(cf::matrix_view_of<float const>(versioned).data_handle(), x.data.data());
  EXPECT_EQ(
      message_of([&] { cf::matrix_view_of<float>(versioned); }),
      "coupleface::matrix_view_of: the tensor is read-only; ask for a view of const elements");
  versioned.flags = 2;
  EXPECT_EQ(cf::matrix_view_of<float>(versioned).data_handle(), x.data.data());
  versioned.version.major = 2;
  EXPECT_EQ(message_of([&] { cf::matrix_view_of<float>(versioned); }),
            "coupleface::matrix_view_of: DLPack version 2, but known is 1");
}

TEST(dlpack, views_as_tensors_that_keep_their_owner) {
  auto owner = std::make_shared<std::vector<float>>(20, 0.f);
  std::weak_ptr<std::vector<float>> const alive = owner;
  float* const data = owner->data();
  auto made =
      cf::make_dlpack<managed_tensor>(cf::make_matrix_view(data, 4, 3, 5), std::move(owner), 3, 2);
  ASSERT_FALSE(alive.expired());
  tensor const& t = made->dl_tensor;
  EXPECT_EQ(t.data, data);
  EXPECT_EQ(t.ndim, 2);
  EXPECT_EQ(t.shape[0], 4);
  EXPECT_EQ(t.shape[1], 3);
  EXPECT_EQ(t.strides[0], 5);
  EXPECT_EQ(t.strides[1], 1);
  EXPECT_EQ(t.byte_offset, 0U);
  EXPECT_EQ(t.device.device_type, 3);
  EXPECT_EQ(t.device.device_id, 2);
  managed_tensor* const given_away = made.release();
  EXPECT_FALSE(alive.expired());
  cf::dlpack_owner<managed_tensor> taken(given_away);  // what a framework does
  EXPECT_EQ(cf::matrix_view_of<float>(*taken).stride(0), 5);
  taken.reset();
  EXPECT_TRUE(alive.expired());
  EXPECT_THROW(cf::make_dlpack<managed_tensor>(cf::make_matrix_view(data, -1, 3), nullptr),
               std::invalid_argument);
}

TEST(dlpack, const_views_are_read_only_tensors) {
  std::vector<float> const data(6, 2.f);
  auto const made =
      cf::make_dlpack<versioned_tensor>(cf::make_matrix_view(data.data(), 2, 3), nullptr);
  EXPECT_EQ(made->version.major, 1U);
  EXPECT_EQ(made->flags, 1U);
  EXPECT_EQ(cf::matrix_view_of<float const>(*made).data_handle(), data.data());
  std::vector<float> changeable(6);
  auto const writable =
      cf::make_dlpack<versioned_tensor>(cf::make_matrix_view(changeable.data(), 2, 3), nullptr);
  EXPECT_EQ(writable->flags, 0U);
}

TEST(dlpack, the_library_on_a_tensor) {
  std::vector<cf::float16> data{cf::float16(3.), cf::float16(4.), cf::float16(0.), cf::float16(0.)};
  std::vector<float> unit(4, NAN);
  std::int64_t shape[2] = {2, 2};
  tensor const in{data.data(), {1, 0}, 2, {2, 16, 1}, shape, nullptr, 0};
  tensor const out{unit.data(), {1, 0}, 2, {2, 32, 1}, shape, nullptr, 0};
  cf::normalize_rows(thrust::device, cf::matrix_view_of<cf::float16 const>(in),
                     cf::matrix_view_of<float>(out));
  EXPECT_EQ(unit, (std::vector<float>{0.6f, 0.8f, 0.f, 0.f}));
}

}  // namespace

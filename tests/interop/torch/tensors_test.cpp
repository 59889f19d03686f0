// SPDX-License-Identifier: Apache-2.0
// Tensors as views and back, feature banks and mining on them: what is read in place, and that the
// results are those of the functions on views.
#include <coupleface/interop/dlpack.hpp>
#include <coupleface/interop/torch.hpp>

#include <thrust/execution_policy.h>

#include <ATen/DLConvertor.h>

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <vector>

namespace cf = coupleface;

namespace {

template <class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (std::invalid_argument const& error) { return error.what(); }
  return "(nothing was thrown)";
}

cf::vector_view<std::int64_t const> longs(at::Tensor const& t) {
  return cf::vector_view_of<std::int64_t const>(t);
}

// ---- views

TEST(torch_tensors, as_views) {
  at::Tensor const wide = at::randn({4, 10}, at::kFloat);
  at::Tensor const part = wide.slice(1, 2, 7);
  auto const view = cf::matrix_view_of<float>(part);
  EXPECT_EQ(view.data_handle(), wide.data_ptr<float>() + 2);
  EXPECT_EQ(view.extent(0), 4);
  EXPECT_EQ(view.extent(1), 5);
  EXPECT_EQ(view.stride(0), 10);
  EXPECT_EQ(cf::matrix_view_of<cf::float16 const>(wide.to(at::kHalf)).extent(0), 4);
  EXPECT_EQ(cf::matrix_view_of<at::BFloat16>(wide.to(at::kBFloat16)).extent(1), 10);
  EXPECT_EQ(longs(at::zeros({5}, at::kLong)).extent(0), 5);
  EXPECT_EQ(cf::vector_view_of<std::int32_t>(at::zeros({5}, at::kInt)).extent(0), 5);
  EXPECT_EQ(cf::matrix_view_of<float>(at::empty({0, 3}, at::kFloat)).extent(1), 3);
  EXPECT_EQ(message_of([&] { cf::matrix_view_of<double>(wide); }),
            "coupleface::matrix_view_of: the tensor has elements of Float, but must have Double");
  EXPECT_EQ(message_of([&] { cf::matrix_view_of<float>(wide.t()); }),
            "coupleface::matrix_view_of: inner stride is 10, but a view's is 1");
  EXPECT_EQ(message_of([&] {
              cf::matrix_view_of<float>(wide[0].expand({3, 10}));
            }),
            "coupleface::matrix_view_of: the tensor has row stride 0 but 10 columns");
  EXPECT_EQ(message_of([&] { cf::vector_view_of<float>(wide.select(1, 0)); }),
            "coupleface::vector_view_of: stride is 10, but a view's is 1");
}

TEST(torch_tensors, of_views) {
  std::vector<float> data(20, 1.f);
  at::Tensor const t = cf::as_tensor(cf::make_matrix_view(data.data(), 4, 3, 5));
  EXPECT_EQ(t.data_ptr(), data.data());
  EXPECT_EQ(t.sizes(), (std::vector<std::int64_t>{4, 3}));
  EXPECT_EQ(t.stride(0), 5);
  t.mul_(2);
  EXPECT_EQ(data[2], 2);
  EXPECT_EQ(data[3], 1);
  std::vector<cf::bfloat16> const two_bytes(3, cf::bfloat16(0.5));
  at::Tensor const v = cf::as_tensor(cf::make_vector_view(two_bytes.data(), 3));
  EXPECT_EQ(v.scalar_type(), at::kBFloat16);
  EXPECT_EQ(v.sum().item<double>(), 1.5);
}

/// interop/dlpack.hpp against another implementation of the ABI.
TEST(torch_tensors, through_dlpack) {
  at::Tensor const part = at::randn({4, 10}, at::kFloat).slice(1, 2, 7);
  cf::dlpack_owner<DLManagedTensor> const given(at::toDLPack(part));
  auto const view = cf::matrix_view_of<float>(*given);
  EXPECT_EQ(view.data_handle(), part.data_ptr<float>());
  EXPECT_EQ(view.stride(0), 10);
  for (auto const type : {at::kHalf, at::kBFloat16}) {
    cf::dlpack_owner<DLManagedTensor> const two_bytes(at::toDLPack(part.to(type)));
    bool const is_half = type == at::kHalf;
    EXPECT_EQ(message_of([&] { cf::matrix_view_of<cf::float16>(*two_bytes); }).find("bfloat16") ==
                  std::string::npos,
              is_half);
    EXPECT_EQ(message_of([&] { cf::matrix_view_of<cf::bfloat16>(*two_bytes); }).find("float16") ==
                  std::string::npos,
              !is_half);
  }
  auto owner = std::make_shared<std::vector<double>>(12, 3.0);
  std::weak_ptr<std::vector<double>> const alive = owner;
  double* const data = owner->data();
  {
    at::Tensor const back = at::fromDLPack(
        cf::make_dlpack<DLManagedTensor>(cf::make_matrix_view(data, 3, 4), std::move(owner))
            .release());
    EXPECT_EQ(back.data_ptr(), data);
    EXPECT_EQ(back.sum().item<double>(), 36);
    EXPECT_FALSE(alive.expired());
  }
  EXPECT_TRUE(alive.expired());
}

// ---- feature bank

TEST(torch_feature_bank, is_renewed_in_place) {
  at::manual_seed(1);
  at::Tensor const prototypes = at::randn({5, 6}, at::kFloat);
  at::Tensor const labels = at::tensor({1L, 4L, -1L, 1L}, at::kLong);
  using bank_type = cf::feature_bank<float, cf::moving_average>;
  for (auto const type : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16}) {
    bank_type bank(thrust::device, cf::matrix_view_of<float const>(prototypes));
    bank_type expected(thrust::device, cf::matrix_view_of<float const>(prototypes));
    at::Tensor const shown = cf::as_tensor(bank.teacher());
    EXPECT_EQ(shown.data_ptr(), bank.teacher().data_handle());
    at::Tensor const before = shown.clone(), batch = at::randn({6, 4}, at::kFloat).t().to(type);
    cf::update(thrust::device, bank, labels, batch);
    // Every element of these types is a double.
    at::Tensor const same = batch.to(at::kDouble).contiguous();
    expected.update(thrust::device, longs(labels), cf::matrix_view_of<double const>(same));
    EXPECT_TRUE(at::equal(shown, cf::as_tensor(expected.teacher())));
    EXPECT_FALSE(at::equal(shown, before));
    EXPECT_EQ(bank.steps(), 1);
  }
}

TEST(torch_feature_bank, with_a_student_half) {
  at::manual_seed(2);
  at::Tensor const prototypes = at::randn({5, 6}, at::kFloat), half = at::randn({5, 3}, at::kFloat);
  at::Tensor const labels = at::tensor({1L, 4L}, at::kLong);
  cf::feature_bank<float> bank(thrust::device, cf::matrix_view_of<float const>(prototypes),
                               cf::matrix_view_of<float const>(half));
  at::Tensor const teacher = at::randn({2, 6}, at::kFloat);
  at::Tensor const student = at::randn({2, 3}, at::kFloat).to(at::kHalf);
  cf::update(thrust::device, bank, labels, teacher, student);
  at::Tensor const wide = student.to(at::kFloat), unit = wide / wide.norm(2, {1}, true);
  EXPECT_LE(
      (cf::as_tensor(bank.student()).index_select(0, labels) - unit).abs().max().item<float>(),
      0x1p-23f);
  EXPECT_EQ(message_of([&] { cf::update(thrust::device, bank, labels, teacher); }),
            "coupleface::feature_bank::update: width of the student half is 3, but width of the "
            "student embeddings given is 0");
  EXPECT_EQ(message_of([&] { cf::update(thrust::device, bank, labels.to(at::kInt), teacher); }),
            "coupleface::feature_bank::update: labels has elements of Int, but must have Long");
}

// ---- mining

/// The table of a function on views must be what the one on tensors gives.
template <class Views>
void expect_table(cf::mined_tensors const& found, Views const& mine) {
  at::Tensor const values = at::full_like(found.values, NAN);
  at::Tensor const indices = at::full_like(found.indices, -7);
  mine(cf::matrix_view_of<float>(values), cf::matrix_view_of<std::int64_t>(indices));
  EXPECT_EQ(found.indices.scalar_type(), at::kLong);
  EXPECT_TRUE(at::equal(found.values, values));
  EXPECT_TRUE(at::equal(found.indices, indices));
  EXPECT_GT((indices >= 0).sum().item<std::int64_t>(), 0);
}

struct mining_case {
  at::Tensor queries = at::randn({9, 12}, at::kFloat).slice(1, 0, 8);  // rows apart
  at::Tensor candidates = at::randn({30, 8}, at::kFloat);
  at::Tensor labels = at::randint(9, {9}, at::kLong);
  at::Tensor teacher_queries = at::randn({9, 5}, at::kFloat);
  at::Tensor teacher_candidates = at::randn({30, 5}, at::kFloat);
  cf::matrix_view<float const> q = cf::matrix_view_of<float const>(queries);
  cf::matrix_view<float const> c = cf::matrix_view_of<float const>(candidates);
  cf::matrix_view<float const> tq = cf::matrix_view_of<float const>(teacher_queries);
  cf::matrix_view<float const> tc = cf::matrix_view_of<float const>(teacher_candidates);
};

TEST(torch_mining, strategies_on_two_sets) {
  at::manual_seed(3);
  mining_case const x;
  auto const on = thrust::device;
  expect_table(cf::mine_nearest(on, x.queries, x.candidates, 4),
               [&](auto v, auto i) { cf::mine_nearest(on, x.q, x.c, v, i); });
  expect_table(cf::mine_random(on, x.queries, x.candidates, 5, 4),
               [&](auto v, auto i) { cf::mine_random(on, x.q, x.c, 5, v, i); });
  expect_table(cf::mine_rank_window(on, x.queries, x.candidates, 2, 4),
               [&](auto v, auto i) { cf::mine_rank_window(on, x.q, x.c, 2, v, i); });
  cf::similarity_window const window{-0.5, 0.2};
  expect_table(cf::mine_similarity_window(on, x.queries, x.candidates, window, 4),
               [&](auto v, auto i) { cf::mine_similarity_window(on, x.q, x.c, window, v, i); });
  expect_table(cf::mine_mixed(on, x.queries, x.candidates, 2, 7, 4),
               [&](auto v, auto i) { cf::mine_mixed(on, x.q, x.c, 2, 7, v, i); });
}

TEST(torch_mining, strategies_with_labels) {
  at::manual_seed(4);
  mining_case const x;
  auto const on = thrust::device;
  auto const labels = longs(x.labels);
  expect_table(cf::mine_in_batch(on, x.queries, x.labels, 4),
               [&](auto v, auto i) { cf::mine_in_batch(on, x.q, labels, v, i); });
  expect_table(cf::mine_from_bank(on, x.queries, x.labels, x.candidates, 4),
               [&](auto v, auto i) { cf::mine_from_bank(on, x.q, labels, x.c, v, i); });
  expect_table(cf::mine_relative_margin(on, x.queries, x.candidates, x.labels, 0.05, 4),
               [&](auto v, auto i) { cf::mine_relative_margin(on, x.q, x.c, labels, 0.05, v, i); });
}

TEST(torch_mining, strategies_of_two_networks) {
  at::manual_seed(5);
  mining_case const x;
  auto const on = thrust::device;
  expect_table(
      cf::mine_gap(on, x.queries, x.candidates, x.teacher_queries, x.teacher_candidates, 4),
      [&](auto v, auto i) { cf::mine_gap(on, x.q, x.c, x.tq, x.tc, v, i); });
  expect_table(cf::mine_teacher_order(on, x.queries, x.candidates, x.teacher_queries,
                                      x.teacher_candidates, 10, 4),
               [&](auto v, auto i) { cf::mine_teacher_order(on, x.q, x.c, x.tq, x.tc, 10, v, i); });
}

TEST(torch_mining, element_types_strides_and_errors) {
  at::manual_seed(6);
  mining_case const x;
  auto const on = thrust::device;
  EXPECT_EQ(cf::mine_nearest(on, x.queries.to(at::kHalf), x.candidates.to(at::kHalf), 3)
                .values.scalar_type(),
            at::kFloat);
  auto const wide =
      cf::mine_nearest(on, x.queries.to(at::kDouble), x.candidates.to(at::kDouble), 3);
  EXPECT_EQ(wide.values.scalar_type(), at::kDouble);
  auto const plain = cf::mine_nearest(on, x.queries, x.candidates, 3);
  EXPECT_TRUE(at::equal(wide.indices, plain.indices));
  at::Tensor const column_major = x.queries.t().contiguous().t();
  EXPECT_TRUE(at::equal(cf::mine_nearest(on, column_major, x.candidates, 3).values, plain.values));
  EXPECT_EQ(message_of([&] { cf::mine_nearest(on, x.queries, x.candidates.to(at::kHalf), 3); }),
            "coupleface::mine_nearest: candidates has elements of Half, but must have Float");
  EXPECT_EQ(message_of([&] { cf::mine_nearest(on, x.queries, x.candidates.slice(1, 0, 7), 3); }),
            "coupleface::mine_nearest: width of candidates is 7, but width of queries is 8");
  EXPECT_EQ(message_of([&] { cf::mine_nearest(on, x.queries, x.candidates, -1); }),
            "coupleface::mine_nearest: k is negative");
}

}  // namespace

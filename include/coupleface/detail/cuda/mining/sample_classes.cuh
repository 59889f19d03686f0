// coupleface: sampling classes on the host, of labels and a table that lie on a CUDA device. Only
// the table's rows of the batch's classes are copied.
#pragma once

#include <coupleface/detail/cuda/host_side.cuh>
#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/mining/sample_classes.hpp>

#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class L, class I, class O>
struct gather_rows_body {
  vector_view<L> labels;
  matrix_view<I> table;
  O* rows;
  COUPLEFACE_HOST_DEVICE void operator()(index_t at) const {
    index_t const i = at / table.extent(1), k = at % table.extent(1);
    rows[at] = labels(i) < 0 ? O(-1) : table(index_t(labels(i)), k);
  }
};

template <class I>
struct gathered_rows {
  matrix_view<I const> rows;
  index_t columns() const { return rows.extent(1); }
  I const* of_sample(index_t i) const { return rows.row(i); }
};

template <class Derived, class L, class I, class O>
void sample_classes(cuda_policy<Derived> const& base, vector_view<L> labels, index_t class_count,
                    matrix_view<I> table, std::uint64_t seed, vector_view<O> classes) {
  using id = std::remove_const_t<I>;
  auto const& policy = static_cast<Derived const&>(base);
  index_t const n = labels.extent(0), columns = table.extent(1);
  auto const label = on_host(policy, labels);
  expect_ids("sample_classes", "labels", label.vector(), class_count);  // rows are read by them
  scratch<id, Derived> const gathered(policy, n * columns);
  launch_indices(policy, n * columns, gather_rows_body<L, I, id>{labels, table, gathered.data()});
  host_copy<id> const rows(policy, matrix_view<id const>(gathered.data(), n, columns));
  std::vector<O> chosen(static_cast<std::size_t>(classes.extent(0)));
  sample_classes(host_side(policy), label.vector(), class_count, gathered_rows<id>{rows.view()},
                 seed, vector_view<O>(chosen.data(), classes.extent(0)));
  write_back(policy, chosen.data(), classes.extent(0), classes.data_handle());
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

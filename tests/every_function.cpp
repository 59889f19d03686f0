// SPDX-License-Identifier: Apache-2.0
// Calls what the library offers for host policies, for compilers to have an opinion about: as a
// template is only looked at in full where it is used, headers alone hide warnings. Never run.
#include <coupleface_all_headers.hpp>

#include <thrust/execution_policy.h>

#include <cstdint>
#include <string>
#include <vector>

using namespace coupleface;  // NOLINT: as users do

namespace {

using ids = std::int32_t;

template <class P, class S, class T, class L>
void primitives(P const& policy, matrix_view<S const> x, vector_view<L const> labels,
                matrix_view<T> y, matrix_view<ids> indices) {
  check_finite(policy, x);
  check_labels(policy, labels, y.extent(0));
  normalize_rows(policy, x, y);
  normalize_rows_gradient(policy, x, x, y);
  class_prototypes(policy, x, labels, y);
  relation_matrix(policy, x, x, y);
  relation_matrix(policy, x, x, y, inner_product{});
  relation_matrix(policy, x, x, y, negative_squared_distance{});
  top_k(policy, y, y, indices);
  prototype_sums sums(y.extent(0), y.extent(1));
  sums.add(policy, x, labels);
  sums.finish(policy, y);
}

template <class T, class Update, class P, class S, class L>
void bank(P const& policy, matrix_view<S const> x, vector_view<L const> labels,
          std::string const& path, Update update) {
  feature_bank<T, Update> both(policy, x, x, update), teacher(policy, x, update);
  both.update(policy, labels, x, x);
  teacher.update(policy, labels, x);
  teacher_queue<T> queue(10, x.extent(1));
  queue.push(policy, x);
  queue.push(policy, x, labels);
  save_teacher_queue(path, queue);
  load_teacher_queue(path, queue);
  save_feature_bank(path, both);
  load_feature_bank(path, both);
}

template <class P, class S, class B, class G, class L, class R>
void losses(P const& policy, matrix_view<S const> x, matrix_view<B const> rows,
            vector_view<L const> labels, matrix_view<ids const> table, scalar_view<R> loss,
            matrix_view<G> gradient) {
  fcd_loss(policy, x, x, loss);
  fcd_loss(policy, x, x, loss, gradient);
  angular_loss(policy, x, x, loss);
  angular_loss(policy, x, x, loss, gradient, absolute{});
  rkd_angle_loss(policy, x, x, loss);
  rkd_angle_loss(policy, x, x, loss, gradient, squared{});
  pairwise_ranking_loss(policy, x, x, loss);
  pairwise_ranking_loss(policy, x, x, loss, gradient, power_ranking{}, ranking_sample{8, 1});
  pairwise_ranking_loss(policy, x, x, loss, gradient, logistic_ranking{});
  cross_relation_loss(policy, x, x, loss);
  cross_relation_loss(policy, x, x, loss, gradient, squared{}, euclidean_distance{}, every_row{});
  cross_contrast_loss(policy, x, x, loss);
  cross_contrast_loss(policy, x, x, loss, gradient, 0.1, not_same_label(labels, labels));
  teacher_queue_loss(policy, x, x, rows, loss);
  teacher_queue_loss(policy, x, x, rows, loss, gradient, 0.1, not_same_label(labels, labels));
  feature_loss(policy, x, x, loss);
  feature_loss(policy, x, x, loss, gradient);
  ekd_thresholds thresholds;
  ekd_loss(policy, x, x, labels, thresholds, loss, gradient);
  ekd_loss(policy, x, x, labels, thresholds, loss, ekd_settings{});
  ekd_loss(policy, x, x, labels, rows, rows, labels, thresholds, loss);
  ekd_loss(policy, x, x, labels, rows, rows, labels, thresholds, loss, gradient);
  rad_loss(policy, x, x, rows, table, loss);
  rad_loss(policy, x, x, rows, class_neighbours(labels, table), loss, gradient);
  rad_loss(policy, x, x, rows, rows, table, loss, gradient, hinge{0.1});
  rad_loss(policy, x, x, rows, table, loss, gradient, absolute{});
  rad_loss(policy, x, x, rows, table, loss, gradient, squared{});
  rad_loss(policy, x, x, rows, table, loss, gradient, smooth_l1{});
  rad_loss(policy, x, x, rows, table, loss, gradient, dead_zone{});
  margin_softmax_loss(policy, x, rows, labels, loss);
  margin_softmax_loss(policy, x, rows, labels, loss, gradient, arc_margin{}, keep_logits{});
  margin_softmax_loss(policy, x, rows, labels, loss, gradient, gradient, cosine_margin{});
  margin_softmax_loss(policy, x, rows, sampled_labels(labels, labels), loss, gradient,
                      plain_margin<combined_margin>{});
  margin_softmax_loss(policy, x, rows, labels, loss, gradient, straight_through<arc_margin>{});
}

template <class P, class S, class C, class V, class I, class L>
void mining(P const& policy, matrix_view<S const> q, matrix_view<C const> c,
            vector_view<L const> labels, matrix_view<V> values, matrix_view<I> table) {
  mine_nearest(policy, q, c, values, table);
  mine_nearest(policy, q, c, values, table, inner_product{}, every_row{});
  mine_nearest(policy, q, c, values, table, negative_squared_distance{},
               both(other_rows{}, other_labels(labels, labels)));
  nearest_search search(policy, q, c, values, table);
  while (search.step() < search.steps()) { search.advance(); }
  search.finish();
  refresh_nearest(policy, q, c, labels, labels, values, table);
  mine_random(policy, q, c, 1, values, table);
  mine_mixed(policy, q, c, 1, 1, values, table);
  mine_rank_window(policy, q, c, 2, values, table);
  mine_similarity_window(policy, q, c, similarity_window{0.1, 0.9}, values, table);
  mine_relative_margin(policy, q, c, labels, 0.1, values, table);
  mine_in_batch(policy, q, labels, values, table, cosine{}, other_classes(labels));
  mine_from_bank(policy, q, labels, c, values, table);
  mine_gap(policy, q, c, q, c, values, table);
  mine_gap(policy, q, c, q, c, values, table, absolute_gap{});
  mine_teacher_order(policy, q, c, q, c, 20, values, table);
  near_duplicates(policy, values, table, 0.9);
  describe_table(policy, values, table, c.extent(0)).share_never_chosen();
  active_pair_share(policy, values, table);
}

template <class P, class S, class V, class L>
void evaluation(P const& policy, matrix_view<S const> x, vector_view<L const> labels,
                vector_view<V> scores, matrix_view<V> means) {
  pair_scores(policy, x, x, labels, labels, scores);
  auto const curve = roc(policy, scores, labels);
  equal_error_rate(curve);
  tar_at_far(curve, 1e-3);
  k_fold_accuracy(policy, scores, labels, labels);
  auto const rates =
      resample_identities(policy, scores, labels, labels, labels, labels, {1e-3}, 10, 1);
  interval_of({1, 2, 3});
  verify_all_pairs(policy, x, labels, {1e-3});
  verify_all_pairs(policy, x, labels, x, labels, {1e-3}, inner_product{});
  identify(policy, x, labels, x, labels, 5);
  retrieve(policy, x, labels, x, labels);
  compare_with_teacher(policy, x, x, 10);
  average_templates(policy, x, labels, labels, labels, means);
  (void)rates;
}

template <class T>
void arrays(std::string const& path, matrix_view<T> x) {
  mapped_npy<T> const array(path);
  npy_reader reader(path);
  reader.template read<T>().matrix();
  npy_writer writer(path);
  writer.write(x);
  writer.commit();
  write_npy(path, array.vector());
}

void files(std::string const& path) {
  arrays<float>(path, {});
  arrays<float16>(path, {});
  arrays<ids>(path, {});
  write_lst(path, read_lst(path));
  write_image_list(path, read_image_list(path));
  read_image_pairs(path).sample(read_image_table(path).size());
  sample_loader loader(record_set{path});
  loader.next();
  sample_loader encoded_faces(read_image_folder(path), {}, shuffled{1});
  encoded_faces.next();
  record_set_writer(path, 112, 112).append({}, 1);
  verification_pack const pack(path);
  verification_pack_writer(path).append(pack.sample(0).bytes, {}, pack.same(0));
  read_template_list(path), read_template_table(path), read_template_pairs(path);
}

template <class T>
void adapters(std::vector<T>& data) {
  Eigen::Matrix<T, -1, -1, Eigen::RowMajor> m(3, 4);
  normalize_rows(thrust::seq, view_of(m), view_of(m));
  as_eigen(matrix_view<T>(data.data(), 1, 1)).setZero();
}

template <class P>
void everything(P const& policy, std::vector<ids>& table, std::vector<double>& data) {
  matrix_view<ids> const indices(table.data(), 1, 1);
  vector_view<ids const> const labels(table.data(), 1);
  vector_view<std::int64_t const> const wide(nullptr, 0);
  scalar_view<float> const loss(nullptr);
  primitives<P, float, float>(policy, {}, labels, {}, indices);
  primitives<P, float16, double>(policy, {}, wide, {}, indices);
  bank<float>(policy, matrix_view<float const>{}, labels, "", latest_sample{});
  bank<bfloat16>(policy, matrix_view<float const>{}, wide, "", recent_ring{2, 4});
  bank<double>(policy, matrix_view<double const>{}, labels, "", moving_average{0.9});
  losses<P, float, float, float>(policy, {}, {}, labels, indices, loss, {});
  losses<P, float16, bfloat16, float>(policy, {}, {}, wide, indices, loss, {});
  losses<P, double, float, double>(policy, {}, {}, labels, indices,
                                   scalar_view<double>(data.data()), {});
  mining<P, float, float, float>(policy, {}, {}, labels, {}, indices);
  mining<P, double, float16, double>(policy, {}, {}, wide, {}, matrix_view<std::int64_t>{});
  evaluation<P, float, float>(policy, {}, labels, {}, {});
  evaluation<P, float16, double>(policy, {}, wide, {}, {});
}

}  // namespace

int main() {
  std::vector<ids> table(1);
  std::vector<double> data(1);
  everything(thrust::seq, table, data);
  everything(thrust::host, table, data);
  adapters(data);
  files("");
}

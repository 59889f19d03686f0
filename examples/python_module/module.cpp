// SPDX-License-Identifier: Apache-2.0
// The library for Python. Arrays and CPU tensors are read in place, and results are written to
// arrays that coupleface/__init__.py allocates, the module that a trainer imports.
#include <thrust/execution_policy.h>

#include <coupleface/losses/correlation_congruence.hpp>
#include <coupleface/losses/fcd.hpp>
#include <coupleface/losses/margin_softmax.hpp>
#include <coupleface/losses/pkt.hpp>
#include <coupleface/losses/rad.hpp>
#include <coupleface/losses/relation_loss.hpp>
#include <coupleface/losses/rkd.hpp>
#include <coupleface/losses/similarity_preserving.hpp>
#include <coupleface/mining/nearest.hpp>
#include <coupleface/prototypes.hpp>

#include <algorithm>
#include <vector>

#include "dlpack_tensor.hpp"

namespace python_module {

using namespace coupleface;
using py::object;
using id = std::int64_t;
auto const& policy = thrust::device;

template <class View>
using element_of = typename View::value_type;
template <class View>
using result_of = accumulator_t<element_of<View>>;  // float, or double for double

template <class Call>
void with_elements(tensor const& x, Call call) {
  if (x.holds<float>()) call(x.matrix<float const>());
  else if (x.holds<double>()) call(x.matrix<double const>());
  else if (x.holds<float16>()) call(x.matrix<float16 const>());
  else if (x.holds<bfloat16>()) call(x.matrix<bfloat16 const>());
  else x.refuse_element("float32, float64, float16 or bfloat16");
}

/// Calls call(matrix) without the GIL.
template <class Call>
void with_matrix(tensor const& x, Call call) {
  py::gil_scoped_release const released;
  with_elements(x, call);
}

/// The same with two matrices; returns the loss. The second matrix has the first one's element
/// type, or float if that has two bytes: every further combination would add compile time.
template <class Call>
double with_matrices(tensor const& x, tensor const& other, Call call) {
  double loss = 0;
  with_matrix(x, [&](auto rows) {
    using T = element_of<decltype(rows)>;
    if constexpr (sizeof(T) == 2) {
      if (other.holds<float>()) {
        return call(rows, other.matrix<float const>(), make_scalar_view(&loss));
      }
      if (!other.holds<T>()) {
        other.refuse_element(std::string(element_name<T>()) + " or float32");
      }
    }
    call(rows, other.matrix<T const>(), make_scalar_view(&loss));
  });
  return loss;
}

void class_prototypes(object features, object labels, object prototypes) {
  constexpr char const* function = "class_prototypes";
  tensor const x(function, "features", features), y(function, "labels", labels);
  tensor const out(function, "prototypes", prototypes);
  with_matrix(x, [&](auto rows) {
    coupleface::class_prototypes(policy, rows, y.vector<id const>(),
                                 out.matrix<result_of<decltype(rows)>>());
  });
}

void mine_nearest(object queries, object candidates, object values, object indices) {
  constexpr char const* function = "mine_nearest";
  bool const own = candidates.is_none();
  tensor const x(function, "queries", queries);
  tensor const c(function, "candidates", own ? queries : candidates);
  tensor const v(function, "values", values), i(function, "indices", indices);
  with_matrix(x, [&](auto rows) {
    using T = element_of<decltype(rows)>;
    auto const value = v.matrix<accumulator_t<T>>();
    auto const index = i.matrix<id>();
    if (!own) {
      return coupleface::mine_nearest(policy, rows, c.matrix<T const>(), value, index, cosine{},
                                      every_row{});
    }
    // A row of zeros is a class without samples, which is related to nothing.
    std::vector<id> classes;
    for (index_t row = 0; row < rows.extent(0); ++row) {
      auto const is_zero = [](T element) { return double(element) == 0; };
      bool const empty = std::all_of(rows.row(row), rows.row(row) + rows.extent(1), is_zero);
      classes.push_back(empty ? -1 : row);
    }
    vector_view<id const> const ids(classes.data(), rows.extent(0));
    coupleface::mine_nearest(policy, rows, rows, value, index, cosine{}, other_labels(ids, ids));
  });
}

/// call(policy, student, teacher, loss, gradient): a loss with no other tensors.
template <class Call>
double student_loss(char const* function, object student, object teacher, object gradient,
                    Call call) {
  tensor const s(function, "student", student), t(function, "teacher", teacher);
  tensor const g(function, "student_gradient", gradient);
  return with_matrices(s, t, [&](auto rows, auto beside, auto loss) {
    call(policy, rows, beside, loss, g.matrix<result_of<decltype(rows)>>());
  });
}

double fcd_loss(object student, object teacher, object gradient) {
  return student_loss("fcd_loss", student, teacher, gradient,
                      [](auto const&... views) { coupleface::fcd_loss(views...); });
}

struct chosen_penalty {
  double q;
  bool two_sided;
  bool valid() const { return hinge{q}.valid(); }
  penalty_value operator()(double x) const { return two_sided ? dead_zone{q}(x) : hinge{q}(x); }
};

double rad_loss(object student, object teacher, object bank, object labels, object table, double q,
                bool two_sided, object gradient) {
  constexpr char const* function = "rad_loss";
  tensor const s(function, "student", student), t(function, "teacher", teacher);
  tensor const b(function, "bank", bank), y(function, "labels", labels);
  tensor const h(function, "table", table), g(function, "student_gradient", gradient);
  return with_matrices(s, t, [&](auto rows, auto beside, auto loss) {
    coupleface::rad_loss(policy, rows, beside, b.matrix<element_of<decltype(beside)> const>(),
                         class_neighbours(y.vector<id const>(), h.matrix<id const>()), loss,
                         g.matrix<result_of<decltype(rows)>>(), chosen_penalty{q, two_sided});
  });
}

double relation_loss(object student, object teacher, double q, bool two_sided, object gradient) {
  return student_loss("relation_loss", student, teacher, gradient, [=](auto const&... views) {
    coupleface::relation_loss(views..., chosen_penalty{q, two_sided});
  });
}

double rkd_distance_loss(object student, object teacher, double beta, object gradient) {
  return student_loss("rkd_distance_loss", student, teacher, gradient, [=](auto const&... views) {
    coupleface::rkd_distance_loss(views..., smooth_l1{beta});
  });
}

double rkd_angle_loss(object student, object teacher, double beta, object gradient) {
  return student_loss("rkd_angle_loss", student, teacher, gradient, [=](auto const&... views) {
    coupleface::rkd_angle_loss(views..., smooth_l1{beta});
  });
}

double similarity_preserving_loss(object student, object teacher, object gradient) {
  return student_loss(
      "similarity_preserving_loss", student, teacher, gradient,
      [](auto const&... views) { coupleface::similarity_preserving_loss(views...); });
}

double correlation_congruence_loss(object student, object teacher, int order, double gamma,
                                   object gradient) {
  return student_loss("correlation_congruence_loss", student, teacher, gradient,
                      [=](auto const&... views) {
                        taylor_kernel const kernel{order, gamma};
                        coupleface::correlation_congruence_loss(views..., kernel);
                      });
}

double pkt_loss(object student, object teacher, double epsilon, object gradient) {
  return student_loss("pkt_loss", student, teacher, gradient, [=](auto const&... views) {
    pkt_law law;
    law.epsilon = epsilon;
    coupleface::pkt_loss(views..., law);
  });
}

double margin_softmax_loss(object embeddings, object weights, object labels, double m1, double m2,
                           double m3, double scale, object gradient, object weight_gradient) {
  constexpr char const* function = "margin_softmax_loss";
  tensor const e(function, "embeddings", embeddings), w(function, "weights", weights);
  tensor const y(function, "labels", labels), g(function, "embedding_gradient", gradient);
  tensor const h(function, "weight_gradient", weight_gradient);
  return with_matrices(e, w, [&](auto rows, auto beside, auto loss) {
    using G = result_of<decltype(rows)>;
    coupleface::margin_softmax_loss(policy, rows, beside, y.vector<id const>(), loss, g.matrix<G>(),
                                    h.matrix<G>(), combined_margin{m1, m2, m3, scale});
  });
}

}  // namespace python_module

PYBIND11_MODULE(extension, module) {
  module.def("class_prototypes", &python_module::class_prototypes);
  module.def("mine_nearest", &python_module::mine_nearest);
  module.def("fcd_loss", &python_module::fcd_loss);
  module.def("rad_loss", &python_module::rad_loss);
  module.def("relation_loss", &python_module::relation_loss);
  module.def("rkd_distance_loss", &python_module::rkd_distance_loss);
  module.def("rkd_angle_loss", &python_module::rkd_angle_loss);
  module.def("similarity_preserving_loss", &python_module::similarity_preserving_loss);
  module.def("correlation_congruence_loss", &python_module::correlation_congruence_loss);
  module.def("pkt_loss", &python_module::pkt_loss);
  module.def("margin_softmax_loss", &python_module::margin_softmax_loss);
}

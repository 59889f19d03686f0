// SPDX-License-Identifier: Apache-2.0
// Test support: relations of all pairs in long double, by plain loops, and how far a computation in
// floats or doubles may be from them.
#pragma once

#include <coupleface/pair_relation.hpp>
#include <coupleface/settings/penalty.hpp>

#include "reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace coupleface_test {

/// A matrix of long doubles.
struct reference_rows {
  index_t rows = 0, width = 0;
  std::vector<long double> x = {};
  long double smallest = 0;  ///< rows whose norm is smaller have no direction

  reference_rows(index_t r, index_t w)
      : rows(r), width(w), x(static_cast<std::size_t>(r * w), 0.0L) {}

  long double& at(index_t i, index_t j) { return x[static_cast<std::size_t>(i * width + j)]; }
  long double at(index_t i, index_t j) const { return x[static_cast<std::size_t>(i * width + j)]; }
  long double norm(index_t i) const {
    long double square = 0;
    for (index_t j = 0; j < width; ++j) { square += at(i, j) * at(i, j); }
    return std::sqrt(square);
  }
};

template <class T, template <class> class Array>
reference_rows rows_of(matrix<T, Array> const& x) {
  reference_rows rows(x.rows(), x.columns());
  rows.smallest = (long double)(std::numeric_limits<coupleface::accumulator_t<T>>::min());
  for (index_t i = 0; i < x.rows(); ++i) {
    for (index_t j = 0; j < x.columns(); ++j) { rows.at(i, j) = x.at(i, j); }
  }
  return rows;
}

inline std::vector<long double> norms_of(reference_rows const& x) {
  std::vector<long double> norms;
  for (index_t i = 0; i < x.rows; ++i) { norms.push_back(x.norm(i)); }
  return norms;
}

/// Rows divided by their norms; zeros for those without a direction.
inline reference_rows unit_rows(reference_rows x) {
  for (index_t i = 0; i < x.rows; ++i) {
    long double const norm = x.norm(i);
    for (index_t j = 0; j < x.width; ++j) {
      x.at(i, j) = norm < x.smallest || norm == 0 ? 0.0L : x.at(i, j) / norm;
    }
  }
  return x;
}

/// All inner products, [rows of a, rows of b].
inline reference_rows products(reference_rows const& a, reference_rows const& b) {
  reference_rows result(a.rows, b.rows);
  for (index_t i = 0; i < a.rows; ++i) {
    for (index_t k = 0; k < b.rows; ++k) {
      long double sum = 0;
      for (index_t j = 0; j < a.width; ++j) { sum += a.at(i, j) * b.at(k, j); }
      result.at(i, k) = sum;
    }
  }
  return result;
}

inline reference_rows relations_of(coupleface::inner_product, reference_rows const& a,
                                   reference_rows const& b) {
  return products(a, b);
}

inline reference_rows relations_of(coupleface::cosine, reference_rows const& a,
                                   reference_rows const& b) {
  return products(unit_rows(a), unit_rows(b));
}

inline reference_rows relations_of(coupleface::euclidean_distance, reference_rows const& a,
                                   reference_rows const& b) {
  reference_rows result(a.rows, b.rows);
  for (index_t i = 0; i < a.rows; ++i) {
    for (index_t k = 0; k < b.rows; ++k) {
      long double square = 0;
      for (index_t j = 0; j < a.width; ++j) {
        long double const gap = a.at(i, j) - b.at(k, j);
        square += gap * gap;
      }
      result.at(i, k) = std::sqrt(square);
    }
  }
  return result;
}

inline reference_rows relations_of(coupleface::gaussian_kernel kernel, reference_rows const& a,
                                   reference_rows const& b) {
  reference_rows result = relations_of(coupleface::cosine{}, a, b);
  for (long double& x : result.x) { x = std::exp(-2.0L * kernel.gamma * (1 - x)); }
  return result;
}

inline reference_rows relations_of(coupleface::taylor_kernel kernel, reference_rows const& a,
                                   reference_rows const& b) {
  reference_rows result = relations_of(coupleface::cosine{}, a, b);
  for (long double& x : result.x) {
    long double sum = 0, power = 1;
    for (int p = 0; p <= kernel.order; ++p) {
      sum += power;
      power *= 2.0L * kernel.gamma * x / (p + 1);
    }
    x = std::exp(-2.0L * kernel.gamma) * sum;
  }
  return result;
}

inline long double value_of(coupleface::hinge of, long double x) {
  return std::max(0.0L, x - of.q);
}
inline long double value_of(coupleface::absolute, long double x) { return std::fabs(x); }
inline long double value_of(coupleface::squared, long double x) { return x * x; }
inline long double value_of(coupleface::smooth_l1 of, long double x) {
  long double const size = std::fabs(x), beta = of.beta;
  return size < beta ? x * x / (2 * beta) : size - beta / 2;
}
inline long double value_of(coupleface::dead_zone of, long double x) {
  return std::max(0.0L, std::fabs(x) - of.q);
}

/// How far results may be from the reference: the value, and each element of a row's gradient.
struct error_bounds {
  double value = 0;
  std::vector<double> gradient = {};
};

/// What roundings do to one pair's relation, all as 2-norms of vectors.
struct relation_error {
  double value = 0;       ///< of the relation
  double pull = 0;        ///< size of its gradient with respect to the row
  double pull_error = 0;  ///< of that gradient
  double summands = 0;    ///< size of what is added up to give it
};

/// Terms of a relation's error: a product of `width` terms, and two norms of as many.
inline double relation_terms(index_t width) { return 3.0 * double(width) + 16; }

/// Errors of relations of rows a with rows b, computed with a unit roundoff of epsilon / 2. Each
/// is terms * epsilon * the size of what is rounded.
template <class Relation>
class relation_errors {
 public:
  relation_errors(Relation relation, reference_rows const& a, reference_rows const& b,
                  double epsilon)
      : relation_(relation), epsilon_(epsilon), product_(relation_terms(a.width) * epsilon) {
    values_ = relations_of(relation, a, b).x;
    columns_ = b.rows;
    reference_rows const mean = is_distance ? mean_of(a) : reference_rows(1, a.width);
    a_norms_ = norms_beside(a, mean);
    b_norms_ = norms_beside(b, mean);
    smallest_ = double(a.smallest);
  }

  double value(index_t i, index_t k) const {
    return double(values_[static_cast<std::size_t>(i * columns_ + k)]);
  }

  relation_error operator()(index_t i, index_t k) const {
    double const a = a_norms_[static_cast<std::size_t>(i)];
    double const b = b_norms_[static_cast<std::size_t>(k)];
    if constexpr (is_distance) {
      return of_distance(value(i, k), a, b);
    } else if constexpr (std::is_same_v<Relation, coupleface::inner_product>) {
      return {product_ * a * b, b, epsilon_ * b, b};
    } else {
      if (a < smallest_ || a == 0) { return {}; }
      double const s = steepness();
      return {s * product_, s / a, s * (1 + s) * product_ / a, s / a};
    }
  }

 private:
  static constexpr bool is_distance = std::is_same_v<Relation, coupleface::euclidean_distance>;

  static reference_rows mean_of(reference_rows const& x) {
    reference_rows mean(1, x.width);
    for (index_t i = 0; i < x.rows; ++i) {
      for (index_t j = 0; j < x.width; ++j) { mean.at(0, j) += x.at(i, j) / x.rows; }
    }
    return mean;
  }

  static std::vector<double> norms_beside(reference_rows x, reference_rows const& mean) {
    std::vector<double> norms;
    for (index_t i = 0; i < x.rows; ++i) {
      for (index_t j = 0; j < x.width; ++j) { x.at(i, j) -= mean.at(0, j); }
      norms.push_back(double(x.norm(i)));
    }
    return norms;
  }

  /// Bounds of the derivative and the second derivative, 1 and 2 gamma, with respect to the cosine.
  double steepness() const {
    if constexpr (std::is_same_v<Relation, coupleface::cosine>) {
      return 1;
    } else {
      return 2 * relation_.gamma;
    }
  }

  /// From centred rows' squares and product, whose errors are a share of (a + b)^2; close rows, by
  /// their difference. In between it may be either.
  relation_error of_distance(double r, double a, double b) const {
    if (r == 0) { return {}; }
    double const close = 1.0 / 32, square = (a + b) * (a + b);
    double const share = r * r < close * (a * a + b * b) ? product_ : product_ * (square / (r * r));
    return {share * r, 1, 2 * share, r * r < close * (a * a + b * b) ? 1 : (a + b) / r};
  }

  Relation relation_;
  double epsilon_, product_, smallest_ = 0;
  index_t columns_ = 0;
  std::vector<long double> values_;
  std::vector<double> a_norms_, b_norms_;
};

/// L = 1/M sum of penalty( R(s_i, h_k) - R(t_i, g_k) ) over the kept pairs.
template <class Penalty, class Relation, class Keep>
long double mean_penalty(Penalty penalty, Relation relation, Keep keep, reference_rows const& s,
                         reference_rows const& h, reference_rows const& t,
                         reference_rows const& g) {
  auto const of_student = relations_of(relation, s, h), of_teacher = relations_of(relation, t, g);
  long double sum = 0;
  index_t pairs = 0;
  for (index_t i = 0; i < s.rows; ++i) {
    for (index_t k = 0; k < h.rows; ++k) {
      if (!keep(i, k)) { continue; }
      sum += value_of(penalty, of_student.at(i, k) - of_teacher.at(i, k));
      ++pairs;
    }
  }
  return pairs == 0 ? 0 : sum / pairs;
}

/// The error of that mean, and of its gradient. `orders` is 2 if both rows of a pair are the
/// student's. Penalties are convex: between x - e and x + e their slopes are between those there,
/// at kinks too.
template <class Penalty, class Relation, class Keep>
error_bounds mean_penalty_bounds(Penalty penalty, Relation relation, Keep keep,
                                 reference_rows const& s, reference_rows const& h,
                                 reference_rows const& t, reference_rows const& g, double epsilon,
                                 int orders) {
  relation_errors<Relation> const of_student(relation, s, h, epsilon);
  relation_errors<Relation> const of_teacher(relation, t, g, epsilon);
  double const adding = double(s.rows + h.rows) + 16;
  double pairs = 0, terms = 0;
  error_bounds result;
  for (index_t i = 0; i < s.rows; ++i) {
    double sum = 0;
    for (index_t k = 0; k < h.rows; ++k) {
      if (!keep(i, k)) { continue; }
      relation_error const student = of_student(i, k);
      double const x = of_student.value(i, k) - of_teacher.value(i, k);
      double const e = student.value + of_teacher(i, k).value;
      double const below = penalty(x - e).slope, slope = penalty(x).slope;
      double const above = penalty(x + e).slope;
      double const change = std::max(above - slope, slope - below);
      double const steepest = std::max(std::fabs(below), std::fabs(above));
      sum += steepest * student.pull_error + change * (student.pull + student.pull_error) +
             adding * epsilon * steepest * student.summands;
      result.value += e * steepest;
      terms += std::fabs(double(value_of(penalty, (long double)(x))));
      ++pairs;
    }
    result.gradient.push_back(orders * sum);
  }
  pairs = std::max(pairs, 1.0);
  for (double& x : result.gradient) { x /= pairs; }
  result.value = (result.value + tolerance<double>(2 * adding, terms)) / pairs;
  return result;
}

}  // namespace coupleface_test

// SPDX-License-Identifier: Apache-2.0
// margin_softmax_loss: the digits of losses from 1e-30 to 4000 and of their gradients.
#include <coupleface/losses/margin_softmax.hpp>

#include "../support/reference.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;
using coupleface::combined_margin;
using coupleface::margin_softmax_loss;
using ids = matrix<std::int32_t>;

constexpr index_t width = 3, class_count = 4;

/// Whole numbers, which every element type holds.
std::vector<double> const all_weights = {5, 1, 0, -4, 2, 1, -3, -3, 2, -3, 1, -2};

struct known_loss {
  combined_margin margin;
  std::vector<double> embedding;
  index_t own;  ///< class of the embedding
  double loss;
  std::vector<double> by_embedding;
  std::vector<double> by_weights;
};

/// Computed to 50 digits by margin_softmax_digits.py.
std::vector<known_loss> const known_losses = {
    {{1.0, 0.0, 0.35, 64.0},
     {3, 1, -1},
     0,
     9.8369620137358130883e-31,
     {-9.2869679318174982952e-30, 9.5325121465012662878e-30, -1.8328391648951228598e-29},
     {2.8636148074317364599e-31, -1.43180740371586823e-30, 3.7226992496612573979e-30,
      7.8699407662143861211e-37, 1.7810918576169400169e-36, -4.1420740874812558532e-37,
      1.1734681693132848239e-41, -9.7789014109440401988e-42, 2.9336704232832120596e-42,
      8.696884906773639829e-30, 7.2474040889780331908e-30, -9.4216253156714431481e-30}},
    {{1.0, 0.0, 0.35, 64.0},
     {7, -2, 4},
     0,
     1.1995291939924616748e-17,
     {-7.5065117351503499103e-17, -9.8572071423835360002e-17, 8.2077919653213443429e-17},
     {-1.1851004151907153376e-17, 5.9255020759535766878e-17, -7.2500260694020232416e-17,
      1.1890599362531519866e-32, 4.7562397450126079465e-33, 3.8049917960100863572e-32,
      1.1911977668989178492e-16, -5.8216432216864406164e-17, 9.1355016709541068135e-17,
      1.6461500108362066208e-40, 9.8769000650172397247e-41, -1.9753800130034479449e-40}},
    {{1.0, 0.0, 0.35, 64.0},
     {9, -2, 8},
     0,
     1.2548011362422675686e-12,
     {-6.8844126745881847809e-12, -6.3370620304456893814e-12, 6.1606987513002855331e-12},
     {-9.4287760816508512477e-13, 4.7143880408254256238e-12, -1.0322028552544089787e-11,
      1.4027249358823188851e-25, 5.0590079654772156513e-26, 4.5990981504338324102e-25,
      1.1667526919275398608e-11, -3.7616616843565492778e-12, 1.1858797852378273995e-11,
      -1.2448371440337587059e-37, 2.3513590498415442222e-37, 3.0429352409714101699e-37}},
    {{1.0, 0.0, 0.35, 64.0},
     {-7, 2, 3},
     1,
     9.6482268649708211246e-2,
     {-1.6538665791369689138e-1, -3.0114342721078074333e-1, -1.8513991699143891767e-1},
     {-7.91766741766832014e-41, 3.95883370883416007e-40, 3.6328121092831115937e-40,
      5.437738408222345866e-2, 2.1750953632889383464e-1, -2.1750953632889383464e-1,
      -2.429941815366306183e-1, 2.8571843323537885888e-1, 6.4086377548122360871e-2,
      -4.2351515858428642606e-1, 9.9120569030364908228e-2, 6.8483302239161209321e-1}},
    {{1.0, 0.0, 0.35, 2000.0},
     {-2, 3, 3},
     0,
     2.8671925646823639698e+3,
     {-5.9329718328271882197e+2, -1.9305361774133726915e+2, -2.0247783778047527883e+2},
     {5.4677362192771319623e+1, -2.7338681096385659812e+2, -2.5087260300212723121e+2,
      1.1520280700171544074e+2, 1.2849543857883645313e+2, 2.0382035084918885669e+2, 0.0, 0.0, 0.0,
      0.0, 0.0, 0.0}},
    {{1.0, 0.5, 0.0, 64.0},
     {7, -1, -3},
     0,
     9.2631952293807400658e-31,
     {-4.7800822907769721676e-30, -2.5973151994908533575e-30, -1.0287753611982650605e-29},
     {-1.1988098497714880468e-30, 5.9940492488574402339e-30, 7.7922640235146723041e-30,
      3.1296513594154807411e-41, 9.3889540782464422233e-41, -6.2593027188309614822e-41,
      5.5639900987754481503e-33, -6.378232552254782026e-33, -1.2213636802190008135e-33,
      7.36035185210775272e-30, 2.944140740843101088e-31, -1.0893320741119474026e-29}},
    {{1.0, 0.5, 0.0, 64.0},
     {9, -2, 8},
     0,
     2.2663583153735084027e-10,
     {-1.4313928821597368775e-9, -1.267952989806715982e-9, 1.2933287449780249916e-9},
     {-2.2746679871096132836e-10, 1.1373339935548066418e-9, -2.4901628490463134894e-9,
      2.5335307965856197707e-23, 9.1373241844071532715e-24, 8.3066583494610484287e-23,
      2.1073296705446100281e-9, -6.7941229815372673035e-10, 2.1418760585863249465e-9,
      -2.24836185660265921e-35, 4.2469057291383562855e-35, 5.4959956494731669578e-35}},
    {{1.0, 0.5, 0.0, 64.0},
     {1, 3, 2},
     0,
     1.9234844427417049324e+1,
     {-3.2323368071824840287e+1, 6.8991168163548730103, 5.8130088113801106281},
     {1.9851323109212736716, -9.9256615546063683582, -7.3733485834218736375, 6.5764078063653603788,
      9.775741333786346509, 6.7541485578887484971, -2.3245094016975701298e-20,
      4.8814697435648972725e-19, 6.9735282050927103893e-19, 2.4516334467179761799e-15,
      5.6387569274513452138e-14, 2.4516334467179761799e-14}},
    {{1.1, 0.3, 0.2, 64.0},
     {7, 0, 2},
     0,
     9.970598537984701622e-31,
     {-2.7463398174703734052e-30, -9.1465534989772802073e-30, 9.6121893611463069182e-30},
     {-9.5315615958906910217e-31, 4.7657807979453455108e-30, -7.0805886140902276161e-30,
      5.8752643925907999256e-38, 7.1049708933656185147e-38, 9.291115783631962673e-38,
      8.7491621618229710807e-30, -4.3321094199317623798e-30, 6.6255791128368130514e-30,
      8.1936327890707789882e-42, 8.9061225968160641176e-42, -7.8373878851981364234e-42}},
    {{1.1, 0.3, 0.2, 64.0},
     {9, -2, 8},
     0,
     5.9414875706336200488e-8,
     {-3.8643504642246034478e-7, -3.3974613238075691285e-7, 3.4980289413007865967e-7},
     {-6.3033367785306150922e-8, 3.1516683892653075461e-7, -6.9004949996545681009e-7,
      6.641907058624836968e-21, 2.3954418899958428409e-21, 2.177674445450766219e-20,
      5.5245777286397333329e-7, -1.7811480108729194898e-7, 5.6151445766502207646e-7,
      -5.8943078591495528427e-33, 1.1133692622838044258e-32, 1.4408308100143351393e-32}},
    {{1.1, 0.3, 0.2, 64.0},
     {-7, 2, 3},
     1,
     2.4779563467397623422e-2,
     {-4.0982434806455794622e-2, -1.3464755347142532546e-1, -5.8606455674466371453e-3},
     {-2.106959170160524041e-41, 1.0534795850802620205e-40, 9.6672244277953456e-41,
      3.5332410110160756315e-2, 1.4132964044064302526e-1, -1.4132964044064302526e-1,
      -6.4662834655288919594e-2, 7.6032124265010048313e-2, 1.705393441458169308e-2,
      -1.1270101407516982479e-1, 2.6376833081422724951e-2, 1.8223993765346609966e-1}},
    {{1.1, 0.3, 0.2, 64.0},
     {9, 1, 1},
     1,
     1.3977992627893954879e+2,
     {1.4524449972210707643e-1, -1.172879585001524491e-1, -1.1899125389988112388},
     {2.1195364869396557684e-1, -1.0597682434698278842, 1.3776987165107762495,
      -8.2805836917574739097e-1, -1.2638785634787723336, -7.8447634974544489671e-1,
      1.4265035436898492698e-45, -7.7581771674360223444e-46, 9.76028740419370553e-46,
      2.4943484596168741026e-50, 2.4943484596168741026e-50, -2.4943484596168741026e-50}}};

struct allowed_errors {
  double loss;
  double by_embedding;
  double by_weights[class_count];
};

double norm_of(double const* row) {
  return std::sqrt(row[0] * row[0] + row[1] * row[1] + row[2] * row[2]);
}

/// A logit is off by (d + 8) roundings of scale; the margin multiplies those of the right class by
/// its slope. The loss changes with logits by 1 - p, p the right class's probability; all terms of
/// the gradients by the same part of themselves. The term of a class is
/// slope (unit e - cosine unit w), divided by the other norm, so its length tells the slope.
template <class Acc>
allowed_errors allowed(known_loss const& known, matrix<double> const& e, matrix<double> const& w) {
  double const own_slope = known.margin(double(reference_cosine(e, 0, w, known.own))).slope;
  double const part = tolerance<Acc>(double(width) + 8, known.margin.scale * (1 + own_slope));
  allowed_errors result{-std::expm1(-known.loss) * part + tolerance<Acc>(8, known.loss), 0, {}};
  double const smallest = std::numeric_limits<Acc>::min();  // probabilities below it may be 0
  for (index_t c = 0; c < class_count; ++c) {
    double const cosine = double(reference_cosine(e, 0, w, c));
    double const norm = double(reference_norm(w, c));
    double const term = norm_of(known.by_weights.data() + c * width) * norm;
    double const slope = term / std::sqrt(1 - cosine * cosine);
    double const error = (part + tolerance<Acc>(16, 1)) * slope + 64 * 8 * smallest;
    result.by_weights[c] = error / norm;
    result.by_embedding += error / double(reference_norm(e, 0));
  }
  return result;
}

template <class Types>
class softmax_digits : public testing::Test {};

template <class E, class W, class Out>
struct element_types {
  using e = E;
  using w = W;
  using out = Out;
};
using all_types =
    testing::Types<element_types<double, double, double>, element_types<float, double, double>,
                   element_types<float, float, float>,
                   element_types<coupleface::float16, float, float>,
                   element_types<float, coupleface::bfloat16, double>>;
TYPED_TEST_SUITE(softmax_digits, all_types);

/// The weights of the four classes lie in rows 0, 1, ... of [rows, width], the rest are others.
template <class T>
matrix<T> weights_in_rows(std::vector<index_t> const& rows, index_t count) {
  auto w = random_matrix<T>(count, width, 1);
  for (index_t c = 0; c < class_count; ++c) {
    for (index_t j = 0; j < width; ++j) {
      w.set(rows[std::size_t(c)], j, all_weights[std::size_t(c * width + j)]);
    }
  }
  return w;
}

template <class Types, class Targets>
void expect_known(known_loss const& known, matrix<typename Types::w> const& w, Targets targets) {
  using out = typename Types::out;
  using acc = std::conditional_t<std::is_same_v<typename Types::e, double> ||
                                     std::is_same_v<typename Types::w, double>,
                                 double, float>;
  matrix<typename Types::e> const e(1, width, known.embedding);
  matrix<double> loss(1, 1);
  matrix<out> gradient(1, width), weight_gradient(class_count, width);
  margin_softmax_loss(policy(), e.view(), w.view(), targets, loss.scalar(), gradient.view(),
                      weight_gradient.view(), known.margin);
  auto const errors = allowed<acc>(known, matrix<double>(1, width, known.embedding),
                                   matrix<double>(class_count, width, all_weights));
  EXPECT_NEAR(loss.at(0, 0), known.loss, errors.loss);
  for (index_t j = 0; j < width; ++j) {
    EXPECT_NEAR(gradient.at(0, j), known.by_embedding[std::size_t(j)], errors.by_embedding)
        << known.loss << ", " << j;
    for (index_t c = 0; c < class_count; ++c) {
      EXPECT_NEAR(weight_gradient.at(c, j), known.by_weights[std::size_t(c * width + j)],
                  errors.by_weights[c])
          << known.loss << ", " << c << ", " << j;
    }
  }
}

TYPED_TEST(softmax_digits, of_value_and_gradients) {
  auto const w = weights_in_rows<typename TypeParam::w>({0, 1, 2, 3}, 4);
  for (known_loss const& known : known_losses) {
    ids const label(1, 1, std::vector<double>{double(known.own)});
    expect_known<TypeParam>(known, w, label.vector());
  }
}

TYPED_TEST(softmax_digits, of_sampled_classes) {
  auto const w = weights_in_rows<typename TypeParam::w>({2, 3, 7, 8}, 10);
  ids const classes(1, 4, {2, 3, 7, 8});
  for (known_loss const& known : known_losses) {
    ids const label(1, 1, std::vector<double>{classes.at(0, known.own)});
    expect_known<TypeParam>(known, w, coupleface::sampled_labels(label.vector(), classes.vector()));
  }
}

TEST(margin_softmax_loss, a_small_loss_is_not_the_rounding_of_its_logits) {
  matrix<double> const e(1, 2, {1, 0}), w(2, 2, {1, 0, 0.2, std::sqrt(0.96)});
  ids const label(1, 1, std::vector<double>{0});
  matrix<double> loss(1, 1);
  margin_softmax_loss(policy(), e.view(), w.view(), label.vector(), loss.scalar(),
                      coupleface::cosine_margin{0.35, 64.0});
  // log(1 + exp(64 (0.2 - 0.65))) is off by as many roundings as a logit of 64 has.
  EXPECT_NEAR(loss.at(0, 0), 3.1068402375429643e-13,
              tolerance<double>(2 + 8, 2 * 64 * 3.1068402375429643e-13));
}

/// Every other class `copies` times, and the right one alone in the last tile.
void expect_copies(known_loss const& known, index_t copies) {
  index_t const count = 3 * copies + 1;
  matrix<double> const e(1, width, known.embedding);
  matrix<double> w(count, width), loss(1, 1), gradient(1, width), weight_gradient(count, width);
  for (index_t c = 0; c < count; ++c) {
    index_t const from = c == count - 1 ? 0 : 1 + c % 3;
    for (index_t j = 0; j < width; ++j) { w.set(c, j, all_weights[std::size_t(from * width + j)]); }
  }
  ids const label(1, 1, std::vector<double>{double(count - 1)});
  margin_softmax_loss(policy(), e.view(), w.view(), label.vector(), loss.scalar(), gradient.view(),
                      weight_gradient.view(), known.margin);
  // The others' sum, expm1 of the loss, is `copies` times as large. Every term of the embedding's
  // gradient and that of the right class grow as the right class's probability falls.
  double const expected = std::log1p(double(copies) * std::expm1(known.loss));
  double const growth = std::expm1(-expected) / std::expm1(-known.loss);
  auto errors = allowed<double>(known, e, matrix<double>(class_count, width, all_weights));
  double const summed = tolerance<double>(double(count), 1);
  EXPECT_NEAR(loss.at(0, 0), expected, growth * errors.loss + summed * expected);
  for (index_t j = 0; j < width; ++j) {
    double const by_embedding = growth * known.by_embedding[std::size_t(j)];
    double const by_own_weights = growth * known.by_weights[std::size_t(j)];
    EXPECT_NEAR(gradient.at(0, j), by_embedding,
                growth * errors.by_embedding + summed * std::fabs(by_embedding));
    EXPECT_NEAR(weight_gradient.at(count - 1, j), by_own_weights,
                growth * errors.by_weights[0] + summed * std::fabs(by_own_weights));
  }
}

TEST(margin_softmax_loss, small_losses_over_many_tiles) {
  for (known_loss const& known : known_losses) {
    if (known.own != 0) { continue; }
    expect_copies(known, 128);
    expect_copies(known, 4096);
  }
}

}  // namespace

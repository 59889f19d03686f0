// SPDX-License-Identifier: Apache-2.0
// Renders at twice the size, blurs, averages down and adds noise.
#include "face_kit/data/synthetic_faces.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "face_kit/data/row_files.hpp"
#include "face_kit/data/synthetic_painter.hpp"
#include "face_kit/data/synthetic_people.hpp"

namespace face_kit {
namespace detail {
namespace {

/// Blurs with weights 1 2 1 along both axes; edges repeat.
void soften(std::vector<std::uint8_t>& canvas, int side) {
  for (int axis = 0; axis < 2; ++axis) {
    int const stride = axis == 0 ? 1 : side;
    int const across = axis == 0 ? side : 1;
    for (int line = 0; line < side; ++line) {
      auto* const start = canvas.data() + line * across;
      unsigned before = start[0];
      for (int i = 0; i < side; ++i) {
        unsigned const here = start[i * stride];
        unsigned const after = start[std::min(i + 1, side - 1) * stride];
        start[i * stride] = static_cast<std::uint8_t>((before + 2 * here + after + 2) / 4);
        before = here;
      }
    }
  }
}

/// The same person on another day: shaved, or with different hair.
identity another_day(identity who, dice& random) {
  if (random.chance(0.15F)) {
    who.hair_length = random.uniform(-0.3F, 1.3F);
    who.fringe = random.uniform(-0.3F, 0.3F);
  }
  if (random.chance(0.2F)) who.beard *= random.uniform(0.0F, 0.6F);
  if (random.chance(0.2F)) who.moustache *= random.uniform(0.0F, 0.6F);
  return who;
}

void draw_face(identity const& person, dice random, int side, std::uint8_t* image) {
  auto const now = sample_shot(person, dice{random.bits()});
  auto const who = another_day(person, random);
  int const oversampling = side < 32 ? 64 / side + 1 : 2;
  int const canvas_side = side * oversampling;
  face_painter const paint(who, now, canvas_side);
  std::vector<std::uint8_t> canvas(static_cast<std::size_t>(canvas_side) * canvas_side);
  float const pixel = 2.0F / static_cast<float>(canvas_side);
  for (int y = 0; y < canvas_side; ++y) {
    for (int x = 0; x < canvas_side; ++x) {
      float const tone = paint((static_cast<float>(x) + 0.5F) * pixel - 1.0F,
                               (static_cast<float>(y) + 0.5F) * pixel - 1.0F);
      canvas[static_cast<std::size_t>(y) * canvas_side + x] =
          static_cast<std::uint8_t>(tone * 255.0F + 0.5F);
    }
  }
  for (int i = 0; i < now.blur * canvas_side / 64; ++i) soften(canvas, canvas_side);
  resize_area(canvas.data(), canvas_side, canvas_side, side, image);
  for (int i = 0; i < side * side; ++i) {
    float const noisy = static_cast<float>(image[i]) + random.bell(now.noise);
    image[i] = static_cast<std::uint8_t>(std::clamp(noisy + 0.5F, 0.0F, 255.0F));
  }
}

std::string numbered(char const* format, int number) {
  char text[32];
  std::snprintf(text, sizeof(text), format, number);
  return text;
}

}  // namespace
}  // namespace detail

face_dataset make_synthetic_faces(synthetic_options const& options) {
  auto const people = std::int64_t{options.people} + options.dev_people;
  if (options.people < 0 || options.dev_people < 0 || people < 1 || options.images_per_person < 1 ||
      options.family_size < 1 || options.side < 8 || options.side > 1024) {
    throw std::invalid_argument(
        "make_synthetic_faces: needs people, images, families and a side of 8 to 1024");
  }
  expect_option_fits("--people, --dev-people: the synthetic faces, people x images of each", people,
                     options.images_per_person, options.side * options.side);
  if (people * options.images_per_person > std::numeric_limits<int>::max())
    throw std::invalid_argument("make_synthetic_faces: more than 2147483647 images");
  face_dataset faces;
  faces.side = options.side;
  for (int p = 0; p < options.people + options.dev_people; ++p) {
    bool const train = p < options.people;
    faces.people.push_back(train ? detail::numbered("person_%05d", p)
                                 : detail::numbered("dev_%05d", p - options.people));
    int const families =
        options.people / options.family_size + (options.people % options.family_size != 0 ? 1 : 0);
    faces.families.push_back(train ? p / options.family_size
                                   : families + (p - options.people) / options.family_size);
    for (int k = 0; k < options.images_per_person; ++k) {
      faces.labels.push_back(p);
      faces.is_train.push_back(train ? 1 : 0);
      faces.paths.push_back(faces.people.back() + detail::numbered("/%03d", k));
    }
  }
  faces.pixels.resize(faces.labels.size() * faces.image_bytes());
  for_each_index(options.people + options.dev_people, [&](int p) {
    bool const train = p < options.people;
    int const place = train ? p : p - options.people;
    auto const number = static_cast<std::uint64_t>(place);
    auto const who = detail::sample_identity(options.seed, train, place, options.family_size);
    for (int k = 0; k < options.images_per_person; ++k) {
      detail::dice random{options.seed, train ? 3U : 4U, number, static_cast<std::uint64_t>(k)};
      detail::draw_face(who, random, options.side, faces.image(p * options.images_per_person + k));
    }
  });
  return faces;
}

}  // namespace face_kit

// SPDX-License-Identifier: Apache-2.0
// Parameters of a synthetic person and of a picture: a few dozen numbers for what stays (head,
// eyes, brows, nose, mouth, hair, marks), as many for what changes (pose, light, expression, things
// worn over the face, the camera). Rendering is elsewhere.
//
// People come in families. What relatives share (head, eyes, nose, mouth, hair) has the same
// distribution over all people as without families; marks, glasses and texture are individual.
#pragma once

#include <array>
#include <cstdint>

#include "face_kit/data/random_stream.hpp"

namespace face_kit::detail {

/// The distributions of the parameters.
class dice : public random_stream {
 public:
  using random_stream::random_stream;

  float uniform(float low, float high);
  bool chance(float probability);
  /// Near normal but bounded, so that no pose is extreme.
  float bell(float deviation);
};

// Lengths are in head units: the face is centred at the origin, x to the right, y down, the crown
// near y = -1 and the chin near y = 1. Tones run from 0, black, to 1, white.

struct mark {
  float x, y, radius_x, radius_y, tone;
};

/// What stays the same from picture to picture.
struct identity {
  float width, crown, chin, jaw_power, jaw_taper;
  float skin, skin_unevenness;
  float ear_size, ear_y, ear_gap;
  float eye_x, eye_y, eye_width, eye_height, eye_slant;
  float iris_radius, iris_tone, lash, crease_offset, crease, bags;
  float brow_y, brow_length, brow_thickness, brow_slope, brow_arch, brow_density, brow_gap;
  float nose_y, nose_width, bridge_width, nose_relief, bridge_relief, nostrils;
  float mouth_y, mouth_width, upper_lip, lower_lip, lip_tone, mouth_curve, cupid;
  float cheek_relief, cheek_y, chin_relief, chin_cleft, socket_relief, brow_relief;
  float folds, wrinkles, freckles;
  float hair_tone, hairline, temple, peak, fringe, hair_side, hair_top, hair_length, curl;
  bool bald;
  float beard, moustache, beard_line;
  bool wears_glasses;
  float frame_tone, frame_thickness, lens_width, lens_height, lens_squareness;
  std::array<mark, 4> marks;
  int mark_count;
  std::uint32_t grain;  ///< seed of the noise of skin and hair
};

/// How far relatives differ: each inherited number is the family's position in its range, moved by
/// up to half of this share of the range either way. For 0.5 the correlation of two relatives over
/// all people is 0.80: 80 % of a number's variance lies between families and 20 % within them.
constexpr double family_reach = 0.5;

/// @param family_size  people with the same number / family_size are relatives; 1: none
identity sample_identity(std::uint64_t seed, bool train, int number, int family_size);

enum class headwear { none, cap, band };

/// Parameters that differ between pictures of one person.
struct shot {
  float sin_yaw, cos_yaw, sin_roll, cos_roll, pitch, scale, shift_x, shift_y;
  std::array<float, 3> light;
  float ambient;
  float smile, open_mouth, brow_lift, eyelids, gaze_x, gaze_y;
  bool mask, glasses, shades;
  headwear head;
  float mask_tone, mask_top, mask_pattern, lens_tint, glare, hat_tone;
  bool occluder;
  mark thing;  ///< in image units
  float backdrop, backdrop_x, backdrop_y;
  std::array<mark, 3> blobs;
  float clothes, exposure, contrast;
  int blur;
  float noise;
  std::uint32_t grain;
};

shot sample_shot(identity const& who, dice random);

}  // namespace face_kit::detail

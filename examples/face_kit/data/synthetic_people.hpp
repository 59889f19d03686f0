// SPDX-License-Identifier: Apache-2.0
// Where it is decided who a drawn person is and how a picture of that person comes about: a few
// dozen numbers for what stays (head, eyes, brows, nose, mouth, hair, marks), as many for what
// changes (pose, light, expression, things worn over the face, the camera). Nothing is drawn here.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "face_kit/data/random_stream.hpp"

namespace face_kit::detail {

/// The distributions that faces are drawn from.
class dice : public random_stream {
 public:
  using random_stream::random_stream;

  float uniform(float low, float high) {
    return low + (high - low) * static_cast<float>(random_stream::uniform());
  }
  bool chance(float probability) { return uniform(0.0F, 1.0F) < probability; }
  /// Near normal with an end: nobody stands on his head.
  float bell(float deviation) {
    float sum = -2.0F;
    for (int i = 0; i < 4; ++i) sum += uniform(0.0F, 1.0F);
    return deviation * 1.7320508F * sum;
  }
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
  std::uint32_t grain;  ///< picks the noise of skin and hair
};

inline void draw_head(identity& who, dice& random) {
  who.width = random.uniform(0.58F, 0.78F);
  who.crown = random.uniform(0.82F, 1.0F);
  who.chin = random.uniform(0.86F, 1.08F);
  who.jaw_power = random.uniform(1.9F, 4.6F);
  who.jaw_taper = random.uniform(0.0F, 0.38F);
  who.skin = random.uniform(0.34F, 0.88F);
  who.skin_unevenness = random.uniform(0.0F, 0.09F);
  who.ear_size = random.uniform(0.12F, 0.22F);
  who.ear_y = random.uniform(-0.02F, 0.12F);
  who.ear_gap = random.uniform(-0.02F, 0.07F);
  who.cheek_relief = random.uniform(0.0F, 0.16F);
  who.cheek_y = random.uniform(0.16F, 0.36F);
  who.chin_relief = random.uniform(0.0F, 0.13F);
  who.chin_cleft = random.chance(0.2F) ? random.uniform(0.2F, 0.5F) : 0.0F;
  who.socket_relief = random.uniform(0.01F, 0.1F);
  who.brow_relief = random.uniform(0.0F, 0.06F);
}

inline void draw_eyes(identity& who, dice& random) {
  who.eye_x = who.width * random.uniform(0.36F, 0.51F);
  who.eye_y = random.uniform(-0.11F, 0.06F);
  who.eye_width = random.uniform(0.1F, 0.165F);
  who.eye_height = who.eye_width * random.uniform(0.28F, 0.62F);
  who.eye_slant = random.uniform(-0.22F, 0.28F);
  who.iris_radius = random.uniform(0.042F, 0.062F);
  who.iris_tone = random.uniform(0.04F, 0.45F);
  who.lash = random.uniform(0.008F, 0.03F);
  who.crease_offset = random.uniform(0.02F, 0.06F);
  who.crease = random.uniform(0.0F, 0.45F);
  who.bags = random.chance(0.5F) ? random.uniform(0.05F, 0.35F) : 0.0F;
  who.brow_y = who.eye_y - random.uniform(0.12F, 0.24F);
  who.brow_length = random.uniform(0.13F, 0.22F);
  who.brow_thickness = random.uniform(0.014F, 0.055F);
  who.brow_slope = random.uniform(-0.3F, 0.3F);
  who.brow_arch = random.uniform(0.0F, 0.07F);
  who.brow_density = random.uniform(0.35F, 1.0F);
  who.brow_gap = random.uniform(-0.05F, 0.04F);
}

inline void draw_nose_and_mouth(identity& who, dice& random) {
  who.nose_y = random.uniform(0.2F, 0.36F);
  who.nose_width = random.uniform(0.075F, 0.16F);
  who.bridge_width = random.uniform(0.05F, 0.11F);
  who.nose_relief = random.uniform(0.08F, 0.22F);
  who.bridge_relief = random.uniform(0.02F, 0.13F);
  who.nostrils = random.uniform(0.2F, 0.8F);
  who.mouth_y = who.nose_y + random.uniform(0.16F, 0.27F);
  who.mouth_width = random.uniform(0.15F, 0.29F);
  who.upper_lip = random.uniform(0.012F, 0.055F);
  who.lower_lip = random.uniform(0.02F, 0.075F);
  who.lip_tone = random.uniform(0.5F, 0.95F);
  who.mouth_curve = random.uniform(-0.05F, 0.05F);
  who.cupid = random.uniform(0.0F, 0.5F);
  who.folds = random.chance(0.5F) ? random.uniform(0.05F, 0.35F) : 0.0F;
  who.wrinkles = random.chance(0.25F) ? random.uniform(0.08F, 0.3F) : 0.0F;
  who.freckles = random.chance(0.2F) ? random.uniform(0.06F, 0.2F) : 0.0F;
}

inline void draw_hair(identity& who, dice& random) {
  float const dark = random.uniform(0.0F, 1.0F);
  who.hair_tone = 0.04F + 0.72F * dark * dark;
  who.bald = random.chance(0.1F);
  who.hairline = random.uniform(-0.74F, -0.42F);
  who.temple = random.uniform(-0.5F, 0.45F);
  who.peak = random.chance(0.3F) ? random.uniform(0.05F, 0.14F) : 0.0F;
  who.fringe = random.chance(0.5F) ? random.uniform(-0.32F, 0.32F) : 0.0F;
  who.hair_side = random.uniform(0.0F, 0.2F);
  who.hair_top = random.uniform(0.02F, 0.2F);
  who.hair_length =
      random.chance(0.42F) ? random.uniform(0.4F, 1.5F) : random.uniform(-0.35F, 0.1F);
  who.curl = random.uniform(0.0F, 1.0F);
  bool const bearded = who.hair_length < 0.2F && random.chance(0.4F);
  who.beard = bearded ? random.uniform(0.15F, 0.9F) : 0.0F;
  who.moustache = bearded || random.chance(0.05F) ? random.uniform(0.2F, 0.9F) : 0.0F;
  who.beard_line = random.uniform(0.25F, 0.55F);
}

inline identity draw_identity(dice random) {
  identity who{};
  draw_head(who, random);
  draw_eyes(who, random);
  draw_nose_and_mouth(who, random);
  draw_hair(who, random);
  who.wears_glasses = random.chance(0.2F);
  who.frame_tone = random.uniform(0.03F, 0.45F);
  who.frame_thickness = random.uniform(0.014F, 0.04F);
  who.lens_width = random.uniform(0.15F, 0.21F);
  who.lens_height = random.uniform(0.1F, 0.19F);
  who.lens_squareness = random.uniform(2.0F, 6.0F);
  who.mark_count = static_cast<int>(random.below(4));
  for (auto& spot : who.marks) {
    float const radius = random.uniform(0.016F, 0.034F);
    spot = {random.uniform(-0.45F, 0.45F), random.uniform(-0.4F, 0.75F), radius, radius,
            who.skin * random.uniform(0.25F, 0.6F)};
    if (random.chance(0.25F)) spot.radius_y *= random.uniform(2.0F, 5.0F);  // a scar
  }
  who.grain = static_cast<std::uint32_t>(random.bits());
  return who;
}

enum class headwear { none, cap, band };

/// What differs from picture to picture of one person.
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

inline void draw_pose(shot& now, dice& random) {
  float const yaw = std::clamp(random.bell(0.27F), -0.65F, 0.65F);
  float const roll = random.bell(0.07F);
  now.sin_yaw = std::sin(yaw);
  now.cos_yaw = std::cos(yaw);
  now.sin_roll = std::sin(roll);
  now.cos_roll = std::cos(roll);
  now.pitch = random.bell(0.07F);
  now.scale = 0.86F * (1.0F + random.bell(0.045F));
  now.shift_x = random.bell(0.035F);
  now.shift_y = 0.04F + random.bell(0.035F);
  float const azimuth = random.uniform(-1.35F, 1.35F);
  float const height = random.uniform(-0.25F, 1.0F);
  now.light = {std::sin(azimuth) * std::cos(height), -std::sin(height),
               std::cos(azimuth) * std::cos(height)};
  now.ambient = random.uniform(0.25F, 0.75F);
}

inline void draw_worn_things(shot& now, identity const& who, dice& random) {
  now.mask = random.chance(0.1F);
  now.mask_tone = random.uniform(0.08F, 0.98F);
  now.mask_top = random.uniform(0.02F, 0.16F);
  now.mask_pattern = random.chance(0.4F) ? random.uniform(0.05F, 0.2F) : 0.0F;
  now.glasses = random.chance(who.wears_glasses ? 0.75F : 0.05F);
  now.shades = random.chance(0.04F);
  now.lens_tint = now.shades ? random.uniform(0.75F, 0.97F) : random.uniform(0.0F, 0.15F);
  now.glare = random.chance(0.4F) ? random.uniform(0.1F, 0.7F) : 0.0F;
  now.head = random.chance(0.07F) ? (random.chance(0.6F) ? headwear::cap : headwear::band)
                                  : headwear::none;
  now.hat_tone = random.uniform(0.05F, 0.95F);
  now.occluder = random.chance(0.08F);
  float const side = random.chance(0.5F) ? 1.0F : -1.0F;
  now.thing = {side * random.uniform(0.3F, 0.9F), random.uniform(-0.6F, 0.95F),
               random.uniform(0.2F, 0.45F), random.uniform(0.2F, 0.6F), random.uniform(0.0F, 1.0F)};
}

inline shot draw_shot(identity const& who, dice random) {
  shot now{};
  draw_pose(now, random);
  now.smile = random.chance(0.45F) ? random.uniform(0.2F, 1.0F) : random.uniform(-0.25F, 0.1F);
  now.open_mouth = random.chance(0.3F) ? random.uniform(0.1F, 1.0F) : 0.0F;
  now.brow_lift = random.bell(0.018F);
  now.eyelids = random.chance(0.06F) ? 0.06F : random.uniform(0.7F, 1.1F);
  now.gaze_x = random.bell(0.02F);
  now.gaze_y = random.bell(0.008F);
  draw_worn_things(now, who, random);
  now.backdrop = random.uniform(0.05F, 0.95F);
  now.backdrop_x = random.bell(0.15F);
  now.backdrop_y = random.bell(0.15F);
  for (auto& blob : now.blobs) {
    blob = {random.uniform(-1.1F, 1.1F), random.uniform(-1.1F, 1.1F), random.uniform(0.15F, 0.6F),
            random.uniform(0.15F, 0.6F), random.uniform(0.0F, 1.0F)};
  }
  now.clothes = random.uniform(0.05F, 0.95F);
  now.exposure = random.bell(0.06F);
  now.contrast = random.uniform(0.55F, 1.15F);
  now.blur = random.chance(0.35F) ? static_cast<int>(random.below(5)) : 0;
  now.noise = random.uniform(1.0F, 8.0F);
  now.grain = static_cast<std::uint32_t>(random.bits());
  return now;
}

}  // namespace face_kit::detail

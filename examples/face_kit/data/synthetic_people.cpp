// SPDX-License-Identifier: Apache-2.0
#include "face_kit/data/synthetic_people.hpp"

#include <algorithm>

#include "face_kit/data/portable_math.hpp"

namespace face_kit::detail {

float dice::uniform(float low, float high) {
  return low + (high - low) * static_cast<float>(random_stream::uniform());
}

bool dice::chance(float probability) { return uniform(0.0F, 1.0F) < probability; }

float dice::bell(float deviation) {
  float sum = -2.0F;
  for (int i = 0; i < 4; ++i) sum += uniform(0.0F, 1.0F);
  return deviation * 1.7320508F * sum;
}

namespace {

/// Numbers of one family member. Every number takes one draw of both streams, whether it is used or
/// not, so that the same draw stands for the same feature in all relatives.
class heredity {
 public:
  heredity(dice family, dice own) : family_(family), own_(own) {}

  float uniform(float low, float high) { return low + (high - low) * static_cast<float>(place()); }
  bool chance(float probability) { return uniform(0.0F, 1.0F) < probability; }
  /// A number that few people have: 0 for all others.
  float rare(float probability, float low, float high) {
    bool const has = chance(probability);
    float const value = uniform(low, high);
    return has ? value : 0.0F;
  }

 private:
  /// In [0, 1]. Reflecting values at the ends keeps the distribution uniform.
  double place() {
    double const moved = static_cast<random_stream&>(family_).uniform() +
                         family_reach * (static_cast<random_stream&>(own_).uniform() - 0.5);
    double const positive = moved < 0 ? -moved : moved;
    return positive > 1 ? 2 - positive : positive;
  }
  dice family_, own_;
};

void sample_head(identity& who, heredity& random) {
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
  who.chin_cleft = random.rare(0.2F, 0.2F, 0.5F);
  who.socket_relief = random.uniform(0.01F, 0.1F);
  who.brow_relief = random.uniform(0.0F, 0.06F);
}

void sample_eyes(identity& who, heredity& random) {
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
  who.bags = random.rare(0.5F, 0.05F, 0.35F);
  who.brow_y = who.eye_y - random.uniform(0.12F, 0.24F);
  who.brow_length = random.uniform(0.13F, 0.22F);
  who.brow_thickness = random.uniform(0.014F, 0.055F);
  who.brow_slope = random.uniform(-0.3F, 0.3F);
  who.brow_arch = random.uniform(0.0F, 0.07F);
  who.brow_density = random.uniform(0.35F, 1.0F);
  who.brow_gap = random.uniform(-0.05F, 0.04F);
}

void sample_nose_and_mouth(identity& who, heredity& random) {
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
  who.folds = random.rare(0.5F, 0.05F, 0.35F);
  who.wrinkles = random.rare(0.25F, 0.08F, 0.3F);
  who.freckles = random.rare(0.2F, 0.06F, 0.2F);
}

void sample_hair(identity& who, heredity& random) {
  float const dark = random.uniform(0.0F, 1.0F);
  who.hair_tone = 0.04F + 0.72F * dark * dark;
  who.bald = random.chance(0.1F);
  who.hairline = random.uniform(-0.74F, -0.42F);
  who.temple = random.uniform(-0.5F, 0.45F);
  who.peak = random.rare(0.3F, 0.05F, 0.14F);
  who.fringe = random.rare(0.5F, -0.32F, 0.32F);
  who.hair_side = random.uniform(0.0F, 0.2F);
  who.hair_top = random.uniform(0.02F, 0.2F);
  bool const is_long = random.chance(0.42F);
  float const long_hair = random.uniform(0.4F, 1.5F), short_hair = random.uniform(-0.35F, 0.1F);
  who.hair_length = is_long ? long_hair : short_hair;
  who.curl = random.uniform(0.0F, 1.0F);
  bool const grows = random.chance(0.4F), bearded = who.hair_length < 0.2F && grows;
  float const beard = random.uniform(0.15F, 0.9F);
  who.beard = bearded ? beard : 0.0F;
  bool const alone = random.chance(0.05F);
  float const moustache = random.uniform(0.2F, 0.9F);
  who.moustache = bearded || alone ? moustache : 0.0F;
  who.beard_line = random.uniform(0.25F, 0.55F);
}

void sample_own(identity& who, dice& random) {
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
}

void sample_pose(shot& now, dice& random) {
  float const yaw = std::clamp(random.bell(0.27F), -0.65F, 0.65F);
  float const roll = random.bell(0.07F);
  now.sin_yaw = static_cast<float>(sine(yaw));
  now.cos_yaw = static_cast<float>(cosine(yaw));
  now.sin_roll = static_cast<float>(sine(roll));
  now.cos_roll = static_cast<float>(cosine(roll));
  now.pitch = random.bell(0.07F);
  now.scale = 0.86F * (1.0F + random.bell(0.045F));
  now.shift_x = random.bell(0.035F);
  now.shift_y = 0.04F + random.bell(0.035F);
  float const azimuth = random.uniform(-1.35F, 1.35F);
  float const height = random.uniform(-0.25F, 1.0F);
  double const level = cosine(height);
  now.light = {static_cast<float>(sine(azimuth) * level), static_cast<float>(-sine(height)),
               static_cast<float>(cosine(azimuth) * level)};
  now.ambient = random.uniform(0.25F, 0.75F);
}

void sample_worn_things(shot& now, identity const& who, dice& random) {
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

}  // namespace

identity sample_identity(std::uint64_t seed, bool train, int number, int family_size) {
  auto const person = static_cast<std::uint64_t>(number);
  auto const family = static_cast<std::uint64_t>(number / family_size);
  dice own{seed, train ? 1U : 2U, person};
  heredity inherited(dice{seed, train ? 6U : 7U, family}, dice{own.bits()});
  identity who{};
  sample_head(who, inherited);
  sample_eyes(who, inherited);
  sample_nose_and_mouth(who, inherited);
  sample_hair(who, inherited);
  sample_own(who, own);
  return who;
}

shot sample_shot(identity const& who, dice random) {
  shot now{};
  sample_pose(now, random);
  now.smile = random.chance(0.45F) ? random.uniform(0.2F, 1.0F) : random.uniform(-0.25F, 0.1F);
  now.open_mouth = random.chance(0.3F) ? random.uniform(0.1F, 1.0F) : 0.0F;
  now.brow_lift = random.bell(0.018F);
  now.eyelids = random.chance(0.06F) ? 0.06F : random.uniform(0.7F, 1.1F);
  now.gaze_x = random.bell(0.02F);
  now.gaze_y = random.bell(0.008F);
  sample_worn_things(now, who, random);
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

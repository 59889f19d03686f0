// SPDX-License-Identifier: Apache-2.0
// Renders a synthetic person: for any point of the picture, what is visible there and how it is
// lit. Features lie on a head that turns, so a turned face is foreshortened like a real one.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "face_kit/data/portable_math.hpp"
#include "face_kit/data/synthetic_people.hpp"

namespace face_kit::detail {

inline void blend(float& tone, float other, float coverage) { tone += (other - tone) * coverage; }

inline float power_of(float x, float y) { return static_cast<float>(power(x, y)); }
inline float sine_of(float x) { return static_cast<float>(sine(x)); }

inline float step(float from, float to, float x) {
  float const t = std::clamp((x - from) / (to - from), 0.0F, 1.0F);
  return t * t * (3.0F - 2.0F * t);
}

/// A bump of height 1 that ends at r = 1; used like a Gaussian, but needs no exponential.
inline float hill(float x, float y, float radius_x, float radius_y) {
  float const a = x / radius_x;
  float const b = y / radius_y;
  float const rest = 1.0F - a * a - b * b;
  return rest <= 0 ? 0.0F : rest * rest;
}

inline float lattice(std::uint32_t seed, int x, int y) {
  std::uint32_t h = seed ^ (static_cast<std::uint32_t>(x) * 0x8DA6B343U) ^
                    (static_cast<std::uint32_t>(y) * 0xD8163841U);
  h = (h ^ (h >> 15)) * 0x2C1B3C6DU;
  h = (h ^ (h >> 12)) * 0x297A2D39U;
  return static_cast<float>((h ^ (h >> 15)) >> 8) * 0x1p-24F;
}

/// Smooth noise in [0, 1], with cells of size 1.
inline float grain_at(std::uint32_t seed, float x, float y) {
  float const fx = std::floor(x);
  float const fy = std::floor(y);
  int const ix = static_cast<int>(fx);
  int const iy = static_cast<int>(fy);
  float const u = x - fx;
  float const top = lattice(seed, ix, iy) * (1 - u) + lattice(seed, ix + 1, iy) * u;
  float const bottom = lattice(seed, ix, iy + 1) * (1 - u) + lattice(seed, ix + 1, iy + 1) * u;
  return top + (bottom - top) * (y - fy);
}

/// A point of the face as the camera sees it. The head is a stack of circular slices, so turning it
/// moves texture around a circle; (x, y) is the point's position seen from the front.
struct face_point {
  float x, y;
  float across;  ///< sine of the angle from the middle of the face; beyond +-1 is behind the ears
  float normal_x, normal_y, normal_z;
  float coverage;
};

/// Renders one picture. Edges are softened over one pixel of the canvas; `pixel` is its size.
class face_painter {
 public:
  face_painter(identity const& who, shot const& now, int canvas_side)
      : who_(who), now_(now), pixel_(2.0F / (static_cast<float>(canvas_side) * now.scale)) {
    for (int i = 0; i < profile_size; ++i) {
      profile_[static_cast<std::size_t>(i)] =
          half_width_of(static_cast<float>(i) * profile_step + profile_start);
    }
    turn_ = now.sin_yaw / now.cos_yaw;
    back_x_ = -0.16F * now.sin_yaw;
    mouth_half_ = who.mouth_width * (1.0F + 0.25F * now.smile);
    mouth_bend_ = who.mouth_curve + 0.09F * now.smile;
    gap_ = 0.11F * now.open_mouth;
  }

  /// Tone at (x, y) of the image, both in [-1, 1].
  float operator()(float x, float y) const {
    float const cx = (x - now_.shift_x) / now_.scale;
    float const cy = (y - now_.shift_y) / now_.scale;
    float const u = cx * now_.cos_roll + cy * now_.sin_roll;
    float const v = cy * now_.cos_roll - cx * now_.sin_roll;
    float tone = backdrop(x, y);
    paint_hair_behind(tone, u, v);
    paint_neck(tone, u, v);
    paint_ears(tone, u, v);
    auto const point = point_at(u, v);
    if (point.coverage > 0) { blend(tone, face_tone(point), point.coverage); }
    paint_headwear(tone, u, v);
    if (now_.occluder) paint_thing(tone, x, y);
    tone = 0.5F + (tone - 0.5F) * now_.contrast + now_.exposure;
    return std::clamp(tone, 0.0F, 1.0F);
  }

 private:
  static constexpr int profile_size = 256;
  static constexpr float profile_start = -1.2F;
  static constexpr float profile_step = 2.5F / 255.0F;

  float half_width_of(float v) const {
    if (v < 0) {
      float const rest = 1.0F - power_of(-v / who_.crown, 2.7F);
      return rest <= 0 ? 0.0F : who_.width * power_of(rest, 0.42F);
    }
    float const t = v / who_.chin;
    float const rest = 1.0F - power_of(t, who_.jaw_power);
    return rest <= 0 ? 0.0F : who_.width * (1.0F - who_.jaw_taper * t * t) * std::sqrt(rest);
  }

  float half_width(float v) const {
    float const position = (v - profile_start) / profile_step;
    if (position < 0 || position >= static_cast<float>(profile_size - 1)) return 0;
    auto const i = static_cast<std::size_t>(position);
    float const t = position - static_cast<float>(i);
    return profile_[i] + (profile_[i + 1] - profile_[i]) * t;
  }

  /// Coverage of the side of an edge on which `depth`, a distance in head units, is positive.
  float inside(float depth) const { return std::clamp(0.5F + depth / pixel_, 0.0F, 1.0F); }

  float ellipse(float x, float y, float radius_x, float radius_y) const {
    float const a = x / radius_x;
    float const b = y / radius_y;
    return inside((1.0F - a * a - b * b) * 0.5F * std::min(radius_x, radius_y));
  }

  /// Coverage of a line with the given half thickness around distance 0.
  float line(float distance, float half) const { return inside(half - std::fabs(distance)); }

  float lit(float normal_x, float normal_y, float normal_z) const {
    float const length = std::sqrt(normal_x * normal_x + normal_y * normal_y + normal_z * normal_z);
    float const cosine =
        (normal_x * now_.light[0] + normal_y * now_.light[1] + normal_z * now_.light[2]) / length;
    return now_.ambient + (1.25F - now_.ambient) * std::max(0.0F, cosine);
  }

  // ---- around the face ----

  float backdrop(float x, float y) const {
    float tone = now_.backdrop + now_.backdrop_x * x + now_.backdrop_y * y;
    for (auto const& blob : now_.blobs) {
      blend(tone, blob.tone, hill(x - blob.x, y - blob.y, blob.radius_x, blob.radius_y));
    }
    return tone;
  }

  float hair_tone_at(float x, float y) const {
    float const strands = grain_at(who_.grain, x * 16.0F, y * (3.0F + 12.0F * who_.curl));
    return (who_.hair_tone + 0.16F * (strands - 0.5F) * (0.4F + who_.hair_tone)) *
           (0.55F + 0.45F * now_.ambient - 0.15F * x * -now_.light[0]);
  }

  void paint_hair_behind(float& tone, float u, float v) const {
    if (who_.bald) return;
    float const rough = who_.curl * 0.05F * (grain_at(who_.grain + 1, u * 9.0F, v * 9.0F) - 0.5F);
    float const x = u - back_x_;
    float const radius = who_.width + 0.02F + who_.hair_side + rough;
    float cover = v < 0 ? ellipse(x, v, radius, who_.crown + who_.hair_top + rough) : 0.0F;
    if (v >= 0 && v < who_.hair_length + pixel_) {
      cover = inside(std::min(radius * (1.0F - 0.08F * v) - std::fabs(x), who_.hair_length - v));
    }
    if (cover > 0) blend(tone, hair_tone_at(u, v), cover);
  }

  void paint_neck(float& tone, float u, float v) const {
    if (v < 0.4F) return;
    float const x = u - 0.5F * back_x_;
    float const neck = 0.62F * who_.width + 0.35F * step(0.95F, 1.3F, v);
    blend(tone, 0.72F * who_.skin * lit(x / who_.width, 0.0F, 0.7F), inside(neck - std::fabs(x)));
    float const collar = v - 1.12F + 0.25F * x * x;
    blend(tone, now_.clothes * (0.6F + 0.4F * now_.ambient), inside(collar));
  }

  void paint_ears(float& tone, float u, float v) const {
    for (float const side : {-1.0F, 1.0F}) {
      float const centre = side * (half_width(who_.ear_y) + who_.ear_gap) * now_.cos_yaw + back_x_;
      float const x = u - centre;
      float const y = v - who_.ear_y;
      float const cover = ellipse(x, y, 0.09F, who_.ear_size);
      if (cover <= 0) continue;
      float const hollow = 1.0F - 0.3F * hill(x, y, 0.06F, 0.6F * who_.ear_size);
      blend(tone, 0.92F * who_.skin * hollow * lit(side * 0.8F, 0.0F, 0.6F), cover);
    }
  }

  void paint_headwear(float& tone, float u, float v) const {
    if (now_.head == headwear::none) return;
    float const x = u - 0.5F * back_x_;
    float const curve = 0.12F * x * x;
    float const bottom = (now_.head == headwear::cap ? -0.42F : -0.5F) - curve;
    float const radius = who_.width + 0.06F + 0.5F * who_.hair_side;
    float cover = std::min(inside(bottom - v), ellipse(x, v, radius + 0.04F, who_.crown + 0.16F));
    if (now_.head == headwear::band) cover = std::min(cover, inside(v - bottom + 0.16F));
    float shade = now_.hat_tone * lit(x / radius, v, 0.6F);
    if (now_.head == headwear::cap && v > bottom - 0.12F) shade *= 0.6F;  // the peak
    blend(tone, shade, cover);
  }

  void paint_thing(float& tone, float x, float y) const {
    auto const& thing = now_.thing;
    float const dx = x - thing.x + 0.2F * (y - thing.y);
    float const stripes = 0.15F * (grain_at(now_.grain, x * 7.0F, y * 7.0F) - 0.5F);
    blend(tone, thing.tone + stripes, ellipse(dx, y - thing.y, thing.radius_x, thing.radius_y));
  }

  // ---- the face ----

  face_point point_at(float u, float v) const {
    face_point point{};
    float const half = half_width(v);
    if (half <= 0) return point;
    point.coverage = inside(half - std::fabs(u));
    if (point.coverage <= 0) return point;
    float const sine = std::clamp(u / half, -1.0F, 1.0F);
    float const cosine = std::sqrt(1.0F - sine * sine);
    float across = sine * now_.cos_yaw - cosine * now_.sin_yaw;
    float const forward = cosine * now_.cos_yaw + sine * now_.sin_yaw;
    if (forward < 0) across = across < 0 ? -2.0F - across : 2.0F - across;
    point.across = across;
    point.x = across * half;
    point.y = v + now_.pitch * cosine;
    point.normal_x = sine;
    point.normal_y = 0.55F * v * std::fabs(v);
    point.normal_z = 0.25F + cosine;
    return point;
  }

  /// Relief of the face in head units; only its slope matters, for shading.
  float relief(float x, float y) const {
    float const mirrored = std::fabs(x);
    float height =
        who_.cheek_relief * hill(mirrored - 0.55F * who_.width, y - who_.cheek_y, 0.3F, 0.26F);
    height += who_.chin_relief * hill(x, y - 0.86F * who_.chin, 0.24F, 0.16F);
    height -= who_.socket_relief * hill(mirrored - who_.eye_x, y - who_.eye_y, 0.2F, 0.15F);
    height += who_.brow_relief * hill(mirrored - who_.eye_x, y - who_.brow_y, 0.26F, 0.1F);
    float const length = who_.nose_y - who_.eye_y;
    float const along = std::clamp((y - who_.eye_y) / length, 0.0F, 1.0F);
    float const nose_x = x - 0.16F * turn_ * along;  // the tip protrudes, so it moves the most
    float const bridge = who_.bridge_width * (1.2F + along);
    height +=
        who_.bridge_relief * hill(nose_x, y - who_.nose_y + 0.55F * length, bridge, 0.75F * length);
    height +=
        who_.nose_relief * hill(nose_x, y - who_.nose_y + 0.05F, who_.nose_width * 1.3F, 0.15F);
    height += 0.05F * hill(std::fabs(nose_x) - who_.nose_width, y - who_.nose_y, 0.07F, 0.07F);
    height += 0.5F * who_.lower_lip *
              hill(x, y - who_.mouth_y - 0.8F * who_.lower_lip, mouth_half_, 1.5F * who_.lower_lip);
    return height;
  }

  float face_tone(face_point const& point) const {
    float const x = point.x;
    float const y = point.y;
    float tone = who_.skin;
    paint_skin(tone, x, y);
    paint_nostrils(tone, x, y);
    paint_mouth(tone, x, y);
    paint_beard(tone, point);
    paint_brow(tone, x, y);
    paint_eye(tone, x, y);
    float constexpr h = 0.012F;
    float const ground = relief(x, y);
    float const slope_x = (relief(x + h, y) - ground) / h;
    float const slope_y = (relief(x, y + h) - ground) / h;
    tone *= lit(point.normal_x - 0.8F * slope_x, point.normal_y - 0.8F * slope_y, point.normal_z);
    paint_hair(tone, point);
    if (now_.glasses || now_.shades) paint_glasses(tone, x, y);
    if (now_.mask) paint_mask(tone, point);
    return tone;
  }

  void paint_skin(float& tone, float x, float y) const {
    float const patches = grain_at(who_.grain + 2, x * 5.0F + 9.0F, y * 5.0F + 9.0F) - 0.5F;
    tone *= 1.0F + who_.skin_unevenness * 2.0F * patches;
    float const mirrored = std::fabs(x);
    if (who_.freckles > 0 && y > -0.25F && y < 0.55F) {
      float const dots = grain_at(who_.grain + 3, x * 32.0F, y * 32.0F);
      tone *= 1.0F - who_.freckles * step(0.55F, 0.75F, dots) * hill(x, y - 0.15F, 0.6F, 0.4F);
    }
    if (who_.folds > 0) {
      float const t = (y - who_.nose_y) / (who_.mouth_y - who_.nose_y + 0.05F);
      float const fold_x = who_.nose_width + 0.04F + (mouth_half_ - who_.nose_width) * t;
      float const on = step(-0.2F, 0.1F, t) * step(1.4F, 1.0F, t);
      tone *= 1.0F - who_.folds * on * hill(mirrored - fold_x, 0.0F, 0.035F, 1.0F);
    }
    if (who_.wrinkles > 0 && y < who_.brow_y && mirrored < 0.4F) {
      float const wave = sine_of(y * 55.0F + 3.0F * x * x);
      tone *= 1.0F - who_.wrinkles * std::max(0.0F, wave - 0.4F);
    }
    for (int i = 0; i < who_.mark_count; ++i) {
      auto const& spot = who_.marks[static_cast<std::size_t>(i)];
      float const cover = ellipse(x - spot.x, y - spot.y, spot.radius_x, spot.radius_y);
      if (cover > 0) blend(tone, spot.tone, cover);
    }
    if (who_.chin_cleft > 0) {
      tone *= 1.0F - who_.chin_cleft * hill(x, y - 0.88F * who_.chin, 0.025F, 0.09F);
    }
  }

  void paint_nostrils(float& tone, float x, float y) const {
    if (std::fabs(y - who_.nose_y) > 0.15F) return;
    float const mirrored = std::fabs(x - 0.16F * turn_);
    float const hole = ellipse(mirrored - 0.5F * who_.nose_width, y - who_.nose_y - 0.005F,
                               0.3F * who_.nose_width, 0.022F);
    tone *= 1.0F - who_.nostrils * hole;
    tone *= 1.0F -
            0.3F * hill(mirrored - 1.05F * who_.nose_width, y - who_.nose_y + 0.01F, 0.04F, 0.06F);
    tone *= 1.0F - 0.22F * hill(mirrored, y - who_.nose_y - 0.04F, 1.2F * who_.nose_width, 0.04F);
  }

  void paint_mouth(float& tone, float x, float y) const {
    float const t = x / mouth_half_;
    if (std::fabs(t) > 1.05F || std::fabs(y - who_.mouth_y) > 0.35F) return;
    float const bow = std::max(0.0F, 1.0F - t * t);
    float const m = y - who_.mouth_y + mouth_bend_ * t * t - 0.4F * mouth_bend_;
    float const dip = 1.0F - who_.cupid * hill(t, 0.0F, 0.3F, 1.0F);
    float const top = -who_.upper_lip * (0.15F + bow) * dip;
    float const half_gap = 0.5F * gap_ * bow;
    float const bottom = (who_.lower_lip + 0.01F) * std::sqrt(bow);
    float const depth = std::min(m + half_gap - top, bottom + half_gap - m);
    blend(tone, who_.skin * who_.lip_tone, inside(depth) * step(1.05F, 0.95F, std::fabs(t)));
    float const slit = half_gap + 0.009F;
    float const cover = inside(slit - std::fabs(m)) * step(1.02F, 0.9F, std::fabs(t));
    bool const teeth = gap_ > 0.03F && m < 0.25F * half_gap;
    blend(tone, teeth ? 0.82F : 0.16F, cover * (teeth ? 0.9F : 0.8F));
  }

  void paint_beard(float& tone, face_point const& point) const {
    if (who_.beard <= 0 && who_.moustache <= 0) return;
    float const x = point.x;
    float const y = point.y;
    if (y < 0.1F) return;
    float const rough = 0.75F + 0.5F * grain_at(who_.grain + 4, x * 30.0F, y * 30.0F);
    float const hair = 0.5F * who_.hair_tone * rough + 0.04F;
    float const edge = who_.mouth_y + 0.08F - who_.beard_line * point.across * point.across;
    float cover = who_.beard * step(edge - 0.07F, edge + 0.09F, y);
    float const above = (y - 0.5F * (who_.nose_y + who_.mouth_y) - 0.02F) / 0.085F;
    float const wide = x / (who_.mouth_width * 1.15F);
    float const lip = std::max(0.0F, 1.0F - above * above - wide * wide * wide * wide);
    cover = std::max(cover, who_.moustache * std::min(1.0F, 2.0F * lip));
    float const mouth = hill(x, y - who_.mouth_y - 0.5F * gap_, 0.9F * mouth_half_,
                             0.02F + 1.5F * who_.lower_lip + gap_);
    blend(tone, hair, std::min(1.0F, cover) * (1.0F - std::min(1.0F, 2.0F * mouth)));
  }

  void paint_brow(float& tone, float x, float y) const {
    float const brow_y = who_.brow_y - now_.brow_lift;
    if (std::fabs(y - brow_y) > 0.2F) return;
    float const t = (std::fabs(x) - who_.eye_x - who_.brow_gap) / who_.brow_length;
    if (std::fabs(t) > 1.1F) return;
    float const bend = who_.brow_slope * t * 0.12F + who_.brow_arch * (t * t - 0.4F);
    float const half = who_.brow_thickness * (1.0F - 0.45F * (t + 1.0F) * 0.5F);
    float const cover = line(y - brow_y - bend, half) * step(1.1F, 0.85F, std::fabs(t));
    if (cover > 0) blend(tone, 0.7F * who_.hair_tone + 0.03F, who_.brow_density * cover);
  }

  void paint_eye(float& tone, float x, float y) const {
    float const side = x < 0 ? -1.0F : 1.0F;
    float const dx = side * x - who_.eye_x;
    float const dy = y - who_.eye_y;
    if (std::fabs(dx) > 0.26F || std::fabs(dy) > 0.22F) return;
    float const a = dx - who_.eye_slant * dy;
    float const b = dy + who_.eye_slant * dx;
    float const t = a / who_.eye_width;
    float const bow = 1.0F - t * t;
    tone *= 1.0F - who_.bags * hill(a, b - 1.7F * who_.eye_height, who_.eye_width, 0.04F);
    if (bow <= -0.2F) return;
    float const upper = -who_.eye_height * now_.eyelids * bow;
    float const lower = 0.62F * who_.eye_height * std::min(1.0F, now_.eyelids + 0.1F) * bow;
    float const open = inside(std::min(b - upper, lower - b));
    if (open > 0) {
      float ball = 0.4F + 0.5F * who_.skin;
      float const ix = a - side * now_.gaze_x;
      float const iy = b - now_.gaze_y + 0.1F * who_.eye_height;
      blend(ball, who_.iris_tone, ellipse(ix, iy, who_.iris_radius, who_.iris_radius));
      blend(ball, 0.02F, ellipse(ix, iy, 0.45F * who_.iris_radius, 0.45F * who_.iris_radius));
      blend(ball, 1.0F, 0.8F * ellipse(ix - side * 0.02F, iy + 0.02F, 0.012F, 0.012F));
      blend(tone, ball, open);
    }
    float const rim = step(-0.2F, 0.05F, bow);
    blend(tone, 0.08F, 0.85F * rim * line(b - upper, who_.lash));
    tone *= 1.0F - 0.25F * rim * line(b - lower, 0.01F);
    tone *= 1.0F - who_.crease * rim * line(b - upper + who_.crease_offset, 0.012F);
  }

  /// Hair that lies over the forehead and the temples.
  void paint_hair(float& tone, face_point const& point) const {
    float const t = point.across;
    float const far = std::fabs(t);
    float edge = who_.hairline + who_.temple * -t * t + who_.fringe * t +
                 who_.peak * std::max(0.0F, 1.0F - 6.0F * far);
    if (who_.bald) edge = -2.0F;
    edge += 0.07F * (grain_at(who_.grain + 5, t * 14.0F, 0.0F) - 0.5F);
    float cover = inside(edge - point.y);
    float const burns = who_.bald ? 2.0F : 0.93F;
    float const until = std::max(who_.hair_length, -0.1F);
    cover = std::max(cover, inside((far - burns) * 0.4F) * inside(until - point.y));
    if (cover > 0) blend(tone, hair_tone_at(point.x, point.y), cover);
  }

  void paint_glasses(float& tone, float x, float y) const {
    float const dy = y - who_.eye_y - 0.02F;
    if (std::fabs(dy) > 0.3F) return;
    float const dx = std::fabs(x - 0.05F * turn_) - who_.eye_x;
    float const a = std::fabs(dx) / who_.lens_width;
    float const b = std::fabs(dy) / who_.lens_height;
    float const corner = who_.lens_squareness;
    float const radius = power_of(power_of(a, corner) + power_of(b, corner), 1.0F / corner);
    float const depth = (1.0F - radius) * who_.lens_height;
    float const lens = inside(depth);
    if (lens > 0) {
      blend(tone, 0.05F, lens * now_.lens_tint);
      float const streak = line(dx + dy - 0.03F, 0.03F);
      blend(tone, 0.95F, lens * streak * now_.glare);
    }
    float frame = line(depth, who_.frame_thickness);
    bool const bridge = dx < 0 && radius > 1.0F;
    bool const temple = dx > 0 && radius > 1.0F;
    if (bridge || temple) {
      frame = std::max(frame, line(dy + (bridge ? 0.01F : 0.04F), 0.8F * who_.frame_thickness));
    }
    blend(tone, who_.frame_tone, frame);
  }

  void paint_mask(float& tone, face_point const& point) const {
    float const across = point.across;
    float const far = std::fabs(across);
    float const top = now_.mask_top + 0.22F * across * across;
    float const bottom = 0.98F * who_.chin - 0.35F * across * across;
    float const cloth = inside(std::min({point.y - top, bottom - point.y, (0.86F - far) * 0.7F}));
    float const folds = 0.05F * sine_of((point.y - top) * 28.0F);
    float const print =
        now_.mask_pattern * (grain_at(now_.grain, point.x * 12.0F, point.y * 12.0F) - 0.5F);
    float const bulge = -1.4F * point.x / who_.width * 0.3F;
    float const light = lit(point.normal_x - bulge, point.normal_y, point.normal_z);
    blend(tone, (now_.mask_tone + folds + print) * light, cloth);
    if (far > 0.84F) {
      float const strap = (far - 0.84F) * 0.5F;
      float const cover = std::max(line(point.y - now_.mask_top - 0.15F + strap, 0.014F),
                                   line(point.y - bottom + 0.12F + strap, 0.014F));
      blend(tone, now_.mask_tone * light, cover);
    }
  }

  identity const& who_;
  shot const& now_;
  float pixel_;
  float turn_, back_x_, mouth_half_, mouth_bend_, gap_;
  std::array<float, profile_size> profile_;
};

}  // namespace face_kit::detail

#include "mdgps/simulation/lights.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mdgps {
namespace {

constexpr Vec3 sunlight{1.22, 1.17, 1.07}, skylight{0.40, 0.43, 0.48}, bounced{0.11, 0.10, 0.09};
constexpr double sun_radius = 0.10;  // of the disc of lamps at distance 1: a large lamp in a studio
constexpr Vec3 zenith{0.42, 0.56, 0.74}, horizon{0.86, 0.90, 0.94};
constexpr double golden_angle = std::numbers::pi * (3.0 - 2.2360679774997896);

}  // namespace

Vec3 sun_direction(const PinholeCamera& camera) {
  const Vec3 overhead{0.0, 0.0, 1.0};
  return normalized(1.0 * overhead - 0.45 * camera.right - 0.35 * camera.forward);
}

std::vector<Lamp> sun_and_sky(const PinholeCamera& camera, int sun_points, int sky_points) {
  std::vector<Lamp> lamps;
  const Vec3 middle = sun_direction(camera);
  const Vec3 across = normalized(cross(middle, std::abs(middle.x) < 0.7 ? Vec3{1.0, 0.0, 0.0} : Vec3{0.0, 1.0, 0.0}));
  const Vec3 along = cross(middle, across);
  for (int i = 0; i < sun_points; ++i) {  // a sunflower's seeds: even over the disc
    const double r = sun_radius * std::sqrt((i + 0.5) / sun_points), angle = golden_angle * i;
    lamps.push_back({normalized(middle + r * std::cos(angle) * across + r * std::sin(angle) * along),
                     (1.0 / sun_points) * sunlight});
  }
  for (int i = 0; i < sky_points; ++i) {  // the same over the half sphere, a little above the horizon
    const double z = 1.0 - 0.96 * (i + 0.5) / sky_points, r = std::sqrt(1.0 - z * z), angle = golden_angle * i;
    // A surface that faces up gets the sum of z over the lamps; 2/n makes that sum 1.
    lamps.push_back({{r * std::cos(angle), r * std::sin(angle), z}, (2.0 / sky_points) * skylight});
  }
  return lamps;
}

Vec3 bounced_light(Vec3 normal) { return (1.0 - 0.5 * normal.z) * bounced; }

Vec3 backdrop(Vec3 direction) { return mix(horizon, zenith, std::sqrt(std::clamp(direction.z, 0.0, 1.0))); }

}  // namespace mdgps

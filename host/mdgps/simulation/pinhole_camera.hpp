#pragma once
/// Where a picture is seen from. Private to the simulation layer.

#include <mujoco/mujoco.h>

#include <span>
#include <vector>

#include "mdgps/simulation/vec3.hpp"

namespace mdgps {

/// Pixels count from the upper left corner; the middle of the first is (0.5, 0.5).
struct PinholeCamera {
  Vec3 position{};
  Vec3 right{}, up{}, forward{};  ///< orthonormal, in the world
  double half_height = 0.4;       ///< of the picture at distance 1, the tangent of half the field of view
  int width = 1, height = 1;

  /// The unit direction in which a place of the picture lies.
  Vec3 direction(double x, double y) const;

  struct Projection {
    double x = 0.0, y = 0.0;
    double distance = 0.0;  ///< from the camera; negative where the point lies behind it
  };
  Projection project(Vec3 point) const;

  /// Pixels per metre at a distance straight ahead.
  double scale(double distance) const { return 0.5 * height / (half_height * distance); }
};

/// The model's camera as it stands in `data`, which mj_camlight has filled.
PinholeCamera model_camera(const mjModel& model, const mjData& data, int id, int width, int height);

struct Sphere {
  Vec3 middle;
  double radius = 0.0;
};

/// Bounding spheres of the geoms that have an end and are drawn, as they stand in `data`.
std::vector<Sphere> bounding_spheres(const mjModel& model, const mjData& data);

/// A camera as near as it can be with all spheres in view, looking from the model's own azimuth and elevation (MJCF:
/// visual/global) or, where it has none, from a corner above.
PinholeCamera fitted_camera(const mjModel& model, std::span<const Sphere> spheres, int width, int height);

}  // namespace mdgps

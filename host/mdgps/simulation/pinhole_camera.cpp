#include "mdgps/simulation/pinhole_camera.hpp"

#include <algorithm>
#include <limits>
#include <numbers>

#include "mdgps/simulation/ray_camera.hpp"

namespace mdgps {
namespace {

constexpr double radians(double degrees) { return degrees * std::numbers::pi / 180.0; }

}  // namespace

Vec3 PinholeCamera::direction(double x, double y) const {
  const double across = half_height * (2.0 * x - width) / height;
  const double upwards = half_height * (height - 2.0 * y) / height;
  return normalized(forward + across * right + upwards * up);
}

PinholeCamera::Projection PinholeCamera::project(Vec3 point) const {
  const Vec3 d = point - position;
  const double ahead = dot(d, forward);
  if (ahead <= 0.0) return {0.0, 0.0, -norm(d)};
  const double pixels = scale(ahead);
  return {0.5 * width + pixels * dot(d, right), 0.5 * height - pixels * dot(d, up), norm(d)};
}

PinholeCamera model_camera(const mjModel& model, const mjData& data, int id, int width, int height) {
  const double* axes = data.cam_xmat + 9 * id;  // columns: right, up, backward
  const auto column = [&](int c) { return Vec3{axes[c], axes[3 + c], axes[6 + c]}; };
  return {.position = Vec3::from(data.cam_xpos + 3 * id),
          .right = column(0),
          .up = column(1),
          .forward = -1.0 * column(2),
          .half_height = std::tan(0.5 * radians(model.cam_fovy[id])),
          .width = width,
          .height = height};
}

std::vector<Sphere> bounding_spheres(const mjModel& model, const mjData& data) {
  std::vector<Sphere> spheres;
  for (int g = 0; g < model.ngeom; ++g) {
    if (model.geom_rbound[g] > 0.0 && is_drawn(model, g))
      spheres.push_back({Vec3::from(data.geom_xpos + 3 * g), model.geom_rbound[g]});
  }
  return spheres;
}

PinholeCamera fitted_camera(const mjModel& model, std::span<const Sphere> spheres, int width, int height) {
  // 90 and -45 are what MuJoCo puts where the MJCF says nothing: straight from the front, which shows little depth.
  const auto& wish = model.vis.global;
  const bool none = wish.azimuth == 90.0f && wish.elevation == -45.0f;
  const double azimuth = radians(none ? 130.0 : wish.azimuth), elevation = radians(none ? -25.0 : wish.elevation);

  PinholeCamera camera{.half_height = std::tan(0.5 * radians(wish.fovy)), .width = width, .height = height};
  camera.forward = {std::cos(elevation) * std::cos(azimuth), std::cos(elevation) * std::sin(azimuth),
                    std::sin(elevation)};
  camera.right = {std::sin(azimuth), -std::cos(azimuth), 0.0};
  camera.up = cross(camera.right, camera.forward);

  // The picture's four edges and the camera span planes; a sphere is in view that is on the inner side of all. With the
  // camera at `at + up and right of it`, opposite planes bound both its place across and its distance.
  const double across = std::atan(camera.half_height * width / height), upwards = std::atan(camera.half_height);
  double back = -std::numeric_limits<double>::infinity();
  Vec3 at = Vec3::from(model.stat.center);
  if (spheres.empty()) {
    back = model.stat.extent / std::sin(std::min(across, upwards));
  } else {
    for (const auto& [axis, angle] : {std::pair{camera.right, across}, std::pair{camera.up, upwards}}) {
      const Vec3 low = std::sin(angle) * camera.forward + std::cos(angle) * axis;  // inner normals of the two planes
      const Vec3 high = std::sin(angle) * camera.forward - std::cos(angle) * axis;
      double low_bound = -std::numeric_limits<double>::infinity(), high_bound = low_bound;
      for (const Sphere& s : spheres) {  // dot(s - camera, normal) >= radius
        low_bound = std::max(low_bound, s.radius - dot(s.middle - at, low));
        high_bound = std::max(high_bound, s.radius - dot(s.middle - at, high));
      }
      at = at + (0.5 * (high_bound - low_bound) / std::cos(angle)) * axis;
      back = std::max(back, 0.5 * (high_bound + low_bound) / std::sin(angle));
    }
  }
  constexpr double margin = 1.05;
  camera.position = at - margin * back * camera.forward;
  return camera;
}

}  // namespace mdgps

#include "mdgps/simulation/surface.hpp"

#include <algorithm>
#include <cmath>

namespace mdgps {
namespace {

constexpr double gamma = 2.2;

/// Where the MJCF gives a geom no colour of its own, MuJoCo leaves this one, and the material's counts.
bool has_own_colour(const float* rgba) {
  return rgba[0] != 0.5f || rgba[1] != 0.5f || rgba[2] != 0.5f || rgba[3] != 1.0f;
}

/// The colour of a texture's pixel, screen values; coordinates repeat from 0 to 1.
Vec3 texel(const mjModel& model, int texture, double u, double v) {
  const int width = model.tex_width[texture], height = model.tex_height[texture];
  const int channels = model.tex_nchannel[texture];
  const int x = std::min(static_cast<int>((u - std::floor(u)) * width), width - 1);
  const int y = std::min(static_cast<int>((v - std::floor(v)) * height), height - 1);
  const mjtByte* pixel = model.tex_data + model.tex_adr[texture] + (static_cast<mjtSize>(y) * width + x) * channels;
  if (channels < 3) return (pixel[0] / 255.0) * Vec3{1.0, 1.0, 1.0};
  return {pixel[0] / 255.0, pixel[1] / 255.0, pixel[2] / 255.0};
}

/// A flat texture on a plane. One that is not `uniform` is repeated over the plane's size; an endless plane has none.
Vec3 plane_texture(const mjModel& model, const mjData& data, int geom, int material, int texture, Vec3 point) {
  const Vec3 d = point - Vec3::from(data.geom_xpos + 3 * geom);
  const double* axes = data.geom_xmat + 9 * geom;
  const auto coordinate = [&](int axis) {
    const double along = dot(d, {axes[axis], axes[3 + axis], axes[6 + axis]});
    const double length = 2.0 * model.geom_size[3 * geom + axis];
    const bool by_metre = model.mat_texuniform[material] || length <= 0.0;
    return 0.5 + model.mat_texrepeat[2 * material + axis] * (by_metre ? along : along / length);
  };
  return texel(model, texture, coordinate(0), coordinate(1));
}

}  // namespace

double to_light(double screen) { return std::pow(std::clamp(screen, 0.0, 1.0), gamma); }
double to_screen(double light) { return std::pow(std::clamp(light, 0.0, 1.0), 1.0 / gamma); }

Surface surface_at(const mjModel& model, const mjData& data, int geom, Vec3 point) {
  const int material = model.geom_matid[geom];
  const float* rgba = model.geom_rgba + 4 * geom;
  Surface surface{.shine = 0.25};
  if (material >= 0) {
    if (!has_own_colour(rgba)) rgba = model.mat_rgba + 4 * material;
    surface.shine = 0.5 * model.mat_specular[material];
    surface.glow = model.mat_emission[material];
  }
  Vec3 screen{rgba[0], rgba[1], rgba[2]};
  if (material >= 0 && model.geom_type[geom] == mjGEOM_PLANE) {
    const int texture = model.mat_texid[mjNTEXROLE * material + mjTEXROLE_RGB];
    if (texture >= 0 && model.tex_type[texture] == mjTEXTURE_2D) {
      const Vec3 t = plane_texture(model, data, geom, material, texture, point);
      screen = {screen.x * t.x, screen.y * t.y, screen.z * t.z};
    }
  }
  surface.albedo = {to_light(screen.x), to_light(screen.y), to_light(screen.z)};
  surface.opacity = std::clamp<double>(rgba[3], 0.0, 1.0);
  if (model.geom_type[geom] == mjGEOM_PLANE) surface.shine = 0.0;  // a highlight on a floor draws the eye
  return surface;
}

}  // namespace mdgps

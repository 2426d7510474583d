#include "mdgps/simulation/ray_camera.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "mdgps/simulation/surface.hpp"

namespace mdgps {
namespace {

constexpr std::array<mjtByte, mjNGROUP> shown_groups = {1, 1, 1, 0, 0, 0};
constexpr int nothing = -1, floor_id = -2;
constexpr int most_layers = 6;  // of surfaces that can be looked through
constexpr Vec3 floor_albedo{0.60, 0.61, 0.63};
constexpr double exposure = 1.5;

/// Amounts of light as film takes them: what is bright grows brighter ever more slowly, and never white.
Vec3 exposed(Vec3 light) {
  const auto tone = [](double x) { return 1.0 - std::exp(-exposure * x); };
  return {tone(light.x), tone(light.y), tone(light.z)};
}

/// Places of the rays within a pixel: no two share a row or a column, so that level edges are smooth, too.
std::vector<std::pair<double, double>> places(int rays) {
  std::vector<std::pair<double, double>> list;
  for (int i = 0; i < rays; ++i) {
    const double turned = i * 0.6180339887498949;
    list.emplace_back((i + 0.5) / rays, turned - std::floor(turned));
  }
  return list;
}

}  // namespace

bool is_drawn(const mjModel& model, int geom) {
  const int group = std::clamp(model.geom_group[geom], 0, mjNGROUP - 1);
  if (!shown_groups[group]) return false;
  const int material = model.geom_matid[geom];
  return material >= 0 ? model.mat_rgba[4 * material + 3] > 0.0f && model.geom_rgba[4 * geom + 3] > 0.0f
                       : model.geom_rgba[4 * geom + 3] > 0.0f;
}

/// What a ray from the camera met first.
struct RayCamera::Hit {
  Vec3 direction{}, point{}, normal{};  ///< the normal is on the camera's side
  int geom = nothing;
  double distance = std::numeric_limits<double>::infinity();
};

/// Rays into one scene.
class RayCamera::Caster {
 public:
  Caster(const RayCamera& owner, const mjModel& model, mjData& data) : o_(owner), model_(model), data_(data) {}

  /// What rays through these places of the picture see first.
  std::vector<Hit> look(const std::vector<std::pair<double, double>>& places) {
    std::vector<Hit> hits(places.size());
    for (std::size_t i = 0; i < hits.size(); ++i)
      hits[i].direction = o_.camera_.direction(places[i].first, places[i].second);
    cast(o_.camera_.position, hits);
    return hits;
  }

  /// The light that comes to the camera along the rays.
  std::vector<Vec3> light(const std::vector<Hit>& hits) {
    std::vector<Vec3> sum(hits.size());
    std::vector<double> left(hits.size(), 1.0);  // share of what lies behind that is still seen
    std::vector<Hit> layer = hits;
    std::vector<std::size_t> rays(hits.size());
    for (std::size_t i = 0; i < rays.size(); ++i) rays[i] = i;
    for (int depth = 0; depth < most_layers && !rays.empty(); ++depth) {
      const auto arriving = illuminate(layer);
      std::vector<Hit> behind;
      std::vector<std::size_t> behind_rays;
      for (std::size_t j = 0; j < layer.size(); ++j) {
        double opacity = 1.0;
        const Vec3 colour = appearance(layer[j], arriving[j], opacity);
        const std::size_t i = rays[j];
        sum[i] = sum[i] + left[i] * opacity * colour;
        left[i] *= 1.0 - opacity;
        if (left[i] < 0.01) continue;
        behind.push_back(beyond(layer[j]));
        behind_rays.push_back(i);
      }
      layer = std::move(behind);
      rays = std::move(behind_rays);
    }
    return sum;
  }

 private:
  void cast(Vec3 from, std::vector<Hit>& hits) {
    const auto n = hits.size();
    reserve(n);
    for (std::size_t i = 0; i < n; ++i) set(3 * i, hits[i].direction);
    trace(from, static_cast<int>(n));
    for (std::size_t i = 0; i < n; ++i) finish(from, hits[i], ids_[i], distances_[i], Vec3::from(&normals_[3 * i]));
  }

  void finish(Vec3 from, Hit& hit, int geom, double distance, Vec3 normal) const {
    hit.geom = geom;
    hit.distance = geom >= 0 ? distance : std::numeric_limits<double>::infinity();
    hit.normal = normal;
    if (o_.stage_.has_floor && hit.direction.z < 0.0) {
      const double to_floor = (o_.stage_.floor_height - from.z) / hit.direction.z;
      if (to_floor > 0.0 && to_floor < hit.distance) {
        hit.geom = floor_id;
        hit.distance = to_floor;
        hit.normal = {0.0, 0.0, 1.0};
      }
    }
    if (hit.geom == nothing) return;
    hit.point = from + hit.distance * hit.direction;
    if (dot(hit.normal, hit.direction) > 0.0) hit.normal = -1.0 * hit.normal;  // seen from inside
  }

  /// What the ray meets after this.
  Hit beyond(const Hit& hit) const {
    Hit next{.direction = hit.direction};
    const Vec3 from = hit.point + 1e-6 * o_.stage_.extent * hit.direction;
    const double pnt[3] = {from.x, from.y, from.z}, vec[3] = {hit.direction.x, hit.direction.y, hit.direction.z};
    double normal[3] = {};
    int geom = nothing;
    const double distance = mj_ray(&model_, &data_, pnt, vec, shown_groups.data(), 1, -1, &geom, normal);
    finish(from, next, geom, distance, Vec3::from(normal));
    return next;
  }

  /// The light that falls on each place, colour by colour.
  std::vector<Vec3> illuminate(const std::vector<Hit>& hits) {
    std::vector<Vec3> light(hits.size());
    for (std::size_t i = 0; i < hits.size(); ++i)
      if (hits[i].geom != nothing) light[i] = bounced_light(hits[i].normal);

    // Rays from the lamp to the places share their origin, which MuJoCo casts much faster than rays from the places.
    const double far = 20.0 * o_.stage_.extent;
    std::vector<std::size_t> facing;
    for (const Lamp& lamp : o_.lamps_) {
      facing.clear();
      const Vec3 from = o_.stage_.middle + far * lamp.towards;
      reserve(hits.size());
      for (std::size_t i = 0; i < hits.size(); ++i) {
        if (hits[i].geom == nothing || dot(hits[i].normal, lamp.towards) <= 0.0) continue;
        set(3 * facing.size(), normalized(hits[i].point - from));
        facing.push_back(i);
      }
      if (facing.empty()) continue;
      trace(from, static_cast<int>(facing.size()));
      for (std::size_t j = 0; j < facing.size(); ++j) {
        const Hit& hit = hits[facing[j]];
        const bool reached = ids_[j] < 0 || distances_[j] > norm(hit.point - from) - 1e-4 * o_.stage_.extent;
        if (reached) light[facing[j]] = light[facing[j]] + dot(hit.normal, lamp.towards) * lamp.light;
      }
    }
    return light;
  }

  Vec3 appearance(const Hit& hit, Vec3 arriving, double& opacity) const {
    if (hit.geom == nothing) return backdrop(hit.direction);
    Surface surface{.albedo = floor_albedo};
    if (hit.geom >= 0) surface = surface_at(model_, data_, hit.geom, hit.point);
    opacity = surface.opacity;
    const Vec3 a = surface.albedo;
    Vec3 light{a.x * (arriving.x + surface.glow), a.y * (arriving.y + surface.glow), a.z * (arriving.z + surface.glow)};
    const double highlight = dot(hit.normal, normalized(o_.sun_ - hit.direction));
    if (highlight > 0.0) light = light + surface.shine * std::pow(highlight, 40.0) * arriving;
    light = exposed(light);
    const bool endless = hit.geom == floor_id || model_.geom_type[hit.geom] == mjGEOM_PLANE;
    if (!endless) return light;
    const double off = norm(hit.point - o_.stage_.middle) / o_.stage_.extent;
    const double haze = std::clamp((off - 1.0) / 5.0, 0.0, 1.0);
    return mix(light, backdrop(hit.direction), haze * haze * (3.0 - 2.0 * haze));
  }

  void reserve(std::size_t n) {
    if (ids_.size() >= n) return;
    directions_.resize(3 * n);
    normals_.resize(3 * n);
    distances_.resize(n);
    ids_.resize(n);
  }
  void set(std::size_t at, Vec3 v) {
    directions_[at] = v.x;
    directions_[at + 1] = v.y;
    directions_[at + 2] = v.z;
  }
  void trace(Vec3 from, int n) {
    const double pnt[3] = {from.x, from.y, from.z};
    mj_multiRay(&model_, &data_, pnt, directions_.data(), shown_groups.data(), 1, -1, ids_.data(), distances_.data(),
                normals_.data(), n, mjMAXVAL);
  }

  const RayCamera& o_;
  const mjModel& model_;
  mjData& data_;
  std::vector<double> directions_, normals_, distances_;
  std::vector<int> ids_;
};

RayCamera::RayCamera(const PinholeCamera& camera, const Stage& stage, const DrawingQuality& quality)
    : camera_(camera),
      stage_(stage),
      quality_(quality),
      lamps_(sun_and_sky(camera, quality.sun_points, quality.sky_points)),
      sun_(sun_direction(camera)) {}

void RayCamera::draw(const mjModel& model, mjData& data, int first, int last, Canvas& canvas) const {
  Caster caster(*this, model, data);
  const int width = camera_.width;
  const int above = std::max(first - 1, 0), below = std::min(last + 1, camera_.height);  // to see edges at the ends

  std::vector<std::pair<double, double>> middles;
  for (int y = above; y < below; ++y)
    for (int x = 0; x < width; ++x) middles.emplace_back(x + 0.5, y + 0.5);
  const auto hits = caster.look(middles);
  const auto at = [&](int x, int y) -> const Hit& { return hits[static_cast<std::size_t>(y - above) * width + x]; };

  const auto differ = [&](const Hit& a, const Hit& b) {
    return a.geom != b.geom || (a.geom != nothing && dot(a.normal, b.normal) < 0.9);
  };
  const auto on_edge = [&](int x, int y) {
    const Hit& here = at(x, y);
    return (x > 0 && differ(here, at(x - 1, y))) || (x + 1 < width && differ(here, at(x + 1, y))) ||
           (y > above && differ(here, at(x, y - 1))) || (y + 1 < below && differ(here, at(x, y + 1)));
  };

  const auto within = places(quality_.edge_rays);
  std::vector<Hit> plain;
  std::vector<std::size_t> plain_pixels, edge_pixels;
  std::vector<std::pair<double, double>> edge_places;
  for (int y = first; y < last; ++y) {
    for (int x = 0; x < width; ++x) {
      const auto pixel = static_cast<std::size_t>(y) * width + x;
      canvas.distance[pixel] = at(x, y).distance;
      if (quality_.edge_rays > 1 && on_edge(x, y)) {
        edge_pixels.push_back(pixel);
        for (const auto& [dx, dy] : within) edge_places.emplace_back(x + dx, y + dy);
      } else {
        plain_pixels.push_back(pixel);
        plain.push_back(at(x, y));
      }
    }
  }
  const auto plain_light = caster.light(plain);
  for (std::size_t i = 0; i < plain.size(); ++i) canvas.light[plain_pixels[i]] = plain_light[i];
  const auto edge_light = caster.light(caster.look(edge_places));
  for (std::size_t i = 0; i < edge_pixels.size(); ++i) {
    Vec3 sum;  // of what a screen shows: the mean of light would eat thin dark lines before a bright sky
    for (int k = 0; k < quality_.edge_rays; ++k) {
      const Vec3 light = edge_light[i * quality_.edge_rays + k];
      sum = sum + Vec3{to_screen(light.x), to_screen(light.y), to_screen(light.z)};
    }
    sum = (1.0 / quality_.edge_rays) * sum;
    canvas.light[edge_pixels[i]] = {to_light(sum.x), to_light(sum.y), to_light(sum.z)};
  }
}

}  // namespace mdgps

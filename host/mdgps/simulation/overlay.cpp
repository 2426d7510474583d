#include "mdgps/simulation/overlay.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "mdgps/simulation/surface.hpp"

namespace mdgps {
namespace {

constexpr double hidden = 0.35;  // of a shape's opacity where the scene is before it
/// A mark on a surface is not behind it: the share of the distance by which it may be deeper.
constexpr double tolerance = 0.004;

}  // namespace

template <class Gap>
void Overlay::cover(double left, double top, double right, double bottom, const Gap& gap) {
  const int x0 = std::max(0, static_cast<int>(std::floor(left))), y0 = std::max(0, static_cast<int>(std::floor(top)));
  const int x1 = std::min(canvas_.width, static_cast<int>(std::ceil(right)) + 1);
  const int y1 = std::min(canvas_.height, static_cast<int>(std::ceil(bottom)) + 1);
  for (int y = y0; y < y1; ++y) {
    for (int x = x0; x < x1; ++x) {
      const auto [pixels, distance] = gap(x + 0.5, y + 0.5);
      const auto pixel = static_cast<std::size_t>(y) * canvas_.width + x;
      const bool seen = distance <= canvas_.distance[pixel] * (1.0 + tolerance);
      cover_[pixel] = std::max(cover_[pixel], (seen ? 1.0 : hidden) * std::clamp(0.5 - pixels, 0.0, 1.0));
    }
  }
}

void Overlay::line(Vec3 from, Vec3 to, double width) {
  const auto a = camera_.project(from), b = camera_.project(to);
  if (a.distance < 0.0 || b.distance < 0.0) return;
  const double reach = 0.5 * width, dx = b.x - a.x, dy = b.y - a.y, squares = dx * dx + dy * dy;
  cover(std::min(a.x, b.x) - reach - 1.0, std::min(a.y, b.y) - reach - 1.0, std::max(a.x, b.x) + reach + 1.0,
        std::max(a.y, b.y) + reach + 1.0, [&](double x, double y) {
          const double along = squares > 0.0 ? std::clamp(((x - a.x) * dx + (y - a.y) * dy) / squares, 0.0, 1.0) : 0.0;
          return std::pair{std::hypot(x - a.x - along * dx, y - a.y - along * dy) - reach,
                           a.distance + along * (b.distance - a.distance)};
        });
}

void Overlay::disc(Vec3 middle, double radius) {
  const auto p = camera_.project(middle);
  if (p.distance < 0.0) return;
  const double reach = radius + 1.0;
  cover(p.x - reach, p.y - reach, p.x + reach, p.y + reach, [&](double x, double y) {
    return std::pair{std::hypot(x - p.x, y - p.y) - radius, p.distance};
  });
}

void Overlay::ring(Vec3 middle, double radius, double least, double width) {
  const auto p = camera_.project(middle);
  if (p.distance < 0.0) return;
  const double pixels = std::max(least, radius * camera_.scale(dot(middle - camera_.position, camera_.forward)));
  const double reach = pixels + width + 1.0;
  cover(p.x - reach, p.y - reach, p.x + reach, p.y + reach, [&](double x, double y) {
    return std::pair{std::abs(std::hypot(x - p.x, y - p.y) - pixels) - 0.5 * width, p.distance};
  });
}

void Overlay::paint(Vec3 colour, double opacity) {
  for (std::size_t i = 0; i < cover_.size(); ++i) {
    if (cover_[i] == 0.0) continue;
    const Vec3 light = canvas_.light[i];
    const Vec3 screen = mix({to_screen(light.x), to_screen(light.y), to_screen(light.z)}, colour, opacity * cover_[i]);
    canvas_.light[i] = {to_light(screen.x), to_light(screen.y), to_light(screen.z)};
    cover_[i] = 0.0;
  }
}

}  // namespace mdgps

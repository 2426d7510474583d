#include "apps/report/comparison_picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace mdgps::report {
namespace {

constexpr double width = 420, height = 260, left = 56, top = 34, right = 12, bottom = 40;
constexpr int intervals = 4;  // of the axis of values
constexpr std::array colours{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555"};

std::string format(const char* pattern, double a, double b) {
  char text[96];
  std::snprintf(text, sizeof text, pattern, a, b);
  return text;
}

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) safe += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  return safe;
}

/// The end of an axis that begins at 0 and whose marks are round numbers.
double axis_end(double largest) {
  const double interval = largest / intervals, power = std::pow(10.0, std::floor(std::log10(interval)));
  for (const double digit : {1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0})
    if (interval <= digit * power * (1.0 + 1e-9)) return intervals * digit * power;
  return intervals * 10.0 * power;
}

/// One diagram, its upper left corner at (x, 0).
struct Panel {
  double x, iterations, largest;

  double at(std::size_t iteration) const {
    const double span = std::max(1.0, iterations - 1);
    return x + left + (width - left - right) * static_cast<double>(iteration) / span;
  }
  double at_value(double value) const {
    return height - bottom - (height - top - bottom) * std::clamp(value / largest, 0.0, 1.0);
  }

  std::string frame(const std::string& title) const {
    std::string svg = "<g font-size='12' fill='#333'>";
    svg += format("<text x='%.1f' y='%.1f' font-weight='bold'>", x + left, top - 12) + title + "</text>";
    for (int tick = 0; tick <= intervals; ++tick) {
      const double value = largest * tick / intervals, y = at_value(value);
      svg += format("<line x1='%.1f' x2='%.1f' stroke='#ddd' ", x + left, x + width - right) +
             format("y1='%.1f' y2='%.1f'/>", y, y) +
             format("<text x='%.1f' y='%.1f' text-anchor='end'>", x + left - 6, y + 4) + format("%.3g", value, 0) +
             "</text>";
    }
    const int step = std::max(1, static_cast<int>(std::ceil(iterations / 12)));
    for (int k = 0; k < iterations; k += step)
      svg += format("<text x='%.1f' y='%.1f' text-anchor='middle'>", at(k), height - bottom + 16) +
             std::to_string(k + 1) + "</text>";
    return svg + format("<text x='%.1f' y='%.1f' text-anchor='middle'>iteration</text></g>",
                        x + (left + width - right) / 2, height - 6);
  }

  std::string curve(const std::vector<Estimate>& values, const std::string& colour) const {
    std::string line, upper, lower;
    for (std::size_t k = 0; k < values.size(); ++k) {
      if (!std::isfinite(values[k].value)) continue;
      line += format("%.1f,%.1f ", at(k), at_value(values[k].value));
      upper += format("%.1f,%.1f ", at(k), at_value(values[k].high));
      lower = format("%.1f,%.1f ", at(k), at_value(values[k].low)) + lower;
    }
    return "<polygon points='" + upper + lower + "' fill='" + colour + "' fill-opacity='0.18'/><polyline points='" +
           line + "' fill='none' stroke='" + colour + "' stroke-width='2'/>";
  }
};

}  // namespace

std::string comparison_svg(const std::vector<Group>& groups) {
  double iterations = 1, largest = 0;
  for (const Group& group : groups) {
    iterations = std::max(iterations, static_cast<double>(group.distance.size()));
    for (const Estimate& estimate : group.distance)
      if (std::isfinite(estimate.high)) largest = std::max(largest, estimate.high);
  }
  const Panel distance{0, iterations, largest > 0 ? axis_end(largest) : 1}, success{width, iterations, 1};
  std::string body = distance.frame("distance at the end, m") + success.frame("share of successes");
  std::string legend;
  double y = height + 16;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const std::string colour = colours[g % colours.size()];
    body += distance.curve(groups[g].distance, colour) + success.curve(groups[g].success, colour);
    legend += format("<rect x='%.1f' y='%.1f' width='18' height='4' ", left, y - 6) + "fill='" + colour + "'/>" +
              format("<text x='%.1f' y='%.1f' font-size='12' fill='#333'>", left + 26, y) + escaped(groups[g].name) +
              " (" + std::to_string(groups[g].runs) + (groups[g].runs == 1 ? " run)" : " runs)") + "</text>";
    y += 18;
  }
  return format("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %.0f %.0f' font-family='sans-serif'>", 2 * width,
                y) +
         "<rect width='100%' height='100%' fill='white'/>" + body + legend + "</svg>\n";
}

}  // namespace mdgps::report

#pragma once
/// A picture of several groups of runs.

#include <string>
#include <vector>

#include "apps/report/interquartile.hpp"

namespace mdgps::report {

/// The runs that differ in their seed alone.
struct Group {
  std::string name;
  int runs = 0;
  std::vector<Estimate> distance, success;  ///< of each iteration, from 1; distance in metres, success from 0 to 1
};

/// Distance and success over the iterations as an SVG document: a line and its interval for each group.
std::string comparison_svg(const std::vector<Group>& groups);

}  // namespace mdgps::report

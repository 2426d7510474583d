#include "mdgps/algorithm/cost_bounds.hpp"

#include <cmath>

namespace mdgps {

CostBounds cost_bounds(const BoundTerms& terms) {
  CostBounds bounds{0.0, 0.0};
  double largest_to_go = 0.0;  // Q_max,t
  for (std::size_t t = terms.kl.size(); t-- > 0;) {
    largest_to_go += terms.largest_cost[t];
    const double root = std::sqrt(2.0 * terms.kl[t]);
    bounds.total_variation += 2.0 * root;
    bounds.cost += terms.expected_cost[t] + root * terms.largest_cost[t] + 2.0 * root * largest_to_go;
  }
  return bounds;
}

}  // namespace mdgps

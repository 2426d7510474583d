#pragma once
/// The bounds of Lemmas 4.1 and 4.2, with what a run can measure.

#include <span>

namespace mdgps {

/// Per-step quantities of one condition, all of length T.
struct BoundTerms {
  std::span<const double> kl;             ///< epsilon_t = max_x D_KL(p(u|x) || pi(u|x)) over the sampled states, nats
  std::span<const double> expected_cost;  ///< E_p[l_t]
  std::span<const double> largest_cost;   ///< max l_t over the samples
};

/// What the lemmas give for one condition.
struct CostBounds {
  double total_variation;  ///< Lemma 4.1: 2 sum_t sqrt(2 epsilon_t) bounds D_TV between the state marginals at T
  double cost;             ///< Lemma 4.2 bounds the global policy's expected cost
};

/// The maxima are over the states that were sampled, not over all: the bounds are estimates for that region.
/// Source: [MDGPS Lemma 4.1, Lemma 4.2].
CostBounds cost_bounds(const BoundTerms& terms);

}  // namespace mdgps

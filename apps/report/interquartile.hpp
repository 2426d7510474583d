#pragma once
/// Statistics over few runs.   Agarwal et al. 2021, Deep reinforcement learning at the edge of the statistical
/// precipice

#include <cstdint>
#include <vector>

namespace mdgps::report {

/// The mean of the values without the floor(n/4) lowest and highest; NaN of none.
double interquartile_mean(std::vector<double> values);

struct Estimate {
  double value;      ///< interquartile mean over all runs' scores
  double low, high;  ///< 95% percentile bootstrap interval; both `value` where there is only one run
};

/// scores    of each run, one for each condition, say. Whole runs are drawn again: a run's conditions share its seed.
/// seed      of the 2000 bootstrap resamples
Estimate estimate(const std::vector<std::vector<double>>& scores, std::uint64_t seed = 0);

}  // namespace mdgps::report

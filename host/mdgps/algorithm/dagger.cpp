#include "mdgps/algorithm/dagger.hpp"

#include <algorithm>

namespace mdgps {

Trajectories aggregated(const Trajectories& before, const Trajectories& samples) {
  const auto [N, S, T, n] = samples.states.extents();
  const std::int64_t old = before.weights.extent(1);
  Trajectories all(N, old + S, T, n, samples.actions.extent(3), samples.observations.extent(3), 0);
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t s = 0; s < old + S; ++s) {
      const Trajectories& from = s < old ? before : samples;
      const std::int64_t at = s < old ? s : s - old;
      std::ranges::copy(from.states.row(i, at), all.states.row(i, s).begin());
      all.weights(i, s) = from.weights(i, at);
    }
  return all;
}

}  // namespace mdgps

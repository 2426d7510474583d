#include "mdgps/algorithm/training_run.hpp"

#include "mdgps/algorithm/convex_linear_run.hpp"
#include "mdgps/algorithm/mirror_descent.hpp"

namespace mdgps {

std::unique_ptr<TrainingRun> make_training_run(const Task& task, const Settings& settings, std::uint64_t seed,
                                               int threads) {
  if (settings.method == Method::convex_linear) return std::make_unique<ConvexLinearRun>(task, settings, seed, threads);
  return std::make_unique<MirrorDescent>(task, settings, seed, threads);
}

}  // namespace mdgps

#include "mdgps/algorithm/training_run.hpp"

#include <stdexcept>

#include "mdgps/algorithm/convex_linear_run.hpp"
#include "mdgps/algorithm/mirror_descent.hpp"

namespace mdgps {

std::unique_ptr<TrainingRun> make_training_run(const Task& task, const Settings& settings, std::uint64_t seed,
                                               const Resources& resources) {
  if (settings.method != Method::convex_linear) return std::make_unique<MirrorDescent>(task, settings, seed, resources);
  if (resources.device != Device{})
    throw std::invalid_argument("the method convex_linear runs on the CPU only; choose the device cpu");
  return std::make_unique<ConvexLinearRun>(task, settings, seed, resources.threads);
}

}  // namespace mdgps

#pragma once
/// Rollouts of controllers in a task, on a pool of threads.

#include <cstdint>
#include <span>

#include "mdgps/simulation/task.hpp"
#include "mdgps/simulation/trajectories.hpp"
#include "mdgps/solver/export.hpp"

namespace mdgps {

enum class RandomStream : std::uint8_t;  // kernels/random.hpp
class RandomSequence;

/// Chooses actions. `action` is called from several threads at once.
class MDGPS_API Controller {
 public:
  virtual ~Controller() = default;

  /// step          0..T-1
  /// state [n], observation [o]
  /// noise [m]     unit variance: a controller of covariance C adds chol(C) noise
  /// action [m]    out
  virtual void action(int step, std::span<const double> state, std::span<const double> observation,
                      std::span<const double> noise, std::span<double> action) const = 0;
};

/// How many rollouts, with which noise.
struct RolloutOptions {
  int samples = 1;
  std::uint64_t seed = 0;
  std::uint32_t iteration = 0;
  RandomStream stream{};         ///< what the draws are for; by default local_rollouts
  bool noise = true;             ///< false: `noise` is zero, the mean action is rolled out
  double noise_smoothing = 2.0;  ///< standard deviation in steps of the filter over time; 0: white noise
  int threads = 1;
  bool held_out = false;  ///< roll out the held-out conditions instead of the task's own
};

/// Rolls out options.samples trajectories in every condition.
/// controllers   one per condition (or per held-out condition)
/// A sample whose simulation diverges gets weight 0 and zeros. The result has the same bytes for any number of threads.
/// Throws std::invalid_argument where the number of controllers differs from that of conditions.
MDGPS_API Trajectories rollout(const Task& task, std::span<const Controller* const> controllers,
                               const RolloutOptions& options);

/// Noise of one trajectory, [T,m] row-major: standard normal draws, smoothed in each action dimension by a Gaussian of
/// `smoothing` steps (reflected at the ends, cut at 4 standard deviations) and scaled back to unit variance over the
/// trajectory. Smooth noise explores further than white noise, which an arm's inertia averages out.
MDGPS_API void exploration_noise(const RandomSequence& random, int steps, int actions, double smoothing,
                                 std::span<double> noise);

}  // namespace mdgps

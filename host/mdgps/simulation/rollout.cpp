#include "mdgps/simulation/rollout.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "kernels/random.hpp"

namespace mdgps {
namespace {

/// Index into a row of `size` that is reflected at its ends: ... 1 0 | 0 1 ... size-1 | size-1 size-2 ...
int reflected(int index, int size) {
  const int period = 2 * size;
  const int within = ((index % period) + period) % period;
  return within < size ? within : period - 1 - within;
}

std::vector<double> gaussian_filter(double deviation) {
  const int radius = static_cast<int>(4.0 * deviation + 0.5);
  std::vector<double> filter(2 * radius + 1);
  double sum = 0.0;
  for (int i = -radius; i <= radius; ++i) sum += filter[i + radius] = std::exp(-0.5 * i * i / (deviation * deviation));
  for (auto& weight : filter) weight /= sum;
  return filter;
}

void smooth(std::span<double> noise, int steps, int actions, const std::vector<double>& filter) {
  const int radius = static_cast<int>(filter.size() / 2);
  const std::vector<double> white(noise.begin(), noise.end());
  for (int j = 0; j < actions; ++j) {
    double sum = 0.0, squares = 0.0;
    for (int t = 0; t < steps; ++t) {
      double value = 0.0;
      for (int i = -radius; i <= radius; ++i)
        value += filter[i + radius] * white[reflected(t + i, steps) * actions + j];
      noise[t * actions + j] = value;
      sum += value;
      squares += value * value;
    }
    const double mean = sum / steps;
    const double deviation = std::sqrt(std::max(0.0, squares / steps - mean * mean));
    for (int t = 0; t < steps && deviation > 0.0; ++t) noise[t * actions + j] /= deviation;
  }
}

/// One rollout, written into its rows of the trajectories. False where it diverged.
bool roll_out(Environment& environment, const Controller& controller, std::span<const double> noise, Trajectories& into,
              int condition, int sample) {
  const int steps = static_cast<int>(into.states.extent(2));
  const int actions = static_cast<int>(into.actions.extent(3));
  for (int t = 0; t < steps; ++t) {
    const auto state = into.states.row(condition, sample, t);
    const auto observation = into.observations.row(condition, sample, t);
    const auto action = into.actions.row(condition, sample, t);
    environment.state(state);
    environment.observation(observation);
    environment.points(into.points.row(condition, sample, t));
    environment.point_jacobian(into.point_jacobians.row(condition, sample, t));
    into.distances(condition, sample, t) = environment.distance();
    controller.action(t, state, observation, noise.subspan(t * actions, actions), action);
    if (!std::all_of(action.begin(), action.end(), [](double u) { return std::isfinite(u); })) return false;
    if (t + 1 < steps && !environment.step(action)) return false;
  }
  return true;
}

void drop(Trajectories& trajectories, int condition, int sample) {
  const auto clear = [](std::span<double> row) { std::fill(row.begin(), row.end(), 0.0); };
  clear(trajectories.states.row(condition, sample));
  clear(trajectories.actions.row(condition, sample));
  clear(trajectories.observations.row(condition, sample));
  clear(trajectories.points.row(condition, sample));
  clear(trajectories.point_jacobians.row(condition, sample));
  clear(trajectories.distances.row(condition, sample));
  trajectories.weights(condition, sample) = 0.0;
}

}  // namespace

void exploration_noise(const RandomSequence& random, int steps, int actions, double smoothing,
                       std::span<double> noise) {
  const int pairs = (actions + 1) / 2;
  for (int t = 0; t < steps; ++t) {
    for (int j = 0; j < actions; ++j) noise[t * actions + j] = random.normals(t * pairs + j / 2)[j % 2];
  }
  if (smoothing > 0.0) smooth(noise, steps, actions, gaussian_filter(smoothing));
}

Trajectories rollout(const Task& task, std::span<const Controller* const> controllers, const RolloutOptions& options) {
  const int conditions = options.held_out ? task.held_out_conditions : task.conditions;
  const int first = options.held_out ? task.conditions : 0;
  if (static_cast<int>(controllers.size()) != conditions) {
    throw std::invalid_argument("rollout: " + std::to_string(controllers.size()) + " controllers for " +
                                std::to_string(conditions) + " conditions; give one each");
  }
  Trajectories trajectories(conditions, options.samples, task.horizon, task.states, task.actions, task.observations,
                            task.points);
  const int rollouts = conditions * options.samples;
  std::atomic<int> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;

  const auto work = [&] {
    try {
      const auto environment = task.make_environment();
      std::vector<double> noise(static_cast<std::size_t>(task.horizon) * task.actions);
      for (int i; (i = next++) < rollouts;) {
        const int condition = i / options.samples, sample = i % options.samples;
        if (options.noise) {
          const RandomSequence random(options.seed, options.stream, options.iteration, first + condition, sample);
          exploration_noise(random, task.horizon, task.actions, options.noise_smoothing, noise);
        }
        environment->reset(first + condition);
        if (!roll_out(*environment, *controllers[condition], noise, trajectories, condition, sample)) {
          drop(trajectories, condition, sample);
        }
      }
    } catch (...) {
      next = rollouts;
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> pool;
    for (int i = 1; i < std::min(options.threads, rollouts); ++i) pool.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
  return trajectories;
}

}  // namespace mdgps

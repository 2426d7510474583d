#include "mdgps/algorithm/local_models.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mdgps/algorithm/controllers.hpp"
#include "mdgps/algorithm/gaussians.hpp"
#include "mdgps/solver/rearrange.hpp"

namespace mdgps {

Trajectories rollout_local(const Task& task, const LinearGaussianPolicy<const double>& policy,
                           const RolloutOptions& options) {
  std::vector<LocalController> controllers;
  for (int i = 0; i < task.conditions; ++i) controllers.emplace_back(policy, i);
  std::vector<const Controller*> pointers;
  for (const auto& controller : controllers) pointers.push_back(&controller);
  return rollout(task, pointers, options);
}

Trajectories rollout_global(const Task& task, const NeuralGaussianPolicy& policy, const RolloutOptions& options) {
  const GlobalController controller(policy);
  const std::vector<const Controller*> pointers(options.held_out ? task.held_out_conditions : task.conditions,
                                                &controller);
  return rollout(task, pointers, options);
}

Array<double, 4> transitions(const Trajectories& samples) {
  const auto [N, S, T, n] = samples.states.extents();
  const std::int64_t m = samples.actions.extent(3);
  Array<double, 4> points({N, T - 1, S, 2 * n + m}, samples.device());
  const auto states = swapped(samples.states.view(), 1, 2), actions = swapped(samples.actions.view(), 1, 2);
  const auto from = part(states, 1, 0, T - 1), to = part(states, 1, 1, T - 1);
  rearrange<double>(from, {}, part(points.view(), 3, 0, n));
  rearrange<double>(part(actions, 1, 0, T - 1), {}, part(points.view(), 3, n, m));
  rearrange<double>(to, from, part(points.view(), 3, n + m, n));
  return points;
}

Array<Status, 2> fit_steps(const RegressionPrior& prior, View<const double, 4> points, View<const double, 2> weights,
                           const RegressionPrior::FitOptions& options, View<double, 4> gain, View<double, 3> offset,
                           View<double, 4> covariance) {
  const std::int64_t N = points.extents[0], steps = points.extents[1];
  Array<Status, 2> status({N, steps}, prior.device());
  prior.fit(points, weights, options,
            {part(gain, 1, 0, steps), part(offset, 1, 0, steps), part(covariance, 1, 0, steps), status});
  return status;
}

Array<Status, 2> fit_transitions(const RegressionPrior& prior, View<const double, 4> transitions,
                                 View<const double, 2> weights, double strength,
                                 LinearGaussianDynamicsArrays<double>& dynamics) {
  return fit_steps(prior, transitions, weights, {.strength = strength, .outputs_are_changes = true},
                   dynamics.transition, dynamics.offset, dynamics.covariance);
}

GaussianStateArrays<double> initial_state(const Trajectories& samples) {
  const auto [N, S, T, n] = samples.states.extents();
  GaussianStateArrays<double> initial(BatchShape{.conditions = N, .states = n}, samples.device());
  Array<double, 4> first({N, S, 1, n}, samples.device());  // the host reads these; the others stay where they are
  rearrange<double>(part(samples.states.view(), 2, 0, 1), {}, first);
  for (std::int64_t i = 0; i < N; ++i) {
    double total = 0;
    for (std::int64_t s = 0; s < S; ++s) total += samples.weights(i, s);
    for (std::int64_t j = 0; j < n; ++j) {
      double mean = 0, variance = 0;
      for (std::int64_t s = 0; s < S; ++s) mean += samples.weights(i, s) / total * first(i, s, 0, j);
      for (std::int64_t s = 0; s < S; ++s)
        variance += samples.weights(i, s) / total * std::pow(first(i, s, 0, j) - mean, 2);
      initial.mean(i, j) = mean;
      initial.covariance(i, j, j) = std::max(variance, 1e-6);
    }
  }
  return initial;
}

Array<double, 3> state_means(const TrajectoryDistributionArrays<double>& distribution, std::int64_t states,
                             const std::vector<bool>& believed) {
  const auto [N, T, entries] = distribution.mean.extents();
  const Device device = distribution.mean.device();
  Array<double, 1> unknown({N}, device);  // 0 or NaN, to subtract: the host touches no more than that
  for (std::int64_t i = 0; i < N; ++i)
    if (!believed[i]) unknown(i) = std::numeric_limits<double>::quiet_NaN();
  Array<double, 3> means({N, T, states}, device);
  const View<const double, 4> all(distribution.mean.data(), {N, 1, T, entries}, device);
  rearrange<double>(part(all, 3, 0, states), {unknown.data(), {N, 1, T, states}, {1, 0, 0, 0}, device},
                    {means.data(), {N, 1, T, states}, device});
  return means;
}

SampleCostArrays<double> expand_cost_around(const Trajectories& samples, std::span<const CostTerm> terms,
                                            QuadraticCostArrays<double>& expansion) {
  const auto [N, S, T, n] = samples.states.extents();
  Array<double, 3> per_step({N, S, T}, samples.device());
  expand_cost<double>(terms,
                      {samples.states, samples.actions, samples.points, samples.point_jacobians, samples.weights},
                      expansion.view(), per_step);
  SampleCostArrays<double> costs(N, S, T, samples.device());
  sample_costs<double>(per_step, samples.weights, costs.view());
  return costs;
}

Array<double, 2> trajectory_costs(std::span<const CostTerm> terms, const Trajectories& trajectories) {
  const auto [N, S, T, n] = trajectories.states.extents();
  QuadraticCostArrays<double> unused(BatchShape{N, T, n, trajectories.actions.extent(3)}, trajectories.device());
  return expand_cost_around(trajectories, terms, unused).total;
}

double final_distance(const Trajectories& trajectories, std::int64_t condition) {
  if (trajectories.weights(condition, 0) == 0) return std::numeric_limits<double>::quiet_NaN();
  return trajectories.distances(condition, 0, trajectories.distances.extent(2) - 1);
}

Path path_of(const Task& task, const Trajectories& trajectories, std::int64_t condition) {
  const std::int64_t T = trajectories.distances.extent(2);
  Path path{Array<double, 2>({T, 3}), Array<double, 1>({T})};
  for (std::int64_t t = 0; t < T; ++t) {
    path.distances(t) = trajectories.distances(condition, 0, t);
    for (int j = 0; j < 3; ++j) path.points(t, j) = trajectories.points(condition, 0, t, 3 * task.distance_point + j);
  }
  return path;
}

bool has_samples(const Trajectories& samples, std::int64_t condition) {
  return std::ranges::any_of(samples.weights.row(condition), [](double w) { return w > 0; });
}

bool all_finite(const LinearGaussianPolicyArrays<double>& policy, std::int64_t condition) {
  const auto finite = [](std::span<const double> numbers) {
    return std::ranges::all_of(numbers, [](double x) { return std::isfinite(x); });
  };
  return finite(policy.gain.row(condition)) && finite(policy.offset.row(condition)) &&
         finite(policy.covariance.row(condition));
}

namespace {

/// On a GPU the pages stay there.
template <int Rank>
void copy_row(const Array<double, Rank>& from, Array<double, Rank>& to, std::int64_t condition) {
  const auto row = from.row(condition);
  copy_shared(to.device(), to.row(condition).data(), row.data(), row.size_bytes());
}

}  // namespace

void copy_condition(const LinearGaussianPolicyArrays<double>& from, LinearGaussianPolicyArrays<double>& to,
                    std::int64_t condition) {
  copy_row(from.gain, to.gain, condition);
  copy_row(from.offset, to.offset, condition);
  copy_row(from.covariance, to.covariance, condition);
}

void copy_condition(const LinearGaussianDynamicsArrays<double>& from, LinearGaussianDynamicsArrays<double>& to,
                    std::int64_t condition) {
  copy_row(from.transition, to.transition, condition);
  copy_row(from.offset, to.offset, condition);
  copy_row(from.covariance, to.covariance, condition);
}

ImitationPoints imitation_points(const LinearGaussianPolicyArrays<double>& policy, const Trajectories& samples,
                                 const Array<double, 3>& predicted, std::span<const int> observation_entries,
                                 const ImitationOptions& options) {
  const std::int64_t N = samples.states.extent(0), S = samples.states.extent(1), T = samples.states.extent(2),
                     n = samples.states.extent(3);
  const std::int64_t m = samples.actions.extent(3), o = samples.observations.extent(3);
  const std::int64_t rows = S * (options.drawn + 1), P = N * rows * T;
  const Device device = samples.device();
  Array<double, 3> means({N, T, n}, device);
  mean_states<double>(samples.states.view(), samples.weights.view(), means.view());
  const Brought<LinearGaussianPolicyArrays<double>> local(policy, device);
  const Brought<Array<double, 3>> ahead(predicted, device);
  const Array<double, 4> precisions = inverse_covariances(local->covariance.view());
  const Array<int, 1> entries = array_of(observation_entries, device);

  ImitationPoints points{Array<double, 2>({P, o}, device), Array<double, 2>({P, m}, device),
                         Array<double, 3>({P, m, m}, device), Array<double, 1>({P}, device)};
  imitation_points<double>({samples.states, samples.weights, means, *ahead, local->gain, local->offset, entries},
                           {points.observations, points.target_means}, options);
  // One precision for all points of a step, one weight for all of a sample.
  rearrange<double>({precisions.data(), {N, rows, T, m * m}, {T * m * m, 0, m * m, 1}, device}, {},
                    {points.target_precisions.data(), {N, rows, T, m * m}, device});
  rearrange<double>({samples.weights.data(), {N, S, rows / S * T, 1}, {S, 1, 0, 1}, device}, {},
                    {points.weights.data(), {N, S, rows / S * T, 1}, device});
  return points;
}

}  // namespace mdgps

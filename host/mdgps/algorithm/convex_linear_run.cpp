#include "mdgps/algorithm/convex_linear_run.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "kernels/random.hpp"
#include "mdgps/algorithm/files.hpp"
#include "mdgps/algorithm/gaussians.hpp"
#include "mdgps/algorithm/initial_policy.hpp"
#include "mdgps/algorithm/total_variation.hpp"
#include "mdgps/solver/forward_pass.hpp"
#include "mdgps/solver/kl_divergence.hpp"
#include "mdgps/solver/threads.hpp"

namespace mdgps {

namespace {

using nlohmann::json;

/// [A B c] of x' = A x + B u + c over all rollouts: [n,n+m+1], by the normal equations.
Array<double, 2> least_squares(const Trajectories& samples) {
  const auto [N, S, T, n] = samples.states.extents();
  const std::int64_t m = samples.actions.extent(3), p = n + m + 1;
  Array<double, 2> moments({p, p}), factor({p, p}), inverse({p, p}), cross({n, p}), fit({n, p});
  std::vector<double> z(p, 1.0);
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t s = 0; s < S; ++s)
      for (std::int64_t t = 0; t + 1 < T && samples.weights(i, s) > 0; ++t) {
        std::ranges::copy(samples.states.row(i, s, t), z.begin());
        std::ranges::copy(samples.actions.row(i, s, t), z.begin() + n);
        for (std::int64_t r = 0; r < p; ++r)
          for (std::int64_t c = 0; c < p; ++c) moments(r, c) += z[r] * z[c];
        for (std::int64_t j = 0; j < n; ++j)
          for (std::int64_t c = 0; c < p; ++c) cross(j, c) += samples.states(i, s, t + 1, j) * z[c];
      }
  if (!cholesky_factor(moments.view(), factor))
    throw std::runtime_error("its rollouts do not tell the dynamics: the state holds entries that follow from others");
  inverse_from_factor(factor.view(), inverse);
  for (std::int64_t j = 0; j < n; ++j)
    for (std::int64_t c = 0; c < p; ++c)
      for (std::int64_t k = 0; k < p; ++k) fit(j, c) += cross(j, k) * inverse(k, c);
  return fit;
}

/// The greatest |x' - A x - B u - c| over the rollouts.
double worst_miss(const Trajectories& samples, const Array<double, 2>& fit) {
  const auto [N, S, T, n] = samples.states.extents();
  const std::int64_t m = samples.actions.extent(3);
  double worst = 0;
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t s = 0; s < S; ++s)
      for (std::int64_t t = 0; t + 1 < T; ++t)
        for (std::int64_t j = 0; j < n; ++j) {
          double next = fit(j, n + m);
          for (std::int64_t k = 0; k < n; ++k) next += fit(j, k) * samples.states(i, s, t, k);
          for (std::int64_t a = 0; a < m; ++a) next += fit(j, n + a) * samples.actions(i, s, t, a);
          worst = std::max(worst, std::abs(samples.states(i, s, t + 1, j) - next));
        }
  return worst;
}

/// The value of a quadratic cost at one sample's state and action.
double quadratic_at(const QuadraticCostArrays<double>& cost, const Trajectories& samples, std::int64_t i,
                    std::int64_t s, std::int64_t t) {
  const std::int64_t n = samples.states.extent(3), p = cost.gradient.extent(2);
  const auto z = [&](std::int64_t e) { return e < n ? samples.states(i, s, t, e) : samples.actions(i, s, t, e - n); };
  double value = cost.constant(i, t);
  for (std::int64_t r = 0; r < p; ++r) {
    value += cost.gradient(i, t, r) * z(r);
    for (std::int64_t c = 0; c < p; ++c) value += 0.5 * z(r) * cost.hessian(i, t, r, c) * z(c);
  }
  return value;
}

/// The first global policy: the projection of the task's initial controllers.
LinearGaussianPolicyArrays<double> first_policy(const Task& task, const LinearQuadraticProblem& problem) {
  const auto local = initial_policy(task);
  const BatchShape shape{task.conditions, task.horizon, task.states, task.actions};
  TrajectoryDistributionArrays<double> distribution(shape);
  Array<Status, 1> status({shape.conditions});
  forward_pass<double>(problem.initial.view(), problem.dynamics.view(), local.view(), distribution.view(), status);
  LinearGaussianPolicyArrays<double> policy(BatchShape{1, shape.steps, shape.states, shape.actions});
  project(std::as_const(distribution).view(), policy);
  return policy;
}

ConvexLinear make_descent(const Task& task, std::uint64_t seed, int threads) {
  auto problem = linear_quadratic_problem(task, seed, threads);
  auto policy = first_policy(task, problem);
  return {std::move(problem), std::move(policy)};
}

}  // namespace

LinearQuadraticProblem linear_quadratic_problem(const Task& task, std::uint64_t seed, int threads) {
  const BatchShape shape{task.conditions, task.horizon, task.states, task.actions};
  set_solver_threads(threads);
  RolloutOptions options;
  options.samples = 2 * (task.states + task.actions + 1);
  options.seed = seed;
  options.stream = RandomStream::local_rollouts;
  options.noise_smoothing = 0;
  options.threads = threads;
  const auto controllers = initial_policy(task);
  const Trajectories samples = rollout_local(task, controllers.view(), options);

  LinearQuadraticProblem problem{initial_state(samples), LinearGaussianDynamicsArrays<double>(shape),
                                 QuadraticCostArrays<double>(shape)};
  const Array<double, 2> fit = least_squares(samples);
  const double size = *std::ranges::max_element(samples.states.elements(), {}, [](double x) { return std::abs(x); });
  if (!(worst_miss(samples, fit) <= 1e-6 * std::abs(size)))
    throw std::runtime_error("its dynamics are not linear; train with --method mdgps");
  for (std::int64_t i = 0; i < shape.conditions; ++i)
    for (std::int64_t t = 0; t + 1 < shape.steps; ++t)
      for (std::int64_t j = 0; j < shape.states; ++j) {
        std::ranges::copy(fit.row(j).first(shape.states + shape.actions),
                          problem.dynamics.transition.row(i, t, j).begin());
        problem.dynamics.offset(i, t, j) = fit(j, shape.states + shape.actions);
      }

  Array<double, 3> sample_cost({shape.conditions, options.samples, shape.steps});
  expand_cost<double>(task.cost,
                      {samples.states, samples.actions, samples.points, samples.point_jacobians, samples.weights},
                      problem.cost.view(), sample_cost);
  for (std::int64_t i = 0; i < shape.conditions; ++i)
    for (std::int64_t s = 0; s < options.samples; ++s)
      for (std::int64_t t = 0; t < shape.steps; ++t)
        if (const double cost = sample_cost(i, s, t);
            !(std::abs(quadratic_at(problem.cost, samples, i, s, t) - cost) <= 1e-6 * (1 + std::abs(cost))))
          throw std::runtime_error("its cost is not quadratic; train with --method mdgps, or set l1 = 0");
  return problem;
}

ConvexLinearRun::ConvexLinearRun(const Task& task, const Settings& settings, std::uint64_t seed, int threads)
    : task_(task),
      epsilon_(settings.kl_step * task.horizon),
      threads_(threads),
      shape_{task.conditions, task.horizon, task.states, task.actions},
      descent_(make_descent(task, seed, threads)) {}

IterationReport ConvexLinearRun::iterate() {
  const auto seconds_since = [](auto start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  set_solver_threads(threads_);
  IterationReport report;
  report.iteration = ++iteration_;
  report.conditions.resize(shape_.conditions);
  auto start = std::chrono::steady_clock::now();
  const ConvexLinearReport step = descent_.iterate(epsilon_);
  report.seconds.c_step = seconds_since(start);

  start = std::chrono::steady_clock::now();
  const LinearQuadraticProblem& problem = descent_.problem();
  const auto local = descent_.local_policies().view(), global = repeated(descent_.policy(), shape_.conditions);
  TrajectoryDistributionArrays<double> under_local(shape_), under_global(shape_);
  Array<Status, 1> status({shape_.conditions});
  Array<double, 1> total({shape_.conditions});
  forward_pass<double>(problem.initial.view(), problem.dynamics.view(), local, under_local.view(), status);
  forward_pass<double>(problem.initial.view(), problem.dynamics.view(), global, under_global.view(), status);
  report.difference.mean_kl = Array<double, 2>({shape_.conditions, shape_.steps});
  kl_divergence<double>(local, global, std::as_const(under_local).view(), total, report.difference.mean_kl, status);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  report.difference.largest_kl = Array<double, 2>({shape_.conditions, shape_.steps}, infinity);

  RolloutOptions options;
  options.stream = RandomStream::evaluation;
  options.noise = false;
  options.threads = threads_;
  const Trajectories local_rollouts = rollout_local(task_, local, options),
                     global_rollouts = rollout_local(task_, global, options);
  const auto local_costs = trajectory_costs(task_.cost, local_rollouts),
             global_costs = trajectory_costs(task_.cost, global_rollouts);
  const auto last_local = last_state(under_local, shape_.states), last_global = last_state(under_global, shape_.states);
  for (std::int64_t i = 0; i < shape_.conditions; ++i) {
    ConditionReport& c = report.conditions[i];
    c.local_cost = local_costs(i, 0);
    c.global_cost = global_costs(i, 0);
    c.local_distance = final_distance(local_rollouts, i);
    c.global_distance = final_distance(global_rollouts, i);
    c.global_success = c.global_distance < task_.success_distance;
    c.step_size = epsilon_;
    c.multiplier = 1;
    c.dual = step.dual(i);
    c.kl_divergence = step.kl_divergence(i);
    c.dual_evaluations = step.dual_evaluations(i);
    c.status = step.status(i);
    c.failed_step = step.failed_step(i);
    c.predicted_cost = step.local_cost(i);
    c.expected_global_cost = step.global_cost(i);
    c.total_variation = last_state_total_variation(last_local, last_global, i);
    c.tv_bound = c.cost_bound = infinity;
    report.local_paths.push_back(path_of(task_, local_rollouts, i));
    report.global_paths.push_back(path_of(task_, global_rollouts, i));
  }
  report.seconds.evaluation = seconds_since(start);
  return report;
}

void ConvexLinearRun::save_policy(const std::filesystem::path& file) const {
  const auto& policy = descent_.policy();
  json document = {{"states", shape_.states}, {"actions", shape_.actions}, {"steps", shape_.steps}};
  document["gain"] = policy.gain.elements();
  document["offset"] = policy.offset.elements();
  document["covariance"] = policy.covariance.elements();
  write_file(file, document.dump() + "\n");
}

LinearGaussianPolicyArrays<double> load_linear_policy(const std::filesystem::path& file) {
  try {
    const json document = json::parse(read_text(file));
    LinearGaussianPolicyArrays<double> policy(
        BatchShape{1, document.at("steps"), document.at("states"), document.at("actions")});
    const auto read = [&](const char* name, std::span<double> to) {
      const auto numbers = document.at(name).get<std::vector<double>>();
      if (numbers.size() != to.size()) throw std::runtime_error(std::string(name) + " has a wrong size");
      std::ranges::copy(numbers, to.begin());
    };
    read("gain", policy.gain.elements());
    read("offset", policy.offset.elements());
    read("covariance", policy.covariance.elements());
    return policy;
  } catch (const std::exception& error) {
    throw std::runtime_error(file.string() + ": holds no linear policy (" + error.what() + ")");
  }
}

namespace {
constexpr const char* state_file = "state.json";
}

void ConvexLinearRun::save(const std::filesystem::path& folder) const {
  write_file(folder / state_file, json{{"iteration", iteration_}}.dump() + "\n");
}

void ConvexLinearRun::load(const std::filesystem::path& folder) {
  const json state = json::parse(read_text(folder / state_file), nullptr, false);
  if (!state.is_object() || !state.contains("iteration"))
    throw std::runtime_error((folder / state_file).string() + " is no intact checkpoint; choose another");
  const int iterations = state.at("iteration");
  while (iteration_ < iterations) {
    descent_.iterate(epsilon_);
    ++iteration_;
  }
}

}  // namespace mdgps

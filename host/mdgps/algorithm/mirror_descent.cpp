#include "mdgps/algorithm/mirror_descent.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "kernels/random.hpp"
#include "mdgps/algorithm/controllers.hpp"
#include "mdgps/algorithm/cost_bounds.hpp"
#include "mdgps/algorithm/dagger.hpp"
#include "mdgps/algorithm/gaussians.hpp"
#include "mdgps/algorithm/initial_policy.hpp"
#include "mdgps/algorithm/linearization.hpp"
#include "mdgps/algorithm/local_models.hpp"
#include "mdgps/algorithm/total_variation.hpp"
#include "mdgps/learning/s_step.hpp"
#include "mdgps/learning/training_devices.hpp"
#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/expected_cost.hpp"
#include "mdgps/solver/forward_pass.hpp"
#include "mdgps/solver/threads.hpp"

namespace mdgps {

namespace {

/// Adds the time until the end of its scope.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds) {}
  ~Stopwatch() { seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// The resources, once their device is known to be there.
const Resources& available(const Resources& resources) {
  require_training_on(resources.device);
  return resources;
}

NetworkOptions network_options(const Task& task, const Settings& settings, std::uint64_t seed) {
  return {task.observations, task.actions, settings.hidden, seed};
}

}  // namespace

MirrorDescent::MirrorDescent(const Task& task, const Settings& settings, std::uint64_t seed, const Resources& resources)
    : task_(task),
      settings_(settings),
      seed_(seed),
      resources_(available(resources)),  // before anything else asks LibTorch for a device
      simulator_(task, resources),
      shape_{task.conditions, task.horizon, task.states, task.actions},
      policy_(network_options(task, settings, seed)),
      local_(initial_policy(task).on(resources.device)),
      dual_({shape_.conditions}, 1.0, resources.device),
      multiplier_({shape_.conditions}, settings.initial_multiplier),
      surrogate_cost_(make_surrogate_cost(settings, shape_)),
      dynamics_prior_(settings.dynamics_prior, resources.device),
      policy_prior_(settings.policy_prior, resources.device) {}

/// Algorithm 4. The step size waits for the next samples: they tell what the last step was worth. The other methods
/// modify their surrogate cost between an S-step and the next C-step, as in Algorithm 1.
IterationReport MirrorDescent::iterate() {
  IterationReport report;
  report.iteration = ++iteration_;
  report.conditions.resize(shape_.conditions);
  set_solver_threads(resources_.threads);

  Trajectories samples;
  {
    const Stopwatch watch(report.seconds.rollout);
    samples = generate_samples();  // line 2
  }
  report.dropped_samples = static_cast<int>(std::ranges::count(samples.weights.elements(), 0.0));
  if (report.dropped_samples == samples.weights.view().size())
    throw std::runtime_error("iteration " + std::to_string(iteration_) + ": the simulation diverged in all " +
                             std::to_string(report.dropped_samples) +
                             " rollouts; check the model's timestep and damping, or explore less ([initial_policy] "
                             "variance, [algorithm] kl_step)");
  previous_ = std::move(current_);
  current_ = Model{};
  current_.local = local_;
  if (settings_.method == Method::dagger) visited_ = aggregated(visited_, samples);
  const Brought<Trajectories> brought(samples, resources_.device);
  const Trajectories& on_device = *brought;
  {
    const Stopwatch watch(report.seconds.fit);
    expand_cost_around(on_device);
    fit_dynamics(on_device);  // line 3
  }
  if (iteration_ == 1) s_step_on(on_device, 0, report);  // pi imitates the initial controllers first

  for (int round = 1; round <= settings_.rounds; ++round) {
    {
      const Stopwatch watch(report.seconds.fit);
      linearize_policy(on_device, round);  // line 4
      if (round == 1) {
        refit_unbelievable_dynamics(samples, report);
        if (!previous_.empty()) adjust_step_sizes(report);  // line 7 of the last iteration
      }
    }
    if (iteration_ > 1 || round > 1) modify_surrogate(on_device, round);
    c_step_on(samples, report);           // line 5
    s_step_on(on_device, round, report);  // line 6
  }

  const Stopwatch watch(report.seconds.evaluation);
  measure_bounds(on_device, report);
  evaluate(report);
  return report;
}

Trajectories MirrorDescent::generate_samples() const {
  RolloutOptions options;
  options.samples = settings_.samples;
  options.seed = seed_;
  options.iteration = static_cast<std::uint32_t>(iteration_);
  options.noise_smoothing = settings_.noise_smoothing;
  options.threads = resources_.threads;
  const bool global = settings_.sampling == Sampling::global && iteration_ > 1;  // the first pi has learned nothing yet
  options.stream = global ? RandomStream::global_rollouts : RandomStream::local_rollouts;
  return global ? simulator_.roll_out(policy_, options) : simulator_.roll_out(local_.view(), options);
}

void MirrorDescent::expand_cost_around(const Trajectories& samples) {
  current_.cost = QuadraticCostArrays<double>(shape_, resources_.device);
  SampleCostArrays<double> costs = mdgps::expand_cost_around(samples, task_.cost, current_.cost);
  for (std::int64_t i = 0; i < shape_.conditions; ++i) current_.sampled_cost.push_back({costs.mean(i), costs.size(i)});
  largest_cost_ = std::move(costs.largest);
}

void MirrorDescent::fit_dynamics(const Trajectories& samples) {
  transitions_ = transitions(samples);
  dynamics_prior_.update(transitions_, samples.weights, seed_, static_cast<std::uint32_t>(iteration_));
  current_.dynamics = LinearGaussianDynamicsArrays<double>(shape_, resources_.device);
  fit_transitions(dynamics_prior_, transitions_, samples.weights, 1.0, current_.dynamics);
  current_.initial = initial_state(samples);
}

void MirrorDescent::linearize_policy(const Trajectories& samples, int round) {
  const auto adds = round == 1 ? RegressionPrior::Adds::new_trajectories : RegressionPrior::Adds::in_place_of_newest;
  current_.global = settings_.linearization == Linearization::regression
                        ? linearize_by_regression(policy_, samples, policy_prior_, seed_,
                                                  static_cast<std::uint32_t>(iteration_), adds)
                        : linearize_by_jacobian(policy_, samples, task_.observation_entries);
}

/// A fit that cannot tell what its own samples cost, under the policy that made them, is unstable: the samples of a
/// step are few, and the fit follows their noise. It is made again with a stronger prior.
void MirrorDescent::refit_unbelievable_dynamics(const Trajectories& samples, IterationReport& report) {
  constexpr std::array strengths{5.0, 25.0, 125.0};
  const bool global = settings_.sampling == Sampling::global && iteration_ > 1;
  std::vector<bool> counted(shape_.conditions, false);
  for (const double strength : strengths) {
    const auto costs = expected_costs(current_, global ? current_.global : local_);
    std::vector<std::int64_t> unbelievable;
    for (std::int64_t i = 0; i < shape_.conditions; ++i)
      if (has_samples(samples, i) && !believable(costs(i), current_.sampled_cost[i])) unbelievable.push_back(i);
    if (unbelievable.empty()) return;
    LinearGaussianDynamicsArrays<double> dynamics(shape_, resources_.device);
    const auto status = fit_transitions(dynamics_prior_, transitions_, samples.weights, strength, dynamics);
    for (const std::int64_t i : unbelievable) {
      if (std::ranges::any_of(status.row(i), [](Status s) { return s != Status::ok; })) continue;
      copy_condition(dynamics, current_.dynamics, i);
      report.refitted_dynamics += counted[i] ? 0 : 1;
      counted[i] = true;
    }
  }
}

/// The trajectories that `policy` is expected to make under the models of one iteration.
TrajectoryDistributionArrays<double> MirrorDescent::propagate(const Model& model,
                                                              const LinearGaussianPolicyArrays<double>& policy) const {
  TrajectoryDistributionArrays<double> distribution(shape_, resources_.device);
  Array<Status, 1> status({shape_.conditions}, resources_.device);
  forward_pass<double>(model.initial.view(), model.dynamics.view(), policy.view(), distribution.view(), status);
  return distribution;
}

/// l_m^k of Section 4.2: the expected cost of `policy` under the models of one iteration.
Array<double, 1> MirrorDescent::expected_costs(const Model& model,
                                               const LinearGaussianPolicyArrays<double>& policy) const {
  Array<double, 1> total({shape_.conditions}, resources_.device);
  expected_cost<double>(propagate(model, policy).view(), model.cost.view(), total, {});
  return total;
}

/// The same for the method's surrogate cost.
Array<double, 1> MirrorDescent::expected_surrogates(const Model& model,
                                                    const LinearGaussianPolicyArrays<double>& policy) const {
  Surrogate surrogate = surrogate_cost_->surrogate(model.cost, model.global);
  Model under = model;
  under.cost = std::move(surrogate.cost);
  auto total = expected_costs(under, policy);
  if (surrogate.entropy_weight.empty()) return total;
  const Array<double, 2> entropy = entropies(policy.covariance.view());
  for (std::int64_t i = 0; i < shape_.conditions; ++i)
    for (std::int64_t t = 0; t < shape_.steps; ++t) total(i) -= surrogate.entropy_weight(i, t) * entropy(i, t);
  return total;
}

std::vector<ExpectedCosts> MirrorDescent::costs_of_last_step(Expectation expectation) const {
  const auto previous_local = (this->*expectation)(previous_, previous_.local);
  const auto previous_global = (this->*expectation)(previous_, previous_.global);
  const auto predicted = (this->*expectation)(previous_, local_);
  const auto actual_local = (this->*expectation)(current_, local_);
  const auto actual_global = (this->*expectation)(current_, current_.global);
  std::vector<ExpectedCosts> costs;
  for (std::int64_t i = 0; i < shape_.conditions; ++i)
    costs.push_back({previous_local(i), previous_global(i), predicted(i), actual_local(i), actual_global(i)});
  return costs;
}

/// Section 4.2. Where a cost that the rule uses is not to be believed, the multiplier stays as it is. (Halving it ends
/// the learning: the models of contact are unstable too often, whatever the step.)
void MirrorDescent::adjust_step_sizes(IterationReport& report) {
  const auto costs = costs_of_last_step(&MirrorDescent::expected_costs);
  const bool has_multipliers = !surrogate_cost_->multipliers().weight.empty();
  auto adjusted_by = has_multipliers ? costs_of_last_step(&MirrorDescent::expected_surrogates) : costs;
  std::vector<bool> believed;
  for (std::int64_t i = 0; i < shape_.conditions; ++i)
    believed.push_back(believable(settings_.step_rule, costs[i], previous_.sampled_cost[i], current_.sampled_cost[i]));
  if (settings_.average_step_sizes) std::ranges::fill(adjusted_by, mean_costs(adjusted_by, believed));
  report.step_sizes_adjusted = true;
  for (std::int64_t i = 0; i < shape_.conditions; ++i) {
    if (believed[i])
      multiplier_(i) = adjusted_multiplier(settings_.step_rule, adjusted_by[i], multiplier_(i),
                                           {settings_.min_multiplier, settings_.max_multiplier});
    ConditionReport& condition = report.conditions[i];
    condition.expected = adjusted_by[i];
    condition.guarded = !believed[i];
    report.guarded_step_sizes += believed[i] ? 0 : 1;
  }
}

void MirrorDescent::modify_surrogate(const Trajectories& samples, int round) {
  if (surrogate_cost_->multipliers().weight.empty()) return;
  surrogate_cost_->modify(local_, policy_difference(local_, policy_, samples),
                          {iteration_, settings_.iterations, round == settings_.rounds});
}

void MirrorDescent::c_step_on(const Trajectories& samples, IterationReport& report) {
  const Stopwatch watch(report.seconds.c_step);
  Array<double, 1> epsilon({shape_.conditions}, resources_.device);
  for (std::int64_t i = 0; i < shape_.conditions; ++i)
    epsilon(i) = settings_.kl_step * multiplier_(i) * static_cast<double>(shape_.steps);

  const Surrogate surrogate = surrogate_cost_->surrogate(current_.cost, current_.global);
  const Brought<Array<double, 2>> entropy_weight(surrogate.entropy_weight, resources_.device);
  const auto& reference = settings_.reference == Reference::global ? current_.global : current_.local;
  CStepResultArrays<double> result(shape_, resources_.device);
  c_step<double>({current_.initial.view(), current_.dynamics.view(), surrogate.cost.view(), reference.view(), epsilon,
                  dual_, *entropy_weight},
                 result.view());
  for (std::int64_t i = 0; i < shape_.conditions; ++i) {
    // What has a divergence from its reference is finite; where it is the reference itself, nobody has looked.
    const bool finite = result.kl_divergence(i) > 0 || all_finite(result.policy, i);
    ConditionReport& condition = report.conditions[i];
    condition.sampled = has_samples(samples, i);
    if (!finite || !condition.sampled) {
      copy_condition(local_, result.policy, i);
      ++report.kept_local_policies;
    }
    condition.step_size = epsilon(i);
    condition.multiplier = multiplier_(i);
    condition.dual = result.dual(i);
    condition.kl_divergence = result.kl_divergence(i);
    condition.dual_evaluations = result.dual_evaluations(i);
    condition.status = result.status(i);
    condition.failed_step = result.failed_step(i);
  }
  local_ = std::move(result.policy);
  dual_ = std::move(result.dual);
  const auto predicted = expected_costs(current_, local_);
  for (std::int64_t i = 0; i < shape_.conditions; ++i) report.conditions[i].predicted_cost = predicted(i);
}

/// Means [N,T,n] of the states that the new local policies visit under the fitted dynamics; NaN in a condition whose
/// expected cost is not to be believed; empty where the S-step draws no states.
Array<double, 3> MirrorDescent::expected_states() const {
  if (settings_.drawn_states == 0) return {};
  const auto distribution = propagate(current_, local_);
  Array<double, 1> total({shape_.conditions}, resources_.device);
  expected_cost<double>(distribution.view(), current_.cost.view(), total, {});
  std::vector<bool> believed;
  for (std::int64_t i = 0; i < shape_.conditions; ++i)
    believed.push_back(believable(total(i), current_.sampled_cost[i]));
  return state_means(distribution, shape_.states, believed);
}

void MirrorDescent::s_step_on(const Trajectories& samples, int round, IterationReport& report) {
  const Stopwatch watch(report.seconds.s_step);
  const ImitationPoints points =
      imitation_points(surrogate_cost_->imitated(local_), settings_.method == Method::dagger ? visited_ : samples,
                       expected_states(), task_.observation_entries,
                       {settings_.drawn_states, settings_.drawn_window, seed_, static_cast<std::uint32_t>(iteration_)});
  policy_.fit_normalization(points.observations, points.weights);
  SStepOptions options;
  options.minibatches = settings_.minibatches;
  options.batch_size = settings_.batch_size;
  options.learning_rate = settings_.learning_rate;
  options.final_learning_rate = settings_.final_learning_rate;
  options.weight_decay = settings_.weight_decay;
  options.device = resources_.device;
  options.seed = seed_;
  options.iteration = static_cast<std::uint32_t>(iteration_);
  options.round = static_cast<std::uint32_t>(round);
  const SStepResult result =
      s_step(policy_, {points.observations, points.target_means, points.target_precisions, points.weights}, options);
  report.s_step_loss = result.final_loss;
  report.failed_s_steps += result.status == Status::ok ? 0 : 1;
}

void MirrorDescent::evaluate(IterationReport& report) const {
  RolloutOptions options;
  options.stream = RandomStream::evaluation;
  options.noise = false;
  options.threads = resources_.threads;
  const auto roll_out = [&](const auto& policy, std::vector<Path>& paths, double ConditionReport::*cost,
                            double ConditionReport::*distance) {
    const Trajectories trajectories = simulator_.roll_out(policy, options);
    const auto costs = trajectory_costs(task_.cost, trajectories);
    for (std::int64_t i = 0; i < shape_.conditions; ++i) {
      report.conditions[i].*cost = costs(i, 0);
      report.conditions[i].*distance = final_distance(trajectories, i);
      paths.push_back(path_of(task_, trajectories, i));
    }
  };
  roll_out(local_.view(), report.local_paths, &ConditionReport::local_cost, &ConditionReport::local_distance);
  roll_out(policy_, report.global_paths, &ConditionReport::global_cost, &ConditionReport::global_distance);
  for (ConditionReport& condition : report.conditions)
    condition.global_success = condition.global_distance < task_.success_distance;
}

/// Lemmas 4.1 and 4.2 for the new policies. The bounds take their maxima over the sampled states and actions, not over
/// all; beside them stand estimates of what they bound, for the network linearised by its Jacobian at the samples.
void MirrorDescent::measure_bounds(const Trajectories& samples, IterationReport& report) const {
  report.difference = policy_difference(local_, policy_, samples);
  const auto global = linearize_by_jacobian(policy_, samples, task_.observation_entries);
  const auto under_local = propagate(current_, local_), under_global = propagate(current_, global);
  Array<double, 1> local_total({shape_.conditions}, resources_.device),
      global_total({shape_.conditions}, resources_.device);
  Array<double, 2> expected({shape_.conditions, shape_.steps}, resources_.device);
  expected_cost<double>(under_local.view(), current_.cost.view(), local_total, expected);
  expected_cost<double>(under_global.view(), current_.cost.view(), global_total, {});
  const auto last_local = last_state(under_local, shape_.states), last_global = last_state(under_global, shape_.states);
  for (std::int64_t i = 0; i < shape_.conditions; ++i) {
    const CostBounds bounds = cost_bounds({report.difference.largest_kl.row(i), expected.row(i), largest_cost_.row(i)});
    ConditionReport& condition = report.conditions[i];
    condition.tv_bound = bounds.total_variation;
    condition.cost_bound = bounds.cost;
    condition.expected_global_cost = global_total(i);
    condition.total_variation = last_state_total_variation(last_local, last_global, i);
  }
}

}  // namespace mdgps

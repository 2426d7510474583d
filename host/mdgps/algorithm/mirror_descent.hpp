#pragma once
/// Mirror descent guided policy search [MDGPS Algorithms 3 and 4], and the methods that it is compared with: they run
/// the same loop on other surrogate costs, and are approximate mirror descent too [MDGPS 3.2].

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "mdgps/algorithm/local_models.hpp"
#include "mdgps/algorithm/regression_prior.hpp"
#include "mdgps/algorithm/settings.hpp"
#include "mdgps/algorithm/step_size.hpp"
#include "mdgps/algorithm/surrogate_cost.hpp"
#include "mdgps/learning/neural_gaussian_policy.hpp"
#include "mdgps/simulation/task.hpp"
#include "mdgps/simulation/trajectories.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// What one iteration came to in one condition. Costs are sums over the trajectory, distances in the model's units;
/// both are measured at the end of the iteration by rolling out mean actions.
struct ConditionReport {
  double local_cost = 0, global_cost = 0;
  double local_distance = 0, global_distance = 0;
  bool global_success = false;
  double step_size = 0;  ///< epsilon, nats
  double dual = 0;       ///< eta
  double kl_divergence = 0;
  int dual_evaluations = 0;
  Status status = Status::ok;
  double predicted_cost = 0;        ///< of the new local policy under the fitted dynamics
  double tv_bound = 0;              ///< Lemma 4.1
  double cost_bound = 0;            ///< Lemma 4.2
  double total_variation = 0;       ///< estimate of what tv_bound bounds, under the fitted dynamics
  double expected_global_cost = 0;  ///< estimate of what cost_bound bounds, likewise; the measured one is global_cost
  ExpectedCosts expected{};         ///< by which epsilon was adjusted: of the surrogate where the method has one
  double multiplier = 0;            ///< of epsilon, after that
  bool guarded = false;             ///< the costs were not to be believed, and the multiplier kept
};

struct PhaseSeconds {
  double rollout = 0, fit = 0, c_step = 0, s_step = 0, evaluation = 0;
};

struct IterationReport {
  int iteration = 0;  ///< 1, 2, ...
  std::vector<ConditionReport> conditions;
  std::vector<Path> local_paths, global_paths;  ///< one per condition
  PolicyDifference difference;                  ///< of the new local policies and the network, at the samples
  PhaseSeconds seconds;
  double s_step_loss = 0;            ///< mean over the points of 1/2 (mu - mu_p)' C^-1 (mu - mu_p), nats
  int dropped_samples = 0;           ///< diverged in the simulation
  bool step_sizes_adjusted = false;  ///< not in a run's first iteration
  int guarded_step_sizes = 0;        ///< conditions whose expected costs were not to be believed
  int refitted_dynamics = 0;         ///< conditions whose first fit could not tell what its own samples cost
  int failed_s_steps = 0;            ///< whose loss or covariance was not usable: the network was left as it was
  int kept_local_policies = 0;       ///< conditions whose C-step gave nothing usable

  double mean_distance() const;  ///< of the global policy
  double success_rate() const;   ///< of the global policy
};

/// A training run of one task. Deterministic: the same task, settings and seed give the same bytes for any number of
/// threads.
class MirrorDescent {
 public:
  /// The task must outlive the run. threads: for rollouts and solver.
  MirrorDescent(const Task& task, const Settings& settings, std::uint64_t seed, int threads);

  /// One iteration of Algorithm 4. Throws std::runtime_error where every sample diverged in the simulation.
  IterationReport iterate();

  int iteration() const { return iteration_; }  ///< iterations done
  const NeuralGaussianPolicy& policy() const { return policy_; }
  const LinearGaussianPolicyArrays<double>& local_policies() const { return local_; }

  /// Writes everything that going on later needs into an existing, empty folder / reads it back. After `load` the run
  /// continues as if it had never stopped. Throw std::runtime_error naming the file.
  void save(const std::filesystem::path& folder) const;
  void load(const std::filesystem::path& folder);

 private:
  /// Local models around one iteration's samples, under which the costs of Section 4.2 are expected.
  struct Model {
    GaussianStateArrays<double> initial;            ///< p(x_1)
    LinearGaussianDynamicsArrays<double> dynamics;  ///< p(x'|x,u)
    QuadraticCostArrays<double> cost;               ///< l
    LinearGaussianPolicyArrays<double> local;       ///< p_i before the C-step
    LinearGaussianPolicyArrays<double> global;      ///< pi-bar
    std::vector<SampledCost> sampled_cost;          ///< [N]
    bool empty() const { return dynamics.transition.empty(); }
  };

  Trajectories generate_samples() const;
  void expand_cost_around(const Trajectories& samples);
  void fit_dynamics(const Trajectories& samples);
  void linearize_policy(const Trajectories& samples);
  void refit_unbelievable_dynamics(const Trajectories& samples, IterationReport& report);
  void adjust_step_sizes(IterationReport& report);
  void modify_surrogate(const Trajectories& samples, int round);
  void c_step_on(const Trajectories& samples, IterationReport& report);
  void s_step_on(const Trajectories& samples, int round, IterationReport& report);
  void evaluate(IterationReport& report) const;
  void measure_bounds(const Trajectories& samples, IterationReport& report) const;

  Array<double, 1> expected_costs(const Model& model, const LinearGaussianPolicyArrays<double>& policy) const;
  Array<double, 1> expected_surrogates(const Model& model, const LinearGaussianPolicyArrays<double>& policy) const;
  using Expectation = decltype(&MirrorDescent::expected_costs);
  std::vector<ExpectedCosts> costs_of_last_step(Expectation expectation) const;

  const Task& task_;
  Settings settings_;
  std::uint64_t seed_;
  int threads_;
  BatchShape shape_;

  int iteration_ = 0;
  NeuralGaussianPolicy policy_;               ///< pi_theta
  LinearGaussianPolicyArrays<double> local_;  ///< p_i
  Array<double, 1> dual_;                     ///< [N] eta of the last C-step
  Array<double, 1> multiplier_;               ///< [N] of epsilon
  std::unique_ptr<SurrogateCost> surrogate_cost_;
  Trajectories visited_;  ///< states of all iterations; for DAgger alone
  RegressionPrior dynamics_prior_, policy_prior_;
  Model previous_, current_;      ///< of iterations k-1 and k
  Array<double, 3> sample_cost_;  ///< [N,S,T] of the current samples
};

}  // namespace mdgps

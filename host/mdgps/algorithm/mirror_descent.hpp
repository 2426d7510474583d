#pragma once
/// Mirror descent guided policy search [MDGPS Algorithms 3 and 4], and the methods that it is compared with: they run
/// the same loop on other surrogate costs, and are approximate mirror descent too [MDGPS 3.2].

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "mdgps/algorithm/regression_prior.hpp"
#include "mdgps/algorithm/simulator.hpp"
#include "mdgps/algorithm/surrogate_cost.hpp"
#include "mdgps/algorithm/training_run.hpp"
#include "mdgps/learning/neural_gaussian_policy.hpp"
#include "mdgps/simulation/trajectories.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// A run of Algorithm 4: `iterate` is one pass of its loop.
class MirrorDescent final : public TrainingRun {
 public:
  MirrorDescent(const Task& task, const Settings& settings, std::uint64_t seed, const Resources& resources);

  /// One iteration of Algorithm 4. Throws std::runtime_error where every sample diverged in the simulation.
  IterationReport iterate() override;

  int iteration() const override { return iteration_; }
  const NeuralGaussianPolicy& policy() const { return policy_; }
  const LinearGaussianPolicyArrays<double>& local_policies() const { return local_; }

  const char* policy_file() const override { return "policy.pt"; }
  void save_policy(const std::filesystem::path& file) const override { policy_.save(file); }
  void save(const std::filesystem::path& folder) const override;
  void load(const std::filesystem::path& folder) override;

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
  void linearize_policy(const Trajectories& samples, int round);
  void refit_unbelievable_dynamics(const Trajectories& samples, IterationReport& report);
  void adjust_step_sizes(IterationReport& report);
  void modify_surrogate(const Trajectories& samples, int round);
  void c_step_on(const Trajectories& samples, IterationReport& report);
  void s_step_on(const Trajectories& samples, int round, IterationReport& report);
  void evaluate(IterationReport& report) const;
  void measure_bounds(const Trajectories& samples, IterationReport& report) const;

  TrajectoryDistributionArrays<double> propagate(const Model& model,
                                                 const LinearGaussianPolicyArrays<double>& policy) const;
  Array<double, 1> expected_costs(const Model& model, const LinearGaussianPolicyArrays<double>& policy) const;
  Array<double, 1> expected_surrogates(const Model& model, const LinearGaussianPolicyArrays<double>& policy) const;
  using Expectation = decltype(&MirrorDescent::expected_costs);
  std::vector<ExpectedCosts> costs_of_last_step(Expectation expectation) const;
  Array<double, 3> expected_states() const;

  const Task& task_;
  Settings settings_;
  std::uint64_t seed_;
  Resources resources_;
  Simulator simulator_;
  BatchShape shape_;

  int iteration_ = 0;
  NeuralGaussianPolicy policy_;               ///< pi_theta
  LinearGaussianPolicyArrays<double> local_;  ///< p_i
  Array<double, 1> dual_;                     ///< [N] eta of the last C-step
  Array<double, 1> multiplier_;               ///< [N] of epsilon
  std::unique_ptr<SurrogateCost> surrogate_cost_;
  Trajectories visited_;  ///< states of all iterations; for DAgger alone
  RegressionPrior dynamics_prior_, policy_prior_;
  Model previous_, current_;       ///< of iterations k-1 and k
  Array<double, 4> transitions_;   ///< [N,T-1,S,2n+m] of the current samples
  Array<double, 2> largest_cost_;  ///< [N,T] of the current samples
};

}  // namespace mdgps

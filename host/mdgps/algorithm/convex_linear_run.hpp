#pragma once
/// Algorithm 2 on a task whose dynamics are linear and whose cost is quadratic.

#include "mdgps/algorithm/convex_linear.hpp"
#include "mdgps/algorithm/training_run.hpp"

namespace mdgps {

/// The dynamics and the cost of a task as what they are. Dynamics are found by least squares on rollouts that explore,
/// which are exact where the simulation is linear, and the same in all conditions; costs by their expansion. Throws
/// std::runtime_error where either misses the rollouts: the task is then not linear, or not quadratic.
LinearQuadraticProblem linear_quadratic_problem(const Task& task, std::uint64_t seed, int threads);

/// settings.kl_step x T bounds every C-step. Costs and distances are measured by rollouts of mean actions, as for the
/// other methods; expected costs and divergences are exact. (The greatest divergence of Lemma 4.1 is over all states,
/// where two linear policies of different gains are infinitely far apart: so are the bounds.)
class ConvexLinearRun final : public TrainingRun {
 public:
  ConvexLinearRun(const Task& task, const Settings& settings, std::uint64_t seed, int threads);

  IterationReport iterate() override;
  int iteration() const override { return iteration_; }
  const char* policy_file() const override { return "policy.json"; }
  void save_policy(const std::filesystem::path& file) const override;
  /// The number of iterations is all there is to save: they are repeated in milliseconds.
  void save(const std::filesystem::path& folder) const override;
  void load(const std::filesystem::path& folder) override;

 private:
  const Task& task_;
  double epsilon_;
  int threads_;
  BatchShape shape_;
  ConvexLinear descent_;
  int iteration_ = 0;
};

/// A policy for all conditions, as save_policy wrote it: JSON of gain [T,m,n], offset [T,m] and covariance [T,m,m].
/// Throws std::runtime_error naming the file.
LinearGaussianPolicyArrays<double> load_linear_policy(const std::filesystem::path& file);

}  // namespace mdgps

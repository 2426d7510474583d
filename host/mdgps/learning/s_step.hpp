#pragma once
/// S-step: the global policy is fitted to the local ones by supervised learning.

#include <cstdint>

#include "mdgps/learning/neural_gaussian_policy.hpp"
#include "mdgps/solver/export.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// The points of every condition, sample and timestep, P in all. A local policy p(u|x) = N(K x + k, C) gives at the
/// state of a point the target mean K x + k and the target precision C^-1. All views are in memory of one device,
/// whichever the training's is.
struct SStepProblem {
  View<const double, 2> observations;       ///< [P,o]
  View<const double, 2> target_means;       ///< [P,m]
  View<const double, 3> target_precisions;  ///< [P,m,m] symmetric
  View<const double, 1> weights;            ///< [P] not negative; 0 drops the point; empty: all 1
};

/// Of the optimiser, Adam.
struct SStepOptions {
  int minibatches = 4000;
  int batch_size = 25;
  double learning_rate = 1e-3;        ///< Adam's, at the first minibatch
  double final_learning_rate = 1e-3;  ///< at the last one, reached along a half cosine
  double weight_decay = 0.005;        ///< c in the penalty c/2 |theta|^2 on every weight and bias
  Device device{};                    ///< where LibTorch trains
  std::uint64_t seed = 0;             ///< seed, iteration and round key the order of the points
  std::uint32_t iteration = 0;
  std::uint32_t round = 0;  ///< of S- and C-steps within the iteration
};

/// Losses are 1/2 (mu(o) - target)' C^-1 (mu(o) - target), weighted mean over the points, in nats per point: what the
/// mean contributes to the KL divergence. Where the status is not ok they may be NaN or infinite.
struct SStepResult {
  double initial_loss = 0.0;
  double final_loss = 0.0;
  std::int64_t points = 0;  ///< those with a weight above 0
  /// ok; not_finite where an input or a loss is NaN or infinite; not_positive_definite where the mean of the
  /// target precisions is. Unless ok, the policy and its optimiser are as they were.
  Status status = Status::ok;
};

/// Minimises over theta and Sigma
///
///   sum_p w_p [ tr(C_p^-1 Sigma) - log|Sigma| + (mu(o_p) - mu_p)' C_p^-1 (mu(o_p) - mu_p) ],
///
/// which up to a constant is twice the weighted sum of D_KL(pi_theta || p) at the points. The mean does not depend on
/// Sigma and is trained by Adam on minibatches, the points being shuffled anew for every pass; a pass leaves out the
/// points that do not fill a minibatch. Weights are divided by their mean, so that a learning rate means the same
/// whatever their size. The penalty goes into the gradient (L2, as in the authors' solver), not beside Adam.
///
/// Sigma is then the minimiser in closed form, (sum_p w_p C_p^-1 / sum_p w_p)^-1, a full matrix. (The authors' code
/// keeps the diagonal of the sum alone, which is the minimiser among diagonal matrices; the full one has the lower
/// objective and keeps the local policies' correlation between actions.)
///
/// Minibatches run in single precision, as is usual for networks; losses and Sigma are computed in double.
/// The bytes of the result do not depend on thread counts. The process's own LibTorch settings are left as they were.
/// On a GPU the points go up once, unless they are there, all minibatches run there, each replayed as a CUDA graph, and
/// the network comes back. Throws std::invalid_argument when shapes differ from the policy's or from each other, when
/// an option is out of range, when no weight is above 0, or when LibTorch has no such device (`why_no_training_on`).
/// Source: [MDGPS B.2].
MDGPS_API SStepResult s_step(NeuralGaussianPolicy& policy, const SStepProblem& problem, const SStepOptions& options);

/// Half the objective above divided by sum_p w_p, in nats per point: the mean D_KL(pi_theta || p) up to the constant
/// (log|C_p| + m) / 2. Same errors as s_step.
MDGPS_API double s_step_objective(const NeuralGaussianPolicy& policy, const SStepProblem& problem);

}  // namespace mdgps

#pragma once
/// The operations' arguments as the wide path takes them. Private to the solver.

#include "mdgps/solver/batches.hpp"
#include "mdgps/solver/c_step_batch.hpp"
#include "mdgps/solver/gaussian_mixture.hpp"
#include "mdgps/solver/wide/backward_pass.hpp"
#include "mdgps/solver/wide/c_step.hpp"
#include "mdgps/solver/wide/forward_pass.hpp"
#include "mdgps/solver/wide/gaussian_mixture.hpp"

namespace mdgps::wide {

/// One candidate at a time: wide problems fill a machine without speculation.
inline DualSearchOptions search_options(const CStepOptions& options) {
  return {options.tolerance, options.max_evaluations, options.min_dual, options.max_dual, 1};
}

/// @name Operations on conditions
/// memory(pieces, slots) takes the memory of so many conditions at work, and run(on, memory, slots, first, end) runs
/// those from `first` to before `end`.
/// @{
template <class Real>
struct CStepOperation {
  Shape shape;
  CStepBatch<Real> batches;
  DualSearchOptions options;

  CStepOperation(const BatchShape& s, const CStepProblem<Real>& problem, const CStepResult<Real>& result,
                 const CStepOptions& o)
      : shape(mdgps::MDGPS_TARGET::shape_of(s)),
        batches(mdgps::MDGPS_TARGET::batch(problem, result)),
        options(search_options(o)) {}
  auto memory(Pieces& pieces, int slots) const { return CStepMemory<Real>::take(pieces, shape, slots); }
  template <class BackEnd>
  void run(BackEnd& on, const CStepMemory<Real>& memory, int /*slots*/, std::int64_t first, std::int64_t end) const {
    CStep<Real, BackEnd>{on, shape, batches, options, memory}.run(first, end);
  }
};
template <class Real>
struct BackwardOperation {
  Shape shape;
  DynamicsBatch<const Real> dynamics;
  CostBatch<const Real> cost;
  PolicyBatch<Real> policy;
  StatusBatch status;

  BackwardOperation(const BatchShape& s, const LinearGaussianDynamics<const Real>& d,
                    const QuadraticCost<const Real>& c, const LinearGaussianPolicy<Real>& p, const StatusView& to)
      : shape(mdgps::MDGPS_TARGET::shape_of(s)),
        dynamics(mdgps::MDGPS_TARGET::batch(d)),
        cost(mdgps::MDGPS_TARGET::batch(c)),
        policy(mdgps::MDGPS_TARGET::batch(p)),
        status(mdgps::MDGPS_TARGET::batch(to)) {}
  auto memory(Pieces& pieces, int slots) const { return RiccatiMemory<Real>::take(pieces, shape, slots, 0); }
  template <class BackEnd>
  void run(BackEnd& on, const RiccatiMemory<Real>& memory, int slots, std::int64_t first, std::int64_t end) const {
    BackwardPass<Real, BackEnd>{on, shape, dynamics, cost, policy, status, memory}.run(first, end, slots);
  }
};
template <class Real>
struct ForwardOperation {
  Shape shape;
  GaussianBatch<const Real> initial;
  DynamicsBatch<const Real> dynamics;
  PolicyBatch<const Real> policy;
  GaussianBatch<Real> distribution;
  StatusBatch status;

  ForwardOperation(const BatchShape& s, const GaussianState<const Real>& x, const LinearGaussianDynamics<const Real>& d,
                   const LinearGaussianPolicy<const Real>& p, const TrajectoryDistribution<Real>& z,
                   const StatusView& to)
      : shape(mdgps::MDGPS_TARGET::shape_of(s)),
        initial(mdgps::MDGPS_TARGET::batch(x)),
        dynamics(mdgps::MDGPS_TARGET::batch(d)),
        policy(mdgps::MDGPS_TARGET::batch(p)),
        distribution(mdgps::MDGPS_TARGET::batch(z)),
        status(mdgps::MDGPS_TARGET::batch(to)) {}
  auto memory(Pieces& pieces, int slots) const { return ForwardMemory<Real>::take(pieces, shape, slots); }
  template <class BackEnd>
  void run(BackEnd& on, const ForwardMemory<Real>& memory, int slots, std::int64_t first, std::int64_t end) const {
    ForwardPass<Real, BackEnd>{on, shape, initial, dynamics, policy, distribution, status, memory}.run(first, end,
                                                                                                       slots);
  }
};
/// @}

template <class Real>
MixtureShape shape_of(const MixtureProblem<Real>& problem, const GaussianMixture<Real>& mixture) {
  return {problem.points.extents[1], static_cast<int>(problem.points.extents[2]),
          static_cast<int>(mixture.weight.extents[1])};
}
template <class Real>
std::size_t mixture_bytes(const MixtureShape& shape) {
  Pieces counter;
  MixtureMemory<Real>::take(counter, shape);
  return counter.used;
}

/// The mixtures [first, end), one after another.
template <class Real, class BackEnd>
void fit_mixtures(BackEnd& on, std::int64_t first, std::int64_t end, const MixtureProblem<Real>& problem,
                  const MixtureOptions& options, const GaussianMixture<Real>& mixture,
                  const MixtureReport<Real>& report, const MixtureMemory<Real>& memory) {
  using mdgps::MDGPS_TARGET::batch;
  const MixtureShape shape = shape_of(problem, mixture);
  const std::int64_t P = shape.points, d = shape.dimensions, K = shape.components;
  const ExpectationMaximisation<Real, BackEnd> em{
      on, shape, {options.max_iterations, options.tolerance, options.regularization}, memory};
  const auto log_likelihood = batch(report.log_likelihood);
  const auto iterations = batch(report.iterations), status = batch(report.status);
  for (std::int64_t i = first; i < end; ++i) {
    const WeightedPoints<Real> points{problem.points.data + i * P * d, batch(problem.weights),
                                      batch(problem.assignment), i};
    const EmResult result = em.run(
        points, {mixture.mean.data + i * K * d, mixture.covariance.data + i * K * d * d, mixture.weight.data + i * K});
    on.for_each(1, 1, 1, [=] MDGPS_LAMBDA(int, int, int) {
      if (log_likelihood.data != nullptr) *log_likelihood.at(i, 0) = static_cast<Real>(result.log_likelihood);
      if (iterations.data != nullptr) *iterations.at(i, 0) = result.iterations;
      if (status.data != nullptr) *status.at(i, 0) = static_cast<std::int32_t>(result.outcome);
    });
  }
}

}  // namespace mdgps::wide

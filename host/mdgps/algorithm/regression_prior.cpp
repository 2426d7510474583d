#include "mdgps/algorithm/regression_prior.hpp"

#include <algorithm>
#include <cstdlib>
#include <span>
#include <utility>

#include "kernels/random.hpp"
#include "mdgps/solver/rearrange.hpp"

namespace mdgps {
namespace {

/// First components of a condition's points, at random.
void assign(std::span<std::int32_t> points, std::int64_t components, std::uint64_t seed, std::uint32_t iteration,
            std::int64_t condition) {
  const RandomSequence random(seed, RandomStream::mixture, iteration, static_cast<std::uint32_t>(condition));
  for (std::size_t p = 0; p < points.size(); ++p)
    points[p] = static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(p), components));
}

}  // namespace

void RegressionPrior::update(View<const double, 4> points, View<const double, 2> weights, std::uint64_t seed,
                             std::uint32_t iteration, Adds adds) {
  const auto [N, T, S, d] = points.extents;
  const std::int64_t all_before = state_.points.empty() ? 0 : state_.points.extent(1) / T;
  const std::int64_t kept_before = all_before - (adds == Adds::in_place_of_newest ? S : 0);
  const std::int64_t kept = std::min<std::int64_t>(kept_before + S, std::max<std::int64_t>(settings_.trajectories, S));
  const std::int64_t old = kept - S, forgotten = kept_before - old;

  State next;
  next.points = Array<double, 3>({N, kept * T, d}, device_);
  next.weights = Array<double, 2>({N, kept * T}, device_);
  const View<double, 4> by_trajectory(next.points.data(), {N, kept, T, d}, device_),
      weights_by_trajectory(next.weights.data(), {N, kept, T, 1}, device_);
  if (old > 0) {
    for (std::int64_t i = 0; i < N; ++i) {
      const auto points_kept = state_.points.row(i).subspan(forgotten * T * d, old * T * d);
      copy_shared(device_, next.points.row(i).data(), points_kept.data(), points_kept.size_bytes());
    }
    const View<double, 4> before(state_.weights.data(), {N, all_before, T, 1}, device_);
    rearrange<double>(part(before, 1, forgotten, old), {}, part(weights_by_trajectory, 1, 0, old));
  }
  rearrange<double>({weights.data, {N, S, T, 1}, {weights.strides[0], weights.strides[1], 0, 1}, weights.device}, {},
                    part(weights_by_trajectory, 1, old, S));
  rearrange<double>(swapped(points, 1, 2), {}, part(by_trajectory, 1, old, S));

  const std::int64_t components = std::clamp<std::int64_t>(
      kept * T / settings_.points_per_component, std::min(2, settings_.max_components), settings_.max_components);
  Array<std::int32_t, 2> assignment;
  if (state_.mixture.weight.empty() || state_.mixture.components() != components) {
    next.mixture = GaussianMixtureArrays<double>(N, components, d, device_);
    assignment = Array<std::int32_t, 2>({N, kept * T}, device_);
    for (std::int64_t i = 0; i < N; ++i) assign(assignment.row(i), components, seed, iteration, i);
  } else {
    next.mixture = std::move(state_.mixture);
  }
  state_ = std::move(next);
  Array<Status, 1> status({N}, device_);
  const GaussianMixture<double> mixture = state_.mixture.view();
  fit_gaussian_mixture<double>(
      {state_.points, state_.weights, assignment.empty() ? View<const std::int32_t, 2>{} : assignment.view()}, {},
      mixture, {.log_likelihood = {}, .iterations = {}, .status = status});
  if (!assignment.empty()) return;
  // From a mixture that could not be fitted, as of a condition that had lost all its samples, nothing goes on.
  for (std::int64_t i = 0; i < N; ++i) {
    const bool failed = status(i) == Status::not_positive_definite || status(i) == Status::not_finite;
    if (!failed || !std::ranges::any_of(state_.weights.row(i), [](double w) { return w > 0; })) continue;
    assignment = Array<std::int32_t, 2>({1, kept * T}, device_);
    assign(assignment.row(0), components, seed, iteration, i);
    fit_gaussian_mixture<double>(
        {part(std::as_const(state_).points.view(), 0, i, 1), part(std::as_const(state_).weights.view(), 0, i, 1),
         assignment},
        {}, {part(mixture.mean, 0, i, 1), part(mixture.covariance, 0, i, 1), part(mixture.weight, 0, i, 1)}, {});
  }
}

namespace {

/// The points of each step with those of the `window` steps before and after it, [N,T,(2 window + 1) S,d], and their
/// weights, which fall linearly with the distance in time. Steps beyond the ends count with weight 0.
struct Neighbourhood {
  Array<double, 4> points;
  Array<double, 3> weights;  // [N,T,(2 window + 1) S]
};

Neighbourhood neighbourhood(const View<const double, 4>& points, const View<const double, 2>& weights, int window,
                            Device device) {
  const auto [N, T, S, d] = points.extents;
  const std::int64_t samples = (2 * window + 1) * S;
  Neighbourhood near{Array<double, 4>({N, T, samples, d}, device), Array<double, 3>({N, T, samples}, device)};
  for (int lag = -window; lag <= window; ++lag) {
    const std::int64_t first = std::max(0, -lag), steps = T - std::abs(lag), sample = (lag + window) * S;
    if (steps <= 0) continue;
    const auto samples_at_lag = part(near.points.view(), 2, sample, S);
    rearrange<double>(part(points, 1, first + lag, steps), {}, part(samples_at_lag, 1, first, steps));
    const double share = 1.0 - std::abs(lag) / (window + 1.0);
    for (std::int64_t i = 0; i < N; ++i)
      for (std::int64_t t = first; t < first + steps; ++t)
        for (std::int64_t s = 0; s < S; ++s) near.weights(i, t, sample + s) = share * weights(i, s);
  }
  return near;
}

}  // namespace

void RegressionPrior::fit(View<const double, 4> points, View<const double, 2> weights, const FitOptions& options,
                          const LinearGaussianFit<double>& fit) const {
  const auto [N, T, S, d] = points.extents;
  const std::int64_t q = fit.gain.extents[2], p = fit.gain.extents[3];
  Array<double, 2> of_samples({N, S}, device_);
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t s = 0; s < S; ++s) of_samples(i, s) = weights(i, s);

  RegressionProblem<double> problem;
  Neighbourhood near;
  View<const double, 4> samples = points;
  problem.weights = {of_samples.data(), {N, T, S}, {S, 0, 1}, device_};
  if (settings_.window > 0) {
    near = neighbourhood(points, weights, settings_.window, device_);
    samples = near.points.view();
    problem.weights = near.weights;
  }
  problem.inputs = {samples.data, {N, T, samples.extents[2], p}, samples.strides, samples.device};
  problem.outputs = {samples.data + p, {N, T, samples.extents[2], q}, samples.strides, samples.device};
  problem.regularization = settings_.regularization;
  problem.outputs_are_changes = options.outputs_are_changes;
  const PriorFromMixture<double> prior{state_.mixture.view(), points, of_samples, options.strength * settings_.strength,
                                       state_.points.extent(1)};
  fit_linear_gaussian(problem, prior, fit);
}

}  // namespace mdgps

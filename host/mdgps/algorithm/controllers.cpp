#include "mdgps/algorithm/controllers.hpp"

#include "mdgps/algorithm/gaussians.hpp"

namespace mdgps {

namespace {

/// action += factor noise
void add_noise(View<const double, 2> factor, std::span<const double> noise, std::span<double> action) {
  for (std::size_t i = 0; i < action.size(); ++i)
    for (std::size_t j = 0; j <= i; ++j) action[i] += factor(i, j) * noise[j];
}

}  // namespace

LocalController::LocalController(const LinearGaussianPolicy<const double>& policy, std::int64_t condition)
    : gain_(policy.gain[condition]), offset_(policy.offset[condition]) {
  const auto covariance = policy.covariance[condition];
  factor_ = Array<double, 3>(covariance.extents);
  for (std::int64_t t = 0; t < covariance.extents[0]; ++t) cholesky_factor(covariance[t], factor_.view()[t]);
}

void LocalController::action(int step, std::span<const double> state, std::span<const double>,
                             std::span<const double> noise, std::span<double> action) const {
  for (std::size_t i = 0; i < action.size(); ++i) {
    double sum = offset_(step, i);
    for (std::size_t j = 0; j < state.size(); ++j) sum += gain_(step, i, j) * state[j];
    action[i] = sum;
  }
  add_noise(factor_.view()[step], noise, action);
}

GlobalController::GlobalController(const NeuralGaussianPolicy& policy) : network_(policy.snapshot()) {
  const Array<double, 2> covariance = policy.covariance();
  factor_ = Array<double, 2>(covariance.extents());
  cholesky_factor(covariance.view(), factor_.view());
}

void GlobalController::action(int, std::span<const double>, std::span<const double> observation,
                              std::span<const double> noise, std::span<double> action) const {
  network_.mean(observation, action);
  add_noise(factor_.view(), noise, action);
}

}  // namespace mdgps

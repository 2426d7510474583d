// Dynamics from samples of your own: fewer samples than a regression needs, helped by a mixture prior over all steps.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <mdgps/solver/gaussian_mixture.hpp>
#include <mdgps/solver/regression.hpp>
#include <random>

int main() {
  // A pendulum with friction: state [angle, velocity], action [torque]; 4 trajectories of 40 transitions. A step's
  // regression has 3 inputs and an offset: 4 samples leave nothing over.
  constexpr int samples = 4, steps = 40, inputs = 3, outputs = 2, d = inputs + outputs;
  mdgps::Array<double, 4> points({1, steps, samples, d});  // [N,T,S,d] of [x; u; x']
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  for (int s = 0; s < samples; ++s) {
    double angle = 0.3 * normal(random), velocity = 0.0;
    for (int t = 0; t < steps; ++t) {
      const double torque = normal(random);
      const double values[] = {angle, velocity, torque, 0, 0};
      std::copy(values, values + inputs, points.row(0, t, s).begin());
      velocity += 0.05 * (torque - 2.0 * std::sin(angle) - 0.1 * velocity) + 1e-3 * normal(random);
      angle += 0.05 * velocity;
      points(0, t, s, 3) = angle;
      points(0, t, s, 4) = velocity;
    }
  }

  // The prior: two Gaussians over all transitions, whatever their step.
  constexpr int components = 2, all = steps * samples;
  mdgps::GaussianMixtureArrays<double> mixture(1, components, d);
  mdgps::Array<std::int32_t, 2> assignment({1, all});
  for (int p = 0; p < all; ++p) assignment(0, p) = p % components;
  const mdgps::View<const double, 3> pooled(points.data(), {1, all, d});
  mdgps::fit_gaussian_mixture<double>({pooled, {}, assignment.view()}, {}, mixture.view(), {});

  // Inputs and outputs are views into the same points: strides do what copies would.
  mdgps::RegressionProblem<double> problem;
  const mdgps::View<const double, 4> whole = points.view();
  problem.inputs = {whole.data, {1, steps, samples, inputs}, whole.strides, whole.device};
  problem.outputs = {whole.data + inputs, {1, steps, samples, outputs}, whole.strides, whole.device};
  mdgps::Array<double, 4> gain({1, steps, outputs, inputs}), covariance({1, steps, outputs, outputs});
  mdgps::Array<double, 3> offset({1, steps, outputs});
  mdgps::Array<mdgps::Status, 2> status({1, steps});
  const mdgps::PriorFromMixture<double> prior{mixture.view(), whole, {}, /*strength=*/1.0, all};
  mdgps::fit_linear_gaussian<double>(problem, prior, {gain, offset, covariance, status});

  double worst = 0.0;
  for (int t = 0; t < steps; ++t) {
    if (status(0, t) != mdgps::Status::ok) return EXIT_FAILURE;
    worst = std::max(worst, std::abs(gain(0, t, 1, 2) - 0.05));
  }
  std::printf("velocity' per unit of torque: 0.05 in truth, off by at most %.4f in the %d fits\n", worst, steps);
  return worst < 0.01 ? EXIT_SUCCESS : EXIT_FAILURE;
}

// The passes as scans over the timesteps, on every pack width and group.

#include "kernels/parallel_in_time.hpp"

#include "tests/kernels/backends.hpp"
#include "trajectory_checks.hpp"

namespace mdgps::kernels::testing {
namespace {

using problems::random_trajectory;

template <class B>
class ParallelInTimeKernel : public ::testing::Test {
 protected:
  using Real = typename B::Real;

  /// Rounds of a scan between two buffers of elements; returns the one with the result.
  template <class Round>
  static Real* scan(const Shape& shape, std::vector<Real> (&buffers)[2], const Round& round) {
    Real *from = buffers[0].data(), *to = buffers[1].data();
    for (int distance = 1; distance < shape.steps; distance *= 2, std::swap(from, to)) round(distance, from, to);
    return from;
  }
};
TYPED_TEST_SUITE(ParallelInTimeKernel, Backends, BackendNames);

TYPED_TEST(ParallelInTimeKernel, Backward) {
  using Real = typename TypeParam::Real;
  for (const BatchShape& extents : shapes_for<TypeParam>(problems::trajectory_shapes)) {
    const auto p = random_trajectory<Real>(extents, 1);
    const Shape shape = shape_of(extents);
    const std::int64_t N = extents.conditions, T = extents.steps;
    LinearGaussianPolicyArrays<Real> policy(extents);
    Array<Status, 2> outcome({N, T});
    const std::size_t size = static_cast<std::size_t>(N * T * riccati_element_size(extents.states));
    std::vector<Real> buffers[2] = {std::vector<Real>(size, NAN), std::vector<Real>(size, NAN)};
    run_steps<TypeParam>(N, T, [&](const auto& g, const auto& lanes, auto& scratch) {
      riccati_element(g, lanes, shape, batch(p.dynamics.view()), batch(p.cost.view()),
                      riccati_elements(buffers[0].data(), shape), batch(outcome.view()), scratch);
    });
    const Real* scanned = this->scan(shape, buffers, [&](int distance, const Real* from, Real* to) {
      run_steps<TypeParam>(N, T, [&](const auto& g, const auto& lanes, auto& scratch) {
        combine_riccati(g, lanes, shape, distance, riccati_elements(from, shape), riccati_elements(to, shape), scratch);
      });
    });
    run_steps<TypeParam>(N, T, [&](const auto& g, const auto& lanes, auto& scratch) {
      policy_from_value(g, lanes, shape, batch(p.dynamics.view()), batch(p.cost.view()),
                        riccati_elements(scanned, shape), batch(policy.view()), batch(outcome.view()), scratch);
    });
    for (const Status s : outcome.elements()) EXPECT_EQ(s, Status::ok);
    expect_maximum_entropy_lqr(p, policy);
  }
}

TYPED_TEST(ParallelInTimeKernel, Forward) {
  using Real = typename TypeParam::Real;
  for (const BatchShape& extents : shapes_for<TypeParam>(problems::trajectory_shapes)) {
    const auto p = random_trajectory<Real>(extents, 1);
    const Shape shape = shape_of(extents);
    const std::int64_t N = extents.conditions, T = extents.steps;
    TrajectoryDistributionArrays<Real> distribution(extents);
    Array<Status, 2> outcome({N, T});
    const std::size_t size = static_cast<std::size_t>(N * T * propagation_element_size(extents.states));
    std::vector<Real> buffers[2] = {std::vector<Real>(size, NAN), std::vector<Real>(size, NAN)};
    run_steps<TypeParam>(N, T, [&](const auto& g, const auto& lanes, auto& scratch) {
      propagation_element(g, lanes, shape, batch(p.dynamics.view()), batch(p.reference.view()),
                          propagation_elements(buffers[0].data(), shape), scratch);
    });
    const Real* scanned = this->scan(shape, buffers, [&](int distance, const Real* from, Real* to) {
      run_steps<TypeParam>(N, T, [&](const auto& g, const auto& lanes, auto& scratch) {
        combine_propagation(g, lanes, shape, distance, propagation_elements(from, shape),
                            propagation_elements(to, shape), scratch);
      });
    });
    run_steps<TypeParam>(N, T, [&](const auto& g, const auto& lanes, auto& scratch) {
      marginal_from_scan(g, lanes, shape, batch(p.initial.view()), batch(p.reference.view()),
                         propagation_elements(scanned, shape), batch(distribution.view()), batch(outcome.view()),
                         scratch);
    });
    for (const Status s : outcome.elements()) EXPECT_EQ(s, Status::ok);
    expect_marginals(p, distribution);
  }
}

}  // namespace
}  // namespace mdgps::kernels::testing

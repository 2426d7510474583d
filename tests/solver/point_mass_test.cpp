// Rollouts of a point mass by either kind of policy.

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>

#include "point_mass_problems.hpp"

namespace mdgps {
namespace {

template <class Real>
class PointMassRollout : public testing::Test {};
using Reals = testing::Types<double, float>;
TYPED_TEST_SUITE(PointMassRollout, Reals);

TYPED_TEST(PointMassRollout, IsThatOfPlainLoopsForEitherPolicy) {
  constexpr double tolerance = problems::rollout_tolerance<TypeParam>;
  for (const std::int64_t samples : {1, 13, 100}) {
    problems::PointMassCase<TypeParam> c(2, 3, samples, 40);
    roll_out_point_mass<TypeParam>(c.mass, c.policy.view(), c.view(), 1);
    EXPECT_GE(problems::expect_rollouts(c, tolerance, problems::linear_gaussian_action<TypeParam>), 2 * samples);
    roll_out_point_mass<TypeParam>(c.mass, c.network.view(), c.view(), 1);
    EXPECT_GE(problems::expect_rollouts(c, tolerance, problems::network_action<TypeParam>), samples);
  }
}

TEST(PointMass, ANetworkThatDoesNotFitIsRefusedByName) {
  problems::PointMassCase<double> c(2, 1, 2, 5);
  const auto refusal = [&](const std::function<void(NetworkPolicy<double>&)>& spoil) -> std::string {
    NetworkPolicy<double> network = c.network.view();
    spoil(network);
    try {
      roll_out_point_mass<double>(c.mass, network, c.view(), 1);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "(accepted)";
  };
  EXPECT_EQ(refusal([](auto&) {}), "(accepted)");
  EXPECT_EQ(refusal([](auto& p) { p.layers = 17; }), "roll_out_point_mass: policy.layers is 17, expected 1 to 16");
  EXPECT_EQ(refusal([](auto& p) { p.sizes[1] = 0; }), "roll_out_point_mass: policy.sizes has 0, expected at least 1");
  EXPECT_EQ(refusal([](auto& p) { p.layers = 2; }),
            "roll_out_point_mass: policy.sizes ends with 6, expected 2 actions");
  EXPECT_EQ(refusal([](auto& p) { p.sizes[2] = 7; }),
            "roll_out_point_mass: policy.weights has shape [128], expected [140]");
  EXPECT_EQ(refusal([](auto& p) { p.scale.strides[0] = 2; }), "roll_out_point_mass: policy.scale is not contiguous");
  EXPECT_EQ(refusal([](auto& p) { p.factor.data = nullptr; }), "roll_out_point_mass: policy.factor has no memory");
}

}  // namespace
}  // namespace mdgps

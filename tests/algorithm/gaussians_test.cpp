#include "mdgps/algorithm/gaussians.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mdgps {
namespace {

Array<double, 2> matrix_of(double a, double b, double c, double d) {
  Array<double, 2> m({2, 2});
  m(0, 0) = a, m(0, 1) = b, m(1, 0) = c, m(1, 1) = d;
  return m;
}

TEST(Gaussians, InverseTimesCovarianceIsTheIdentityAndTheEntropyIsThatOfTheDeterminant) {
  Array<double, 4> covariances({1, 2, 2, 2});
  const auto good = matrix_of(2.0, 0.5, 0.5, 1.0), bad = matrix_of(1.0, 2.0, 2.0, 1.0);
  std::ranges::copy(good.elements(), covariances.row(0, 0).begin());
  std::ranges::copy(bad.elements(), covariances.row(0, 1).begin());
  const auto inverses = inverse_covariances(covariances.view());
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j) {
      double sum = 0;
      for (int k = 0; k < 2; ++k) sum += inverses(0, 0, i, k) * good(k, j);
      EXPECT_NEAR(sum, i == j, 1e-14);
      EXPECT_EQ(inverses(0, 1, i, j), 0.0) << "a matrix without a factor has no inverse";
    }
  const auto entropy = entropies(covariances.view());
  constexpr double e = std::numbers::e, pi = std::numbers::pi, determinant = 2.0 * 1.0 - 0.5 * 0.5;
  EXPECT_NEAR(entropy(0, 0), 0.5 * std::log(std::pow(2 * pi * e, 2) * determinant), 1e-14);
  EXPECT_TRUE(std::isnan(entropy(0, 1)));
}

}  // namespace
}  // namespace mdgps

#include "mdgps/algorithm/gaussians.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace mdgps {
namespace {

Array<double, 2> matrix_of(double a, double b, double c, double d) {
  Array<double, 2> m({2, 2});
  m(0, 0) = a, m(0, 1) = b, m(1, 0) = c, m(1, 1) = d;
  return m;
}

TEST(Gaussians, KlAgreesWithTheFormulaOfTwoDimensions) {
  const auto P = matrix_of(2.0, 0.5, 0.5, 1.0), Q = matrix_of(1.0, -0.3, -0.3, 3.0);
  Array<double, 2> p({2, 2}), q({2, 2});
  ASSERT_TRUE(cholesky_factor(P.view(), p));
  ASSERT_TRUE(cholesky_factor(Q.view(), q));
  const double det_p = 2.0 * 1.0 - 0.25, det_q = 3.0 - 0.09;
  const double trace = (3.0 * 2.0 + 2 * 0.3 * 0.5 + 1.0 * 1.0) / det_q;
  const CovarianceDivergence divergence = covariance_divergence(p.view(), q.view());
  EXPECT_NEAR(divergence.log_ratio, std::log(det_q / det_p), 1e-14);
  EXPECT_NEAR(divergence.squares, trace, 1e-14);
  const CovarianceDivergence none = covariance_divergence(p.view(), p.view());
  EXPECT_NEAR(none.log_ratio + none.squares - 2, 0.0, 1e-15);
}

TEST(Gaussians, InverseTimesCovarianceIsTheIdentity) {
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
}

}  // namespace
}  // namespace mdgps

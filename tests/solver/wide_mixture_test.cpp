// What the wide path of expectation maximisation hands to a back end, of which some take all of its rows.

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "mdgps/solver/wide/gaussian_mixture.hpp"
#include "mdgps/solver/wide/on_blas.hpp"

namespace mdgps::wide {
namespace {

TEST(WideMixture, PoolsThePointsInWhichAComponentHasAShareInOrderAndThenZeros) {
  const MixtureShape shape{.points = 5, .dimensions = 2, .components = 2};
  Pieces counter;
  MixtureMemory<double>::take(counter, shape);
  std::vector<double> bytes(counter.used / sizeof(double), NAN);
  Pieces pieces{reinterpret_cast<std::byte*>(bytes.data())};
  const auto memory = MixtureMemory<double>::take(pieces, shape);
  const double shares[2][5] = {{0, 0.25, 0, 1, 0}, {1, 2.25, 1, 0, 4}};
  for (int p = 0; p < 5; ++p) {
    for (int i = 0; i < 2; ++i) memory.points(0, p, i) = 10 * p + i;
    for (int k = 0; k < 2; ++k) memory.table(k, 0, p) = shares[k][p];
  }
  memory.total[0] = 9.5;

  const BlasRoutines<double> none;
  const OnBlas<double> on(none);
  const ExpectationMaximisation<double, const OnBlas<double>> em{on, shape, {}, memory};
  EXPECT_EQ(em.pool({}), 4);
  EXPECT_EQ(memory.claimed_by[0], 2);
  EXPECT_EQ(memory.claimed_by[1], 4);
  const double expected[2][4][3] = {{{5, 5.5, 0.5}, {30, 31, 1}, {0, 0, 0}, {0, 0, 0}},
                                    {{0, 1, 1}, {15, 16.5, 1.5}, {20, 21, 1}, {80, 82, 2}}};
  for (int k = 0; k < 2; ++k)
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j < 3; ++j) EXPECT_EQ(memory.pool(k, i, j), expected[k][i][j]) << k << " " << i << " " << j;
}

}  // namespace
}  // namespace mdgps::wide

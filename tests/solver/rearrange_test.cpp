// Copies between arrays that are laid out differently.

#include "mdgps/solver/rearrange.hpp"

#include <gtest/gtest.h>

namespace mdgps {
namespace {

TEST(Rearrange, APartInAnotherOrderIsCopiedAndTheRestLeftAlone) {
  Array<double, 4> from({3, 4, 2, 5}), to({3, 2, 6, 7}, -1.0);
  double next = 0;
  for (double& x : from.elements()) x = next++;
  const auto source = part(swapped(from.view(), 1, 2), 2, 1, 3);  // [3,2,3,5]
  const auto earlier = part(swapped(from.view(), 1, 2), 2, 0, 3);
  rearrange<double>(source, {}, part(part(to.view(), 2, 2, 3), 3, 1, 5));
  const auto expect = [&](double factor) {
    for (int i = 0; i < 3; ++i)
      for (int s = 0; s < 2; ++s)
        for (int t = 0; t < 6; ++t)
          for (int j = 0; j < 7; ++j) {
            const bool inside = t >= 2 && t < 5 && j >= 1 && j < 6;
            const double before = inside ? factor * from(i, t - 2, s, j - 1) : 0.0;
            EXPECT_EQ(to(i, s, t, j), inside ? from(i, t - 1, s, j - 1) - before : -1.0);
          }
  };
  expect(0.0);
  rearrange<double>(source, earlier, part(part(to.view(), 2, 2, 3), 3, 1, 5));
  expect(1.0);
}

TEST(Rearrange, AStrideOfZeroRepeats) {
  Array<float, 2> table({2, 3});
  for (int e = 0; e < 6; ++e) table.elements()[e] = static_cast<float>(e);
  Array<float, 4> to({4, 5, 2, 3});
  rearrange<float>({table.data(), {4, 5, 2, 3}, {0, 0, 3, 1}, {}}, {}, to);
  for (int i = 0; i < 4; ++i)
    for (int t = 0; t < 5; ++t) EXPECT_TRUE(std::ranges::equal(to.row(i, t), table.elements()));
}

}  // namespace
}  // namespace mdgps

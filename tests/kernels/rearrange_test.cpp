// Copies between batches, on every pack width and group.

#include "kernels/rearrange.hpp"

#include "mdgps/solver/array.hpp"
#include "tests/kernels/backends.hpp"

namespace mdgps::kernels::testing {
namespace {

template <class B>
class RearrangeKernel : public ::testing::Test {};
TYPED_TEST_SUITE(RearrangeKernel, Backends, BackendNames);

/// From every other column, with rows and columns exchanged, less what repeats for every step; the entries around the
/// destination stay.
TYPED_TEST(RearrangeKernel, CopiesWhatTheStridesSay) {
  using Real = typename TypeParam::Real;
  constexpr int N = 3, T = 3, rows = 4, cols = 5;
  Array<Real, 4> from({N, T, cols, 2 * rows}), to({N, T, rows, cols + 1}, Real(-1));
  Array<Real, 3> less({N, rows, cols});
  for (std::int64_t e = 0; e < from.view().size(); ++e) from.data()[e] = static_cast<Real>(e);
  for (std::int64_t e = 0; e < less.view().size(); ++e) less.data()[e] = static_cast<Real>(3 * e);

  const Batch<const Real> transposed{from.data(), T * cols * 2 * rows, cols * 2 * rows, 2, 2 * rows};
  const Batch<const Real> same_at_every_step{less.data(), rows * cols, 0, cols, 1};
  const Batch<Real> destination{to.data(), T * rows * (cols + 1), rows * (cols + 1), cols + 1, 1};
  for (const auto& subtracted : {Batch<const Real>{}, same_at_every_step}) {
    run_steps<TypeParam>(N, T, [&](const auto& g, const auto& lanes, auto& scratch) {
      scratch.take(1);
      if (!scratch.counting()) rearrange(g, lanes, rows, cols, transposed, subtracted, destination);
    });
    for (int n = 0; n < N; ++n)
      for (int t = 0; t < T; ++t)
        for (int i = 0; i < rows; ++i) {
          for (int j = 0; j < cols; ++j)
            EXPECT_EQ(to(n, t, i, j), from(n, t, j, 2 * i) - (subtracted.data == nullptr ? Real{} : less(n, i, j)));
          EXPECT_EQ(to(n, t, i, cols), Real(-1));
        }
  }
}

}  // namespace
}  // namespace mdgps::kernels::testing

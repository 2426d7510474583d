#pragma once
/// The precisions and entropies of Gaussians.

#include "kernels/cholesky.hpp"
#include "kernels/lanes.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// Arrays without gaps, row-major.
template <class T>
struct PrecisionBatch {
  int steps, size;
  const T* covariances;       ///< [N,T,m,m]
  T *precisions, *entropies;  ///< [N,T,m,m] [N,T]; either may be missing

  /// Numbers of scratch for one (condition, step): the covariance's factor and its inverse.
  MDGPS_FUNCTION std::int64_t scratch_size() const { return std::int64_t{2} * size * size; }
};

/// C^-1, and H(N(., C)) = 1/2 m (1 + log 2 pi) + log|L|, for the lanes' (condition, step) pairs one after another.
/// Where C has no Cholesky factor L, the precision is zero and the entropy NaN.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void precisions(const Group& g, const Lanes<Scalar>& lanes, const PrecisionBatch<T>& b, T* scratch) {
  const int m = b.size;
  const auto factor = matrix(scratch, m, m), inverse = matrix(scratch + m * m, m, m);
  for (int r = 0; r < lanes.count; ++r) {
    const std::int64_t at = lanes.condition[lanes.stored[r]] * b.steps + lanes.step[lanes.stored[r]];
    for_each(g, m * m, [&](int e) { factor.data[e] = b.covariances[at * m * m + e]; });
    bool ok = true;
    cholesky(g, factor, ok);
    if (b.entropies != nullptr)
      for_each(g, 1, [&](int) {
        T entropy = static_cast<T>(0.5 * m * (1.0 + 1.8378770664093453));  // log 2 pi
        for (int a = 0; a < m; ++a) entropy += logarithm(factor(a, a));
        b.entropies[at] = ok ? entropy : static_cast<T>(NAN);
      });
    if (b.precisions == nullptr) continue;
    const auto precision = matrix(b.precisions + at * m * m, m, m);
    invert_lower(g, factor, inverse);
    product(g, transpose(inverse), inverse, precision, Update::set, Part::symmetric);
    if (!ok) fill(g, precision, T{});
  }
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET

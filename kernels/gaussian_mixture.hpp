#pragma once
/// Gaussian mixture over points pooled from all steps and recent iterations, and the normal-inverse-Wishart prior it
/// gives for the points of one step.   [MDGPS 3.1, B.1]; Levine & Abbeel 2014, Section 3.2.
///
/// Lanes are components: each lane holds one component's factor, and the points are read by all lanes alike.

#include "kernels/cholesky.hpp"
#include "kernels/outcome.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

struct MixtureShape {
  std::int64_t points;
  int dimensions, components;
  /// Components rounded up to whole packs: the row length of a table of responsibilities.
  template <class Scalar>
  MDGPS_FUNCTION int padded() const {
    return (components + lane_count<Scalar> - 1) / lane_count<Scalar> * lane_count<Scalar>;
  }
};

/// f(first, Pack{}) for packs of components: the last are a half pack where that is enough.
template <class Scalar, class Function>
MDGPS_FUNCTION void for_each_pack_of_components(const MixtureShape& shape, Function f) {
  constexpr int W = lane_count<Scalar>;
  for (int first = 0; first < shape.components; first += W) {
    if constexpr (has_half_pack<Scalar>) {
      if (shape.components - first <= W / 2) return f(first, HalfPack<Scalar>{});
    }
    f(first, Scalar{});
  }
}

/// Plain elements from the scratch.
template <class T, class Scalar>
MDGPS_FUNCTION T* take_elements(Scratch<Scalar>& s, std::int64_t n) {
  return reinterpret_cast<T*>(s.take_stored((n + lane_count<Scalar> - 1) / lane_count<Scalar>));
}

/// The memory of a matrix or a vector of whole packs, for as many packs of another width.
template <class Pack, class Scalar>
MDGPS_FUNCTION Matrix<Pack> of_packs(const Matrix<Scalar>& m) {
  return matrix(reinterpret_cast<Pack*>(m.data), m.rows, m.cols);
}
template <class Pack, class Scalar>
MDGPS_FUNCTION Vector<Pack> of_packs(const Vector<Scalar>& v) {
  return {reinterpret_cast<Pack*>(v.data), v.size};
}

/// A mixture of K Gaussians in memory: mean [K,d], covariance [K,d,d], weight [K].
template <class T>
struct Mixture {
  T* mean;
  T* covariance;
  T* weight;

  /// That of condition i, where the mixtures of all conditions follow each other.
  MDGPS_FUNCTION Mixture of_condition(std::int64_t i, const MixtureShape& shape) const {
    const std::int64_t K = shape.components, d = shape.dimensions;
    return {mean + i * K * d, covariance + i * K * d * d, weight + i * K};
  }
};

/// Points packed for C at a time by R rows of the whitener: squares[c] += |(W z_c - w)[i0 .. i0 + R)|^2.
template <int R, int C, class Scalar, class T>
MDGPS_FUNCTION void whitened_tile(const Matrix<Scalar>& W, const Vector<Scalar>& w, int i0, const T* z, int stride,
                                  Scalar* squares) {
  Scalar residual[R][C];
  unrolled<R>([&](auto r) MDGPS_INLINE { unrolled<C>([&](auto c) MDGPS_INLINE { residual[r][c] = -w(i0 + r); }); });
  for (int k = 0; k < i0 + R; ++k) {  // W is lower triangular
    Scalar column[R];
    unrolled<R>([&](auto r) MDGPS_INLINE { column[r] = W(i0 + r, k); });
    unrolled<C>([&](auto c) MDGPS_INLINE {
      const Scalar x = Scalar(z[c * stride + k]);
      unrolled<R>([&](auto r) MDGPS_INLINE { residual[r][c] += column[r] * x; });
    });
  }
  unrolled<C>([&](auto c) MDGPS_INLINE {
    unrolled<R>([&](auto r) MDGPS_INLINE { squares[c] += residual[r][c] * residual[r][c]; });
  });
}
template <int R, int C, class Scalar, class T>
MDGPS_FUNCTION void whitened_tile_of(int rows, int points, const Matrix<Scalar>& W, const Vector<Scalar>& w, int i0,
                                     const T* z, int stride, Scalar* squares) {
  if constexpr (R > 1) {
    if (rows < R) return whitened_tile_of<R - 1, C>(rows, points, W, w, i0, z, stride, squares);
  }
  if constexpr (C > 1) {
    if (points < C) return whitened_tile_of<R, C - 1>(rows, points, W, w, i0, z, stride, squares);
  }
  whitened_tile<R, C>(W, w, i0, z, stride, squares);
}

/// Factors the components first, first + 1, ... of a mixture: W = chol(Sigma)^-1, w = W mu, and the constant
/// log weight - 1/2 log|2 pi Sigma|. Lanes beyond the last component get the constant -infinity.
template <class Scalar>
struct ComponentFactors {
  Matrix<Scalar> factor, W;
  Vector<Scalar> mu, w;
  Scalar constant;

  MDGPS_FUNCTION static ComponentFactors take(Scratch<Scalar>& s, int d) {
    return {s.take_matrix(d, d), s.take_matrix(d, d), s.take_vector(d), s.take_vector(d), Scalar{}};
  }
  template <class Pack>
  MDGPS_FUNCTION ComponentFactors<Pack> in_packs() const {
    return {of_packs<Pack>(factor), of_packs<Pack>(W), of_packs<Pack>(mu), of_packs<Pack>(w), Pack{}};
  }

  template <class Group, class T>
  MDGPS_FUNCTION void factorise(const Group& g, const MixtureShape& shape, const Mixture<const T>& mixture, int first,
                                Mask<Scalar>& ok) {
    const int d = shape.dimensions;
    const auto lanes = condition_lanes<Scalar>(first, shape.components);
    load(g, lanes, Batch<const T>{mixture.covariance, std::int64_t{d} * d, 0, d, 1}, 0, factor);
    load(g, lanes, Batch<const T>{mixture.mean, d, 0, 1, 1}, 0, mu);
    cholesky(g, factor, ok);
    invert_lower<columns_at_once<Group>>(g, factor, W);
    product(g, W, mu, w);
    constant = logarithm(load(lanes, Batch<const T>{mixture.weight, 1, 0, 0, 0}, 0)) -
               Scalar(0.5) * (log_determinant(g, factor) + Scalar(d * 1.8378770664093454836));
    for (int lane_index = lanes.count; lane_index < lane_count<Scalar>; ++lane_index)
      lane(constant, lane_index) = -INFINITY;
  }
};

/// table[point, component] = log(weight_k N(z; mu_k, Sigma_k)).   points [P,d] contiguous, table [P,padded].
/// False where a covariance is not positive definite.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION bool log_joint(const Group& g, const MixtureShape& shape, const T* points,
                              const Mixture<const T>& mixture, T* table, const ComponentFactors<Scalar>& memory) {
  const int d = shape.dimensions, row = shape.padded<Scalar>();
  bool all_ok = true;
  for_each_pack_of_components<Scalar>(shape, [&](int first, auto pack) {
    using Pack = decltype(pack);
    constexpr int R = TileShape<Pack>::rows, C = TileShape<Pack>::cols;
    const int tiles = (d + R - 1) / R;
    auto factors = memory.template in_packs<Pack>();
    Mask<Pack> ok = true;
    factors.factorise(g, shape, mixture, first, ok);
    all_ok = all_ok && !any(!ok);
    for_each(g, static_cast<int>((shape.points + C - 1) / C), [&](int block) {
      const std::int64_t p0 = std::int64_t{block} * C;
      const int count = static_cast<int>(shape.points - p0 < C ? shape.points - p0 : C);
      Pack squares[C] = {};
      for (int tile = 0; tile < tiles; ++tile) {
        const int i0 = tile * d / tiles, i1 = (tile + 1) * d / tiles;
        whitened_tile_of<R, C>(i1 - i0, count, factors.W, factors.w, i0, points + p0 * d, d, squares);
      }
      for (int c = 0; c < count; ++c) {
        const Pack value = factors.constant - Pack(0.5) * squares[c];
        write_lanes(value, table + (p0 + c) * row + first);
      }
    });
  });
  return all_ok;
}

/// Below the rounding of the sums that it would enter.
template <class T>
inline constexpr T negligible_share = sizeof(T) == 8 ? T(1e-15) : T(1e-7);

/// Turns log(weight_k N(z)) into responsibilities, point by point; evidence[point] = log sum_k weight_k N(z).
/// A point whose weight is 0 gets responsibilities 0 and evidence 0; so does a component's negligible share, that the
/// M-step may pass over it.   point_weights may have no memory: all 1.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void normalise(const Group& g, const MixtureShape& shape, const T* point_weights, T* table, T* evidence,
                              Scalar /*decides the row length*/) {
  const int K = shape.components, row = shape.padded<Scalar>();
  for_each(g, static_cast<int>(shape.points), [&](int p) {
    T* r = table + std::int64_t{p} * row;
    const T weight = point_weights == nullptr ? T(1) : point_weights[p];
    T largest = r[0];
    for (int k = 1; k < K; ++k) largest = maximum(r[k], largest);
    T sum{};
    for (int k = 0; k < K; ++k) {
      r[k] = exponential(r[k] - largest);
      sum += r[k];
    }
    const bool used = weight > T{};
    for (int k = 0; k < row; ++k) {
      const T share = k < K ? r[k] / sum : T{};
      r[k] = used && share > negligible_share<T> ? weight * share : T{};
    }
    evidence[p] = used ? weight * (largest + logarithm(sum)) : T{};
  });
}

/// sums(i, j) += sum_p r_p z_pi z_pj over the listed points of a block, one tile; `r` strides by the table's row.
template <int R, int C, class Scalar, class T>
MDGPS_FUNCTION void scatter_tile(const T* points, int d, const T* shares, int row, const int* list, int count, int i0,
                                 int j0, const Matrix<Scalar>& sums) {
  Scalar sum[R][C];
  unrolled<R>([&](auto a)
                  MDGPS_INLINE { unrolled<C>([&](auto b) MDGPS_INLINE { sum[a][b] = sums(i0 + a, j0 + b); }); });
  for (int l = 0; l < count; ++l) {
    const T* z = points + list[l] * d;
    const Scalar weight = read_lanes<Scalar>(shares + list[l] * row);
    unrolled<R>([&](auto a) MDGPS_INLINE {
      const Scalar x = weight * Scalar(z[i0 + a]);
      unrolled<C>([&](auto b) MDGPS_INLINE { sum[a][b] += x * Scalar(z[j0 + b]); });
    });
  }
  unrolled<R>([&](auto a)
                  MDGPS_INLINE { unrolled<C>([&](auto b) MDGPS_INLINE { sums(i0 + a, j0 + b) = sum[a][b]; }); });
}
template <int R, int C, class Scalar, class T>
MDGPS_FUNCTION void scatter_tile_of(int rows, int cols, const T* z, int d, const T* r, int row, const int* list,
                                    int count, int i0, int j0, const Matrix<Scalar>& sums) {
  if constexpr (R > 1) {
    if (rows < R) return scatter_tile_of<R - 1, C>(rows, cols, z, d, r, row, list, count, i0, j0, sums);
  }
  if constexpr (C > 1) {
    if (cols < C) return scatter_tile_of<R, C - 1>(rows, cols, z, d, r, row, list, count, i0, j0, sums);
  }
  scatter_tile<R, C>(z, d, r, row, list, count, i0, j0, sums);
}

/// sums(i) += sum_p r_p z_pi likewise, for R dimensions from i0 on.
template <int R, class Scalar, class T>
MDGPS_FUNCTION void first_moment_tile_of(const T* points, int d, const T* shares, int row, const int* list, int count,
                                         int i0, const Vector<Scalar>& sums) {
  if constexpr (R > 1) {
    if (d - i0 < R) return first_moment_tile_of<R - 1>(points, d, shares, row, list, count, i0, sums);
  }
  Scalar sum[R];
  unrolled<R>([&](auto i) MDGPS_INLINE { sum[i] = sums(i0 + i); });
  for (int l = 0; l < count; ++l) {
    const T* z = points + list[l] * d + i0;
    const Scalar weight = read_lanes<Scalar>(shares + list[l] * row);
    unrolled<R>([&](auto i) MDGPS_INLINE { sum[i] += weight * Scalar(z[i]); });
  }
  unrolled<R>([&](auto i) MDGPS_INLINE { sums(i0 + i) = sum[i]; });
}

/// The M-step: weights, means and covariances from responsibilities. The points must be centred near 0, since second
/// moments about 0 are summed. A component that has lost its points is given mean and covariance of all of them, as if
/// they were its own: its column of the table is overwritten. Its weight is still what it had of them: where that is 0,
/// it stays 0.   point_weights may have no memory: all 1.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void maximise(const Group& g, const MixtureShape& shape, const T* points, const T* point_weights,
                             T* table, T total_weight, T regularization, const Mixture<T>& mixture,
                             const Matrix<Scalar>& second_memory, const Vector<Scalar>& first_memory) {
  constexpr int block_rows = lane_count<Scalar> == 1 ? 1 : 6;  // on a GPU a thread has a dimension
  constexpr int block = 128;  // points whose rows stay in the first cache while all tiles pass over them
  const int d = shape.dimensions, row = shape.padded<Scalar>();
  const T lost = T(1e-4) / T(shape.components);
  for_each_pack_of_components<Scalar>(shape, [&](int first, auto pack) {
    using Pack = decltype(pack);
    constexpr int R = TileShape<Pack>::rows, C = TileShape<Pack>::cols, W = lane_count<Pack>;
    const int tile_rows = (d + R - 1) / R, tile_cols = (d + C - 1) / C;
    const auto second = of_packs<Pack>(second_memory);
    const auto first_moment = of_packs<Pack>(first_memory);
    const auto lanes = condition_lanes<Pack>(first, shape.components);
    const Pack mass = sum_of(g, static_cast<int>(shape.points),
                             [&](int p) { return read_lanes<Pack>(table + std::int64_t{p} * row + first); });
    const Mask<Pack> alive = mass > Pack(lost * total_weight);
    if (any(!alive))
      for_each(g, static_cast<int>(shape.points), [&](int p) {
        for (int w = 0; w < lanes.count; ++w)
          if (!get_lane(alive, w))
            table[std::int64_t{p} * row + first + w] = point_weights == nullptr ? T(1) : point_weights[p];
      });

    fill(g, second, Pack{});
    fill(g, first_moment.column(), Pack{});
    for (std::int64_t p0 = 0; p0 < shape.points; p0 += block) {
      const int count = static_cast<int>(shape.points - p0 < block ? shape.points - p0 : block);
      const T* r = table + p0 * row + first;
      int claimed[block], claims = 0;  // points of which some lane has a share: few, as components keep apart
      for (int p = 0; p < count; ++p) {
        bool any_share = false;
        for (int w = 0; w < W; ++w) any_share = any_share || r[p * row + w] > T{};
        if (any_share) claimed[claims++] = p;
      }
      for_each(g, tile_rows * tile_cols, [&](int tile) {
        const int a = tile / tile_cols, b = tile % tile_cols;
        const int i0 = a * d / tile_rows, i1 = (a + 1) * d / tile_rows;
        const int j0 = b * d / tile_cols, j1 = (b + 1) * d / tile_cols;
        if (j0 >= i1) return;
        scatter_tile_of<R, C>(i1 - i0, j1 - j0, points + p0 * d, d, r, row, claimed, claims, i0, j0, second);
      });
      for_each(g, (d + block_rows - 1) / block_rows, [&](int tile) {
        first_moment_tile_of<block_rows>(points + p0 * d, d, r, row, claimed, claims, tile * block_rows, first_moment);
      });
    }

    const Pack scale = Pack(1) / select(alive, mass, Pack(total_weight));
    for_each(g, d, [&](int i) {
      for (int j = 0; j <= i; ++j) {
        const Pack value = second(i, j) * scale - (first_moment(i) * scale) * (first_moment(j) * scale) +
                           Pack(i == j ? regularization : T{});
        for (int w = 0; w < lanes.count; ++w) {
          T* covariance = mixture.covariance + lanes.condition[w] * d * d;
          covariance[i * d + j] = lane(value, w);
          covariance[j * d + i] = lane(value, w);
        }
      }
      const Pack mean = first_moment(i) * scale;
      for (int w = 0; w < lanes.count; ++w) mixture.mean[lanes.condition[w] * d + i] = lane(mean, w);
    });
    for_each(g, lanes.count, [&](int w) { mixture.weight[lanes.condition[w]] = lane(mass, w) / total_weight; });
  });
}

/// mu_0 of a step's points under a mixture, and the components whose share in them is not negligible, one after the
/// other: the number, its share, and mu_k - mu_0.
template <class T>
struct Claims {
  T* mean;      ///< mu_0 [d]
  int* number;  ///< [K]
  T* share;     ///< [K]
  T* error;     ///< [K,d]
  int count;

  template <class Scalar>
  MDGPS_FUNCTION static Claims take(Scratch<Scalar>& s, const MixtureShape& shape) {
    const std::int64_t d = shape.dimensions, K = shape.components;
    return {take_elements<T>(s, d), reinterpret_cast<int*>(take_elements<T>(s, K)), take_elements<T>(s, K),
            take_elements<T>(s, K * d), 0};
  }
  /// shares [K]   of all components
  template <class Group>
  MDGPS_FUNCTION void find(const Group& g, const MixtureShape& shape, const T* shares,
                           const Mixture<const T>& mixture) {
    const int d = shape.dimensions, K = shape.components;
    for_each(g, d, [&](int i) {
      T sum{};
      for (int k = 0; k < K; ++k) sum += shares[k] * mixture.mean[k * d + i];
      mean[i] = sum;
    });
    count = 0;  // the same in every thread
    for (int k = 0; k < K; ++k) {
      if (shares[k] < T(1e-12)) continue;
      if (g.thread_rank() == 0) {
        number[count] = k;
        share[count] = shares[k];
      }
      T* const to = error + count * d;
      for_each(g, d, [&](int j) { to[j] = mixture.mean[k * d + j] - mean[j]; });
      ++count;
    }
  }
  /// Entries (i, j), ..., of the covariance about mu_0, as many as a pack has lanes.
  /// covariance [K,d,d]   of the components
  template <class Pack>
  MDGPS_FUNCTION Pack covariance_from(const T* covariance, int d, int i, int j) const {
    Pack sum{};
    for (int l = 0; l < count; ++l) {
      const T* const of_component = covariance + std::int64_t{number[l]} * d * d;
      sum += Pack(share[l]) * (read_lanes<Pack>(of_component + i * d + j) +
                               Pack(error[l * d + i]) * read_lanes<Pack>(error + l * d + j));
    }
    return sum;
  }
};

/// f(j, pack) for the pieces of row i of a lower triangle [d,d], each as many entries as `Scalar` has lanes from the
/// j-th on: some are above the diagonal, and those of the last piece may be others' again. Rows too short for one are
/// worked off by single entries. `pack` is there for its type.
template <class Scalar, class Function>
MDGPS_FUNCTION void for_each_piece_of_row(int d, int i, Function f) {
  constexpr int W = lane_count<Scalar>;
  if constexpr (W > 1) {
    if (d < W) {
      for (int j = 0; j <= i; ++j) f(j, Element<Scalar>{});
      return;
    }
  }
  for (int j = 0; j <= i; j += W) f(j + W <= d ? j : d - W, Scalar{});
}

/// mu_0 and Phi for the query points of one step: the mixture's moments under the components' shares [K], the second
/// times the prior's strength.
/// mean [d], scatter [d,d] out, the lower triangle: some of what is above it is overwritten
template <class Scalar, class Group, class T>
MDGPS_FUNCTION void prior_moments(const Group& g, const MixtureShape& shape, const T* shares,
                                  const Mixture<const T>& mixture, T strength, Claims<T> claims, T* mean, T* scatter) {
  const int d = shape.dimensions;
  claims.mean = mean;
  claims.find(g, shape, shares, mixture);
  for_each(g, d, [&](int i) {
    for_each_piece_of_row<Scalar>(d, i, [&](int j, auto pack) {
      using Pack = decltype(pack);
      write_lanes(Pack(strength) * claims.template covariance_from<Pack>(mixture.covariance, d, i, j),
                  scatter + i * d + j);
    });
  });
}

struct EmOptions {
  int max_iterations;
  double tolerance, regularization;
};

struct EmResult {
  double log_likelihood;
  int iterations;
  Outcome outcome;
};

/// Expectation maximisation of one condition's mixture. The points are moved to zero mean first, since second moments
/// about zero are summed.
/// assignment [P]   first component of each point, or null: start from the mixture
template <class Group, class Scalar, class T>
MDGPS_FUNCTION EmResult expectation_maximisation(const Group& g, const MixtureShape& shape, const T* points,
                                                 const T* point_weights, const std::int32_t* assignment,
                                                 const EmOptions& options, const Mixture<T>& mixture,
                                                 Scratch<Scalar>& scratch) {
  const std::int64_t P = shape.points;
  const int d = shape.dimensions, K = shape.components, row = shape.padded<Scalar>();
  const auto factors = ComponentFactors<Scalar>::take(scratch, d);
  const auto second = scratch.take_matrix(d, d);
  const auto first = scratch.take_vector(d);
  T* table = take_elements<T>(scratch, P * row);
  T* centred = take_elements<T>(scratch, P * d);
  T* evidence = take_elements<T>(scratch, P);
  T* centre = take_elements<T>(scratch, d);
  if (scratch.counting()) return {};

  const auto weight = [&](std::int64_t p) { return point_weights == nullptr ? T(1) : point_weights[p]; };
  const T total = sum_of(g, static_cast<int>(P), [&](int p) { return weight(p); });
  for_each(g, d, [&](int i) {
    T sum{};
    // A point without weight must not bring its numbers in: NaN times 0 is NaN.
    for (std::int64_t p = 0; p < P; ++p)
      if (weight(p) > T{}) sum += weight(p) * points[p * d + i];
    centre[i] = sum / total;
  });
  if (!finite(sum(g, Vector<T>{centre, d}))) return {T{}, 0, Outcome::not_finite};
  for_each(g, static_cast<int>(P), [&](int p) {
    for (int i = 0; i < d; ++i)
      centred[std::int64_t{p} * d + i] = weight(p) > T{} ? points[std::int64_t{p} * d + i] - centre[i] : T{};
  });
  const auto shift_means = [&](T sign) { for_each(g, K * d, [&](int e) { mixture.mean[e] += sign * centre[e % d]; }); };
  const auto m_step = [&] {
    maximise(g, shape, centred, point_weights, table, total, static_cast<T>(options.regularization), mixture, second,
             first);
  };

  if (assignment != nullptr) {
    for_each(g, static_cast<int>(P), [&](int p) {
      for (int k = 0; k < row; ++k) table[std::int64_t{p} * row + k] = assignment[p] == k ? weight(p) : T{};
    });
    m_step();
  } else {
    shift_means(T(-1));
  }

  EmResult result{-INFINITY, 0, Outcome::not_converged};
  const Mixture<const T> fixed{mixture.mean, mixture.covariance, mixture.weight};
  while (result.iterations < options.max_iterations) {
    const bool ok = log_joint(g, shape, centred, fixed, table, factors);
    normalise(g, shape, point_weights, table, evidence, Scalar{});
    const double log_likelihood =
        sum_of(g, static_cast<int>(P), [&](int p) { return static_cast<double>(evidence[p]); });
    const double gain = log_likelihood - result.log_likelihood;
    const double size = log_likelihood < 0 ? -log_likelihood : log_likelihood;
    result.log_likelihood = log_likelihood;
    ++result.iterations;
    if (!ok || !finite(log_likelihood)) {
      result.outcome = !ok ? Outcome::not_positive_definite : Outcome::not_finite;
      break;
    }
    if (gain < options.tolerance * size) {  // also where the likelihood fell
      result.outcome = Outcome::ok;
      break;
    }
    m_step();
  }
  shift_means(T(1));
  return result;
}

/// The points that choose the components of a step's prior.
template <class T>
struct QueryBatch {
  int steps, samples;
  Batch<const T> points;   ///< [S,d]
  Batch<const T> weights;  ///< [S], the same for every step, or no memory: all 1
};

/// The share of each component in the query points of condition i and each step: their mean responsibilities, and the
/// components' weights where no point has weight.
/// shape.points   T S
/// shares         [T,K] out
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void mixture_shares(const Group& g, const MixtureShape& shape, const QueryBatch<T>& query,
                                   std::int64_t i, const Mixture<const T>& mixture, T* shares,
                                   Scratch<Scalar>& scratch) {
  const int d = shape.dimensions, K = shape.components, row = shape.padded<Scalar>(), samples = query.samples;
  const auto factors = ComponentFactors<Scalar>::take(scratch, d);
  T* table = take_elements<T>(scratch, shape.points * row);
  T* points = take_elements<T>(scratch, shape.points * d);
  T* weights = take_elements<T>(scratch, shape.points);
  T* evidence = take_elements<T>(scratch, shape.points);
  if (scratch.counting()) return;

  for_each(g, static_cast<int>(shape.points), [&](int p) {
    const int t = p / samples, s = p % samples;
    const T* point = query.points.at(i, t) + s * query.points.row_stride;
    weights[p] = query.weights.data == nullptr ? T(1) : *query.weights.at(i, s);
    for (int j = 0; j < d; ++j)
      points[std::int64_t{p} * d + j] = weights[p] > T{} ? point[j * query.points.col_stride] : T{};
  });
  log_joint(g, shape, points, mixture, table, factors);
  normalise(g, shape, weights, table, evidence, Scalar{});
  for_each(g, query.steps, [&](int t) {
    const T* of_step = table + std::int64_t{t} * samples * row;
    T* share = shares + std::int64_t{t} * K;
    T total{};
    for (int s = 0; s < samples; ++s)
      for (int k = 0; k < K; ++k) total += of_step[s * row + k];
    for (int k = 0; k < K; ++k) {
      T sum{};
      for (int s = 0; s < samples; ++s) sum += of_step[s * row + k];
      share[k] = total > T{} ? sum / total : mixture.weight[k];
    }
  });
}

/// mu_0 and Phi of each step of condition i.
/// prior_mean [T,d], prior_scatter [T,d,d], times the prior's strength   out
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void mixture_moments(const Group& g, const MixtureShape& shape, const QueryBatch<T>& query,
                                    std::int64_t i, const Mixture<const T>& mixture, T strength, T* prior_mean,
                                    T* prior_scatter, Scratch<Scalar>& scratch) {
  const std::int64_t d = shape.dimensions, K = shape.components;
  T* shares = take_elements<T>(scratch, query.steps * K);
  const auto claims = Claims<T>::take(scratch, shape);
  mixture_shares(g, shape, query, i, mixture, shares, scratch);
  if (scratch.counting()) return;

  for (int t = 0; t < query.steps; ++t) {
    T* scatter = prior_scatter + t * d * d;
    prior_moments<Scalar>(g, shape, shares + t * K, mixture, strength, claims, prior_mean + t * d, scatter);
    mirror(g, matrix(scatter, shape.dimensions, shape.dimensions));
  }
}

/// A prior of fit_linear_gaussian: the mixture's, worked out where it is used, and never stored but for the shares.
template <class T>
struct MomentsPrior {
  MixtureShape shape;
  int steps;
  const T* shares;            ///< [N,T,K]
  Mixture<const T> mixtures;  ///< of all conditions
  T strength, degrees;        ///< m and n_0

  template <class Scalar>
  struct Memory {
    Claims<T> claims[lane_count<Scalar>];
  };
  MDGPS_FUNCTION bool given() const { return true; }
  template <class Scalar>
  MDGPS_FUNCTION Memory<Scalar> take(Scratch<Scalar>& s) const {
    Memory<Scalar> memory;
    for (auto& claims : memory.claims) claims = Claims<T>::take(s, shape);
    return memory;
  }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void load(const Group& g, const Lanes<Scalar>& lanes, Memory<Scalar>& memory,
                           const Vector<Scalar>& mu_0, const Matrix<Scalar>& Phi, Scalar& m, Scalar& n_0) const {
    static_assert(std::is_same_v<Element<Scalar>, T>);
    constexpr int W = lane_count<Scalar>;
    const int d = shape.dimensions;
    const T* covariance[W];
    for (int w = 0; w < W; ++w) {
      const std::int64_t i = lanes.condition[w], problem = i * steps + lanes.step[w];
      const auto mixture = mixtures.of_condition(i, shape);
      covariance[w] = mixture.covariance;
      memory.claims[w].find(g, shape, shares + problem * shape.components, mixture);
    }
    for_each(g, d, [&](int i) {
      for (int w = 0; w < W; ++w) lane(mu_0(i), w) = memory.claims[w].mean[i];
      for_each_piece_of_row<Scalar>(d, i, [&](int j, auto pack) {
        using Pack = decltype(pack);
        Pack rows[W];
        unrolled<W>([&](auto w) MDGPS_INLINE {
          rows[w] = Pack(strength) * memory.claims[w].template covariance_from<Pack>(covariance[w], d, i, j);
        });
        if constexpr (lane_count<Pack> == W) {
          if constexpr (W > 1) transpose(rows);
          unrolled<W>([&](auto e) MDGPS_INLINE { Phi(i, j + e) = rows[e]; });
        } else {
          unrolled<W>([&](auto w) MDGPS_INLINE { lane(Phi(i, j), w) = rows[w]; });
        }
      });
    });
    m = Scalar(strength);
    n_0 = Scalar(degrees);
  }
};

}  // namespace mdgps::kernels::inline MDGPS_TARGET

#include "mdgps/algorithm/gaussians.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "kernels/cholesky.hpp"

namespace mdgps {

namespace {

using kernels::Solo;

kernels::Matrix<double> as_matrix(std::vector<double>& storage, std::int64_t rows, std::int64_t cols) {
  storage.assign(static_cast<std::size_t>(rows * cols), 0.0);
  return kernels::matrix(storage.data(), static_cast<int>(rows), static_cast<int>(cols));
}

kernels::Matrix<double> copied(std::vector<double>& storage, const View<const double, 2>& from) {
  const auto to = as_matrix(storage, from.extents[0], from.extents[1]);
  for (int i = 0; i < to.rows; ++i)
    for (int j = 0; j < to.cols; ++j) to(i, j) = from(i, j);
  return to;
}

}  // namespace

bool cholesky_factor(View<const double, 2> covariance, View<double, 2> factor) {
  std::vector<double> storage;
  const auto a = copied(storage, covariance);
  bool ok = true;
  kernels::cholesky(Solo{}, a, ok);
  for (int i = 0; i < a.rows; ++i)
    for (int j = 0; j < a.cols; ++j) factor(i, j) = j <= i ? a(i, j) : 0.0;
  return ok;
}

void inverse_from_factor(View<const double, 2> factor, View<double, 2> inverse) {
  std::vector<double> l_storage, inverse_storage, product_storage;
  const auto l = copied(l_storage, factor);
  const auto l_inverse = as_matrix(inverse_storage, l.rows, l.cols),
             product = as_matrix(product_storage, l.rows, l.cols);
  kernels::invert_lower(Solo{}, l, l_inverse);
  kernels::product(Solo{}, kernels::transpose(l_inverse), l_inverse, product, kernels::Update::set,
                   kernels::Part::symmetric);
  for (int i = 0; i < l.rows; ++i)
    for (int j = 0; j < l.cols; ++j) inverse(i, j) = product(i, j);
}

Array<double, 4> inverse_covariances(View<const double, 4> covariances) {
  Array<double, 4> inverses(covariances.extents);
  const std::int64_t m = covariances.extents[2];
  Array<double, 2> factor({m, m});
  for (std::int64_t i = 0; i < covariances.extents[0]; ++i)
    for (std::int64_t t = 0; t < covariances.extents[1]; ++t)
      if (cholesky_factor(covariances[i][t], factor)) inverse_from_factor(factor.view(), inverses.view()[i][t]);
  return inverses;
}

Array<double, 2> entropies(View<const double, 4> covariances) {
  const auto [N, T, m, columns] = covariances.extents;
  Array<double, 2> entropies({N, T}, std::numeric_limits<double>::quiet_NaN()), factor({m, m});
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t t = 0; t < T; ++t) {
      if (!cholesky_factor(covariances[i][t], factor)) continue;
      entropies(i, t) = 0.5 * static_cast<double>(m) * (1.0 + std::log(2.0 * std::numbers::pi));
      for (std::int64_t a = 0; a < m; ++a) entropies(i, t) += std::log(factor(a, a));
    }
  return entropies;
}

CovarianceDivergence covariance_divergence(View<const double, 2> factor_p, View<const double, 2> factor_q) {
  std::vector<double> p_storage, q_storage;
  const auto p = copied(p_storage, factor_p), q = copied(q_storage, factor_q);
  CovarianceDivergence divergence;
  for (int i = 0; i < p.rows; ++i) divergence.log_ratio += 2.0 * std::log(q(i, i) / p(i, i));
  kernels::solve_lower(Solo{}, q, p);
  for (const double x : p_storage) divergence.squares += x * x;
  return divergence;
}

}  // namespace mdgps

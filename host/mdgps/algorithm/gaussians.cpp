#include "mdgps/algorithm/gaussians.hpp"

#include <vector>

#include "kernels/cholesky.hpp"
#include "mdgps/solver/precisions.hpp"

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
  Array<double, 4> inverses(covariances.extents, covariances.device);
  precisions<double>(covariances, inverses, {});
  return inverses;
}

Array<double, 2> entropies(View<const double, 4> covariances) {
  Array<double, 2> entropies({covariances.extents[0], covariances.extents[1]}, covariances.device);
  precisions<double>(covariances, {}, entropies);
  return entropies;
}

}  // namespace mdgps

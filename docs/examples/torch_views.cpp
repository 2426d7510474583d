// The solver on tensors: views of their memory, nothing is copied.

#include <ATen/ATen.h>

#include <cstdio>
#include <cstdlib>
#include <mdgps/solver/backward_pass.hpp>

template <int Rank>
mdgps::View<double, Rank> view(const at::Tensor& tensor) {
  mdgps::View<double, Rank> view;
  view.data = tensor.data_ptr<double>();
  for (int d = 0; d < Rank; ++d) {
    view.extents[d] = tensor.size(d);
    view.strides[d] = tensor.stride(d);
  }
  return view;
}

int main() {
  const int N = 16, T = 25, n = 3, m = 2;
  at::manual_seed(0);
  const auto options = at::TensorOptions().dtype(at::kDouble);
  const at::Tensor transition = at::eye(n, n + m, options) + 0.1 * at::randn({N, T, n, n + m}, options);
  const at::Tensor offset = at::zeros({N, T, n}, options);
  const at::Tensor noise = (1e-3 * at::eye(n, options)).expand({N, T, n, n});  // stride 0: one matrix for all
  const at::Tensor hessian = at::eye(n + m, options).expand({N, T, n + m, n + m});
  const at::Tensor gradient = at::randn({N, T, n + m}, options);
  const at::Tensor constant = at::zeros({N, T}, options);

  const at::Tensor gain = at::empty({N, T, m, n}, options);
  const at::Tensor feedforward = at::empty({N, T, m}, options);
  const at::Tensor covariance = at::empty({N, T, m, m}, options);
  mdgps::Array<mdgps::Status, 1> status({N});
  mdgps::backward_pass<double>({view<4>(transition), view<3>(offset), view<4>(noise)},
                               {view<4>(hessian), view<3>(gradient), view<2>(constant)},
                               {view<4>(gain), view<3>(feedforward), view<4>(covariance)}, status);

  // At the last step the best action is -Quu^-1 (Qux x + qu), with Quu = I and Qux = 0 here.
  const at::Tensor expected = -gradient.select(1, T - 1).slice(1, n, n + m);
  const bool correct = at::allclose(feedforward.select(1, T - 1), expected) && status(0) == mdgps::Status::ok;
  std::printf("%d policies in tensors of shape [%d,%d,%d,%d]: %s\n", N, N, T, m, n, correct ? "as expected" : "wrong");
  return correct ? EXIT_SUCCESS : EXIT_FAILURE;
}

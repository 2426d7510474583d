#include "mdgps/learning/s_step.hpp"

#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cholesky_inverse.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/nonzero.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/threshold_backward.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/random.hpp"
#include "mdgps/learning/matrix_product.hpp"
#include "mdgps/learning/policy_parameters.hpp"
#include "mdgps/learning/repeated_work.hpp"
#include "mdgps/learning/tensor_view.hpp"
#include "mdgps/learning/torch_device.hpp"

namespace mdgps {
namespace {

using Parameters = NeuralGaussianPolicy::Parameters;

void check(const SStepProblem& problem, const Parameters& p) {
  const std::int64_t points = problem.observations.extents[0], m = p.actions();
  const Device device = problem.observations.device;
  require_shape(problem.observations, {-1, p.observations()}, "observations", device);
  require_shape(problem.target_means, {points, m}, "target_means", device);
  require_shape(problem.target_precisions, {points, m, m}, "target_precisions", device);
  if (!problem.weights.empty()) require_shape(problem.weights, {points}, "weights", device);
}

void check(const SStepOptions& options) {
  if (options.minibatches < 0 || options.batch_size < 1) {
    throw std::invalid_argument("SStepOptions: minibatches must be at least 0 and batch_size at least 1");
  }
  if (!(options.learning_rate > 0.0 && options.final_learning_rate >= 0.0 && options.weight_decay >= 0.0)) {
    throw std::invalid_argument(
        "SStepOptions: learning_rate must be above 0, final_learning_rate and weight_decay at least 0");
  }
}

/// Points as rows [input of the network, 1, target mean, weighted precision], so that one index_select fetches a
/// minibatch.
struct Rows {
  at::Tensor all;                ///< [P, o+1 + m + m*m]
  at::Tensor input;              ///< [P,o+1]
  at::Tensor target, precision;  ///< [P,m] [P,m,m]

  Rows(at::Tensor rows, std::int64_t o, std::int64_t m)
      : all(std::move(rows)),
        input(all.narrow(1, 0, o + 1)),
        target(all.narrow(1, o + 1, m)),
        precision(all.narrow(1, o + 1 + m, m * m).unflatten(1, {m, m})) {}

  std::int64_t size() const { return all.size(0); }
};

/// The points with a weight above 0, in their order, the weights divided by their mean. Rows are put together where the
/// problem is; the host sees how many they are.
Rows weighted_points(const SStepProblem& problem, const Parameters& p, c10::Device device) {
  const std::int64_t o = p.observations(), m = p.actions();
  const at::Tensor observations = to_tensor(problem.observations);
  const at::Tensor weights =
      problem.weights.empty() ? at::ones({observations.size(0)}, observations.options()) : to_tensor(problem.weights);
  if (const at::Tensor negative = at::nonzero(weights < 0.0); negative.size(0) > 0)
    throw std::invalid_argument("weights: entry " + std::to_string(negative[0].item<std::int64_t>()) + " is negative");
  const at::Tensor members = at::nonzero(weights).squeeze(1);
  const std::int64_t points = members.size(0);
  if (points == 0) throw std::invalid_argument("weights: no point has a weight above 0");
  const at::Tensor kept = weights.index_select(0, members);
  const at::Tensor shares = (kept * static_cast<double>(points) / kept.sum()).view({points, 1, 1});

  const Rows rows(at::ones({points, o + 1 + m + m * m}, observations.options()), o, m);
  rows.input.narrow(1, 0, o).copy_(observations.index_select(0, members));
  rows.target.copy_(to_tensor(problem.target_means).index_select(0, members));
  rows.precision.copy_(to_tensor(problem.target_precisions).index_select(0, members).mul_(shares));
  rows.input.narrow(1, 0, o).mul_(p.scale.to(observations.device())).add_(p.shift.to(observations.device()));
  return {rows.all.to(device), o, m};
}

template <class T>
View<T, 2> matrix_view(const at::Tensor& t) {
  T* data;
  if constexpr (std::is_const_v<T>) {
    data = t.const_data_ptr<std::remove_const_t<T>>();
  } else {
    data = t.mutable_data_ptr<T>();
  }
  return {data, {t.size(0), t.size(1)}, {t.stride(0), t.stride(1)}, Device{}};
}

/// Whether the minibatches' own loops on the CPU take it; LibTorch takes everything.
bool is_single_on_cpu(const at::Tensor& t) { return t.is_cpu() && t.scalar_type() == at::kFloat; }

/// to = a b
void multiply(at::Tensor& to, const at::Tensor& a, const at::Tensor& b) {
  if (is_single_on_cpu(to) && fits_matrix_product(to.size(0), to.size(1))) {
    matrix_product(matrix_view<const float>(a), matrix_view<const float>(b), matrix_view<float>(to));
  } else {
    at::mm_out(to, a, b);
  }
}

/// The network run forwards and backwards on one batch, in memory that is allocated once. The formulas are short
/// enough to write out, and so a minibatch costs a dozen matrix products and no record of operations to differentiate.
/// All views are made beforehand: a step allocates nothing and, on a GPU, touches the same addresses every time.
class Backpropagation {
 public:
  /// `weights` and `gradient` are laid out as p.weights and have the type of `rows`, which holds the batch.
  Backpropagation(const Parameters& p, const at::Tensor& weights, const at::Tensor& gradient, const Rows& rows)
      : rows_(rows) {
    const auto options = rows.all.options();
    const std::int64_t batch = rows.size();
    at::Tensor input = rows.input;
    for (std::int64_t l = 0; l < p.layer_count(); ++l) {
      const bool last = l + 1 == p.layer_count();
      const at::Tensor matrix = p.layer(weights, l);
      Layer layer;
      layer.input = input;
      input = at::ones({batch, p.sizes[l + 1] + 1}, options);  // the last column stays 1, for the next layer's bias
      layer.activation = input;
      layer.output = last ? at::empty({batch, p.actions()}, options) : input.narrow(1, 0, p.sizes[l + 1]);
      layer.transposed = matrix.t();
      layer.linear = matrix.narrow(1, 0, p.sizes[l]);
      layer.gradient = p.layer(gradient, l);
      layer.activation_gradient = at::zeros_like(input);
      layer.output_gradient =
          last ? at::empty({batch, p.actions()}, options) : layer.activation_gradient.narrow(1, 0, p.sizes[l + 1]);
      layer.output_gradient_transposed = layer.output_gradient.t();
      layers_.push_back(std::move(layer));
    }
    error_ = at::empty({batch, p.actions()}, options);
    error_column_ = error_.unsqueeze(2);
    error_gradient_column_ = layers_.back().output_gradient.unsqueeze(2);
  }

  /// Mean of 1/2 e' (w C^-1) e over the batch, e = mu - target.
  double loss() {
    forward();
    return 0.5 * (error_column_ * at::bmm(rows_.precision, error_column_)).sum().item<double>() /
           static_cast<double>(rows_.size());
  }

  /// Writes the gradient of loss().
  void gradient() {
    forward();
    weigh_error();
    for (std::size_t l = layers_.size(); l-- > 0;) {
      Layer& layer = layers_[l];
      multiply(layer.gradient, layer.output_gradient_transposed, layer.input);
      if (l == 0) break;
      Layer& below = layers_[l - 1];
      multiply(below.output_gradient, layer.output_gradient, layer.linear);
      at::threshold_backward_out(below.activation_gradient, below.activation_gradient, below.activation, 0.0);
    }
  }

 private:
  struct Layer {
    at::Tensor input, output;  // [B,in+1] [B,out]
    // [B,out+1] The output with its column of ones, and its gradient's: whole rows without gaps, which LibTorch goes
    // over in one loop. The last column's gradient is nobody's.
    at::Tensor activation, activation_gradient;
    at::Tensor transposed, linear;  // the weights [in+1,out], and without the bias [out,in]
    at::Tensor gradient;            // of the weights [out,in+1]
    at::Tensor output_gradient;     // before the ReLU [B,out]
    at::Tensor output_gradient_transposed;
  };

  void forward() {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      multiply(layers_[l].output, layers_[l].input, layers_[l].transposed);
      if (l + 1 < layers_.size()) layers_[l].activation.relu_();
    }
    at::sub_out(error_, layers_.back().output, rows_.target);
  }

  /// Gradient of loss() to the output: w C^-1 e / B.
  void weigh_error() {
    constexpr std::int64_t width = 4;  // sums side by side: one alone would wait for each of its additions
    const double share = 1.0 / static_cast<double>(rows_.size());
    const std::int64_t m = error_.size(1), row = rows_.all.stride(0);
    if (!is_single_on_cpu(error_) || m < width) {
      at::baddbmm_out(error_gradient_column_, error_gradient_column_, rows_.precision, error_column_, /*beta=*/0.0,
                      /*alpha=*/share);
      return;
    }
    const float* precision = rows_.precision.const_data_ptr<float>();
    const float* error = error_.const_data_ptr<float>();
    float* gradient = layers_.back().output_gradient.mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < rows_.size(); ++i, precision += row, error += m, gradient += m) {
      for (std::int64_t end = width; end < m + width; end += width) {
        const std::int64_t first = std::min(end, m) - width;
        float sum[width] = {};
        for (std::int64_t c = 0; c < m; ++c) {  // columns, which in a symmetric matrix are rows
          for (std::int64_t j = 0; j < width; ++j) sum[j] += precision[c * m + first + j] * error[c];
        }
        for (std::int64_t j = 0; j < width; ++j) gradient[first + j] = static_cast<float>(share) * sum[j];
      }
    }
  }

  Rows rows_;
  std::vector<Layer> layers_;
  at::Tensor error_, error_column_, error_gradient_column_;
};

/// What changes from one minibatch to the next: its points and Adam's rate, laid out beforehand for all of them.
struct Schedule {
  at::Tensor members;  ///< [K,B] rows of the points
  at::Tensor rates;    ///< [K]

  Schedule(std::int64_t points, std::int64_t batch_size, const SStepOptions& options) {
    const std::int64_t K = options.minibatches, batches_per_pass = points / batch_size;
    members = at::empty({K, batch_size}, at::TensorOptions().dtype(at::kLong));
    rates = at::empty({K}, at::TensorOptions().dtype(at::kDouble));
    std::int64_t* to = members.mutable_data_ptr<std::int64_t>();
    double* const rate = rates.mutable_data_ptr<double>();
    std::vector<std::int64_t> order(points);
    std::iota(order.begin(), order.end(), 0);
    for (std::int64_t k = 0; k < K; ++k) {
      const std::int64_t within_pass = k % batches_per_pass;
      if (within_pass == 0) {
        const RandomSequence random(options.seed, RandomStream::minibatches, options.iteration, options.round,
                                    static_cast<std::uint32_t>(k / batches_per_pass));
        for (std::int64_t i = points - 1; i > 0; --i)
          std::swap(order[i], order[random.below(static_cast<std::uint32_t>(i), static_cast<std::uint64_t>(i) + 1)]);
      }
      to = std::copy_n(order.begin() + within_pass * batch_size, batch_size, to);
      const double progress = K > 1 ? static_cast<double>(k) / static_cast<double>(K - 1) : 0.0;
      rate[k] = options.final_learning_rate + (options.learning_rate - options.final_learning_rate) * 0.5 *
                                                  (1.0 + std::cos(std::numbers::pi * progress));
    }
  }
};

/// Adam on minibatches, in single precision: the noise of a minibatch is far above its rounding, and a step costs half
/// as much. The points, the weights and what the optimiser keeps stay on the points' device until the last minibatch;
/// weights and moments are handed back in double.
/// Source: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
class MeanTraining {
 public:
  MeanTraining(Parameters& p, const Rows& all, const SStepOptions& options)
      : p_(p),
        options_(options),
        device_(all.all.device()),
        points_(all.all.to(at::kFloat), p.observations(), p.actions()),
        batch_(at::empty({std::min<std::int64_t>(options.batch_size, points_.size()), points_.all.size(1)},
                         points_.all.options()),
               p.observations(), p.actions()),
        schedule_(points_.size(), batch_.size(), options),
        weights_{single(p.weights)},
        gradients_{at::zeros_like(weights_[0])},
        first_{single(p.first_moment)},
        second_{single(p.second_moment)},
        count_{single(p.minibatches)},
        network_(p, weights_[0], gradients_[0], batch_) {}

  void run() {
    device_.is_cpu() ? run_on_cpu() : run_on_gpu();
    p_.weights.copy_(weights_[0]);
    p_.first_moment.copy_(first_[0]);
    p_.second_moment.copy_(second_[0]);
    p_.minibatches.copy_(count_[0]);
  }

 private:
  at::Tensor single(const at::Tensor& t) const {
    return t.to(device_, at::kFloat, /*non_blocking=*/false, /*copy=*/true);
  }

  /// `rate` is a number, or a tensor in the GPU's memory.
  template <class Rate>
  void adam(const Rate& rate) {
    at::_fused_adam_(weights_, gradients_, first_, second_, /*max_exp_avg_sqs=*/{}, count_, rate, /*beta1=*/0.9,
                     /*beta2=*/0.999, options_.weight_decay, /*eps=*/1e-8, /*amsgrad=*/false, /*maximize=*/false);
  }

  void run_on_cpu() {
    constexpr std::int64_t line = 64 / sizeof(float);
    const std::int64_t B = batch_.size(), length = points_.all.size(1);
    const float* const points = points_.all.const_data_ptr<float>();
    float* const batch = batch_.all.mutable_data_ptr<float>();
    float* const count = count_[0].mutable_data_ptr<float>();
    const std::int64_t* member = schedule_.members.const_data_ptr<std::int64_t>();
    for (int k = 0; k < options_.minibatches; ++k) {
      for (std::int64_t i = 0; i < B; ++i) std::copy_n(points + *member++ * length, length, batch + i * length);
      if (k + 1 < options_.minibatches) {  // the next points come from memory while these are worked on
        for (std::int64_t i = 0; i < B; ++i) {
          for (std::int64_t e = 0; e < length; e += line) __builtin_prefetch(points + member[i] * length + e);
        }
      }
      network_.gradient();
      *count += 1.0F;
      adam(schedule_.rates.const_data_ptr<double>()[k]);
    }
  }

  /// A minibatch is the same operations on the same memory every time, so that a GPU replays them.
  void run_on_gpu() {
    const at::Tensor members = schedule_.members.to(device_), rates = schedule_.rates.to(device_, at::kFloat);
    at::Tensor next = at::zeros({1}, members.options()), these = at::empty({1, batch_.size()}, members.options()),
               rate = at::empty({1}, rates.options());
    const at::Tensor indices = these.select(0, 0);
    RepeatedWork minibatch(device_, [&] {
      at::index_select_out(these, members, 0, next);
      at::index_select_out(rate, rates, 0, next);
      next.add_(1);
      at::index_select_out(batch_.all, points_.all, 0, indices);
      network_.gradient();
      count_[0].add_(1);
      adam(rate);
    });
    for (int k = 0; k < options_.minibatches; ++k) minibatch();
    minibatch.finish();
  }

  Parameters& p_;
  const SStepOptions& options_;
  at::Device device_;
  Rows points_, batch_;
  Schedule schedule_;
  std::vector<at::Tensor> weights_, gradients_, first_, second_, count_;
  Backpropagation network_;
};

bool is_finite(const at::Tensor& t) { return at::isfinite(t).all().item<bool>(); }

}  // namespace

SStepResult s_step(NeuralGaussianPolicy& policy, const SStepProblem& problem, const SStepOptions& options) {
  Parameters& p = policy.parameters();
  check(problem, p);
  check(options);
  const c10::Device device = torch_device(options.device);
  const c10::InferenceMode guard;
  const SingleThread single;

  const Rows points = weighted_points(problem, p, device);
  SStepResult result{.points = points.size()};
  const auto [factor, info] = at::linalg_cholesky_ex(points.precision.mean(0).to(c10::kCPU));
  at::Tensor weights = p.weights.to(device);  // on the CPU p's own
  Backpropagation whole(p, weights, at::zeros_like(weights), points);
  result.initial_loss = whole.loss();
  if (!is_finite(points.all) || !std::isfinite(result.initial_loss)) {
    result.status = Status::not_finite;
  } else if (info.item<int>() != 0) {
    result.status = Status::not_positive_definite;
  }
  if (result.status != Status::ok) {
    result.final_loss = result.initial_loss;
    return result;
  }

  const std::vector<std::pair<at::Tensor, at::Tensor>> before{{p.weights, p.weights.clone()},
                                                              {p.first_moment, p.first_moment.clone()},
                                                              {p.second_moment, p.second_moment.clone()},
                                                              {p.minibatches, p.minibatches.clone()}};
  if (options.minibatches > 0) MeanTraining(p, points, options).run();
  weights.copy_(p.weights);
  result.final_loss = whole.loss();
  if (!std::isfinite(result.final_loss) || !is_finite(p.weights) || !is_finite(p.second_moment)) {
    for (const auto& [tensor, value] : before) tensor.copy_(value);
    result.status = Status::not_finite;
    return result;
  }
  const at::Tensor covariance = at::cholesky_inverse(factor);
  p.covariance.copy_((covariance + covariance.t()) * 0.5);  // symmetric to the bit
  return result;
}

double s_step_objective(const NeuralGaussianPolicy& policy, const SStepProblem& problem) {
  const Parameters& p = policy.parameters();
  check(problem, p);
  const c10::InferenceMode guard;
  const SingleThread single;
  const Rows points = weighted_points(problem, p, c10::kCPU);
  const double mean_term = Backpropagation(p, p.weights, at::zeros_like(p.weights), points).loss();
  const double trace = (points.precision.mean(0) * p.covariance).sum().item<double>();
  const at::Tensor factor = std::get<0>(at::linalg_cholesky_ex(p.covariance));
  return mean_term + 0.5 * trace - factor.diagonal().log().sum().item<double>();
}

}  // namespace mdgps

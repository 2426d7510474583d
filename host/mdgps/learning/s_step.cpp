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
#include <utility>
#include <vector>

#include "kernels/random.hpp"
#include "mdgps/learning/policy_parameters.hpp"
#include "mdgps/learning/repeated_work.hpp"
#include "mdgps/learning/tensor_view.hpp"
#include "mdgps/learning/torch_device.hpp"

namespace mdgps {
namespace {

using Parameters = NeuralGaussianPolicy::Parameters;

void check(const SStepProblem& problem, const Parameters& p) {
  const std::int64_t points = problem.observations.extents[0], m = p.actions();
  require_shape(problem.observations, {-1, p.observations()}, "observations");
  require_shape(problem.target_means, {points, m}, "target_means");
  require_shape(problem.target_precisions, {points, m, m}, "target_precisions");
  if (!problem.weights.empty()) require_shape(problem.weights, {points}, "weights");
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

/// The points with a weight above 0, in their order, the weights divided by their mean.
Rows weighted_points(const SStepProblem& problem, const Parameters& p) {
  const std::int64_t o = p.observations(), m = p.actions();
  std::vector<std::int64_t> kept;
  double weight_sum = 0.0;
  for (std::int64_t i = 0; i < problem.observations.extents[0]; ++i) {
    const double weight = problem.weights.empty() ? 1.0 : problem.weights(i);
    if (weight < 0.0) throw std::invalid_argument("weights: entry " + std::to_string(i) + " is negative");
    if (weight == 0.0) continue;
    kept.push_back(i);
    weight_sum += weight;
  }
  if (kept.empty()) throw std::invalid_argument("weights: no point has a weight above 0");

  const auto points = static_cast<std::int64_t>(kept.size());
  at::Tensor all = at::empty({points, o + 1 + m + m * m}, at::TensorOptions().dtype(at::kDouble));
  double* row = all.mutable_data_ptr<double>();
  for (const std::int64_t i : kept) {
    const double weight =
        (problem.weights.empty() ? 1.0 : problem.weights(i)) * static_cast<double>(points) / weight_sum;
    for (std::int64_t c = 0; c < o; ++c) *row++ = problem.observations(i, c);
    *row++ = 1.0;
    for (std::int64_t c = 0; c < m; ++c) *row++ = problem.target_means(i, c);
    for (std::int64_t r = 0; r < m; ++r) {
      for (std::int64_t c = 0; c < m; ++c) *row++ = weight * problem.target_precisions(i, r, c);
    }
  }
  Rows rows(std::move(all), o, m);
  rows.input.narrow(1, 0, o).mul_(p.scale).add_(p.shift);
  return rows;
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
    at::baddbmm_out(error_gradient_column_, error_gradient_column_, rows_.precision, error_column_, /*beta=*/0.0,
                    /*alpha=*/1.0 / static_cast<double>(rows_.size()));
    for (std::size_t l = layers_.size(); l-- > 0;) {
      Layer& layer = layers_[l];
      at::mm_out(layer.gradient, layer.output_gradient_transposed, layer.input);
      if (l == 0) break;
      Layer& below = layers_[l - 1];
      at::mm_out(below.output_gradient, layer.output_gradient, layer.linear);
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
      at::mm_out(layers_[l].output, layers_[l].input, layers_[l].transposed);
      if (l + 1 < layers_.size()) layers_[l].activation.relu_();
    }
    at::sub_out(error_, layers_.back().output, rows_.target);
  }

  Rows rows_;
  std::vector<Layer> layers_;
  at::Tensor error_, error_column_, error_gradient_column_;
};

/// What changes from one minibatch to the next: its points and Adam's rate, laid out beforehand for all of them.
struct Schedule {
  at::Tensor members;  ///< [K,B] rows of the points
  at::Tensor rates;    ///< [K] in the type that the fused Adam takes: double on the CPU, single on a GPU

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
/// weights and moments are handed back in double. A minibatch is the same operations on the same memory every time, so
/// that a GPU replays them.
/// Source: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
void train_mean(Parameters& p, const Rows& all, const SStepOptions& options) {
  const at::Device device = all.all.device();
  const Rows points(all.all.to(at::kFloat), p.observations(), p.actions());
  const std::int64_t batch_size = std::min<std::int64_t>(options.batch_size, points.size());
  Rows batch(at::empty({batch_size, points.all.size(1)}, points.all.options()), p.observations(), p.actions());
  const auto on_device = [&](const at::Tensor& t) { return t.to(device, at::kFloat); };
  const std::vector<at::Tensor> weights{on_device(p.weights)}, gradients{at::zeros_like(weights[0])},
      first{on_device(p.first_moment)}, second{on_device(p.second_moment)}, count{on_device(p.minibatches)};
  Backpropagation network(p, weights[0], gradients[0], batch);

  const Schedule schedule(points.size(), batch_size, options);
  const at::Tensor members = schedule.members.to(device),
                   rates = schedule.rates.to(device, device.is_cpu() ? at::kDouble : at::kFloat);
  at::Tensor next = at::zeros({1}, members.options()), these = at::empty({1, batch_size}, members.options()),
             rate = at::empty({1}, rates.options());
  const at::Tensor indices = these.select(0, 0);
  RepeatedWork minibatch(device, [&] {
    at::index_select_out(these, members, 0, next);
    at::index_select_out(rate, rates, 0, next);
    next.add_(1);
    at::index_select_out(batch.all, points.all, 0, indices);
    network.gradient();
    count[0].add_(1);
    at::_fused_adam_(weights, gradients, first, second, /*max_exp_avg_sqs=*/{}, count, rate, /*beta1=*/0.9,
                     /*beta2=*/0.999, options.weight_decay, /*eps=*/1e-8, /*amsgrad=*/false, /*maximize=*/false);
  });
  for (int k = 0; k < options.minibatches; ++k) minibatch();
  minibatch.finish();
  p.weights.copy_(weights[0]);
  p.first_moment.copy_(first[0]);
  p.second_moment.copy_(second[0]);
  p.minibatches.copy_(count[0]);
}

bool is_finite(const at::Tensor& t) { return at::isfinite(t).all().item<bool>(); }

}  // namespace

SStepResult s_step(NeuralGaussianPolicy& policy, const SStepProblem& problem, const SStepOptions& options) {
  Parameters& p = policy.parameters();
  check(problem, p);
  check(options);
  const c10::Device device = torch_device(options.device);
  const c10::InferenceMode guard;
  const SingleThread single;

  const Rows given = weighted_points(problem, p);
  SStepResult result{.points = given.size()};
  const auto [factor, info] = at::linalg_cholesky_ex(given.precision.mean(0));
  const Rows points(given.all.to(device), p.observations(), p.actions());
  at::Tensor weights = p.weights.to(device);  // on the CPU p's own
  Backpropagation whole(p, weights, at::zeros_like(weights), points);
  result.initial_loss = whole.loss();
  if (!is_finite(given.all) || !std::isfinite(result.initial_loss)) {
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
  if (options.minibatches > 0) train_mean(p, points, options);
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
  const Rows points = weighted_points(problem, p);
  const double mean_term = Backpropagation(p, p.weights, at::zeros_like(p.weights), points).loss();
  const double trace = (points.precision.mean(0) * p.covariance).sum().item<double>();
  const at::Tensor factor = std::get<0>(at::linalg_cholesky_ex(p.covariance));
  return mean_term + 0.5 * trace - factor.diagonal().log().sum().item<double>();
}

}  // namespace mdgps

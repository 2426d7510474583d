/// Every kernel compiled for a device: a thread block per problem, and for one of them a tile of 32 threads.

#include <cooperative_groups.h>

#include "kernels/c_step.hpp"
#include "kernels/cost_expansion.hpp"
#include "kernels/expected_cost.hpp"
#include "kernels/forward_pass.hpp"
#include "kernels/gaussian_mixture.hpp"
#include "kernels/random.hpp"
#include "kernels/regression.hpp"
#include "mdgps/solver/cost_term_pointers.hpp"

namespace cg = cooperative_groups;
namespace k = mdgps::kernels;
using T = double;

namespace {

/// A group's scratch in device memory.
__device__ k::Scratch<T> scratch_of(T* scratch, std::int64_t stride) { return {scratch + blockIdx.x * stride, 0}; }

}  // namespace

__global__ void fit_linear_gaussian(k::Shape shape, k::RegressionShape samples, k::RegressionBatch<T> b, T* memory,
                                    std::int64_t stride) {
  auto scratch = scratch_of(memory, stride);
  k::fit_linear_gaussian(cg::this_thread_block(), k::step_lanes<T>(blockIdx.x, shape.conditions, shape.steps), samples,
                         b, scratch);
}

__global__ void fit_linear_gaussian_on_tiles(k::Shape shape, k::RegressionShape samples, k::RegressionBatch<T> b,
                                             T* memory, std::int64_t stride) {
  const auto tile = cg::tiled_partition<32>(cg::this_thread_block());
  const std::int64_t problem = std::int64_t{blockIdx.x} * tile.meta_group_size() + tile.meta_group_rank();
  k::Scratch<T> scratch{memory + problem * stride, 0};
  k::fit_linear_gaussian(tile, k::step_lanes<T>(problem, shape.conditions, shape.steps), samples, b, scratch);
}

__global__ void expand_cost(k::Shape shape, k::CostShape samples, const mdgps::CostTermPointers* terms,
                            k::CostExpansionBatch<T> b, T* memory, std::int64_t stride) {
  auto scratch = scratch_of(memory, stride);
  k::expand_cost(cg::this_thread_block(), k::step_lanes<T>(blockIdx.x, shape.conditions, shape.steps), samples, terms,
                 b, scratch);
}

__global__ void backward_pass(k::Shape shape, k::DynamicsBatch<const T> dynamics, k::CostBatch<const T> cost,
                              k::PolicyBatch<T> policy, k::Batch<std::int32_t> status, T* memory, std::int64_t stride) {
  auto scratch = scratch_of(memory, stride);
  k::backward_pass(cg::this_thread_block(), k::condition_lanes<T>(blockIdx.x, shape.conditions), shape, dynamics, cost,
                   policy, status, scratch);
}

__global__ void forward_pass(k::Shape shape, k::GaussianBatch<const T> initial, k::DynamicsBatch<const T> dynamics,
                             k::PolicyBatch<const T> policy, k::GaussianBatch<T> distribution,
                             k::Batch<std::int32_t> status, T* memory, std::int64_t stride) {
  auto scratch = scratch_of(memory, stride);
  k::forward_pass(cg::this_thread_block(), k::condition_lanes<T>(blockIdx.x, shape.conditions), shape, initial,
                  dynamics, policy, distribution, status, scratch);
}

__global__ void kl_divergence(k::Shape shape, k::PolicyBatch<const T> policy, k::PolicyBatch<const T> reference,
                              k::GaussianBatch<const T> distribution, k::Batch<T> total, k::Batch<T> per_step,
                              k::Batch<std::int32_t> status, T* memory, std::int64_t stride) {
  auto scratch = scratch_of(memory, stride);
  k::kl_divergence(cg::this_thread_block(), k::condition_lanes<T>(blockIdx.x, shape.conditions), shape, policy,
                   reference, distribution, total, per_step, status, scratch);
}

__global__ void expected_cost(k::Shape shape, k::GaussianBatch<const T> distribution, k::CostBatch<const T> cost,
                              k::Batch<T> total, k::Batch<T> per_step, T* memory, std::int64_t stride) {
  auto scratch = scratch_of(memory, stride);
  k::expected_cost(cg::this_thread_block(), k::condition_lanes<T>(blockIdx.x, shape.conditions), shape, distribution,
                   cost, total, per_step, scratch);
}

__global__ void c_step(k::Shape shape, k::CStepBatch<T> b, k::DualSearchOptions options, T* memory,
                       std::int64_t stride) {
  auto scratch = scratch_of(memory, stride);
  k::c_step(cg::this_thread_block(), k::condition_lanes<T>(blockIdx.x, shape.conditions), shape, b, options, scratch);
}

__global__ void expectation_maximisation(k::MixtureShape shape, const T* points, const T* weights,
                                         const std::int32_t* assignment, k::EmOptions options, k::Mixture<T> mixture,
                                         T* memory, std::int64_t stride) {
  auto scratch = scratch_of(memory, stride);
  k::expectation_maximisation(cg::this_thread_block(), shape, points, weights, assignment, options, mixture, scratch);
}

__global__ void mixture_moments(k::MixtureShape shape, int steps, int samples, k::Batch<const T> points,
                                k::Batch<const T> weights, k::Mixture<const T> mixture, T* mean, T* scatter, T* memory,
                                std::int64_t stride) {
  auto scratch = scratch_of(memory, stride);
  k::mixture_moments(cg::this_thread_block(), shape, steps, samples, points, weights, blockIdx.x, mixture, mean,
                     scatter, scratch);
}

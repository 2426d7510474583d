// Prints the threads and the shared memory of each kernel's block for the sizes of two tasks, as the kernels count
// their scratch. Needs no GPU.

#include <cstdio>

#include "kernels/action_divergence.hpp"
#include "kernels/c_step.hpp"
#include "kernels/cost_expansion.hpp"
#include "kernels/expected_cost.hpp"
#include "kernels/forward_pass.hpp"
#include "kernels/gaussian_mixture.hpp"
#include "kernels/network_policy.hpp"
#include "kernels/point_mass.hpp"
#include "kernels/precisions.hpp"
#include "kernels/regression.hpp"
#include "mdgps/solver/batches.hpp"
#include "mdgps/solver/block.hpp"
#include "mdgps/solver/cost_term_pointers.hpp"
#include "mdgps/solver/network_policy.hpp"

namespace mdgps::MDGPS_TARGET {
namespace {

constexpr int kMostShared = 163 * 1024;  // per block, of compute capability 8.0
constexpr int kSteps = 100, kSamples = 20, kComponents = 20;

template <class Real, class Count>
void print(const char* kernel, const char* real, const Shape& shape, std::int64_t width, const Count& count) {
  Scratch<Real> scratch;
  count(scratch);
  const BlockNeeds needs = block_needs(scratch, kMostShared);
  std::printf("%s,%s,%d,%d,%d,%zu,%zu\n", kernel, real, shape.states, shape.actions, threads_for(width),
              needs.shared_bytes, needs.workspace_bytes);
}

template <class T>
void print_all(const char* real, const Shape& s) {
  const Solo g;
  const Lanes<T> lanes{};
  const int p = s.joint(), d = p + s.states;
  const MixtureShape mixture{std::int64_t{kSteps} * kSamples, d, kComponents};
  print<T>("BackwardPass", real, s, tiles(p),
           [&](auto& scratch) { kernels::backward_pass<Solo, T, T>(g, lanes, s, {}, {}, {}, {}, scratch); });
  print<T>("ForwardPass", real, s, tiles(p),
           [&](auto& scratch) { kernels::forward_pass<Solo, T, T>(g, lanes, s, {}, {}, {}, {}, {}, scratch); });
  print<T>("KlDivergence", real, s, tiles(s.states),
           [&](auto& scratch) { kernels::kl_divergence<Solo, T, T>(g, lanes, s, {}, {}, {}, {}, {}, {}, scratch); });
  print<T>("ExpectedCost", real, s, tiles(p),
           [&](auto& scratch) { kernels::expected_cost<Solo, T, T>(g, lanes, s, {}, {}, {}, {}, scratch); });
  print<T>("CStep", real, s, tiles(p),
           [&](auto& scratch) { kernels::c_step<Solo, T, T>(g, lanes, s, {}, {}, scratch); });
  print<T>("FitLinearGaussian", real, s, tiles(d), [&](auto& scratch) {
    T prior_mean{};  // with a prior, as in training
    RegressionBatch<T> batch{};
    batch.prior.mean.data = &prior_mean;
    kernels::fit_linear_gaussian<Solo, T, T>(g, lanes, {kSamples, p, s.states}, batch, scratch);
  });
  print<T>("FitWithMixture", real, s, tiles(d), [&](auto& scratch) {
    RegressionBatch<T, MomentsPrior<T>> batch{};
    batch.prior.shape = mixture;
    kernels::fit_linear_gaussian<Solo, T, T>(g, lanes, {kSamples, p, s.states}, batch, scratch);
  });
  print<T>("ExpandCost", real, s, tiles(p), [&](auto& scratch) {
    const CostShape shape{kSamples, s.states, s.actions, 6, 2, 7};
    kernels::expand_cost<Solo, T, CostTermPointers, T>(g, lanes, shape, nullptr, {}, scratch);
  });
  print<T>("FitGaussianMixture", real, s, mixture.points, [&](auto& scratch) {
    expectation_maximisation<Solo, T, T>(g, mixture, nullptr, nullptr, nullptr, {}, {}, scratch);
  });
  print<T>("MixturePrior", real, s, mixture.points, [&](auto& scratch) {
    mixture_moments<Solo, T, T>(g, mixture, {kSteps, kSamples, {}, {}}, 0, {}, T(1), nullptr, nullptr, scratch);
  });
  print<T>("MixtureShares", real, s, mixture.points, [&](auto& scratch) {
    mixture_shares<Solo, T, T>(g, mixture, {kSteps, kSamples, {}, {}}, 0, {}, nullptr, scratch);
  });
  print<T>("Rearrange", real, s, kSamples * d, [](auto&) {});
  print<T>("MeanStates", real, s, s.states, [](auto&) {});
  print<T>("DrawImitationPoints", real, s, kSteps, [&](auto& scratch) { scratch.take(kSteps * s.states); });
  print<T>("AverageExpansion", real, s, s.actions, [](auto&) {});
  print<T>("CompareActions", real, s, kSamples, [&](auto& scratch) {
    ActionDivergenceBatch<T> batch{};
    batch.samples = kSamples;
    batch.action_size = s.actions;
    scratch.take(batch.scratch_size());
  });
  print<T>("SumSampleCosts", real, s, kSamples * kSteps, [](auto&) {});
  print<T>("InvertCovariances", real, s, tiles(s.actions), [&](auto& scratch) {
    PrecisionBatch<T> batch{};
    batch.size = s.actions;
    scratch.take(batch.scratch_size());
  });
}

void print_table() {
  std::puts("kernel,real,n,m,threads,shared_bytes,workspace_bytes");
  for (const Shape& shape : {Shape{1, kSteps, 6, 2}, Shape{1, kSteps, 26, 7}}) {
    print_all<double>("double", shape);
    print_all<float>("float", shape);
  }
  const Shape point_mass{1, kSteps, 4, 2};
  print<double>("RollOutPointMass", "double", point_mass, rollouts_at_once, [](auto&) {});
  print<float>("RollOutPointMass", "float", point_mass, rollouts_at_once, [](auto&) {});
  const NetworkPolicyArrays<double> network({4, 40, 40, 2});
  const auto count = [&](auto& scratch) { thread_network(Solo{}, network.view(), rollouts_at_once, scratch); };
  print<double>("RollOutNetwork", "double", point_mass, rollouts_at_once, count);
  print<float>("RollOutNetwork", "float", point_mass, rollouts_at_once, count);
}

}  // namespace
}  // namespace mdgps::MDGPS_TARGET

int main() { mdgps::MDGPS_TARGET::print_table(); }

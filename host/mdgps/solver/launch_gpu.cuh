#pragma once
/// Runs a kernel on a GPU: a thread block per problem, its matrices at work in shared memory. Private to the solver;
/// *.target.cpp files include it through launch.hpp.
///
/// A launch copies nothing, allocates nothing and waits for nothing, so that it can be captured in a CUDA graph.

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/lanes.hpp"
#include "mdgps/solver/block.hpp"
#include "mdgps/solver/on_device.cuh"
#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps::MDGPS_TARGET {

using namespace mdgps::kernels;

template <class Group, class Real, class Op>
__global__ void __launch_bounds__(Group::most_threads, 1)
    run_blocks(std::int64_t problems, BlockMemory<Real> memory, Op op) {
  extern __shared__ double shared[];
  run_block(Group{}, blockIdx.x, gridDim.x, problems, memory, reinterpret_cast<Real*>(shared), op);
}

/// What one launch needs and does, for one kind of group.
template <class Group, class Real, class Op>
WorkspaceNeeds launch_blocks(std::int64_t problems, const Workspace& workspace, Stream stream, int threads,
                             const Op& op) {
  const OnDevice on_device(workspace.device);
  const auto attribute = [&](cudaDeviceAttr which) {
    int value = 0;
    check(cudaDeviceGetAttribute(&value, which, workspace.device.index));
    return value;
  };
  Scratch<Real> counter;
  op(Group{}, std::int64_t{0}, counter);
  const BlockNeeds needs = block_needs(counter, attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin));

  const auto kernel = run_blocks<Group, Real, Op>;
  check(
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(needs.shared_bytes)));
  int per_processor = 0;
  check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&per_processor, kernel, threads, needs.shared_bytes));
  const std::int64_t resident = std::int64_t{per_processor} * attribute(cudaDevAttrMultiProcessorCount);
  const std::int64_t most_blocks = problems < resident ? problems : resident;
  const WorkspaceNeeds result = workspace_needs(needs, most_blocks);
  if (workspace.data == nullptr || problems == 0) return result;

  const BlockMemory<Real> memory(needs, workspace);
  const std::int64_t blocks = memory.shares < most_blocks ? memory.shares : most_blocks;
  kernel<<<static_cast<unsigned>(blocks), threads, needs.shared_bytes, static_cast<cudaStream_t>(stream.handle)>>>(
      problems, memory, op);
  check(cudaGetLastError());
  return result;
}

/// Runs `op(group, problem, scratch)` for every problem. `op` goes to the device by value.
/// op   has width(), how many tiles or points its longest loop shares out: few go to a warp, more to a larger block
template <class Real, class Op>
WorkspaceNeeds launch_each(std::int64_t problems, const Workspace& workspace, Stream stream, const Op& op) {
  const int threads = threads_for(op.width());
  if (threads == Warp::most_threads) return launch_blocks<Warp, Real>(problems, workspace, stream, threads, op);
  return launch_blocks<Block, Real>(problems, workspace, stream, threads, op);
}

/// A block evaluates one dual at a time.
inline constexpr int most_candidates = 1;

/// Runs `op(group, lanes, scratch)` for every condition.
template <class Real, class Op>
WorkspaceNeeds launch_conditions(std::int64_t conditions, const Workspace& workspace, Stream stream, const Op& op) {
  return launch_each<Real>(conditions, workspace, stream, OnConditions<Real, Op>{op, conditions});
}

template <class Real, class Op>
WorkspaceNeeds launch_conditions(std::int64_t conditions, int /*width*/, const Workspace& workspace, Stream stream,
                                 const Op& op) {
  return launch_conditions<Real>(conditions, workspace, stream, op);
}

/// Runs `op(group, lanes, scratch)` for every (condition, step) pair.
template <class Real, class Op>
WorkspaceNeeds launch_steps(std::int64_t conditions, std::int64_t steps, const Workspace& workspace, Stream stream,
                            const Op& op) {
  return launch_each<Real>(conditions * steps, workspace, stream, OnSteps<Real, Op>{op, conditions, steps});
}

}  // namespace mdgps::MDGPS_TARGET

#pragma once
/// Runs a kernel on a GPU: a thread block per problem, its matrices at work in shared memory. Private to the solver;
/// *.target.cpp files include it through launch.hpp.
///
/// A launch copies nothing, allocates nothing and waits for nothing, so that it can be captured in a CUDA graph.

#include <cooperative_groups.h>
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

/// The blocks of a cluster as a team: each evaluates one of a condition's candidates. They run at the same time, and
/// read what the others have found from their shared memory.
struct Cluster {
  MDGPS_FUNCTION int size() const {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    return static_cast<int>(cooperative_groups::this_cluster().num_blocks());
#else
    return 1;
#endif
  }
  MDGPS_FUNCTION int rank() const {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    return static_cast<int>(cooperative_groups::this_cluster().block_rank());
#else
    return 0;
#endif
  }
  template <class T>
  MDGPS_FUNCTION void share([[maybe_unused]] T own, [[maybe_unused]] T* all) const {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    __shared__ T slot;
    const auto cluster = cooperative_groups::this_cluster();
    if (threadIdx.x == 0) slot = own;
    cluster.sync();  // every block has left what it found
    for (int r = 0; r < size(); ++r) all[r] = *cluster.map_shared_rank(&slot, static_cast<unsigned>(r));
    cluster.sync();  // every block has read it
#endif
  }
};

/// The same with a cluster of blocks to a problem.
template <class Group, class Real, class Op>
__global__ void __launch_bounds__(Group::most_threads, 1)
    run_clusters(std::int64_t problems, BlockMemory<Real> memory, Op op) {
  extern __shared__ double shared[];
  const Cluster cluster;
  const std::int64_t clusters = gridDim.x / cluster.size();
  for (std::int64_t i = blockIdx.x / cluster.size(); i < problems; i += clusters) {
    Scratch<Real> scratch = memory.scratch(blockIdx.x, reinterpret_cast<Real*>(shared));
    op(Group{}, i, scratch, cluster);
    Group{}.sync();  // every thread has done with the scratch
  }
}

inline int attribute(cudaDeviceAttr which, Device device) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, which, device.index));
  return value;
}

/// What one launch needs and does, for one kind of group, with `width` blocks to a problem.
template <class Group, class Real, class Op>
WorkspaceNeeds launch_clusters(std::int64_t problems, int width, const Workspace& workspace, Stream stream, int threads,
                               const Op& op) {
  const OnDevice on_device(workspace.device);
  Scratch<Real> counter;
  op(Group{}, std::int64_t{0}, counter, Cluster{});
  const BlockNeeds needs = block_needs(counter, attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin, workspace.device));

  const auto kernel = run_clusters<Group, Real, Op>;
  check(
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(needs.shared_bytes)));
  cudaLaunchAttribute dimension;
  dimension.id = cudaLaunchAttributeClusterDimension;
  dimension.val.clusterDim = {static_cast<unsigned>(width), 1, 1};
  cudaLaunchConfig_t config = {};
  config.gridDim = static_cast<unsigned>(width);
  config.blockDim = static_cast<unsigned>(threads);
  config.dynamicSmemBytes = needs.shared_bytes;
  config.stream = static_cast<cudaStream_t>(stream.handle);
  config.attrs = &dimension;
  config.numAttrs = 1;
  int resident = 0;
  check(cudaOccupancyMaxActiveClusters(&resident, kernel, &config));
  const std::int64_t most_clusters = problems < resident ? problems : resident;
  WorkspaceNeeds result = workspace_needs(needs, width * most_clusters);
  result.least = workspace_needs(needs, width).best;
  if (workspace.data == nullptr || problems == 0) return result;

  const BlockMemory<Real> memory(needs, workspace);
  const std::int64_t room = memory.shares / width;
  config.gridDim = static_cast<unsigned>(width * (room < most_clusters ? room : most_clusters));
  check(cudaLaunchKernelEx(&config, kernel, problems, memory, op));
  return result;
}

/// What one launch needs and does, for one kind of group.
template <class Group, class Real, class Op>
WorkspaceNeeds launch_blocks(std::int64_t problems, const Workspace& workspace, Stream stream, int threads,
                             const Op& op) {
  const OnDevice on_device(workspace.device);
  Scratch<Real> counter;
  op(Group{}, std::int64_t{0}, counter);
  const BlockNeeds needs = block_needs(counter, attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin, workspace.device));

  const auto kernel = run_blocks<Group, Real, Op>;
  check(
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(needs.shared_bytes)));
  int per_processor = 0;
  check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&per_processor, kernel, threads, needs.shared_bytes));
  const std::int64_t resident =
      std::int64_t{per_processor} * attribute(cudaDevAttrMultiProcessorCount, workspace.device);
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

/// Whether a condition's matrices at work lie in a block's shared memory.
template <class Real, class Op>
bool fits_shared_memory(Device device, const Op& op) {
  Scratch<Real> counter;
  op(Block{}, condition_lanes<Real>(0, 1), counter);
  return block_needs(counter, attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin, device)).shared_bytes > 0;
}

/// How many candidates a condition's search has where so many are asked for: each takes a block of a cluster, which
/// GPUs have from compute capability 9.0 on.
inline int candidates(int width, Device device) {
  return attribute(cudaDevAttrComputeCapabilityMajor, device) >= 9 ? width : 1;
}

/// Runs `op(group, lanes, scratch)` for every condition.
template <class Real, class Op>
WorkspaceNeeds launch_conditions(std::int64_t conditions, const Workspace& workspace, Stream stream, const Op& op) {
  return launch_each<Real>(conditions, workspace, stream, OnConditions<Real, Op>{op, conditions});
}

/// The same with `width` blocks to a condition.
template <class Real, class Op>
WorkspaceNeeds launch_conditions(std::int64_t conditions, int width, const Workspace& workspace, Stream stream,
                                 const Op& op) {
  if (width == 1) return launch_conditions<Real>(conditions, workspace, stream, op);
  const OnConditions<Real, Op> on_conditions{op, conditions};
  const int threads = threads_for(op.width());
  if (threads == Warp::most_threads)
    return launch_clusters<Warp, Real>(conditions, width, workspace, stream, threads, on_conditions);
  return launch_clusters<Block, Real>(conditions, width, workspace, stream, threads, on_conditions);
}

/// Runs `op(group, lanes, scratch)` for every (condition, step) pair.
template <class Real, class Op>
WorkspaceNeeds launch_steps(std::int64_t conditions, std::int64_t steps, const Workspace& workspace, Stream stream,
                            const Op& op) {
  return launch_each<Real>(conditions * steps, workspace, stream, OnSteps<Real, Op>{op, conditions, steps});
}

}  // namespace mdgps::MDGPS_TARGET

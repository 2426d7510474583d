#pragma once
/// Thread blocks as groups, and a block's work on its problems. Nothing here calls the CUDA runtime, so that tests run
/// the same text with real threads. Private to the solver.

#include <cstddef>
#include <cstdint>

#include "kernels/lanes.hpp"
#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps::MDGPS_TARGET {

using namespace mdgps::kernels;

// The host calls a kernel with one of these groups only to count its scratch, which syncs nothing.

/// Asks for memory in the L2 cache; it is one thread that asks. Only whole bytes of what is given are touched.
MDGPS_FUNCTION void ask_for([[maybe_unused]] const void* from, [[maybe_unused]] int bytes) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  // Addresses and sizes in units of 16 bytes: what sticks out at either end is left to the load.
  const std::uintptr_t begin = (reinterpret_cast<std::uintptr_t>(from) + 15) / 16 * 16;
  const std::uintptr_t end = (reinterpret_cast<std::uintptr_t>(from) + static_cast<unsigned>(bytes)) / 16 * 16;
  if (begin < end)
    asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(begin), "r"(static_cast<unsigned>(end - begin)));
#elif defined(__CUDA_ARCH__)
  constexpr int line = 128;
  for (int i = 0; i < bytes + line - 1; i += line)  // once more than its lines where it begins within one
    asm volatile("prefetch.global.L2 [%0];" ::"l"(static_cast<const char*>(from) + (i < bytes ? i : bytes - 1)));
#endif
}

/// A block of one warp.
struct Warp {
  static constexpr int most_threads = 32;
  static constexpr int most_states = 15;  ///< threads_for() gives products with 17 rows or more a larger block

  MDGPS_FUNCTION int num_threads() const { return most_threads; }
  MDGPS_FUNCTION int thread_rank() const {
#if defined(__CUDA_ARCH__)
    return static_cast<int>(threadIdx.x);
#else
    return 0;
#endif
  }
  MDGPS_FUNCTION void sync() const {
#if defined(__CUDA_ARCH__)
    __syncwarp();
#endif
  }
  MDGPS_FUNCTION void prefetch(const void* from, int bytes) const { ask_for(from, bytes); }
  template <class T>
  MDGPS_FUNCTION T sum(T x) const {
#if defined(__CUDA_ARCH__)
    // Both partners of an exchange add the same two numbers, so that all threads end with the same bits.
    for (int distance = 16; distance > 0; distance /= 2) x += __shfl_xor_sync(0xffffffffu, x, distance);
    __syncwarp();
#endif
    return x;
  }
};

/// A block of several warps.
struct Block {
  static constexpr int most_threads = 256;

  MDGPS_FUNCTION int num_threads() const {
#if defined(__CUDA_ARCH__)
    return static_cast<int>(blockDim.x);
#else
    return 1;
#endif
  }
  MDGPS_FUNCTION int thread_rank() const {
#if defined(__CUDA_ARCH__)
    return static_cast<int>(threadIdx.x);
#else
    return 0;
#endif
  }
  MDGPS_FUNCTION void sync() const {
#if defined(__CUDA_ARCH__)
    __syncthreads();
#endif
  }
  MDGPS_FUNCTION void prefetch(const void* from, int bytes) const { ask_for(from, bytes); }
  template <class T>
  MDGPS_FUNCTION T sum(T x) const {
#if defined(__CUDA_ARCH__)
    __shared__ T parts[most_threads / Warp::most_threads];
    x = Warp{}.sum(x);
    __syncthreads();  // every thread has read the parts of the sum before
    if (threadIdx.x % Warp::most_threads == 0) parts[threadIdx.x / Warp::most_threads] = x;
    __syncthreads();  // all parts are there
    T total = parts[0];
    for (unsigned warp = 1; warp < blockDim.x / Warp::most_threads; ++warp) total += parts[warp];
    return total;
#else
    return x;
#endif
  }
};

/// Threads of a block whose longest loop shares out `width` tiles or points: about two each, in whole warps.
inline int threads_for(std::int64_t width) {
  const std::int64_t warps = (width + 2 * Warp::most_threads - 1) / (2 * Warp::most_threads);
  const std::int64_t most = Block::most_threads / Warp::most_threads;
  return Warp::most_threads * static_cast<int>(warps < 1 ? 1 : warps > most ? most : warps);
}

/// Bytes that one block needs. Where its matrices at work do not fit shared memory they go to the workspace, too.
struct BlockNeeds {
  std::size_t shared_bytes, workspace_bytes,
      working_bytes;  ///< the last: of the workspace, its part for matrices at work
};

template <class Real>
BlockNeeds block_needs(const Scratch<Real>& counted, int most_shared) {
  const auto bytes = [](std::int64_t n) { return (static_cast<std::size_t>(n) * sizeof(Real) + 255) / 256 * 256; };
  const std::size_t working = bytes(counted.used), stored = bytes(counted.stored);
  const std::size_t sums = (Block::most_threads / Warp::most_threads) * 2 * sizeof(double);  // static: of Block::sum
  if (working + sums <= static_cast<std::size_t>(most_shared)) return {working, stored, 0};
  return {0, working + stored, working};
}

/// The workspace is aligned to 256 bytes.
inline WorkspaceNeeds workspace_needs(const BlockNeeds& needs, std::int64_t blocks) {
  return {256 + needs.workspace_bytes, 256 + needs.workspace_bytes * static_cast<std::size_t>(blocks < 1 ? 1 : blocks)};
}

/// A workspace as the blocks' shares of it.
template <class Real>
struct BlockMemory {
  std::byte* begin;
  std::size_t share, working_bytes;
  std::int64_t shares;

  BlockMemory(const BlockNeeds& needs, const Workspace& workspace)
      : share(needs.workspace_bytes), working_bytes(needs.working_bytes) {
    const std::uintptr_t at = (reinterpret_cast<std::uintptr_t>(workspace.data) + 255) / 256 * 256;
    const std::size_t room = workspace.bytes - (at - reinterpret_cast<std::uintptr_t>(workspace.data));
    begin = reinterpret_cast<std::byte*>(at);
    shares = share == 0 ? INT64_MAX : static_cast<std::int64_t>(room / share);
  }

  /// The scratch of a block with this shared memory.
  MDGPS_FUNCTION Scratch<Real> scratch(std::int64_t block, Real* shared) const {
    std::byte* own = begin + block * static_cast<std::int64_t>(share);
    Real* stored = reinterpret_cast<Real*>(own + working_bytes);
    return {working_bytes > 0 ? reinterpret_cast<Real*>(own) : shared, stored};
  }
};

/// One block's share of the problems: block, block + blocks, ...
template <class Group, class Real, class Op>
MDGPS_FUNCTION void run_block(const Group& g, std::int64_t block, std::int64_t blocks, std::int64_t problems,
                              const BlockMemory<Real>& memory, Real* shared, const Op& op) {
  for (std::int64_t i = block; i < problems; i += blocks) {
    Scratch<Real> scratch = memory.scratch(block, shared);
    op(g, i, scratch);
    g.sync();  // every thread has done with the scratch
  }
}

/// An operation on lanes as one on the number of a problem: a device's scalar has one lane.
template <class Real, class Op>
struct OnConditions {
  Op op;
  std::int64_t conditions;

  std::int64_t width() const { return op.width(); }
  template <class Group, class... Team>
  MDGPS_FUNCTION void operator()(const Group& g, std::int64_t i, Scratch<Real>& scratch, const Team&... team) const {
    op(g, condition_lanes<Real>(i, conditions), scratch, team...);
  }
};
template <class Real, class Op>
struct OnSteps {
  Op op;
  std::int64_t conditions, steps;

  std::int64_t width() const { return op.width(); }
  template <class Group>
  MDGPS_FUNCTION void operator()(const Group& g, std::int64_t i, Scratch<Real>& scratch) const {
    op(g, step_lanes<Real>(i, conditions, steps), scratch);
  }
};

}  // namespace mdgps::MDGPS_TARGET

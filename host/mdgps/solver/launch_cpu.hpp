#pragma once
/// Runs a kernel over packs of problems on the CPU. Everything here is in the namespace of its instruction set. Private
/// to the solver; *.target.cpp files include it through launch.hpp.

#include <omp.h>

#include <cstdint>
#include <iterator>
#include <type_traits>
#include <utility>

#include "kernels/backward_pass.hpp"
#include "kernels/lanes.hpp"
#include "kernels/pack.hpp"
#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps::MDGPS_TARGET {

using namespace mdgps::kernels;

template <class Real>
using NativePack = Pack<Real, native_lanes<Real>>;

/// Scratch is handed out in whole cache lines, so that packs are aligned and threads do not share lines.
template <class Scalar>
std::size_t scratch_bytes(const Scratch<Scalar>& counted) {
  return (static_cast<std::size_t>(counted.total()) * sizeof(Scalar) + 63) / 64 * 64;
}

/// Runs `op(group, problem, scratch)` for every problem, on as many OpenMP threads as the workspace has scratch for.
/// Without a workspace nothing runs.
/// op   called once with a counting scratch and problem 0 to learn its needs
template <class Scalar, class Op>
WorkspaceNeeds launch_packs(std::int64_t problems, const Workspace& workspace, const Op& op) {
  Scratch<Scalar> counter;
  op(Solo{}, std::int64_t{0}, counter);
  const std::size_t bytes = scratch_bytes(counter);
  const std::int64_t most_threads = omp_get_max_threads();
  const WorkspaceNeeds needs{64 + bytes, 64 + bytes * static_cast<std::size_t>(most_threads)};
  if (workspace.data == nullptr) return needs;

  const std::uintptr_t begin = (reinterpret_cast<std::uintptr_t>(workspace.data) + 63) / 64 * 64;
  const std::size_t room = workspace.bytes - (begin - reinterpret_cast<std::uintptr_t>(workspace.data));
  const std::int64_t shares = bytes == 0 ? most_threads : static_cast<std::int64_t>(room / bytes);
  std::int64_t threads = shares < most_threads ? shares : most_threads;
  if (threads > problems) threads = problems;
  if (threads < 1) threads = 1;
#pragma omp parallel for schedule(dynamic) num_threads(static_cast <int>(threads)) if (threads > 1)
  for (std::int64_t i = 0; i < problems; ++i) {
    Scratch<Scalar> scratch{reinterpret_cast<Scalar*>(begin + bytes * static_cast<std::size_t>(omp_get_thread_num()))};
    op(Solo{}, i, scratch);
  }
  return needs;
}
template <class Real, class Op>
WorkspaceNeeds launch_each(std::int64_t problems, const Workspace& workspace, Stream, const Op& op) {
  return launch_packs<NativePack<Real>>(problems, workspace, op);
}

/// How many of a condition's candidates are evaluated at once; each takes a lane.
inline int candidates_at_once(int width, Device) { return width; }

/// The sizes that a build gives code of their own (MDGPS_COMPILED_SIZES), in double precision; ended by one that no
/// problem has.
struct Size {
  int states, actions;
};
inline constexpr Size compiled_sizes[] = {MDGPS_COMPILED_SIZES{-1, -1}};

/// A thread that is given few states only: its code lacks the square-root form.
struct SoloOfFewStates : Solo {
  static constexpr int most_states = least_states_in_root_form - 1;
};

/// With n and m known and every call inlined, loops over small matrices lose their bookkeeping, which at (6, 2) is 40%
/// of a C-step.
template <Size size, class Scalar, class Op>
__attribute__((flatten, noinline)) void run_sized(Op op, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) {
  using Group = std::conditional_t<takes_states<SoloOfFewStates>(size.states), SoloOfFewStates, Solo>;
  op.shape.states = size.states;
  op.shape.actions = size.actions;
  op(Group{}, lanes, scratch);
}

/// Runs `op` by the code of its size, where there is such. Returns whether there is.
template <class Scalar, class Op, std::size_t... i>
bool run_compiled_size([[maybe_unused]] const Op& op, [[maybe_unused]] const Lanes<Scalar>& lanes,
                       [[maybe_unused]] Scratch<Scalar>& scratch, std::index_sequence<i...>) {
  return ((op.shape.states == compiled_sizes[i].states && op.shape.actions == compiled_sizes[i].actions &&
           (run_sized<compiled_sizes[i]>(op, lanes, scratch), true)) ||
          ...);
}

/// Runs `op(group, lanes, scratch)`, by the code of its size where there is such.
template <class Scalar, class Op>
void run_pack(const Solo& g, const Op& op, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) {
  using Native = NativePack<double>;
  constexpr bool is_half = has_half_pack<Native> && std::is_same_v<Scalar, HalfPack<Native>>;
  if constexpr (requires { op.shape.states; } && (std::is_same_v<Scalar, Native> || is_half)) {
    constexpr auto sizes = std::make_index_sequence<std::size(compiled_sizes) - 1>();
    if (run_compiled_size(op, lanes, scratch, sizes)) return;
  }
  op(g, lanes, scratch);
}

/// Runs `op(group, lanes, scratch)` for every pack of conditions, each of which takes `width` lanes; conditions that
/// need no more than half a pack run in half a pack.
template <class Scalar, class Op>
WorkspaceNeeds launch_condition_packs(std::int64_t conditions, int width, const Workspace& workspace, const Op& op) {
  const std::int64_t whole = lane_count<Scalar> / width, packs = (conditions + whole - 1) / whole;
  return launch_packs<Scalar>(packs, workspace, [&](const Solo& g, std::int64_t pack, Scratch<Scalar>& scratch) {
    const std::int64_t first = pack * whole;
    if constexpr (has_half_pack<Scalar>) {
      if (!scratch.counting() && (conditions - first) * width <= lane_count<HalfPack<Scalar>>) {
        Scratch<HalfPack<Scalar>> half{reinterpret_cast<HalfPack<Scalar>*>(scratch.data)};
        return run_pack(g, op, condition_lanes<HalfPack<Scalar>>(first, conditions, width), half);
      }
    }
    run_pack(g, op, condition_lanes<Scalar>(first, conditions, width), scratch);
  });
}
template <class Real, class Op>
WorkspaceNeeds launch_conditions(std::int64_t conditions, int width, const Workspace& workspace, Stream, const Op& op) {
  constexpr int wide =
      native_lanes<Real> < 8 ? 8 : native_lanes<Real>;  // where registers are narrower, several to a pack
  return width <= native_lanes<Real> ? launch_condition_packs<NativePack<Real>>(conditions, width, workspace, op)
                                     : launch_condition_packs<Pack<Real, wide>>(conditions, width, workspace, op);
}
template <class Real, class Op>
WorkspaceNeeds launch_conditions(std::int64_t conditions, const Workspace& workspace, Stream, const Op& op) {
  return launch_condition_packs<NativePack<Real>>(conditions, 1, workspace, op);
}

/// Runs `op(group, lanes, scratch)` for every pack of (condition, step) pairs.
template <class Real, class Op>
WorkspaceNeeds launch_steps(std::int64_t conditions, std::int64_t steps, const Workspace& workspace, Stream,
                            const Op& op) {
  using Scalar = NativePack<Real>;
  constexpr int W = lane_count<Scalar>;
  return launch_packs<Scalar>((conditions * steps + W - 1) / W, workspace,
                              [&](const Solo& g, std::int64_t pack, Scratch<Scalar>& scratch) {
                                op(g, step_lanes<Scalar>(pack * W, conditions, steps), scratch);
                              });
}

}  // namespace mdgps::MDGPS_TARGET

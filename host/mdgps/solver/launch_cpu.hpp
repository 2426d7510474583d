#pragma once
/// Runs a kernel over packs of problems on the CPU. Everything here is in the namespace of its instruction set. Private
/// to the solver; *.target.cpp files include it through launch.hpp.

#include <omp.h>

#include <cstdint>
#include <iterator>
#include <type_traits>
#include <utility>

#include "kernels/backward_pass.hpp"
#include "kernels/by_rows.hpp"
#include "kernels/dual_search.hpp"
#include "kernels/lanes.hpp"
#include "kernels/pack.hpp"
#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/types.hpp"

#if defined(MDGPS_HAS_COMPILED_SIZES)  // run_sized() takes its products into its own code
#include "kernels/product_tile.hpp"
#endif

namespace mdgps::MDGPS_TARGET {

using namespace mdgps::kernels;

template <class Real>
using NativePack = Pack<Real, native_lanes<Real>>;

/// Scratch is handed out in whole cache lines, so that packs are aligned and threads do not share lines.
template <class Scalar>
std::size_t scratch_bytes(const Scratch<Scalar>& counted) {
  return (static_cast<std::size_t>(counted.total()) * sizeof(Scalar) + 63) / 64 * 64;
}

/// Runs `op(problem, scratch)` for every problem, on as many OpenMP threads as the workspace has scratch for.
/// Without a workspace nothing runs.
/// op   called once with a counting scratch and problem 0 to learn its needs
template <class Scalar, class Op>
WorkspaceNeeds launch_packs(std::int64_t problems, const Workspace& workspace, const Op& op) {
  Scratch<Scalar> counter;
  op(std::int64_t{0}, counter);
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
    op(i, scratch);
  }
  return needs;
}
template <class Real, class Op>
WorkspaceNeeds launch_each(std::int64_t problems, const Workspace& workspace, Stream, const Op& op) {
  using Scalar = NativePack<Real>;
  return launch_packs<Scalar>(problems, workspace,
                              [&](std::int64_t problem, Scratch<Scalar>& scratch) { op(Solo{}, problem, scratch); });
}

/// How many candidates a condition's search has where so many are asked for.
inline int candidates(int width, Device) { return width; }

/// The sizes that a build gives code of their own (MDGPS_COMPILED_SIZES), in double precision; ended by one that no
/// problem has.
struct Size {
  int states, actions;
};
inline constexpr Size compiled_sizes[] = {MDGPS_COMPILED_SIZES{-1, -1}};

/// A thread that works on packs of conditions.
struct PackThread : Solo {
  bool asks_ahead;  ///< the conditions are in memory rather than in a cache

  /// Asks for memory that will be used soon, into the L2 cache: in L1 it would take the place of what is at work.
  void prefetch(const void* from, int bytes) const {
    constexpr std::uintptr_t line = 64;
    const auto begin = reinterpret_cast<std::uintptr_t>(from), end = begin + static_cast<std::uintptr_t>(bytes);
    for (auto at = begin / line * line; at < end; at += line)
      __builtin_prefetch(reinterpret_cast<const void*>(at), 0, 2);
    asm volatile("");  // GCC drops calls of functions that do nothing but prefetch
  }
};

/// Whether an operation's conditions are more than the nearer caches hold. Dynamics and cost are most of them. Those
/// that come from L3 arrive in time unasked (docs/performance.md), so that the size of L2 does not matter.
template <class Real, class Op>
bool leaves_cache(std::int64_t conditions, const Op& op) {
  if constexpr (requires { op.shape.joint(); }) {
    const std::int64_t joint = op.shape.joint(), numbers = conditions * op.shape.steps * 2 * joint * joint;
    return numbers * std::int64_t{sizeof(Real)} > (4 << 20);
  } else {
    return false;
  }
}

/// A thread that is given few states only: its code lacks the square-root form.
struct ThreadOfFewStates : PackThread {
  static constexpr int most_states = least_states_in_root_form - 1;
};

/// With n and m known and every call inlined, loops over small matrices lose their bookkeeping, which at (6, 2) is 40%
/// of a C-step.
template <Size size, class Scalar, class Op, class... More>
__attribute__((flatten, noinline)) void run_sized(const PackThread& g, Op op, const Lanes<Scalar>& lanes,
                                                  Scratch<Scalar>& scratch, More&... more) {
  using Group = std::conditional_t<takes_states<ThreadOfFewStates>(size.states), ThreadOfFewStates, PackThread>;
  op.shape.states = size.states;
  op.shape.actions = size.actions;
  op(Group{g}, lanes, scratch, more...);
}

/// Runs `op` by the code of its size, where there is such. Returns whether there is.
template <class Scalar, class Op, std::size_t... i, class... More>
bool run_compiled_size([[maybe_unused]] const PackThread& g, [[maybe_unused]] const Op& op,
                       [[maybe_unused]] const Lanes<Scalar>& lanes, [[maybe_unused]] Scratch<Scalar>& scratch,
                       std::index_sequence<i...>, [[maybe_unused]] More&... more) {
  return ((op.shape.states == compiled_sizes[i].states && op.shape.actions == compiled_sizes[i].actions &&
           (run_sized<compiled_sizes[i]>(g, op, lanes, scratch, more...), true)) ||
          ...);
}

/// Runs `op(group, lanes, scratch, more...)`, by the code of its size where there is such.
template <class Scalar, class Op, class... More>
void run_pack(const PackThread& g, const Op& op, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch, More&... more) {
  using Native = NativePack<double>;
  constexpr bool is_half = has_half_pack<Native> && std::is_same_v<Scalar, HalfPack<Native>>;
  if constexpr (requires { op.shape.states; } && (std::is_same_v<Scalar, Native> || is_half)) {
    constexpr auto sizes = std::make_index_sequence<std::size(compiled_sizes) - 1>();
    if (run_compiled_size(g, op, lanes, scratch, sizes, more...)) return;
  }
  op(g, lanes, scratch, more...);
}

/// Whether the build has code for the size of an operation's problems.
template <class Op>
bool has_compiled_size(const Op& op) {
  for (const Size& size : compiled_sizes)
    if (op.shape.states == size.states && op.shape.actions == size.actions) return true;
  return false;
}
/// Whether an operation's conditions may run one by one, vectorised along rows.
template <class Op>
inline constexpr bool runs_by_rows = requires {
  Op::by_rows;
};

/// Whether an operation searches for duals, which a pack may leave: it is then called with its `Searches`.
template <class Op>
inline constexpr bool leaves_searches = requires {
  Op::may_leave_searches;
};

/// How many runs packs are cut into that leave searches to one another: as many for each thread, so that none waits
/// for long, and of 4 to 16 packs, since the last searches of a run do not fill one.
inline std::int64_t runs_of(std::int64_t packs) {
  const std::int64_t threads = omp_get_max_threads(), longest = 16;
  if (packs < 8 * threads) return packs;
  return 2 * threads * ((packs + 2 * threads * longest - 1) / (2 * threads * longest));
}

/// Runs `op` for the conditions first, ..., last - 1 pack by pack. Searches that a pack leaves go on in packs of their
/// own, as soon as there are enough to fill one or no others come; no more than `by_rows` go on one by one. A
/// condition's bytes stay.
/// width    lanes of a condition; with more than one, packs leave nothing
/// by_rows  so many conditions take less time one by one than a pack does; 0 where they may not
template <class Scalar, class Op>
void run_packs(const PackThread& g, const Op& op, std::int64_t first, std::int64_t last, int width, int by_rows,
               Scratch<Scalar>& scratch) {
  static_assert(runs_by_rows<Op>);
  constexpr int W = lane_count<Scalar>, half = W / 2;
  using Real = Element<Scalar>;
  if (scratch.counting()) {
    Searches<W> none;
    return run_pack(g, op, condition_lanes<Scalar>(first, last, width), scratch, none);
  }
  std::int64_t left[2 * W];
  DualSearch state[2 * W];
  int count = 0;
  const auto run = [&](const Lanes<Scalar>& lanes, Searches<W>& searches) {
    const bool others_follow = count > 0 || first < last;
    const int most_left = others_follow || by_rows > half ? half : by_rows;
    searches.most_left = width > 1 ? 0 : most_left;
    auto fresh = scratch;
    run_pack(g, op, lanes, fresh, searches);
    for (int w = 0; w < lanes.count; ++w) {
      if (!searches.of[w].active()) continue;
      left[count] = lanes.condition[w];
      state[count++] = searches.of[w];
    }
  };
  const auto go_on = [&] {  // with the last of those left
    Lanes<Scalar> lanes = condition_lanes<Scalar>(0, count);
    Searches<W> searches;
    searches.begun = true;
    count -= lanes.count;
    for (int w = 0; w < W; ++w) {
      const int from = count + (w < lanes.count ? w : 0);
      lanes.condition[w] = left[from];
      searches.of[w] = state[from];
    }
    run(lanes, searches);
  };
  while (first < last) {
    const auto lanes = condition_lanes<Scalar>(first, last, width);
    first += W / width;
    Searches<W> searches;
    run(lanes, searches);
    if (count >= W) go_on();
  }
  if (count > by_rows) go_on();
  for (int i = 0; i < count; ++i) {
    Scratch<Real> of_one{reinterpret_cast<Real*>(scratch.data)};
    Searches<1> searches{{state[i]}, true};
    op(ByRows{}, condition_lanes<Real>(left[i], left[i] + 1), of_one, searches);
  }
}

/// How a batch is cut into the pieces that threads take: (runs of) whole packs of conditions, then half packs, then
/// conditions one by one, vectorised along the rows of their matrices. A condition has the same bytes in any of them.
struct Pieces {
  std::int64_t packs, halves, single;
};

/// Of conditions that do not fill half a pack, so many take less time one after the other than half a pack does.
/// docs/performance.md has the figures.
inline int most_by_rows(int states) { return states < 16 ? 1 : states < 48 ? 2 : states < 96 ? 3 : 4; }

/// whole, half   conditions in a pack and in half a pack; half is 0 where there is none
/// by_rows       how many may run one by one; 0 where none may
inline Pieces pieces_of(std::int64_t conditions, std::int64_t whole, std::int64_t half, int by_rows,
                        std::int64_t threads) {
  Pieces pieces{conditions / whole, 0, 0};
  if (half > 0 && pieces.packs < threads) pieces.packs = 0;  // there are too few for all threads
  std::int64_t left = conditions - pieces.packs * whole;
  if (half > 0) {
    pieces.halves = left / half;
    left -= pieces.halves * half;
  }
  if (left == 0) return pieces;
  const bool others_wait = pieces.packs + pieces.halves == 0;
  if ((others_wait ? (left + threads - 1) / threads : left) <= by_rows) {
    pieces.single = left;
  } else {
    ++(half > 0 ? pieces.halves : pieces.packs);
  }
  return pieces;
}

/// Runs `op(group, lanes, scratch)`, or that and its searches, for every condition, in pieces; a condition takes
/// `width` lanes, or all that there are.
template <class Real, class Op>
WorkspaceNeeds launch_conditions(std::int64_t conditions, int width, const Workspace& workspace, Stream, const Op& op) {
  using Scalar = NativePack<Real>;
  using Half = HalfPack<Scalar>;
  if (width > lane_count<Scalar>) width = lane_count<Scalar>;
  const int whole = lane_count<Scalar> / width, half = has_half_pack<Scalar> ? lane_count<Half> / width : 0;
  int by_rows = 0;
  if constexpr (runs_by_rows<Op>) by_rows = width > 1 || has_compiled_size(op) ? 0 : most_by_rows(op.shape.states);
  const Pieces pieces = pieces_of(conditions, whole, half, by_rows, omp_get_max_threads());
  const std::int64_t first_half = pieces.packs * whole, first_single = first_half + pieces.halves * half;
  const PackThread g{{}, leaves_cache<Real>(conditions, op)};
  const std::int64_t runs = leaves_searches<Op> && width == 1 ? runs_of(pieces.packs) : pieces.packs;
  const auto begin = [&](std::int64_t run) { return run * pieces.packs / runs * whole; };
  const auto run = [&]<class Packed>(std::int64_t first, std::int64_t last, Scratch<Packed>& scratch) {
    if (last > conditions) last = conditions;
    if constexpr (leaves_searches<Op>)
      run_packs(g, op, first, last, width, by_rows, scratch);
    else
      run_pack(g, op, condition_lanes<Packed>(first, last, width), scratch);
  };
  return launch_packs<Scalar>(
      runs + pieces.halves + pieces.single, workspace, [&](std::int64_t piece, Scratch<Scalar>& scratch) {
        if (scratch.counting()) return run(0, conditions, scratch);
        if (piece < runs) return run(begin(piece), begin(piece + 1), scratch);
        piece -= runs;
        if constexpr (has_half_pack<Scalar>) {
          if (piece < pieces.halves) {
            Scratch<Half> of_half{reinterpret_cast<Half*>(scratch.data)};
            const std::int64_t first = first_half + piece * half;
            return run(first, first + half, of_half);
          }
        }
        if constexpr (runs_by_rows<Op>) {
          Scratch<Real> of_one{reinterpret_cast<Real*>(scratch.data)};
          op(ByRows{}, condition_lanes<Real>(first_single + piece - pieces.halves, conditions), of_one);
        }
      });
}
template <class Real, class Op>
WorkspaceNeeds launch_conditions(std::int64_t conditions, const Workspace& workspace, Stream stream, const Op& op) {
  return launch_conditions<Real>(conditions, 1, workspace, stream, op);
}

/// Runs `op(group, lanes, scratch)` for every pack of (condition, step) pairs.
template <class Real, class Op>
WorkspaceNeeds launch_steps(std::int64_t conditions, std::int64_t steps, const Workspace& workspace, Stream,
                            const Op& op) {
  using Scalar = NativePack<Real>;
  constexpr int W = lane_count<Scalar>;
  return launch_packs<Scalar>((conditions * steps + W - 1) / W, workspace,
                              [&](std::int64_t pack, Scratch<Scalar>& scratch) {
                                op(Solo{}, step_lanes<Scalar>(pack * W, conditions, steps), scratch);
                              });
}

}  // namespace mdgps::MDGPS_TARGET

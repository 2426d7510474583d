#pragma once
/// What becomes of each lane's problem, and the step at which it failed.

#include "kernels/lanes.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// What a kernel reports of a condition; host/mdgps/solver/types.hpp gives the meanings.
enum class Outcome : std::int32_t { ok, constraint_inactive, not_converged, not_positive_definite, not_finite };

/// Where outcomes are stored, and the steps at which problems failed: -1 where none did.
struct StatusBatch {
  Batch<std::int32_t> status, failed_step;  ///< steps without memory: not asked for

  StatusBatch() = default;
  MDGPS_FUNCTION StatusBatch(const Batch<std::int32_t>& status, const Batch<std::int32_t>& failed_step = {})
      : status(status), failed_step(failed_step) {}

  MDGPS_FUNCTION void store(std::int64_t condition, std::int64_t step, Outcome outcome, int failed_at) const {
    const bool failed = outcome == Outcome::not_positive_definite || outcome == Outcome::not_finite;
    *status.at(condition, step) = static_cast<std::int32_t>(outcome);
    if (failed_step.data != nullptr) *failed_step.at(condition, step) = failed ? failed_at : -1;
  }
};

/// What the lanes' problems have met so far.
template <class Scalar>
struct Found {
  Mask<Scalar> positive = true;    ///< every matrix had a factor
  Mask<Scalar> all_finite = true;  ///< no NaN or infinity
  Scalar step{};                   ///< the one at work; of a lane that has failed, the one at which it did

  MDGPS_FUNCTION void begin_step(int t) { step = select(positive & all_finite, Scalar(t), step); }
  /// What comes after a matrix without a factor means nothing, and is not judged.
  MDGPS_FUNCTION void judge(Mask<Scalar> is_finite, Mask<Scalar> was_positive) {
    all_finite = all_finite & (is_finite | !was_positive);
  }
  MDGPS_FUNCTION Outcome outcome(int w) const {
    return !get_lane(all_finite, w) ? Outcome::not_finite
           : !get_lane(positive, w) ? Outcome::not_positive_definite
                                    : Outcome::ok;
  }
  MDGPS_FUNCTION int failed_step(int w) const { return static_cast<int>(lane(step, w)); }
};

template <class Group, class Scalar>
MDGPS_FUNCTION void store_outcome(const Group& g, const Lanes<Scalar>& lanes, const Found<Scalar>& found,
                                  const StatusBatch& to) {
  for_each(g, lanes.count, [&](int r) {
    const int w = lanes.stored[r];
    to.store(lanes.condition[w], lanes.step[w], found.outcome(w), found.failed_step(w));
  });
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET

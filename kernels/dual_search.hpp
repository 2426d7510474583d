#pragma once
/// The search for the dual variable eta at which D_KL(p_eta || reference) = epsilon.
///
/// KL falls monotonically with eta, from the unconstrained optimum's at eta -> 0 to 0 at eta -> infinity, and is close
/// to a power law in between: on x = log eta, y = log(KL / epsilon) a secant converges in a few steps. A bracket [low,
/// high] guards it: KL > epsilon (or no solution at all) at low, KL < epsilon at high.

#include "kernels/core.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

struct DualSearchOptions {
  double tolerance;     ///< relative, on KL
  int max_evaluations;  ///< of the dual, the last one included
  double min_dual, max_dual;
};

/// What an evaluation of the dual found.
enum class Evaluation { ok, not_positive_definite, not_finite };

/// The search of one condition: evaluate at eta(), then update(), until !active().
class DualSearch {
 public:
  enum class State { searching, settling, converged, inactive, not_converged, failed };

  MDGPS_FUNCTION void start(double dual, double epsilon, const DualSearchOptions& options) {
    options_ = options;
    epsilon_ = epsilon;
    x_min_ = ::log(options.min_dual);
    x_max_ = ::log(options.max_dual);
    x_ = dual > 0 ? clamp(::log(dual), x_min_, x_max_) : 0.0;
    if (!(epsilon > 0) || !finite(epsilon)) {
      failure_ = Evaluation::not_finite;
      state_ = State::failed;
    }
  }

  MDGPS_FUNCTION double eta() const { return ::exp(x_); }
  MDGPS_FUNCTION State state() const { return state_; }
  MDGPS_FUNCTION bool active() const { return state_ == State::searching || state_ == State::settling; }
  MDGPS_FUNCTION int evaluations() const { return evaluations_; }
  MDGPS_FUNCTION double kl() const { return kl_; }
  MDGPS_FUNCTION Evaluation last_failure() const { return failure_; }

  /// Takes the divergence found at eta() and moves on. A search that is not active stays as it is.
  MDGPS_FUNCTION void update(Evaluation evaluation, double kl) {
    if (!active()) return;
    ++evaluations_;
    if (evaluation != Evaluation::ok) {
      failure_ = evaluation;
      return after_failure();
    }
    kl_ = kl;
    if (state_ == State::settling) {
      state_ = State::not_converged;
      return;
    }
    const double difference = kl - epsilon_;
    if (difference <= options_.tolerance * epsilon_ && -difference <= options_.tolerance * epsilon_) {
      state_ = State::converged;
      return;
    }
    if (difference < 0 && x_ <= x_min_) {
      state_ = State::inactive;
      return;
    }
    const double y = kl > 0 ? clamp(::log(kl / epsilon_), -max_log_, max_log_) : -max_log_;
    const double slope = has_last_ ? clamp((y - last_y_) / (x_ - last_x_), -3.0, -0.2) : -1.0;
    last_x_ = x_;
    last_y_ = y;
    has_last_ = true;
    if (y > 0) {
      low_ = x_;
      has_low_ = true;
    } else {
      high_ = x_;
      has_high_ = true;
    }
    propose(x_ - y / slope);
  }

 private:
  MDGPS_FUNCTION static double clamp(double x, double low, double high) {
    return x > high ? high : x > low ? x : low;  // NaN becomes low
  }

  /// No solution at this dual: a larger one makes the surrogate more convex. Steps grow, so that 1e16 is soon reached.
  MDGPS_FUNCTION void after_failure() {
    if (state_ == State::settling || x_ >= x_max_) {
      state_ = State::failed;
      return;
    }
    low_ = x_;
    has_low_ = true;
    has_last_ = false;
    ++failures_;
    propose(x_ + 2.3 * failures_);
  }

  MDGPS_FUNCTION void propose(double x) {
    if (evaluations_ + 1 >= options_.max_evaluations) {  // the last evaluation settles at a dual known to be feasible
      state_ = has_high_ ? State::settling : State::failed;
      x_ = high_;
      return;
    }
    if (has_low_ && has_high_) {
      const double width = high_ - low_;
      const bool bisect = evaluations_ > 6 && evaluations_ % 2 == 0;  // a secant that has not converged by now is stuck
      x = bisect ? low_ + 0.5 * width : clamp(x, low_ + 0.02 * width, high_ - 0.02 * width);
    } else {
      x = has_low_ ? clamp(x, low_ + 0.02, low_ + max_step_) : clamp(x, high_ - max_step_, high_ - 0.02);
    }
    x_ = clamp(x, x_min_, x_max_);
  }

  static constexpr double max_log_ = 40.0;  ///< of KL / epsilon
  static constexpr double max_step_ = 9.2;  ///< of log eta, four decades

  DualSearchOptions options_{};
  double epsilon_ = 0, x_min_ = 0, x_max_ = 0;
  double x_ = 0, low_ = 0, high_ = 0, last_x_ = 0, last_y_ = 0, kl_ = 0;
  bool has_low_ = false, has_high_ = false, has_last_ = false;
  int evaluations_ = 0, failures_ = 0;
  Evaluation failure_ = Evaluation::ok;
  State state_ = State::searching;
};

}  // namespace mdgps::kernels::inline MDGPS_TARGET

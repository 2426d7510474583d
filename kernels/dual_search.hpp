#pragma once
/// The search for the dual variable eta at which D_KL(p_eta || reference) = epsilon.
///
/// KL falls monotonically with eta, from the unconstrained optimum's at eta -> 0 to 0 at eta -> infinity, and is close
/// to a power law in between: on x = log eta, y = log(KL / epsilon) a few interpolations reach the root. A bracket
/// [low, high] guards it: KL > epsilon (or no solution at all) at low, KL < epsilon at high.
///
/// With few conditions an evaluation takes several duals at once (speculation): the search's own and others around it,
/// at distances that double from the error expected of it.

#include "kernels/outcome.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

struct DualSearchOptions {
  double tolerance;     ///< relative, on KL
  int max_evaluations;  ///< of the dual, the last one included
  double min_dual, max_dual;
  int width = 1;  ///< duals tried in an evaluation, at most DualSearch::max_width
};

/// What an evaluation of the dual found.
struct Evaluation {
  Outcome outcome;  ///< ok, not_positive_definite or not_finite
  int failed_step;  ///< where it is not ok
  double kl;        ///< where it is
};

/// The search of one condition: evaluate at eta(0), ..., eta(width - 1), then update(), until !active().
class DualSearch {
 public:
  enum class State { searching, settling, converged, inactive, not_converged, failed };
  static constexpr int max_width = 8;

  MDGPS_FUNCTION void start(double dual, double epsilon, const DualSearchOptions& options) {
    options_ = options;
    epsilon_ = epsilon;
    x_min_ = ::log(options.min_dual);
    x_max_ = ::log(options.max_dual);
    x_ = dual > 0 ? clamp(::log(dual), x_min_, x_max_) : 0.0;
    spread_ = 1.0;
    if (!(epsilon > 0) || !finite(epsilon)) {
      failure_ = {Outcome::not_finite, -1, NAN};
      state_ = State::failed;
    }
  }

  /// The duals to evaluate; once the search has ended, its result for every candidate.
  MDGPS_FUNCTION double eta(int candidate) const { return ::exp(log_dual(candidate)); }
  /// The candidate of the last evaluation that the search ended with.
  MDGPS_FUNCTION int chosen() const { return chosen_; }
  MDGPS_FUNCTION State state() const { return state_; }
  MDGPS_FUNCTION bool active() const { return state_ == State::searching || state_ == State::settling; }
  MDGPS_FUNCTION int evaluations() const { return evaluations_; }
  MDGPS_FUNCTION double kl() const { return kl_; }
  /// What was found at the last dual without a solution; ok where there was none.
  MDGPS_FUNCTION const Evaluation& last_failure() const { return failure_; }

  /// Takes what was found at the candidates and moves on. A search that is not active stays as it is.
  MDGPS_FUNCTION void update(const Evaluation* found) {
    if (!active()) return;
    ++evaluations_;
    double x[max_width] = {};
    for (int c = 0; c < options_.width; ++c) x[c] = log_dual(c);
    if (state_ == State::settling) {  // every candidate is the same dual
      if (found[0].outcome == Outcome::ok) kl_ = found[0].kl;
      failure_ = found[0];
      state_ = found[0].outcome == Outcome::ok ? State::not_converged : State::failed;
      return;
    }

    int best = -1;
    for (int c = 0; c < options_.width; ++c)
      if (found[c].outcome == Outcome::ok && (best < 0 || distance(found[c].kl) < distance(found[best].kl))) best = c;
    if (best >= 0 && distance(found[best].kl) <= options_.tolerance * epsilon_)
      return end(State::converged, best, x[best], found[best].kl);

    double highest = x[0];
    bool failed = true;
    for (int c = 0; c < options_.width; ++c) {
      if (x[c] > highest) highest = x[c];
      if (found[c].outcome != Outcome::ok) {
        failure_ = found[c];
        raise_low(x[c]);
        continue;
      }
      failed = false;
      const double kl = found[c].kl;
      if (c == 0 || x[c] != x[0]) remember({x[c], logarithm_of_ratio(kl)});  // at an end of the range all are one
      if (kl > epsilon_) {
        raise_low(x[c]);
      } else {
        if (x[c] <= x_min_) return end(State::inactive, c, x[c], kl);
        lower_high(x[c]);
      }
    }
    if (failed) return after_failure(highest);

    // x(y) at y = 0 by inverse interpolation through the nearest points: one, two (the secant, bent) or three.
    const Point a = nearest_[0], b = nearest_[1], c = nearest_[2];
    // As of the power law 1 / eta. Other candidates lie about as far from the next dual as its error is expected to be.
    double next = a.x + a.y, error = 0.5 * magnitude(a.y);
    if (points_ > 1) {
      const double slope = clamp((b.x - a.x) / (b.y - a.y), -5.0, -1.0 / 3.0);
      // Two points: half the curvature of 1 / (eta + constant)^2, which falls ever more steeply up to 1 / eta^2.
      double curvature = slope < -0.5 ? -slope * (2.0 * slope + 1.0) / 8.0 : 0.0;
      if (points_ > 2) curvature = ((c.x - b.x) / (c.y - b.y) - slope) / (c.y - a.y);
      next = a.x - a.y * slope;
      error = 0.05 * magnitude((next - a.x) * (next - b.x));
      const double reach = 0.3 * magnitude(next - a.x);
      const double correction = clamp(a.y * b.y * curvature, -reach, reach);
      next += correction;
      if (points_ > 2) error = 0.3 * magnitude(correction);
    }
    const double least = 1.5 * options_.tolerance;  // intervals of the tolerance side by side, KL falling as 1 / eta
    propose(next, error > least ? error : least);
  }

 private:
  struct Point {
    double x, y;  ///< log eta, log(KL / epsilon)
  };

  MDGPS_FUNCTION static double clamp(double x, double low, double high) {
    return x > high ? high : x > low ? x : low;  // NaN becomes low
  }
  MDGPS_FUNCTION static double magnitude(double x) { return x < 0 ? -x : x; }
  MDGPS_FUNCTION double distance(double kl) const { return magnitude(kl - epsilon_); }
  MDGPS_FUNCTION double logarithm_of_ratio(double kl) const {
    return kl > 0 ? clamp(::log(kl / epsilon_), -max_log_, max_log_) : -max_log_;
  }

  /// Candidate 0 is the search's own; odd ones lie above it and even ones below, inside the bracket.
  MDGPS_FUNCTION double log_dual(int candidate) const {
    if (candidate == 0 || state_ != State::searching) return x_;
    const bool above = candidate % 2 == 1;
    const int rank = (candidate + 1) / 2, on_this_side = above ? options_.width / 2 : (options_.width - 1) / 2;
    double reach = spread_;
    for (int r = 1; r < rank; ++r) reach *= 2.0;
    const double room = above ? (has_high_ ? high_ : x_max_) - x_ : x_ - (has_low_ ? low_ : x_min_);
    const double limit = room * rank / (on_this_side + 1);
    if (reach > limit) reach = limit;
    return above ? x_ + reach : x_ - reach;
  }

  /// Keeps the points nearest to the root, the nearest first. KL is monotone: of two points on one side of the root,
  /// the one whose dual is farther and whose KL seems nearer shows nothing but rounding.
  MDGPS_FUNCTION void remember(const Point& point) {
    const auto belies = [](const Point& far, const Point& near) {
      return (far.y > 0) == (near.y > 0) && (near.y > 0 ? far.x < near.x : far.x > near.x) &&
             magnitude(far.y) <= magnitude(near.y);
    };
    int kept = 0;
    for (int i = 0; i < points_; ++i) {
      if (belies(point, nearest_[i])) return;
      if (!belies(nearest_[i], point)) nearest_[kept++] = nearest_[i];
    }
    points_ = kept;
    int place = points_ < 3 ? points_++ : 3;
    for (; place > 0 && magnitude(nearest_[place - 1].y) > magnitude(point.y); --place)
      if (place < 3) nearest_[place] = nearest_[place - 1];
    if (place < 3) nearest_[place] = point;
  }

  MDGPS_FUNCTION void end(State state, int chosen, double x, double kl) {
    state_ = state;
    chosen_ = chosen;
    x_ = x;
    kl_ = kl;
  }
  MDGPS_FUNCTION void raise_low(double x) {
    if ((has_low_ && x <= low_) || (has_high_ && x >= high_)) return;
    low_ = x;
    has_low_ = true;
  }
  MDGPS_FUNCTION void lower_high(double x) {
    if (has_high_ && x >= high_) return;
    high_ = x;
    has_high_ = true;
    if (has_low_ && low_ >= high_) has_low_ = false;  // feasible below a dual without a solution
  }

  /// No solution at these duals: a larger one makes the surrogate more convex. Steps grow, so that 1e16 is soon
  /// reached.
  MDGPS_FUNCTION void after_failure(double highest) {
    if (highest >= x_max_) {
      state_ = State::failed;
      return;
    }
    points_ = 0;
    ++failures_;
    const double step = 2.3 * failures_;
    propose(highest + step, step);
  }

  MDGPS_FUNCTION void propose(double x, double spread) {
    if (evaluations_ + 1 >= options_.max_evaluations) {  // the last evaluation settles at a dual known to be feasible
      state_ = has_high_ ? State::settling : State::failed;
      x_ = high_;
      return;
    }
    if (has_low_ && has_high_) {
      const double width = high_ - low_;
      const bool bisect = evaluations_ > 6 && evaluations_ % 2 == 0;  // a secant that has not converged by now is stuck
      x = bisect ? low_ + 0.5 * width : clamp(x, low_ + 0.02 * width, high_ - 0.02 * width);
      if (bisect) spread = 0.25 * width;
    } else {
      x = has_low_ ? clamp(x, low_ + 0.02, low_ + max_step_) : clamp(x, high_ - max_step_, high_ - 0.02);
    }
    x_ = clamp(x, x_min_, x_max_);
    spread_ = spread;
  }

  static constexpr double max_log_ = 40.0;  ///< of KL / epsilon
  static constexpr double max_step_ = 9.2;  ///< of log eta, four decades

  DualSearchOptions options_{};
  double epsilon_ = 0, x_min_ = 0, x_max_ = 0;
  double x_ = 0, spread_ = 0, low_ = 0, high_ = 0, kl_ = 0;
  Point nearest_[3] = {};
  bool has_low_ = false, has_high_ = false;
  int points_ = 0, evaluations_ = 0, failures_ = 0, chosen_ = 0;
  Evaluation failure_{};
  State state_ = State::searching;
};

/// The dual searches of a pack of W lanes. Lanes that are done wait for the slowest: searches may be left, to go on
/// elsewhere.
template <int W>
struct Searches {
  DualSearch of[W];
  bool begun = false;  ///< else they begin
  int most_left = 0;   ///< the pack ends once no more conditions than these search, a dual of each at a time
};

}  // namespace mdgps::kernels::inline MDGPS_TARGET

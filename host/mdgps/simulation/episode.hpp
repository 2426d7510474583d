#pragma once
/// One episode of a task, an action at a time, for those who bring their own loop; and its cost as a function.

#include <memory>
#include <span>
#include <vector>

#include "mdgps/simulation/task.hpp"
#include "mdgps/solver/export.hpp"

namespace mdgps {

/// What `rollout` goes through, step by step: T states and T actions, the last of which costs but moves nothing.
/// Not thread-safe: each thread makes its own.
class MDGPS_API Episode {
 public:
  explicit Episode(const Task& task);

  /// Starts anew.
  /// condition   0..N-1: the task's conditions; N, N+1, ...: its held-out ones
  /// Throws std::invalid_argument where there is no such condition.
  void reset(int condition);

  /// Takes an action [m], commanded as in a rollout: the motors' limits are the simulator's. Returns what the step
  /// costs. Throws std::invalid_argument where the action's length is another or an entry not finite, std::logic_error
  /// before the first reset and after the end.
  double step(std::span<const double> action);

  int time() const { return time_; }  ///< actions taken
  bool over() const;                  ///< T actions were taken, or the simulation diverged
  bool diverged() const { return diverged_; }

  /// @name The current state; where the simulation diverged, the one before
  /// @{

  /// [n]
  std::span<const double> state() const { return state_; }
  /// [o]
  std::span<const double> observation() const { return observation_; }
  /// Of the task's point from its target, metres.
  double distance() const { return distance_; }
  /// @}

 private:
  void observe();
  double cost(std::span<const double> action);

  std::unique_ptr<Environment> environment_;
  std::vector<CostTerm> terms_, terms_now_;  // with their ramps, and for the current step
  int horizon_, conditions_, actions_;
  int time_ = -1;  // before the first reset
  bool diverged_ = false;
  std::vector<double> state_, observation_, points_, jacobian_;
  double distance_ = 0.0;
};

/// A task's cost as a function of state and action alone: entries of the points are read from the points that the state
/// holds. Throws std::invalid_argument where the cost is on points and the state holds none.
MDGPS_API std::vector<CostTerm> terms_on_state(const Task& task);

/// The terms' value, gradient and Hessian by z = [x; u] in many places, at one step. The Hessians are those of
/// `expand_cost`: positive semidefinite.
///
/// terms              of `terms_on_state`
/// step               0..T-1
/// states, actions    [B,n] [B,m], contiguous
/// value              out: [B]
/// gradient, hessian  out: [B,n+m] [B,n+m,n+m]
/// Throws std::invalid_argument when shapes differ or the step is not one of the horizon's.
MDGPS_API void expand_terms(std::span<const CostTerm> terms, int step, View<const double, 2> states,
                            View<const double, 2> actions, View<double, 1> value, View<double, 2> gradient,
                            View<double, 3> hessian);

}  // namespace mdgps

#pragma once
/// A system that can be reset and stepped.

#include <span>

#include "mdgps/solver/export.hpp"

namespace mdgps {

/// One copy of a task's system. Not thread-safe: each thread makes its own (`Task::make_environment`).
class MDGPS_API Environment {
 public:
  virtual ~Environment() = default;

  /// Puts the system at the start of a condition; nothing of what went before remains.
  /// condition   0..N-1: the task's conditions; N, N+1, ...: its held-out ones
  virtual void reset(int condition) = 0;

  /// Holds `action` [m] for one control interval. False where the simulation diverged: until the next reset the
  /// observers below then have no meaning.
  [[nodiscard]] virtual bool step(std::span<const double> action) = 0;

  /// @name Observers of the current state
  /// @{
  virtual void state(std::span<double> state) const = 0;              ///< [n]
  virtual void observation(std::span<double> observation) const = 0;  ///< [o]
  virtual void points(std::span<double> points) const = 0;            ///< [k] minus targets, metres
  virtual void point_jacobian(std::span<double> jacobian) const = 0;  ///< [k,n] row-major, d points / d state
  virtual double distance() const = 0;                                ///< metres
  /// @}
};

}  // namespace mdgps

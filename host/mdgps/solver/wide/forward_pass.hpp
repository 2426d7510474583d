#pragma once
/// The forward pass time step by time step, over many conditions at once. Private to the solver.
///
/// The mean is the first column of joint = [mu, S]: with K for the policy and f for the dynamics a step is
///
///   [mu_u, S_ux] = K [mu_x, S_x] + [k, 0],   S_u = C + K S_xu,   [mu_x, S_x] of the next step = f [mu, S f'] + [f_c,
///   F].

#include "mdgps/solver/wide/riccati.hpp"

namespace mdgps::wide {

template <class Real>
struct ForwardMemory {
  Found<Real>* found;      ///< [slots]
  Real* sum;               ///< [slots]
  Stack<Real> gain;        ///< K [m,n]
  Stack<Real> joint;       ///< [n+m,1+n+m]
  Stack<Real> transition;  ///< f' [n+m,n]
  Stack<Real> product;     ///< [mu, S f'] [n+m,1+n]

  static ForwardMemory take(Pieces& pieces, const Shape& shape, int slots) {
    const int n = shape.states, m = shape.actions, p = shape.joint();
    ForwardMemory memory;
    memory.found = pieces.take<Found<Real>>(static_cast<std::size_t>(slots));
    memory.sum = pieces.take<Real>(static_cast<std::size_t>(slots));
    memory.gain = pieces.take_stack<Real>(slots, m, n);
    memory.joint = pieces.take_stack<Real>(slots, p, 1 + p);
    memory.transition = pieces.take_stack<Real>(slots, p, n);
    memory.product = pieces.take_stack<Real>(slots, p, 1 + n);
    return memory;
  }
};

/// The forward passes of the conditions [first, end), `slots` at a time. Nothing waits.
template <class Real, class BackEnd>
struct ForwardPass {
  BackEnd& on;
  Shape shape;
  GaussianBatch<const Real> initial;
  DynamicsBatch<const Real> dynamics;
  PolicyBatch<const Real> policy;
  GaussianBatch<Real> distribution;
  StatusBatch status;
  ForwardMemory<Real> memory;

  void run(std::int64_t first, std::int64_t end, int slots) const {
    for (; first < end; first += slots) sweep(first, static_cast<int>(end - first < slots ? end - first : slots));
  }

  void sweep(std::int64_t first, int slots) const {
    const auto memory = this->memory;
    const auto initial = this->initial;
    const auto to = status;
    const int n = shape.states;
    on.for_each(slots, 1, 1, [=] MDGPS_LAMBDA(int s, int, int) { memory.found[s] = {}; });
    on.for_each(slots, n, 1 + n, [=] MDGPS_LAMBDA(int s, int i, int j) {
      memory.joint(s, i, j) =
          j == 0 ? entry(initial.mean, first + s, 0, i, 0) : entry(initial.covariance, first + s, 0, i, j - 1);
    });
    for (int t = 0; t < shape.steps; ++t) {
      join_action(first, slots, t);
      store(first, slots, t);
      if (t + 1 < shape.steps) move(first, slots, t);
    }
    on.for_each(slots, 1, 1, [=] MDGPS_LAMBDA(int s, int, int) {
      to.store(first + s, 0, memory.found[s].outcome(0), memory.found[s].failed_step(0));
    });
  }

  /// The marginal of z from that of x.
  void join_action(std::int64_t first, int slots, int t) const {
    const auto memory = this->memory;
    const auto policy = this->policy;
    const int n = shape.states, m = shape.actions;
    const auto joint = memory.joint, S_xu = joint.block(0, 1 + n, n, m), S_u = joint.block(n, 1 + n, m, m);
    on.for_each(slots, m, n, [=] MDGPS_LAMBDA(int s, int i, int j) {
      memory.gain(s, i, j) = entry(policy.gain, first + s, t, i, j);
    });
    on.product(slots, memory.gain, joint.block(0, 0, n, 1 + n), joint.block(n, 0, m, 1 + n), Update::set);
    on.for_each(slots, m, n + m + 1, [=] MDGPS_LAMBDA(int s, int i, int j) {
      if (j < n) {
        S_xu(s, j, i) = joint(s, n + i, 1 + j);
      } else if (j < n + m) {
        S_u(s, i, j - n) = entry(policy.covariance, first + s, t, i, j - n);
      } else {
        joint(s, n + i, 0) += entry(policy.offset, first + s, t, i, 0);
      }
    });
    on.product(slots, memory.gain, S_xu, S_u, Update::add);
    mirror(on, slots, S_u);
  }

  void store(std::int64_t first, int slots, int t) const {
    const auto memory = this->memory;
    const auto to = distribution;
    const int p = shape.joint();
    on.for_each(slots, p, 1 + p, [=] MDGPS_LAMBDA(int s, int i, int j) {
      (j == 0 ? entry(to.mean, first + s, t, i, 0) : entry(to.covariance, first + s, t, i, j - 1)) =
          memory.joint(s, i, j);
    });
    on.sums(
        slots, p, 1, [=] MDGPS_LAMBDA(int s, int i, int) { return memory.joint(s, i, 1 + i) + memory.joint(s, i, 0); },
        memory.sum);
    on.for_each(slots, 1, 1, [=] MDGPS_LAMBDA(int s, int, int) {
      Found<Real>& found = memory.found[s];
      found.begin_step(t);
      found.judge(finite(memory.sum[s]), found.positive);
    });
  }

  /// The marginal of the next x.
  void move(std::int64_t first, int slots, int t) const {
    const auto memory = this->memory;
    const auto dynamics = this->dynamics;
    const int n = shape.states, p = shape.joint();
    const auto next = memory.joint.block(0, 0, n, 1 + n);
    on.for_each(slots, p, n + 1, [=] MDGPS_LAMBDA(int s, int i, int j) {
      if (j < n) {
        memory.transition(s, i, j) = entry(dynamics.transition, first + s, t, j, i);
      } else {
        memory.product(s, i, 0) = memory.joint(s, i, 0);
      }
    });
    on.product(slots, memory.joint.block(0, 1, p, p), memory.transition, memory.product.block(0, 1, p, n), Update::set);
    on.for_each(slots, n, 1 + n, [=] MDGPS_LAMBDA(int s, int i, int j) {
      next(s, i, j) =
          j == 0 ? entry(dynamics.offset, first + s, t, i, 0) : entry(dynamics.covariance, first + s, t, i, j - 1);
    });
    on.product_transposed(slots, memory.transition, memory.product, next, Update::add, Part::full);
    mirror(on, slots, memory.joint.block(0, 1, n, n));
  }
};

}  // namespace mdgps::wide

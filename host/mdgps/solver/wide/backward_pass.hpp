#pragma once
/// The backward pass time step by time step, over many conditions at once. Private to the solver.

#include "kernels/backward_pass.hpp"
#include "mdgps/solver/wide/riccati.hpp"

namespace mdgps::wide {

/// The backward passes of the conditions [first, end), `slots` at a time. Nothing waits.
template <class Real, class BackEnd>
struct BackwardPass {
  BackEnd& on;
  Shape shape;
  DynamicsBatch<const Real> dynamics;
  CostBatch<const Real> cost;
  PolicyBatch<Real> policy;
  StatusBatch status;
  RiccatiMemory<Real> memory;

  void run(std::int64_t first, std::int64_t end, int slots) const {
    for (; first < end; first += slots) sweep(first, static_cast<int>(end - first < slots ? end - first : slots));
  }

  void sweep(std::int64_t first, int slots) const {
    const auto memory = this->memory;
    const auto to = status;
    on.for_each(slots, 1, 1, [=] MDGPS_LAMBDA(int s, int, int) {
      memory.condition[s] = first + s;
      memory.found[s] = {};
    });
    const Riccati<Real, BackEnd> riccati{on, shape, memory};
    for (int t = shape.steps - 1; t >= 0; --t) {
      const bool last = t == shape.steps - 1;
      if (!last) riccati.load_dynamics(slots, dynamics, t);
      riccati.load_cost(slots, cost, t, nullptr);
      riccati.add_value(slots, last);
      riccati.minimise(slots, t);
      riccati.store_policy(slots, policy, t, nullptr);
    }
    on.for_each(slots, 1, 1, [=] MDGPS_LAMBDA(int s, int, int) {
      to.store(memory.condition[s], 0, memory.found[s].outcome(0), memory.found[s].failed_step(0));
    });
  }
};

}  // namespace mdgps::wide

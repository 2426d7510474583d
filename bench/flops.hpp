#pragma once
/// Floating-point operations of the solver's algorithms, additions and multiplications counted alike, divisions and
/// roots as one. tests/kernels/flops_test.cpp holds them against a scalar that counts.

#include "kernels/backward_pass.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps::bench {

/// The value of the next step in the Q-function: [Q; q'] of n+m+1 rows, after V has been factored where that pays.
inline double next_value_flops(double n, double m) {
  const double p = n + m;
  const bool root_form = n >= kernels::least_states_in_root_form;
  const double product = root_form ? n * (n + 1) * (p + 1) + n * n * n / 3 + 1.5 * n * n : 2 * n * n * (p + 1);
  return product + n * p * (p + 1) + 2 * n * p;
}

/// The policy of a step from its Q-function, and its value function.
inline double policy_flops(double n, double m) {
  const double factor = 2 * m * m * m / 3 + m * m, gain = 2 * m * (m + 1) * (n + 1);
  return factor + gain + m * n * (n + 1) + 2 * m * n;
}

inline double backward_pass_flops(const BatchShape& s) {
  const double n = double(s.states), m = double(s.actions), p = n + m;
  const double covariance = m * m * m / 3 + m * m, check = p * (p + 1) / 2;
  return double(s.conditions) *
         (double(s.steps) * (policy_flops(n, m) + covariance + check) + double(s.steps - 1) * next_value_flops(n, m));
}

/// Marginals of z: [S_x, S_ux; S_u] of n+m rows from those before.
inline double forward_pass_flops(const BatchShape& s) {
  const double n = double(s.states), m = double(s.actions), p = n + m;
  const double join = 2 * m * n * (n + 1) + n * m * (m + 1), next = 2 * n * p * p + n * (n + 1) * p + 2 * n * p;
  return double(s.conditions) * (double(s.steps) * join + double(s.steps - 1) * next);
}

/// One evaluation of the dual: surrogate, Riccati step and divergence to go, over all steps.
inline double dual_evaluation_flops(const BatchShape& s) {
  const double n = double(s.states), m = double(s.actions), p = n + m;
  const double surrogate = p * (p + 1) / 2 + m * p * (p + 1) + 2 * m * p;
  const double check = p * (p + 1) / 2;
  const double divergence = 2 * m * m * n + 2 * m * m * m + m * n * (n + 1);  // D, U root(C), D'D
  const double next_divergence = 2 * n * m * (n + m + 1)                      // closed loop, noise, drift
                                 + 2 * n * n * (p + 1) + n * n * (n + 1)      // P A, A'P A
                                 + n * (n + 1) + 2 * n * m;                   // the traces
  return double(s.conditions) * (double(s.steps) * (surrogate + policy_flops(n, m) + check + divergence) +
                                 double(s.steps - 1) * (next_value_flops(n, m) + next_divergence));
}

/// Joint covariance of S samples, then the conditional of q outputs on p inputs.
inline double regression_flops(double problems, double S, double p, double q, bool prior) {
  const double d = p + q;
  return problems * (S * d * (d + 1) + 5 * S * d + (prior ? d * (d + 1) : 0) + d * d / 2 + p * p * p / 3 +
                     2 * p * p * q + p * q * (q + 1));
}

/// One E-step and one M-step of K components over P points.
inline double mixture_iteration_flops(double P, double K, double d) {
  return P * K * (d * (d + 1) + 2 * d) + P * K * (d * (d + 1) + 2 * d);
}

}  // namespace mdgps::bench

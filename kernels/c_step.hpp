#pragma once
/// The C-step: min_p E_p[sum_t l(x,u)] such that D_KL(p || reference) <= epsilon.   [MDGPS B.1, Eq. (2)]
///
/// For a dual eta the minimiser is the maximum-entropy LQR solution under l/eta - log reference(u|x). One evaluation
/// sweeps backwards once and carries the divergence to go beside the value function; the search over eta wraps it.
///
/// A cost may have a term - w_t H(p(u_t|x_t)) as well. Entropy does not move the means, whatever its weight: it only
/// widens the covariance, from Quu^-1 to (1 + w_t/eta) Quu^-1.

#include "kernels/backward_pass.hpp"
#include "kernels/dual_search.hpp"
#include "kernels/kl_divergence.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

template <class T>
struct CStepBatch {
  GaussianBatch<const T> initial;
  DynamicsBatch<const T> dynamics;
  CostBatch<const T> cost;
  PolicyBatch<const T> reference;
  Batch<const T> epsilon, initial_dual;
  PolicyBatch<T> policy;
  Batch<T> dual, kl;
  Batch<std::int32_t> evaluations, status;
  Batch<const T> entropy_weight{};  ///< w; no memory: 0
};

/// The lanes' problems in the group's own layout, loaded once per C-step; only lower triangles are touched afterwards.
template <class Scalar>
struct CStepSteps {
  Shape shape;
  Scalar *f, *f_c, *F, *H, *gradient, *G, *h, *log_determinant, *K, *k, *L;
  Scalar* entropy_weight;  ///< null: 0

  MDGPS_FUNCTION static CStepSteps take(Scratch<Scalar>& s, const Shape& shape) {
    const std::int64_t T = shape.steps, n = shape.states, m = shape.actions, p = n + m;
    CStepSteps steps;
    steps.shape = shape;
    steps.f = s.take_stored(T * n * p);
    steps.f_c = s.take_stored(T * n);
    steps.F = s.take_stored(T * n * n);
    steps.H = s.take_stored(T * p * p);
    steps.gradient = s.take_stored(T * p);
    steps.G = s.take_stored(T * m * p);
    steps.h = s.take_stored(T * m);
    steps.log_determinant = s.take_stored(T);
    steps.K = s.take_stored(T * m * n);
    steps.k = s.take_stored(T * m);
    steps.L = s.take_stored(T * m * m);
    steps.entropy_weight = s.take_stored(T);
    return steps;
  }

  MDGPS_FUNCTION static Matrix<Scalar> step(Scalar* data, int t, int rows, int cols) {
    return matrix(data + std::int64_t{t} * rows * cols, rows, cols);
  }
  MDGPS_FUNCTION static Vector<Scalar> step(Scalar* data, int t, int size) {
    return {data + std::int64_t{t} * size, size};
  }
  MDGPS_FUNCTION Matrix<Scalar> transition(int t) const { return step(f, t, shape.states, shape.joint()); }
  MDGPS_FUNCTION Vector<Scalar> offset(int t) const { return step(f_c, t, shape.states); }
  MDGPS_FUNCTION Matrix<Scalar> noise(int t) const { return step(F, t, shape.states, shape.states); }
  MDGPS_FUNCTION Matrix<Scalar> hessian(int t) const { return step(H, t, shape.joint(), shape.joint()); }
  MDGPS_FUNCTION Vector<Scalar> cost_gradient(int t) const { return step(gradient, t, shape.joint()); }
  MDGPS_FUNCTION Reference<Scalar> reference(int t) const {
    return {step(G, t, shape.actions, shape.joint()), step(h, t, shape.actions), log_determinant[t]};
  }
  MDGPS_FUNCTION Matrix<Scalar> gain(int t) const { return step(K, t, shape.actions, shape.states); }
  MDGPS_FUNCTION Vector<Scalar> action_offset(int t) const { return step(k, t, shape.actions); }
  MDGPS_FUNCTION Matrix<Scalar> factor(int t) const { return step(L, t, shape.actions, shape.actions); }
};

/// Scratch of an evaluation of the dual.
template <class Scalar>
struct CStepScratch {
  Matrix<Scalar> Q, V;
  Vector<Scalar> q, v;
  Matrix<Scalar> inverse_factor;  ///< L^-1 [m,m], whose transpose is a root of C
  Matrix<Scalar> covariance;      ///< C [m,m]
  DivergenceToGo<Scalar> divergence;
  RiccatiScratch<Scalar> riccati;
  DivergenceToGoScratch<Scalar> to_go;
  Vector<Scalar> initial_mean;
  Matrix<Scalar> initial_covariance;

  MDGPS_FUNCTION static CStepScratch take(Scratch<Scalar>& s, const Shape& shape) {
    const int n = shape.states, m = shape.actions, p = shape.joint();
    CStepScratch scratch;
    scratch.Q = s.take_matrix(p, p);
    scratch.V = s.take_matrix(n, n);
    scratch.q = s.take_vector(p);
    scratch.v = s.take_vector(n);
    scratch.inverse_factor = s.take_matrix(m, m);
    scratch.covariance = s.take_matrix(m, m);
    scratch.divergence = {s.take_matrix(n, n), s.take_vector(n), Scalar{}};
    scratch.riccati = RiccatiScratch<Scalar>::take(s, shape);
    scratch.to_go = DivergenceToGoScratch<Scalar>::take(s, shape);
    scratch.initial_mean = s.take_vector(n);
    scratch.initial_covariance = s.take_matrix(n, n);
    return scratch;
  }
};

template <class Scalar>
struct DualValue {
  Scalar kl;
  Mask<Scalar> positive;    ///< every Quu had a factor
  Mask<Scalar> all_finite;  ///< judged before the first failing factor
};

/// The minimiser of the Lagrangian at the lanes' 1/eta (into the steps' K, k, L) and its divergence.
template <class Group, class Scalar>
MDGPS_FUNCTION DualValue<Scalar> evaluate_dual(const Group& g, const CStepSteps<Scalar>& steps,
                                               const Scalar& inverse_eta, Mask<Scalar> reference_ok,
                                               CStepScratch<Scalar>& s) {
  const int p = steps.shape.joint();
  DualValue<Scalar> value{Scalar{}, reference_ok, true};
  for (int t = steps.shape.steps - 1; t >= 0; --t) {
    const bool last = t == steps.shape.steps - 1;
    const auto f = steps.transition(t), H = steps.hessian(t), L = steps.factor(t), K = steps.gain(t);
    const auto f_c = steps.offset(t), gradient = steps.cost_gradient(t), k = steps.action_offset(t);
    const auto reference = steps.reference(t);

    // surrogate l/eta - log reference: H/eta + G'G, g/eta - G'h
    for_each(g, p, [&](int i) {
      for (int j = 0; j <= i; ++j) s.Q(i, j) = inverse_eta * H(i, j);
      s.q(i) = inverse_eta * gradient(i);
    });
    product(g, transpose(reference.G), reference.G, s.Q, Update::add, Part::symmetric);
    product(g, transpose(reference.G), reference.h, s.q, Update::subtract);

    const Mask<Scalar> positive_so_far = value.positive;
    riccati_step(g, f, f_c, last, s.Q, s.q, s.V, s.v, K, k, L, value.positive, s.riccati);
    value.all_finite = value.all_finite & (finite(sum_of_lower(g, s.Q) + sum(g, s.q)) | !positive_so_far);
    if (steps.entropy_weight != nullptr) {
      const Scalar narrowing = Scalar(1.0) / root(Scalar(1.0) + inverse_eta * steps.entropy_weight[t]);
      const int m = L.rows;
      for_each(g, m * m, [&](int e) { L(e / m, e % m) *= narrowing; });
    }

    invert_lower(g, L, s.inverse_factor);
    divergence_to_go_step(g, f, f_c, steps.noise(t), last, K, k, transpose(s.inverse_factor), -log_determinant(g, L),
                          reference, s.divergence, s.to_go);
  }
  value.kl = expected_divergence(g, s.divergence, s.initial_mean, s.initial_covariance, s.v);
  value.all_finite = value.all_finite & (finite(value.kl) | !value.positive);
  return value;
}

/// The groups among which a condition's candidate duals are shared out. A group alone takes them all, in its lanes.
struct Alone {
  MDGPS_FUNCTION int size() const { return 1; }
  MDGPS_FUNCTION int rank() const { return 0; }
  /// all[r] <- own of the group of rank r, in every group; every thread of the team calls it.
  template <class T>
  MDGPS_FUNCTION void share(const T& /*own*/, T* /*all*/) const {}
};

/// The whole C-step for the lanes' conditions, with options.width lanes to a condition, or that many groups with a
/// lane each. A condition that fails keeps its reference policy, with its status.
template <class Group, class Scalar, class T, class Team = Alone>
MDGPS_FUNCTION void c_step(const Group& g, Lanes<Scalar> lanes, const Shape& shape, const CStepBatch<T>& b,
                           const DualSearchOptions& options, Scratch<Scalar>& scratch, const Team& team = {}) {
  constexpr int W = lane_count<Scalar>;
  const int T_ = shape.steps;
  auto steps = CStepSteps<Scalar>::take(scratch, shape);
  auto s = CStepScratch<Scalar>::take(scratch, shape);
  if (scratch.counting()) return;
  if (b.entropy_weight.data == nullptr) steps.entropy_weight = nullptr;

  Mask<Scalar> reference_ok = true;
  load(g, lanes, b.initial.mean, 0, s.initial_mean);
  load(g, lanes, b.initial.covariance, 0, s.initial_covariance);
  for (int t = 0; t < T_; ++t) {
    if (t + 1 < T_) {
      load(g, lanes, b.dynamics.transition, t, steps.transition(t));
      load(g, lanes, b.dynamics.offset, t, steps.offset(t));
      load(g, lanes, b.dynamics.covariance, t, steps.noise(t));
    }
    load(g, lanes, b.cost.hessian, t, steps.hessian(t));
    load(g, lanes, b.cost.gradient, t, steps.cost_gradient(t));
    auto reference = steps.reference(t);
    load_reference(g, lanes, b.reference, t, steps.gain(t), steps.action_offset(t), s.covariance, s.inverse_factor,
                   reference, reference_ok);
    for_each(g, 1, [&](int) { steps.log_determinant[t] = reference.log_determinant; });
    if (steps.entropy_weight != nullptr)
      for_each(g, W, [&](int w) { lane(steps.entropy_weight[t], w) = *b.entropy_weight.at(lanes.condition[w], t); });
  }

  const int width = options.width / team.size();
  DualSearch search[W];  // of the condition that the lanes from w * width on share
  for (int w = 0; w < W / width; ++w) {
    const std::int64_t condition = lanes.condition[w * width];
    search[w].start(static_cast<double>(*b.initial_dual.at(condition, 0)),
                    static_cast<double>(*b.epsilon.at(condition, 0)), options);
  }
  for (bool active = true; active;) {
    // A search that is done is evaluated again at its dual: its lane writes the same numbers.
    Scalar inverse_eta{};
    for (int w = 0; w < W; ++w)
      lane(inverse_eta, w) = static_cast<Element<Scalar>>(1.0 / search[w / width].eta(team.rank() * width + w % width));
    const auto value = evaluate_dual(g, steps, inverse_eta, reference_ok, s);
    constexpr int most = W > DualSearch::max_width ? W : DualSearch::max_width;
    Evaluation found[most];
    double kl[most];
    for (int w = 0; w < W; ++w) {
      found[w] = !get_lane(value.all_finite, w) ? Evaluation::not_finite
                 : !get_lane(value.positive, w) ? Evaluation::not_positive_definite
                                                : Evaluation::ok;
      kl[w] = static_cast<double>(lane(value.kl, w));
    }
    team.share(found[0], found);
    team.share(kl[0], kl);
    active = false;
    for (int w = 0; w < W / width; ++w) {
      search[w].update(found + w * width, kl + w * width);
      active = active || search[w].active();
    }
  }
  for (int r = 0; r < lanes.count; ++r) lanes.stored[r] = r * width + search[r].chosen() % width;
  if (search[0].chosen() / width != team.rank()) return;  // the policy is with another group of the team

  Mask<Scalar> failed = false;
  for (int w = 0; w < W; ++w) set_lane(failed, w, search[w / width].state() == DualSearch::State::failed);
  const auto keep_reference = [&](const Batch<const T>& reference, int t, const Matrix<Scalar>& x) {
    if (none(failed)) return;
    for_each(g, x.rows * x.cols, [&](int e) {
      const int i = e / x.cols, j = e % x.cols;
      for (int w = 0; w < W; ++w)
        if (get_lane(failed, w))
          lane(x(i, j), w) = reference.at(lanes.condition[w], t)[i * reference.row_stride + j * reference.col_stride];
    });
  };
  for (int t = 0; t < T_; ++t) {
    inverse_from_factor(g, steps.factor(t), s.inverse_factor, s.covariance);
    keep_reference(b.reference.gain, t, steps.gain(t));
    keep_reference(b.reference.offset, t, steps.action_offset(t).column());
    keep_reference(b.reference.covariance, t, s.covariance);
    store(g, lanes, steps.gain(t), b.policy.gain, t);
    store(g, lanes, steps.action_offset(t), b.policy.offset, t);
    store(g, lanes, s.covariance, b.policy.covariance, t);
  }
  for_each(g, lanes.count, [&](int r) {
    const std::int64_t condition = lanes.condition[lanes.stored[r]];
    const auto state = search[r].state();
    const bool fell = state == DualSearch::State::failed;
    *b.dual.at(condition, 0) = fell ? *b.initial_dual.at(condition, 0) : static_cast<T>(search[r].eta(0));
    *b.kl.at(condition, 0) = fell ? T{} : static_cast<T>(search[r].kl());
    *b.evaluations.at(condition, 0) = search[r].evaluations();
    const Outcome outcome = state == DualSearch::State::converged  ? Outcome::ok
                            : state == DualSearch::State::inactive ? Outcome::constraint_inactive
                            : !fell                                ? Outcome::not_converged
                            : search[r].last_failure() == Evaluation::not_positive_definite
                                ? Outcome::not_positive_definite
                            : search[r].last_failure() == Evaluation::not_finite ? Outcome::not_finite
                                                                                 : Outcome::not_converged;
    *b.status.at(condition, 0) = static_cast<std::int32_t>(outcome);
  });
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET

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
  Batch<std::int32_t> evaluations;
  StatusBatch status;
  Batch<const T> entropy_weight{};  ///< w; no memory: 0
};

/// Asks for a step of the lanes' problems.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void prefetch(const Group& g, const Lanes<Scalar>& lanes, const CStepBatch<T>& b, int t,
                             const Shape& shape) {
  const int n = shape.states, m = shape.actions, p = shape.joint();
  if (t + 1 < shape.steps) {
    prefetch(g, lanes, b.dynamics.transition, t, n, p);
    prefetch(g, lanes, b.dynamics.offset, t, n);
    prefetch_lower(g, lanes, b.dynamics.covariance, t, n);
  }
  prefetch_lower(g, lanes, b.cost.hessian, t, p);
  prefetch(g, lanes, b.cost.gradient, t, p);
  prefetch(g, lanes, b.reference, t, m, n);
}

/// The lanes' problems in the group's own layout, loaded once per C-step: what a step reads lies side by side, since
/// streaming it costs as much as computing on it. Of symmetric matrices there is the lower triangle.
template <class Scalar>
struct CStepSteps {
  Shape shape;
  Scalar *read, *written;
  Scalar* entropy_weight;  ///< null: 0

  MDGPS_FUNCTION static CStepSteps take(Scratch<Scalar>& s, const Shape& shape) {
    CStepSteps steps{shape, nullptr, nullptr, nullptr};
    steps.read = s.take_stored(shape.steps * std::int64_t{steps.read_size()});
    steps.written = s.take_stored(shape.steps * std::int64_t{steps.written_size()});
    steps.entropy_weight = s.take_stored(shape.steps);
    return steps;
  }

  MDGPS_FUNCTION int states() const { return shape.states; }
  MDGPS_FUNCTION int actions() const { return shape.actions; }
  MDGPS_FUNCTION int joint() const { return shape.joint(); }
  MDGPS_FUNCTION int read_size() const { return log_determinant_at() + 1; }
  MDGPS_FUNCTION int written_size() const { return factor_at() + actions() * actions(); }
  MDGPS_FUNCTION Scalar* read_at(int t) const { return read + t * std::int64_t{read_size()}; }

  /// Asks for what an evaluation will read of a step.
  template <class Group>
  MDGPS_FUNCTION void prefetch(const Group& g, int t) const {
    kernels::prefetch(g, read_at(t), read_size());
  }
  MDGPS_FUNCTION Matrix<Scalar> transition(int t) const { return matrix(read_at(t), states(), joint()); }
  MDGPS_FUNCTION Vector<Scalar> offset(int t) const { return {read_at(t) + offset_at(), states()}; }
  MDGPS_FUNCTION Lower<Scalar> noise(int t) const { return {read_at(t) + noise_at(), states()}; }
  MDGPS_FUNCTION Lower<Scalar> hessian(int t) const { return {read_at(t) + hessian_at(), joint()}; }
  MDGPS_FUNCTION Vector<Scalar> cost_gradient(int t) const { return {read_at(t) + gradient_at(), joint()}; }
  MDGPS_FUNCTION Reference<Scalar> reference(int t) const {
    Scalar* const at = read_at(t);
    return {matrix(at + G_at(), actions(), joint()), {at + h_at(), actions()}, at[log_determinant_at()]};
  }
  MDGPS_FUNCTION void set_log_determinant(int t, const Scalar& value) const {
    read_at(t)[log_determinant_at()] = value;
  }
  MDGPS_FUNCTION Matrix<Scalar> gain(int t) const { return matrix(written_at(t), actions(), states()); }
  MDGPS_FUNCTION Vector<Scalar> action_offset(int t) const { return {written_at(t) + action_offset_at(), actions()}; }
  MDGPS_FUNCTION Matrix<Scalar> factor(int t) const {
    return matrix(written_at(t) + factor_at(), actions(), actions());
  }

 private:
  MDGPS_FUNCTION int offset_at() const { return states() * joint(); }
  MDGPS_FUNCTION int noise_at() const { return offset_at() + states(); }
  MDGPS_FUNCTION int hessian_at() const { return noise_at() + Lower<Scalar>::size(states()); }
  MDGPS_FUNCTION int gradient_at() const { return hessian_at() + Lower<Scalar>::size(joint()); }
  MDGPS_FUNCTION int G_at() const { return gradient_at() + joint(); }
  MDGPS_FUNCTION int h_at() const { return G_at() + actions() * joint(); }
  MDGPS_FUNCTION int log_determinant_at() const { return h_at() + actions(); }
  MDGPS_FUNCTION int action_offset_at() const { return actions() * states(); }
  MDGPS_FUNCTION int factor_at() const { return action_offset_at() + actions(); }
  MDGPS_FUNCTION Scalar* written_at(int t) const { return written + t * std::int64_t{written_size()}; }
};

/// Scratch of an evaluation of the dual.
template <class Scalar>
struct CStepScratch {
  Matrix<Scalar> Q;           ///< the surrogate cost, then the Q-function [n+m+1,n+m]
  Vector<Scalar> x;           ///< [n]
  Matrix<Scalar> covariance;  ///< C [m,m]
  DivergenceToGo<Scalar> divergence;
  RiccatiScratch<Scalar> riccati;
  DivergenceToGoScratch<Scalar> to_go;
  Vector<Scalar> initial_mean;
  Matrix<Scalar> initial_covariance;

  MDGPS_FUNCTION static CStepScratch take(Scratch<Scalar>& s, const Shape& shape) {
    const int n = shape.states, m = shape.actions, p = shape.joint();
    CStepScratch scratch;
    scratch.Q = s.take_matrix(p + 1, p);
    scratch.x = s.take_vector(n);
    scratch.covariance = s.take_matrix(m, m);
    scratch.divergence = {s.take_matrix(n, n), s.take_vector(n), Scalar{}};
    scratch.riccati = RiccatiScratch<Scalar>::take(s, shape);
    // The Riccati step is over where the divergence begins: less memory stays nearer.
    scratch.to_go = DivergenceToGoScratch<Scalar>::take(s, shape, scratch.Q.data, scratch.riccati.W.data);
    scratch.initial_mean = s.take_vector(n);
    scratch.initial_covariance = s.take_matrix(n, n);
    return scratch;
  }
};

/// What the lanes' duals came to.
template <class Scalar>
struct DualValue {
  Scalar kl;
  Found<Scalar> found;

  MDGPS_FUNCTION Evaluation evaluation(int w) const {
    return {found.outcome(w), found.failed_step(w), static_cast<double>(lane(kl, w))};
  }
};

/// The minimiser of the Lagrangian at the lanes' 1/eta (into the steps' K, k, L) and its divergence.
/// reference_found   of its factorisations
template <class Group, class Scalar>
MDGPS_FUNCTION DualValue<Scalar> evaluate_dual(const Group& g, const CStepSteps<Scalar>& steps,
                                               const Scalar& inverse_eta, const Found<Scalar>& reference_found,
                                               CStepScratch<Scalar>& s) {
  const int p = steps.shape.joint();
  const auto Q = s.Q.block(0, 0, p, p);
  const Vector<Scalar> q{&s.Q(p, 0), p};
  DualValue<Scalar> value{Scalar{}, reference_found};
  Found<Scalar>& found = value.found;
  s.riccati.start(g);
  for (int t = steps.shape.steps - 1; t >= 0; --t) {
    const bool last = t == steps.shape.steps - 1;
    found.begin_step(t);
    if (t > 0 && lane_count<Scalar> == 1) steps.prefetch(g, t - 1);  // packs are long: the processor sees them coming
    const auto f = steps.transition(t), L = steps.factor(t), K = steps.gain(t);
    const auto H = steps.hessian(t);
    const auto f_c = steps.offset(t), gradient = steps.cost_gradient(t), k = steps.action_offset(t);
    const auto reference = steps.reference(t);

    // surrogate l/eta - log reference: H/eta + G'G, g/eta - G'h
    for_each(g, p, [&](int i) {
      scale_row(g, inverse_eta, H.row(i), &Q(i, 0), i + 1);
      q(i) = inverse_eta * gradient(i);
    });
    product(g, transpose(reference.G), reference.G, Q, Update::add, Part::lower);
    product(g, transpose(reference.G), reference.h, q, Update::subtract);

    const Mask<Scalar> was_positive = found.positive;
    riccati_step(g, f, f_c, last, s.Q, K, k, L, found.positive, s.riccati);
    found.judge(finite(sum_of_lower(g, s.Q)), was_positive);
    if (steps.entropy_weight != nullptr) {
      const Scalar widening = root(Scalar(1.0) + inverse_eta * steps.entropy_weight[t]);
      const Scalar narrowing = Scalar(1.0) / widening;
      for_each_entry(g, L.rows, L.cols, [&](int i, int j) {
        L(i, j) *= narrowing;
        s.riccati.inverse(i, j) *= widening;
      });
    }

    divergence_to_go_step(g, f, f_c, steps.noise(t), last, K, k, transpose(s.riccati.inverse), -log_determinant(g, L),
                          reference, s.divergence, s.to_go);
    found.judge(finite(s.divergence.c), found.positive);
  }
  value.kl = expected_divergence(g, s.divergence, s.initial_mean, s.initial_covariance, s.x);
  found.judge(finite(value.kl), found.positive);
  return value;
}

/// What the search has found for a condition, but for its policy.
template <class T>
MDGPS_FUNCTION void store_search(const DualSearch& search, std::int64_t condition, const CStepBatch<T>& b) {
  const auto state = search.state();
  const bool fell = state == DualSearch::State::failed;
  *b.dual.at(condition, 0) = fell ? *b.initial_dual.at(condition, 0) : static_cast<T>(search.eta(0));
  *b.kl.at(condition, 0) = fell ? T{} : static_cast<T>(search.kl());
  *b.evaluations.at(condition, 0) = search.evaluations();
  const Evaluation& failure = search.last_failure();
  const Outcome outcome = state == DualSearch::State::converged     ? Outcome::ok
                          : state == DualSearch::State::inactive    ? Outcome::constraint_inactive
                          : !fell || failure.outcome == Outcome::ok ? Outcome::not_converged
                                                                    : failure.outcome;
  b.status.store(condition, 0, outcome, failure.failed_step);
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
/// lane each. Where there are fewer lanes, a condition has them all, in rounds. A condition that fails keeps its
/// reference policy, with its status.
/// lanes      of condition_lanes(), with the width or the number of lanes, whichever is less
/// searches   of the lanes' conditions; one that is active afterwards was left, and nothing is stored for it
template <class Group, class Scalar, class T, class Team>
MDGPS_FUNCTION void c_step(const Group& g, Lanes<Scalar> lanes, const Shape& shape, const CStepBatch<T>& b,
                           const DualSearchOptions& options, Scratch<Scalar>& scratch, const Team& team,
                           Searches<lane_count<Scalar>>& searches) {
  constexpr int W = lane_count<Scalar>;
  const int T_ = shape.steps;
  auto steps = CStepSteps<Scalar>::take(scratch, shape);
  auto s = CStepScratch<Scalar>::take(scratch, shape);
  if (scratch.counting()) return;
  if (b.entropy_weight.data == nullptr) steps.entropy_weight = nullptr;

  Found<Scalar> reference_found;
  load(g, lanes, b.initial.mean, 0, s.initial_mean);
  load(g, lanes, b.initial.covariance, 0, s.initial_covariance);
  for (int t = 0; t < T_; ++t) {
    reference_found.begin_step(t);
    if (is_alone<Group> && asks_ahead(g) && t + 1 < T_) prefetch(g, lanes, b, t + 1, shape);
    if (t + 1 < T_) {
      load(g, lanes, b.dynamics.transition, t, steps.transition(t));
      load(g, lanes, b.dynamics.offset, t, steps.offset(t));
      load(g, lanes, b.dynamics.covariance, t, steps.noise(t));
    }
    load(g, lanes, b.cost.hessian, t, steps.hessian(t));
    load(g, lanes, b.cost.gradient, t, steps.cost_gradient(t));
    auto reference = steps.reference(t);
    load_reference(g, lanes, b.reference, t, steps.gain(t), steps.action_offset(t), s.covariance, s.riccati.inverse,
                   reference, reference_found.positive);
    for_each(g, 1, [&](int) { steps.set_log_determinant(t, reference.log_determinant); });
    if (steps.entropy_weight != nullptr)
      for_each(g, W, [&](int w) { lane(steps.entropy_weight[t], w) = *b.entropy_weight.at(lanes.condition[w], t); });
  }

  const int width = options.width / team.size();  // of this group
  const int at_once = width < W ? width : W;
  const int rounds = width / at_once;
  auto& search = searches.of;  // [w]: of the condition that the lanes from w * at_once on share
  for (int w = 0; !searches.begun && w < W / at_once; ++w) {
    const std::int64_t condition = lanes.condition[w * at_once];
    search[w].start(static_cast<double>(*b.initial_dual.at(condition, 0)),
                    static_cast<double>(*b.epsilon.at(condition, 0)), options);
  }
  constexpr int most = W > DualSearch::max_width ? W : DualSearch::max_width;
  Evaluation evaluations[most];
  bool active = true;
  for (int round = 0;;) {
    // A search that is done is evaluated again at its dual: its lane writes the same numbers.
    Scalar inverse_eta{};
    for (int w = 0; w < W; ++w)
      lane(inverse_eta, w) = static_cast<Element<Scalar>>(
          1.0 / search[w / at_once].eta(team.rank() * width + round * at_once + w % at_once));
    const auto value = evaluate_dual(g, steps, inverse_eta, reference_found, s);
    if (!active) break;  // after rounds, of which the last need not have had the dual chosen: now all lanes have it
    for (int w = 0; w < W; ++w) evaluations[round * W + w] = value.evaluation(w);
    if (++round < rounds) continue;
    round = 0;
    team.share(evaluations[0], evaluations);
    int searching = 0;
    for (int w = 0; w < W / at_once; ++w) {
      search[w].update(evaluations + w * width);
      searching += w < lanes.count && search[w].active() ? 1 : 0;
    }
    active = searching > 0;
    if (rounds == 1 && searching <= searches.most_left) break;
  }
  const int conditions = lanes.count;
  lanes.count = 0;
  for (int r = 0; r < conditions; ++r)
    if (!search[r].active()) lanes.stored[lanes.count++] = r * at_once + search[r].chosen() % at_once;
  if (search[0].chosen() / width != team.rank()) return;  // the policy is with another group of the team

  Mask<Scalar> failed = false;
  for (int w = 0; w < W; ++w) set_lane(failed, w, search[w / at_once].state() == DualSearch::State::failed);
  const auto keep_reference = [&](const Batch<const T>& reference, int t, const Matrix<Scalar>& x) {
    if (none(failed)) return;
    for_each_entry(g, x.rows, x.cols, [&](int i, int j) {
      for (int w = 0; w < W; ++w)
        if (get_lane(failed, w))
          lane(x(i, j), w) = reference.at(lanes.condition[w], t)[i * reference.row_stride + j * reference.col_stride];
    });
  };
  for (int t = 0; t < T_; ++t) {
    invert_lower(g, steps.factor(t), s.riccati.inverse);
    covariance_of(g, s.riccati.inverse, s.covariance);
    if (fetches_before_writing<Group> && asks_ahead(g) && t + 1 < T_)
      prefetch(g, lanes, b.policy, t + 1, shape.actions, shape.states);
    keep_reference(b.reference.gain, t, steps.gain(t));
    keep_reference(b.reference.offset, t, steps.action_offset(t).column());
    keep_reference(b.reference.covariance, t, s.covariance);
    store(g, lanes, steps.gain(t), b.policy.gain, t);
    store(g, lanes, steps.action_offset(t), b.policy.offset, t);
    store(g, lanes, s.covariance, b.policy.covariance, t);
  }
  for_each(g, conditions, [&](int r) {
    if (!search[r].active()) store_search(search[r], lanes.condition[r * at_once], b);
  });
}
/// The same, of searches that begin and end here.
template <class Group, class Scalar, class T, class Team = Alone>
MDGPS_FUNCTION void c_step(const Group& g, const Lanes<Scalar>& lanes, const Shape& shape, const CStepBatch<T>& b,
                           const DualSearchOptions& options, Scratch<Scalar>& scratch, const Team& team = {}) {
  Searches<lane_count<Scalar>> searches;
  c_step(g, lanes, shape, b, options, scratch, team, searches);
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET

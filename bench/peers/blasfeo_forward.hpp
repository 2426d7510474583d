#pragma once
/// Forward propagation of mean and covariance out of BLASFEO's routines: HPIPM itself propagates the mean alone.

#include <vector>

#include "bench/peers/blasfeo_matrix.hpp"
#include "bench/trajectories.hpp"

namespace mdgps::bench {

/// u ~ N(K x + k, C) of one step, as BLASFEO's products want it.
struct PanelGains {
  PanelMatrix transposed;  ///< [K'; k'] [n+1,m]
  PanelMatrix gain;        ///< K [m,n]
  PanelMatrix covariance;  ///< C [m,m], both triangles

  PanelGains(int n, int m) : transposed(n + 1, m), gain(m, n), covariance(m, m) {}
};

/// One condition's marginals of [x; u].
class BlasfeoForward {
 public:
  BlasfeoForward(const problems::Trajectory<double>& p, std::int64_t i)
      : n_(static_cast<int>(p.shape.states)),
        m_(static_cast<int>(p.shape.actions)),
        T_(static_cast<int>(p.shape.steps)),
        closed_(n_, n_ + m_),
        weighted_(n_, n_ + m_) {
    for (int t = 0; t < T_; ++t) {
      steps_.emplace_back(n_, m_);
      Step& step = steps_.back();
      assign(p.dynamics.transition.view()[i][t], n_, n_ + m_, step.transition);
      assign(p.dynamics.offset.view()[i][t], n_, step.offset);
      assign(p.dynamics.covariance.view()[i][t], n_, n_, step.noise);
    }
    assign(p.initial.mean.view()[i], n_, steps_[0].mean);
    assign(p.initial.covariance.view()[i], n_, n_, steps_[0].states);
  }

  /// Everything at [x; u] of step t, and at x of the next.
  void step(int t, const PanelGains& policy) {
    Step& s = steps_[t];
    blasfeo_dgemm_nt(m_, n_, n_, 1.0, policy.gain, 0, 0, s.states, 0, 0, 0.0, s.cross, 0, 0, s.cross, 0, 0);
    blasfeo_dsyrk_ln(m_, n_, 1.0, s.cross, 0, 0, policy.gain, 0, 0, 1.0, policy.covariance, 0, 0, s.actions, 0, 0);
    blasfeo_dtrtr_l(m_, s.actions, 0, 0, s.actions, 0, 0);
    step_states(t, policy);
  }

  /// The means, and the covariance of x alone: S' = (A + B K) S (A + B K)' + B C B' + F, a product for the part left of
  /// S or C and one of half the work for the two sums.
  void step_states(int t, const PanelGains& policy) {
    Step& s = steps_[t];
    blasfeo_drowex(m_, 1.0, policy.transposed, n_, 0, s.mean, n_);
    blasfeo_dgemv_n(m_, n_, 1.0, policy.gain, 0, 0, s.mean, 0, 1.0, s.mean, n_, s.mean, n_);
    if (t + 1 == T_) return;
    Step& next = steps_[t + 1];
    blasfeo_dgemm_nt(n_, n_, m_, 1.0, s.transition, 0, n_, policy.transposed, 0, 0, 1.0, s.transition, 0, 0, closed_, 0,
                     0);
    blasfeo_dgecp(n_, m_, s.transition, 0, n_, closed_, 0, n_);
    blasfeo_dgemm_nt(n_, n_, n_, 1.0, closed_, 0, 0, s.states, 0, 0, 0.0, weighted_, 0, 0, weighted_, 0, 0);
    blasfeo_dgemm_nt(n_, m_, m_, 1.0, closed_, 0, n_, policy.covariance, 0, 0, 0.0, weighted_, 0, n_, weighted_, 0, n_);
    blasfeo_dsyrk_ln(n_, n_ + m_, 1.0, weighted_, 0, 0, closed_, 0, 0, 1.0, s.noise, 0, 0, next.states, 0, 0);
    blasfeo_dtrtr_l(n_, next.states, 0, 0, next.states, 0, 0);
    blasfeo_dgemv_n(n_, n_ + m_, 1.0, s.transition, 0, 0, s.mean, 0, 1.0, s.offset, 0, next.mean, 0);
  }

  const PanelVector& mean(int t) const { return steps_[t].mean; }      ///< [x; u]
  const PanelMatrix& states(int t) const { return steps_[t].states; }  ///< covariance of x

  /// Sum of the magnitudes of all means and covariances.
  double size() const {
    double sum = 0;
    for (const Step& s : steps_)
      sum += magnitude(s.mean, n_ + m_) + magnitude(s.states, n_, n_) + 2 * magnitude(s.cross, m_, n_) +
             magnitude(s.actions, m_, m_);
    return sum;
  }

 private:
  struct Step {
    PanelMatrix transition, noise;  ///< [A B] [n,n+m], F [n,n]
    PanelVector offset;
    PanelVector mean;                    ///< of [x; u]
    PanelMatrix states, cross, actions;  ///< covariances [n,n], K S [m,n], [m,m]

    Step(int n, int m)
        : transition(n, n + m), noise(n, n), offset(n), mean(n + m), states(n, n), cross(m, n), actions(m, m) {}
  };

  int n_, m_, T_;
  std::vector<Step> steps_;
  PanelMatrix closed_, weighted_;  ///< [A + B K, B] and that times the covariances
};

}  // namespace mdgps::bench

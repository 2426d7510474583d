#pragma once
/// The C-step with HPIPM's backward pass and BLASFEO's products, one pass after the other, searched as mdgps does with
/// one dual at a time.

#include "bench/peers/hpipm_problem.hpp"
#include "kernels/dual_search.hpp"

namespace mdgps::bench {

class HpipmCStep {
 public:
  HpipmCStep(const problems::Trajectory<double>& p, std::int64_t i)
      : n_(static_cast<int>(p.shape.states)),
        m_(static_cast<int>(p.shape.actions)),
        T_(static_cast<int>(p.shape.steps)),
        epsilon_(p.epsilon(i)),
        initial_dual_(p.initial_dual(i)),
        problem_(p, i, 1),
        forward_(p, i),
        factor_(m_, m_),
        change_(n_ + 1, m_),
        weighted_(n_, m_),
        ratio_(m_, m_),
        mean_change_(m_) {
    const int z = n_ + m_;
    for (int t = 0; t < T_; ++t) {
      steps_.emplace_back(n_, m_);
      Step& s = steps_.back();
      blasfeo_dgecp(z + 1, z, problem_.cost(t), 0, 0, s.cost, 0, 0);
      const auto K = p.reference.gain.view()[i][t];
      for (int j = 0; j < m_; ++j) {
        s.residual(j, j) = 1.0;
        for (int c = 0; c < n_; ++c) s.residual(m_ + c, j) = -K(j, c);
        s.residual(z, j) = -p.reference.offset(i, t, j);
      }
      assign(p.reference.covariance.view()[i][t], m_, m_, s.covariance);
    }
  }

  void run() {
    whiten_reference();
    kernels::DualSearch search;
    search.start(initial_dual_, epsilon_,
                 {.tolerance = 0.01, .max_evaluations = 50, .min_dual = 1e-8, .max_dual = 1e16});
    while (search.active()) {
      const double kl = divergence_at(search.eta(0));
      const kernels::Evaluation found{
          std::isfinite(kl) ? kernels::Outcome::ok : kernels::Outcome::not_positive_definite, -1, kl};
      search.update(&found);
    }
  }

  /// Sum of the magnitudes of the policy.
  double size() const {
    double sum = 0;
    for (const Step& s : steps_)
      sum += magnitude(s.policy.transposed, n_ + 1, m_) + magnitude(s.policy.covariance, m_, m_);
    return sum;
  }

 private:
  struct Step {
    PanelMatrix cost, surrogate;     ///< [u; x; 1] x [u; x], lower
    PanelMatrix residual, whitened;  ///< [I; -K'; -k'] of the reference, and times L^-T, C = L L'
    PanelMatrix covariance;          ///< of the reference
    double log_determinant = 0;      ///< of L
    PanelGains policy;

    Step(int n, int m)
        : cost(n + m + 1, n + m),
          surrogate(n + m + 1, n + m),
          residual(n + m + 1, m),
          whitened(n + m + 1, m),
          covariance(m, m),
          policy(n, m) {}
  };

  /// The surrogate's part that does not depend on eta: -log of the reference.
  void whiten_reference() {
    const int z = n_ + m_;
    for (Step& s : steps_) {
      blasfeo_dpotrf_l(m_, s.covariance, 0, 0, factor_, 0, 0);
      blasfeo_dtrsm_rltn(z + 1, m_, 1.0, factor_, 0, 0, s.residual, 0, 0, s.whitened, 0, 0);
      blasfeo_dsyrk_ln_mn(z + 1, z, m_, 1.0, s.whitened, 0, 0, s.whitened, 0, 0, 0.0, s.surrogate, 0, 0, s.surrogate, 0,
                          0);
      s.log_determinant = 0;
      for (int j = 0; j < m_; ++j) s.log_determinant += std::log(factor_(j, j));
    }
  }

  double divergence_at(double eta) {
    const int z = n_ + m_;
    for (int t = 0; t < T_; ++t) {
      blasfeo_dgecpsc(z + 1, z, 1.0 / eta, steps_[t].cost, 0, 0, problem_.cost(t), 0, 0);
      blasfeo_dgead(z + 1, z, 1.0, steps_[t].surrogate, 0, 0, problem_.cost(t), 0, 0);
      problem_.cost_changed(t);
    }
    problem_.solve();
    double kl = 0;
    for (int t = 0; t < T_; ++t) {
      problem_.gains(t, steps_[t].policy);
      forward_.step_states(t, steps_[t].policy);
      kl += divergence_of_step(t);
    }
    return kl;
  }

  /// E_x[D_KL] = (|L^-1 R|^2 + tr(E S E') + |E mu + e|^2 - m) / 2 + log|L| - log|R|, with R R' = C of the policy and
  /// E x + e = L^-1 times the difference of the two means at x.
  double divergence_of_step(int t) {
    Step& s = steps_[t];
    const PanelMatrix& root = problem_.root_of_covariance();
    blasfeo_dgemm_nn(n_ + 1, m_, m_, 1.0, s.policy.transposed, 0, 0, s.whitened, 0, 0, 1.0, s.whitened, m_, 0, change_,
                     0, 0);
    blasfeo_dgemm_nn(n_, m_, n_, 1.0, forward_.states(t), 0, 0, change_, 0, 0, 0.0, weighted_, 0, 0, weighted_, 0, 0);
    blasfeo_dgemm_tn(m_, m_, m_, 1.0, s.whitened, 0, 0, root, 0, 0, 0.0, ratio_, 0, 0, ratio_, 0, 0);
    blasfeo_drowex(m_, 1.0, change_, n_, 0, mean_change_, 0);
    blasfeo_dgemv_t(n_, m_, 1.0, change_, 0, 0, forward_.mean(t), 0, 1.0, mean_change_, 0, mean_change_, 0);
    double sum = -m_, log_determinant = s.log_determinant;
    for (int j = 0; j < m_; ++j) {
      sum += mean_change_(j) * mean_change_(j);
      for (int i = 0; i < n_; ++i) sum += change_(i, j) * weighted_(i, j);
      for (int i = 0; i < m_; ++i) sum += ratio_(i, j) * ratio_(i, j);
      log_determinant -= std::log(root(j, j));
    }
    return 0.5 * sum + log_determinant;
  }

  int n_, m_, T_;
  double epsilon_, initial_dual_;
  HpipmProblem problem_;
  BlasfeoForward forward_;
  std::vector<Step> steps_;
  PanelMatrix factor_, change_, weighted_, ratio_;
  PanelVector mean_change_;
};

}  // namespace mdgps::bench

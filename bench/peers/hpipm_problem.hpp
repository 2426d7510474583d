#pragma once
/// One condition's unconstrained problem in HPIPM: its factorisation and solution by the Riccati recursion.

#include <memory>
#include <vector>

#include "bench/peers/blasfeo_forward.hpp"

extern "C" {
#include <hpipm_d_ocp_qp.h>
#include <hpipm_d_ocp_qp_dim.h>
#include <hpipm_d_ocp_qp_ipm.h>
#include <hpipm_d_ocp_qp_kkt.h>
#include <hpipm_d_ocp_qp_sol.h>
}

namespace mdgps::bench {

/// Stages are steps; the last has actions too and no successor.
class HpipmProblem {
 public:
  HpipmProblem(const problems::Trajectory<double>& p, std::int64_t i, int square_root)
      : n_(static_cast<int>(p.shape.states)),
        m_(static_cast<int>(p.shape.actions)),
        T_(static_cast<int>(p.shape.steps)),
        inverse_(m_, m_),
        identity_(m_, m_) {
    std::vector<int> states(T_, n_), actions(T_, m_), none(T_, 0);
    d_ocp_qp_dim_create(T_ - 1, &dim_, memory(d_ocp_qp_dim_memsize(T_ - 1)));
    d_ocp_qp_dim_set_all(states.data(), actions.data(), none.data(), none.data(), none.data(), none.data(), &dim_);
    d_ocp_qp_create(&dim_, &qp_, memory(d_ocp_qp_memsize(&dim_)));
    for (int t = 0; t < T_; ++t) set_step(p, i, t);
    d_ocp_qp_sol_create(&dim_, &sol_, memory(d_ocp_qp_sol_memsize(&dim_)));
    d_ocp_qp_ipm_arg_create(&dim_, &arg_, memory(d_ocp_qp_ipm_arg_memsize(&dim_)));
    d_ocp_qp_ipm_arg_set_default(SPEED, &arg_);
    int no = 0;
    double zero = 0;
    d_ocp_qp_ipm_arg_set_ric_alg(&square_root, &arg_);
    d_ocp_qp_ipm_arg_set_comp_dual_sol_eq(&no, &arg_);
    d_ocp_qp_ipm_arg_set_reg_prim(&zero, &arg_);
    d_ocp_qp_ipm_ws_create(&dim_, &arg_, &ws_, memory(d_ocp_qp_ipm_ws_memsize(&dim_, &arg_)));
    ws_.square_root_alg = square_root;
    for (int j = 0; j < m_; ++j) identity_(j, j) = 1.0;
  }

  /// The backward pass, and the means from the best first state on: HPIPM has no way to leave them out.
  void solve() { d_ocp_qp_fact_solve_kkt_unconstr(&qp_, &sol_, &arg_, &ws_); }

  /// The policy of step t from the factor of its Hessian, of which HPIPM leaves the first columns [L_uu; L_xu; l_u'].
  void gains(int t, const PanelGains& to) {
    blasfeo_dmat* L = &ws_.L[t];
    blasfeo_dtrsm_rlnn(n_ + 1, m_, -1.0, L, 0, 0, L, m_, 0, to.transposed, 0, 0);
    blasfeo_dgetr(n_, m_, to.transposed, 0, 0, to.gain, 0, 0);
    blasfeo_dtrsm_rltn(m_, m_, 1.0, L, 0, 0, identity_, 0, 0, inverse_, 0, 0);  // L_uu^-T
    blasfeo_dsyrk_ln(m_, m_, 1.0, inverse_, 0, 0, inverse_, 0, 0, 0.0, to.covariance, 0, 0, to.covariance, 0, 0);
    blasfeo_dtrtr_l(m_, to.covariance, 0, 0, to.covariance, 0, 0);
  }
  /// L_uu^-T of the step that `gains` was last called for.
  const PanelMatrix& root_of_covariance() const { return inverse_; }

  /// [Huu Hxu'; Hxu Hxx; gu' gx'] of step t, lower triangle; call `cost_changed` after writing to it.
  blasfeo_dmat* cost(int t) { return &qp_.RSQrq[t]; }
  void cost_changed(int t) { blasfeo_drowex(n_ + m_, 1.0, cost(t), n_ + m_, 0, &qp_.rqz[t], 0); }

 private:
  void set_step(const problems::Trajectory<double>& p, std::int64_t i, int t) {
    // HPIPM's arrays are column-major.
    const auto block = [](auto view, int row, int col, int rows, int cols) {
      std::vector<double> out(static_cast<std::size_t>(rows) * cols);
      for (int r = 0; r < rows; ++r)
        for (int c = 0; c < cols; ++c) out[r + c * rows] = view(row + r, col + c);
      return out;
    };
    const auto f = p.dynamics.transition.view()[i][t];
    const auto H = p.cost.hessian.view()[i][t];
    std::vector<double> b(n_), q(n_), r(m_);
    for (int j = 0; j < n_; ++j) b[j] = p.dynamics.offset(i, t, j), q[j] = p.cost.gradient(i, t, j);
    for (int j = 0; j < m_; ++j) r[j] = p.cost.gradient(i, t, n_ + j);
    if (t + 1 < T_) {
      d_ocp_qp_set_A(t, block(f, 0, 0, n_, n_).data(), &qp_);
      d_ocp_qp_set_B(t, block(f, 0, n_, n_, m_).data(), &qp_);
      d_ocp_qp_set_b(t, b.data(), &qp_);
    }
    d_ocp_qp_set_Q(t, block(H, 0, 0, n_, n_).data(), &qp_);
    d_ocp_qp_set_R(t, block(H, n_, n_, m_, m_).data(), &qp_);
    d_ocp_qp_set_S(t, block(H, n_, 0, m_, n_).data(), &qp_);
    d_ocp_qp_set_q(t, q.data(), &qp_);
    d_ocp_qp_set_r(t, r.data(), &qp_);
  }
  void* memory(hpipm_size_t bytes) {
    memory_.push_back(peer_memory(bytes + 4096));  // HPIPM aligns parts of it by itself
    return memory_.back().get();
  }

  int n_, m_, T_;
  std::vector<PeerMemory> memory_;
  d_ocp_qp_dim dim_;
  d_ocp_qp qp_;
  d_ocp_qp_sol sol_;
  d_ocp_qp_ipm_arg arg_;
  d_ocp_qp_ipm_ws ws_;
  PanelMatrix inverse_, identity_;
};

}  // namespace mdgps::bench

// HPIPM's Riccati recursion on the same problems, for bench/compare: one factorisation and solution of the
// unconstrained problem is its backward pass and the propagation of the mean.

#include "bench/peers/server.hpp"

extern "C" {
#include <blasfeo.h>
#include <hpipm_d_ocp_qp.h>
#include <hpipm_d_ocp_qp_dim.h>
#include <hpipm_d_ocp_qp_ipm.h>
#include <hpipm_d_ocp_qp_kkt.h>
#include <hpipm_d_ocp_qp_sol.h>
}

namespace mdgps::bench {
namespace {

/// One condition. Stages are steps; the last has actions too and no successor.
class Problem {
 public:
  Problem(const problems::Trajectory<double>& p, std::int64_t i, int square_root) {
    const int n = static_cast<int>(p.shape.states), m = static_cast<int>(p.shape.actions),
              T = static_cast<int>(p.shape.steps);
    std::vector<int> states(T, n), actions(T, m), none(T, 0);
    d_ocp_qp_dim_create(T - 1, &dim_, memory(d_ocp_qp_dim_memsize(T - 1)));
    d_ocp_qp_dim_set_all(states.data(), actions.data(), none.data(), none.data(), none.data(), none.data(), &dim_);
    d_ocp_qp_create(&dim_, &qp_, memory(d_ocp_qp_memsize(&dim_)));
    for (int t = 0; t < T; ++t) set_step(p, i, t);
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
  }
  void solve() { d_ocp_qp_fact_solve_kkt_unconstr(&qp_, &sol_, &arg_, &ws_); }

 private:
  void set_step(const problems::Trajectory<double>& p, std::int64_t i, int t) {
    const int n = static_cast<int>(p.shape.states), m = static_cast<int>(p.shape.actions);
    // HPIPM's arrays are column-major.
    const auto block = [](auto view, int row, int col, int rows, int cols) {
      std::vector<double> out(static_cast<std::size_t>(rows) * cols);
      for (int r = 0; r < rows; ++r)
        for (int c = 0; c < cols; ++c) out[r + c * rows] = view(row + r, col + c);
      return out;
    };
    const auto f = p.dynamics.transition.view()[i][t];
    const auto H = p.cost.hessian.view()[i][t];
    std::vector<double> b(n), q(n), r(m);
    for (int j = 0; j < n; ++j) b[j] = p.dynamics.offset(i, t, j), q[j] = p.cost.gradient(i, t, j);
    for (int j = 0; j < m; ++j) r[j] = p.cost.gradient(i, t, n + j);
    if (t + 1 < p.shape.steps) {
      d_ocp_qp_set_A(t, block(f, 0, 0, n, n).data(), &qp_);
      d_ocp_qp_set_B(t, block(f, 0, n, n, m).data(), &qp_);
      d_ocp_qp_set_b(t, b.data(), &qp_);
    }
    d_ocp_qp_set_Q(t, block(H, 0, 0, n, n).data(), &qp_);
    d_ocp_qp_set_R(t, block(H, n, n, m, m).data(), &qp_);
    d_ocp_qp_set_S(t, block(H, n, 0, m, n).data(), &qp_);
    d_ocp_qp_set_q(t, q.data(), &qp_);
    d_ocp_qp_set_r(t, r.data(), &qp_);
  }
  void* memory(hpipm_size_t bytes) {
    memory_.emplace_back(std::aligned_alloc(64, (bytes + 4095) / 64 * 64), &std::free);
    return memory_.back().get();
  }

  std::vector<std::unique_ptr<void, decltype(&std::free)>> memory_;
  d_ocp_qp_dim dim_;
  d_ocp_qp qp_;
  d_ocp_qp_sol sol_;
  d_ocp_qp_ipm_arg arg_;
  d_ocp_qp_ipm_ws ws_;
};

struct HpipmCase {
  std::vector<std::unique_ptr<Problem>> square_root, classical;

  explicit HpipmCase(const BatchShape& shape) {
    const auto p = trajectory(shape);
    for (std::int64_t i = 0; i < shape.conditions; ++i) {
      square_root.push_back(std::make_unique<Problem>(p, i, 1));
      classical.push_back(std::make_unique<Problem>(p, i, 0));
    }
  }
  std::map<std::string, std::function<void()>> operations() {
    const auto all = [](auto& conditions) {
      return [&] {
        for (auto& condition : conditions) condition->solve();
      };
    };
    return {{"backward", all(square_root)}, {"backward_classical", all(classical)}};
  }
};

}  // namespace
}  // namespace mdgps::bench

int main() { return mdgps::bench::serve<mdgps::bench::HpipmCase>(); }

// HPIPM for bench/compare: its Riccati recursion, and around it what it lacks, out of the routines of its BLASFEO.

#include "bench/peers/hpipm_c_step.hpp"
#include "bench/peers/server.hpp"

namespace mdgps::bench {
namespace {

/// The gains of all steps and the marginals under them.
struct Passes {
  HpipmProblem backward;
  BlasfeoForward forward;
  std::vector<PanelGains> policy;

  Passes(const problems::Trajectory<double>& p, std::int64_t i) : backward(p, i, 1), forward(p, i) {
    const int n = static_cast<int>(p.shape.states), m = static_cast<int>(p.shape.actions);
    for (int t = 0; t < p.shape.steps; ++t) policy.emplace_back(n, m);
  }
  void run() {
    backward.solve();
    for (std::size_t t = 0; t < policy.size(); ++t) {
      backward.gains(static_cast<int>(t), policy[t]);
      forward.step(static_cast<int>(t), policy[t]);
    }
  }
};

/// The marginals under the reference policy.
struct Forward {
  BlasfeoForward forward;
  std::vector<PanelGains> policy;

  Forward(const problems::Trajectory<double>& p, std::int64_t i) : forward(p, i) {
    const int n = static_cast<int>(p.shape.states), m = static_cast<int>(p.shape.actions);
    for (int t = 0; t < p.shape.steps; ++t) {
      policy.emplace_back(n, m);
      const auto K = p.reference.gain.view()[i][t];
      assign(K, m, n, policy.back().gain);
      for (int j = 0; j < m; ++j) {
        for (int c = 0; c < n; ++c) policy.back().transposed(c, j) = K(j, c);
        policy.back().transposed(n, j) = p.reference.offset(i, t, j);
      }
      assign(p.reference.covariance.view()[i][t], m, m, policy.back().covariance);
    }
  }
  void run() {
    for (std::size_t t = 0; t < policy.size(); ++t) forward.step(static_cast<int>(t), policy[t]);
  }
};

class HpipmCase {
 public:
  explicit HpipmCase(const BatchShape& shape) : problems_(trajectory(shape)) {}

  std::map<std::string, Operation> operations() {
    return {{"backward", {[this] { run(square_root(), [](auto& one) { one.solve(); }); }, {}}},
            {"backward_classical", {[this] { run(classical(), [](auto& one) { one.solve(); }); }, {}}},
            {"forward", operation<Forward>(forward_, [](const auto& one) { return one.forward.size(); })},
            {"passes", operation<Passes>(passes_, [](const auto& one) { return one.forward.size(); })},
            {"c_step", operation<HpipmCStep>(c_step_, [](const auto& one) { return one.size(); })}};
  }

 private:
  template <class One>
  using Conditions = std::vector<std::unique_ptr<One>>;

  template <class One, class... Arguments>
  Conditions<One>& made(Conditions<One>& conditions, Arguments... arguments) {
    for (auto i = static_cast<std::int64_t>(conditions.size()); i < problems_.shape.conditions; ++i)
      conditions.push_back(std::make_unique<One>(problems_, i, arguments...));
    return conditions;
  }
  Conditions<HpipmProblem>& square_root() { return made(square_root_, 1); }
  Conditions<HpipmProblem>& classical() { return made(classical_, 0); }

  /// Conditions are shared among the threads of OpenMP.
  template <class One, class Run>
  static void run(Conditions<One>& conditions, const Run& run) {
#pragma omp parallel for
    for (std::size_t i = 0; i < conditions.size(); ++i) run(*conditions[i]);
  }

  template <class One, class Size>
  Operation operation(Conditions<One>& conditions, const Size& size_of) {
    return {[&, this] { run(made(conditions), [](auto& one) { one.run(); }); },
            [&, size_of] {
              double sum = 0;
              for (const auto& one : conditions) sum += size_of(*one);
              return sum;
            }};
  }

  problems::Trajectory<double> problems_;
  Conditions<HpipmProblem> square_root_, classical_;
  Conditions<Passes> passes_;
  Conditions<Forward> forward_;
  Conditions<HpipmCStep> c_step_;
};

}  // namespace
}  // namespace mdgps::bench

int main(int argc, char** argv) { return mdgps::bench::serve<mdgps::bench::HpipmCase>(argc, argv); }

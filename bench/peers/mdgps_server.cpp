// mdgps itself, for bench/compare.

#include "bench/peers/server.hpp"
#include "mdgps/solver/backward_pass.hpp"
#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/forward_pass.hpp"
#include "mdgps/solver/regression.hpp"

namespace mdgps::bench {
namespace {

struct MdgpsCase {
  BatchShape shape;
  problems::Trajectory<double> p;
  LinearGaussianPolicyArrays<double> policy;
  TrajectoryDistributionArrays<double> distribution;
  CStepResultArrays<double> result;
  Array<Status, 1> status;
  OwnWorkspace backward_memory, forward_memory, c_step_memory;

  explicit MdgpsCase(const BatchShape& s)
      : shape(s),
        p(trajectory(s)),
        policy(s),
        distribution(s),
        result(s),
        status({s.conditions}),
        backward_memory(backward_pass_workspace_size<double>(s)),
        forward_memory(forward_pass_workspace_size<double>(s)),
        c_step_memory(c_step_workspace_size<double>(s, {})) {}

  void backward() {
    backward_pass<double>(std::as_const(p.dynamics).view(), std::as_const(p.cost).view(), policy.view(), status,
                          backward_memory, Stream{});
  }
  void forward() {
    forward_pass<double>(p.initial.view(), p.dynamics.view(), std::as_const(policy).view(), distribution.view(), status,
                         forward_memory, Stream{});
  }
  /// Every step's dynamics from 5 samples, without a prior, at the trajectory's extents.
  struct Regression {
    Array<double, 4> inputs, outputs;
    LinearGaussianPolicyArrays<double> fit;
    Array<Status, 2> status;
  };
  std::unique_ptr<Regression> regression;
  void fit() {
    const auto [N, T, n, m] = shape;
    if (!regression) {
      regression.reset(new Regression{Array<double, 4>({N, T, 5, n + m}), Array<double, 4>({N, T, 5, n}),
                                      LinearGaussianPolicyArrays<double>({N, T, n + m, n}), Array<Status, 2>({N, T})});
      problems::Draws draws(1);
      for (double& x : regression->inputs.elements()) x = draws.normal();
      for (double& x : regression->outputs.elements()) x = draws.normal();
    }
    auto& r = *regression;
    fit_linear_gaussian<double>({r.inputs, r.outputs, {}, {}, 1e-6},
                                {r.fit.gain, r.fit.offset, r.fit.covariance, r.status});
  }

  std::map<std::string, std::function<void()>> operations() {
    return {{"backward", [this] { backward(); }},
            {"passes", [this] { backward(), forward(); }},
            {"c_step", [this] { c_step<double>(p.view(), result.view(), {}, c_step_memory, Stream{}); }},
            {"regression", [this] { fit(); }}};
  }
};

}  // namespace
}  // namespace mdgps::bench

int main() { return mdgps::bench::serve<mdgps::bench::MdgpsCase>(); }

// mdgps itself, for bench/compare.

#include "bench/peers/regression_case.hpp"
#include "bench/peers/server.hpp"
#include "mdgps/solver/backward_pass.hpp"
#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/forward_pass.hpp"

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
  std::unique_ptr<RegressionCase> regression;  // larger than the others, and only for those who ask

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
  void forward(const LinearGaussianPolicyArrays<double>& under) {
    forward_pass<double>(p.initial.view(), p.dynamics.view(), under.view(), distribution.view(), status, forward_memory,
                         Stream{});
  }
  RegressionCase& fits() {
    if (!regression) regression = std::make_unique<RegressionCase>(shape);
    return *regression;
  }

  /// What its peers read: a problem of the passes, or of the regression.
  static void write(const std::string& operation, const BatchShape& shape, const std::string& name) {
    if (operation == "regression") return RegressionCase(shape).write(name);
    write_trajectory(trajectory(shape), name);
  }

  static double size_of(const LinearGaussianPolicyArrays<double>& a) {
    return magnitude(a.gain) + magnitude(a.offset) + magnitude(a.covariance);
  }
  double size_of_distribution() const { return magnitude(distribution.mean) + magnitude(distribution.covariance); }

  std::map<std::string, Operation> operations() {
    return {{"backward", {[this] { backward(); }, [this] { return size_of(policy); }}},
            {"forward", {[this] { forward(p.reference); }, [this] { return size_of_distribution(); }}},
            {"passes", {[this] { backward(), forward(policy); }, [this] { return size_of_distribution(); }}},
            {"c_step",
             {[this] { c_step<double>(p.view(), result.view(), {}, c_step_memory, Stream{}); },
              [this] { return size_of(result.policy); }}},
            {"regression", {[this] { fits().run(); }, [this] { return fits().size(); }}}};
  }
};

}  // namespace
}  // namespace mdgps::bench

int main(int argc, char** argv) {
  using mdgps::bench::MdgpsCase;
  return mdgps::bench::serve<MdgpsCase>(argc, argv, &MdgpsCase::write);
}

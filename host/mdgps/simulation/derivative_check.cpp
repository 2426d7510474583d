#include "mdgps/simulation/derivative_check.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include "mdgps/simulation/mujoco_model.hpp"

namespace mdgps {
namespace {

constexpr double step = 1e-6;

/// Where a cost is looked at: z = [x; u], and the points with their Jacobian there.
struct Place {
  std::vector<double> z, points, jacobian;
};

/// A term of one step and weight 1, whatever its ramp.
CostTerm without_ramp(CostTerm term) {
  term.ramp = {1.0};
  return term;
}

/// Value and gradient [n+m] of a term at a place.
struct Expansion {
  double value;
  std::vector<double> gradient;
};

Expansion expand(const CostTerm& term, const Place& place, int n, int m) {
  const auto k = static_cast<std::int64_t>(place.points.size());
  const Array<double, 2> weights({1, 1}, 1.0);
  CostSamples<double> samples;
  samples.states = {place.z.data(), {1, 1, 1, n}};
  samples.actions = {place.z.data() + n, {1, 1, 1, m}};
  samples.points = {place.points.data(), {1, 1, 1, k}};
  samples.point_jacobians = {place.jacobian.data(), {1, 1, 1, k, n}};
  samples.weights = weights;
  QuadraticCostArrays<double> cost({.conditions = 1, .steps = 1, .states = n, .actions = m});
  Array<double, 3> value({1, 1, 1});
  expand_cost<double>({&term, 1}, samples, cost.view(), value);

  Expansion expansion{value(0, 0, 0), {}};  // from about z = 0 to about z
  for (int a = 0; a < n + m; ++a) {
    double slope = cost.gradient(0, 0, a);
    for (int b = 0; b < n + m; ++b) slope += cost.hessian(0, 0, a, b) * place.z[b];
    expansion.gradient.push_back(slope);
  }
  return expansion;
}

/// Puts the simulator at joint positions near those of a trajectory's state.
class Simulator {
 public:
  Simulator(const Task& task, int condition, std::span<const double> state) {
    const auto& block = *task.mujoco->layout.find(StatePart::joint_positions);
    ConditionSpec start = task.condition_specs[condition];
    std::copy_n(state.begin() + block.begin, block.count, start.joint_positions.begin());
    Task task_at(task);
    task_at.condition_specs = {start};
    for (int j = 0; j < block.count; ++j)
      for (const double move : {step, -step}) {
        auto moved = start;
        moved.joint_positions[j] += move;
        task_at.condition_specs.push_back(moved);
      }
    task_at.held_out_condition_specs.clear();
    environment_ = task_at.make_environment();
    first_ = block.begin;
    count_ = block.count;
  }

  /// The points [k] where state entry `entry` is moved by +step (side 0) or -step (side 1).
  void points(int entry, int side, std::span<double> points) {
    const bool joint = entry >= first_ && entry < first_ + count_;
    environment_->reset(joint ? 1 + 2 * (entry - first_) + side : 0);
    environment_->points(points);
  }

 private:
  std::unique_ptr<Environment> environment_;
  int first_ = 0, count_ = 0;
};

}  // namespace

std::vector<DerivativeCheck> check_cost_derivatives(const Task& task, const Trajectories& paths) {
  const int n = task.states, m = task.actions;
  std::vector<DerivativeCheck> checks(task.cost.size());
  for (int i = 0; i < task.conditions; ++i) {
    if (paths.weights(i, 0) == 0) continue;
    for (const int t : {0, task.horizon / 2, task.horizon - 1}) {
      const auto state = paths.states.row(i, 0, t), action = paths.actions.row(i, 0, t);
      const auto points = paths.points.row(i, 0, t), jacobian = paths.point_jacobians.row(i, 0, t);
      Place place{{state.begin(), state.end()}, {points.begin(), points.end()}, {jacobian.begin(), jacobian.end()}};
      place.z.insert(place.z.end(), action.begin(), action.end());
      std::vector<Expansion> exact;
      for (const CostTerm& term : task.cost) exact.push_back(expand(without_ramp(term), place, n, m));

      Simulator simulator(task, i, state);
      for (int a = 0; a < n + m; ++a) {
        std::array<Place, 2> sides{place, place};
        for (int side = 0; side < 2; ++side) {
          sides[side].z[a] += side == 0 ? step : -step;
          simulator.points(a, side, sides[side].points);
        }
        for (std::size_t c = 0; c < task.cost.size(); ++c) {
          const CostTerm term = without_ramp(task.cost[c]);
          const double difference =
              (expand(term, sides[0], n, m).value - expand(term, sides[1], n, m).value) / (2 * step);
          const double error = std::abs(exact[c].gradient[a] - difference);
          DerivativeCheck& check = checks[c];
          check.largest_gradient = std::max(check.largest_gradient, std::abs(exact[c].gradient[a]));
          check.largest_error =
              std::isfinite(error) ? std::max(check.largest_error, error) : std::numeric_limits<double>::infinity();
        }
      }
    }
  }
  return checks;
}

std::vector<std::string> joints_left_out(const Task& task) {
  const mjModel& model = task.mujoco->get();
  std::set<int> left_out;
  for (const auto& point : task.mujoco->points)
    for (int body = model.site_bodyid[point.site]; body != 0; body = model.body_parentid[body])
      for (int j = 0; j < model.body_jntnum[body]; ++j) left_out.insert(model.body_jntadr[body] + j);
  for (const auto& joint : task.mujoco->joints)
    std::erase_if(left_out, [&](int left) { return model.jnt_dofadr[left] == joint.velocity; });
  std::vector<std::string> names;
  for (const int joint : left_out) {
    const char* name = mj_id2name(&model, mjOBJ_JOINT, joint);
    names.push_back(name != nullptr ? name : "joint " + std::to_string(joint));
  }
  return names;
}

}  // namespace mdgps

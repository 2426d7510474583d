// mdgps check-task

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <memory>

#include "apps/mdgps/commands.hpp"
#include "apps/mdgps/machine.hpp"
#include "apps/mdgps/run_options.hpp"
#include "apps/mdgps/shell_word.hpp"
#include "apps/mdgps/task_files.hpp"
#include "mdgps/algorithm/local_models.hpp"
#include "mdgps/algorithm/mirror_descent.hpp"
#include "mdgps/simulation/derivative_check.hpp"
#include "mdgps/simulation/point_mass_task.hpp"
#include "mdgps/simulation/rollout.hpp"
#include "mdgps/simulation/signals.hpp"

namespace mdgps {
namespace {

void print_signals(const char* title, const std::vector<Signal>& signals) {
  std::printf("\n%-28s %-8s %s\n", title, "unit", "limits");
  for (const Signal& signal : signals) {
    std::printf("  %-26s %-8s ", signal.name.c_str(), signal.unit.c_str());
    if (std::isfinite(signal.low)) {
      std::printf("%g to %g\n", signal.low, signal.high);
    } else {
      std::printf("none\n");
    }
  }
}

/// "points" or the names of the state's and action's entries that a term is on.
std::string entries_text(const Task& task, const std::vector<Signal>& actions, const CostTerm& term) {
  std::string text;
  for (const int entry : term.entries) {
    const int action = entry - task.states, point = action - task.actions;
    text += text.empty() ? "" : " ";
    text += action < 0  ? task.state_names[entry]
            : point < 0 ? actions[action].name
                        : "point[" + std::to_string(point) + "]";
  }
  constexpr std::size_t room = 40;
  return text.size() <= room ? text : text.substr(0, room) + "...";
}

/// What a condition's actions come to over the samples that did not diverge.
struct ActionUse {
  double largest = 0;
  int limited = 0, all = 0;  ///< beyond the motor's limits, of how many
};

ActionUse action_use(const Task& task, const Trajectories& paths, int condition, const std::vector<Signal>& motors) {
  ActionUse use;
  for (std::int64_t s = 0; s < paths.weights.extent(1); ++s) {
    if (paths.weights(condition, s) == 0) continue;
    for (int t = 0; t < task.horizon; ++t) {
      for (int j = 0; j < task.actions; ++j) {
        const double u = paths.actions(condition, s, t, j);
        use.largest = std::max(use.largest, std::abs(u));
        use.limited += u < motors[j].low || u > motors[j].high ? 1 : 0;
        ++use.all;
      }
    }
  }
  return use;
}

/// Rollouts of the initial controllers in each condition: of their mean actions, which say where they hold the robot,
/// and of `noisy` ones, as an iteration makes them, which say what they ask of the motors. Returns whether none
/// diverged.
bool print_rollouts(const Task& task, const Trajectories& mean, const Trajectories& noisy,
                    const std::vector<Signal>& motors) {
  std::printf("\n%-20s %10s %10s %10s %12s %10s\n", "initial controller", "starts at", "ends at", "cost", "largest u",
              "limited");
  const auto costs = trajectory_costs(task.cost, mean);
  bool all_finished = true;
  for (int i = 0; i < task.conditions; ++i) {
    const ActionUse use = action_use(task, noisy, i, motors);
    if (mean.weights(i, 0) == 0 || use.all == 0) {
      std::printf("condition %-10d the simulation diverged\n", i);
      all_finished = false;
      continue;
    }
    std::printf("condition %-10d %8.4f m %8.4f m %10.4g %12.4g %9.0f%%\n", i, mean.distances(i, 0, 0),
                mean.distances(i, 0, task.horizon - 1), costs(i, 0), use.largest, 100.0 * use.limited / use.all);
  }
  std::printf("(largest u and limited: with exploration noise, %d samples)\n",
              static_cast<int>(noisy.weights.extent(1)));
  return all_finished;
}

/// Returns whether all passed.
bool print_cost_terms(const Task& task, const Trajectories& paths, const std::vector<Signal>& actions) {
  std::printf("\n%-6s %-46s %8s %8s %10s %10s\n", "cost", "on", "l1", "l2", "gradient", "error");
  const auto checks = check_cost_derivatives(task, paths);
  bool all_passed = true;
  for (std::size_t c = 0; c < checks.size(); ++c) {
    const CostTerm& term = task.cost[c];
    std::printf("%-6zu %-46s %8.3g %8.3g %10.3g %10.1e%s\n", c, entries_text(task, actions, term).c_str(), term.l1,
                term.l2, checks[c].largest_gradient, checks[c].largest_error,
                checks[c].passed() ? "" : "  NOT its derivative");
    all_passed &= checks[c].passed();
  }
  return all_passed;
}

/// Why a term's gradient is not its derivative, as far as that can be told.
std::string cause(const Task& task) {
  std::string list;
  for (const auto& joint : joints_left_out(task)) list += (list.empty() ? "" : ", ") + joint;
  if (list.empty()) return "";
  return ": a point is also moved by what is not in 'joints': " + list +
         "; list it there (a joint needs no motor), or, as a free or ball joint cannot be, put no cost on \"points\"";
}

int check(const std::string& name) {
  const Task task = load_task(find_task_file(name));
  const Settings settings = read_settings(task.algorithm, method_named(read_run_options(task.config).method));
  const auto actions = action_signals(task);
  std::printf("task       %s%s%s\n", task.name.c_str(), task.description.empty() ? "" : ": ", task.description.c_str());
  std::printf("sizes      %d states, %d actions, %d observations, %d points\n", task.states, task.actions,
              task.observations, task.points / 3);
  std::printf("time       %d steps of %g s, %d of the simulator each\n", task.horizon, task.control_interval,
              task.substeps);
  std::printf("conditions %d, and %d held out\n", task.conditions, task.held_out_conditions);
  std::printf("success    ends nearer than %g m\n", task.success_distance);
  const std::string why_not = PointMassTask(task).why_not();
  std::printf("on a GPU   rollouts are made %s%s\n",
              why_not.empty() ? "there: the task is a point mass" : "on the CPU: ", why_not.c_str());
  print_signals("observation", observation_signals(task));
  print_signals("action", actions);

  const MirrorDescent start(task, settings, /*seed=*/0, machine_threads());
  const auto roll_out = [&](const RolloutOptions& options) {
    return rollout_local(task, start.local_policies().view(), options);
  };
  const auto mean = roll_out({.noise = false, .threads = machine_threads()});
  const auto noisy = roll_out(
      {.samples = settings.samples, .noise_smoothing = settings.noise_smoothing, .threads = machine_threads()});
  const bool finished = print_rollouts(task, mean, noisy, actions);
  const bool passed = print_cost_terms(task, noisy, actions);  // a mean action may be 0, where gradients are
  if (!finished) {
    throw std::runtime_error(
        "the simulation diverged; check the model's timestep and damping, and gains, stiffness and variance in "
        "[initial_policy]");
  }
  if (!passed) throw std::runtime_error("a term's gradient is not the derivative of its cost" + cause(task));
  std::printf("\nThe task can be trained: mdgps train %s\n", shell_word(name).c_str());
  return 0;
}

}  // namespace

Command add_check_task(CLI::App& program) {
  auto* app = program.add_subcommand(
      "check-task",
      "Load a task and report its sizes, motors and costs, one rollout, and whether derivatives are right.");
  const auto task = std::make_shared<std::string>();
  app->add_option("FILE", *task, "Path of a task's TOML file, or a name from `mdgps tasks`")->required()->type_name("");
  app->footer("Example: mdgps check-task apps/tasks/peg/task.toml");
  return {app, [task] { return check(*task); }};
}

}  // namespace mdgps

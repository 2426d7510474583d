// mdgps eval

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/mdgps/commands.hpp"
#include "apps/mdgps/machine.hpp"
#include "apps/mdgps/run_options.hpp"
#include "apps/mdgps/trained_run.hpp"
#include "apps/mdgps/validators.hpp"
#include "kernels/random.hpp"
#include "mdgps/algorithm/settings.hpp"
#include "mdgps/simulation/rollout.hpp"

namespace mdgps {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  fs::path folder;
  int episodes = 1;
  std::optional<std::int64_t> seed;
  bool as_json = false;
};

/// Episodes of one condition.
struct ConditionResult {
  double distance = 0;  ///< at the end, mean over the episodes whose simulation did not diverge; NaN without any
  double success = 0;   ///< share of the episodes; one that diverged has failed
};

std::vector<ConditionResult> roll_out(const Task& task, const Controller& controller, const RolloutOptions& options) {
  const int conditions = options.held_out ? task.held_out_conditions : task.conditions;
  const std::vector<const Controller*> controllers(conditions, &controller);
  const Trajectories trajectories = rollout(task, controllers, options);
  std::vector<ConditionResult> results(conditions);
  for (int i = 0; i < conditions; ++i) {
    double sum = 0, finished = 0, successes = 0;
    for (int s = 0; s < options.samples; ++s) {
      if (trajectories.weights(i, s) == 0) continue;
      const double distance = trajectories.distances(i, s, task.horizon - 1);
      sum += distance;
      finished += 1;
      successes += distance < task.success_distance ? 1 : 0;
    }
    results[i] = {sum / finished, successes / options.samples};
  }
  return results;
}

ConditionResult mean(const std::vector<ConditionResult>& results) {
  ConditionResult sum;
  for (const auto& result : results) {
    sum.distance += result.distance / static_cast<double>(results.size());
    sum.success += result.success / static_cast<double>(results.size());
  }
  return sum;
}

nlohmann::ordered_json as_json(const std::vector<ConditionResult>& results) {
  auto conditions = nlohmann::ordered_json::array();
  for (const auto& result : results) {
    conditions.push_back(
        {{"condition", conditions.size()}, {"distance", result.distance}, {"success", result.success}});
  }
  return {{"conditions", conditions}, {"mean_distance", mean(results).distance}, {"success", mean(results).success}};
}

void print_table(const char* title, const std::vector<ConditionResult>& results) {
  std::printf("%-20s %10s %8s\n", title, "distance", "success");
  for (std::size_t i = 0; i < results.size(); ++i) {
    std::printf("%-20zu %10.4f %7.0f%%\n", i, results[i].distance, 100 * results[i].success);
  }
  std::printf("%-20s %10.4f %7.0f%%\n", "mean", mean(results).distance, 100 * mean(results).success);
}

int evaluate(const Arguments& arguments) {
  const Task task = load_run_task(arguments.folder);
  const RunOptions run = read_run_options(task.config);
  const auto controller = load_run_controller(arguments.folder, task);
  RolloutOptions options{.samples = arguments.episodes,
                         .seed = static_cast<std::uint64_t>(arguments.seed.value_or(run.seed)),
                         .stream = RandomStream::evaluation,
                         .noise = arguments.episodes > 1,
                         .noise_smoothing = 0.0,
                         .threads = machine_threads()};
  const auto own = roll_out(task, *controller, options);
  options.held_out = true;
  const auto held_out = roll_out(task, *controller, options);

  if (arguments.as_json) {
    nlohmann::ordered_json json = {{"task", task.name},
                                   {"episodes", options.samples},
                                   {"noise", options.noise},
                                   {"seed", options.seed},
                                   {"success_distance", task.success_distance}};
    json.update(as_json(own));
    if (!held_out.empty()) json["held_out"] = as_json(held_out);
    std::printf("%s\n", json.dump(2).c_str());
    return 0;
  }
  std::printf("%s: %s\n", task.name.c_str(),
              options.noise ? (std::to_string(options.samples) + " episodes, actions drawn from the policy").c_str()
                            : "one episode of mean actions");
  std::printf("success: ends nearer than %g\n\n", task.success_distance);
  print_table("condition", own);
  if (!held_out.empty()) {
    std::printf("\n");
    print_table("held-out condition", held_out);
  }
  return 0;
}

}  // namespace

Command add_eval(CLI::App& program) {
  auto* app =
      program.add_subcommand("eval", "Roll a run's trained policy out, in the task's conditions and held-out ones.");
  const auto a = std::make_shared<Arguments>();
  app->add_option("DIR", a->folder, "Folder of a run (the --output of mdgps train)")->required()->type_name("");
  app->add_option(
         "--episodes", a->episodes,
         "Episodes per condition: with 1 the policy's mean actions are taken, with more they are drawn from it")
      ->type_name("E")
      ->check(CLI::Range(1, 100000).description(""))
      ->capture_default_str();
  app->add_option("--seed", a->seed, "Seed of the drawn actions (default: the run's)")
      ->type_name("S")
      ->check(seed_validator());
  app->add_flag("--json", a->as_json, "Print one JSON object");
  app->footer("Example: mdgps eval runs/peg-mdgps-local-global-seed0 --episodes 20");
  return {app, [a] { return evaluate(*a); }};
}

}  // namespace mdgps

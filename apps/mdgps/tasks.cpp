// mdgps tasks

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/mdgps/commands.hpp"
#include "apps/mdgps/task_files.hpp"
#include "mdgps/simulation/task.hpp"

namespace mdgps {
namespace {

int list_tasks(bool as_json) {
  auto tasks = nlohmann::ordered_json::array();
  for (const auto& [name, file] : find_tasks(tasks_folder())) {
    const Task task = load_task(file);
    tasks.push_back({{"name", name},
                     {"description", task.description},
                     {"file", file.string()},
                     {"conditions", task.conditions},
                     {"held_out_conditions", task.held_out_conditions},
                     {"horizon", task.horizon},
                     {"states", task.states},
                     {"actions", task.actions},
                     {"observations", task.observations},
                     {"success_distance", task.success_distance}});
    if (as_json) continue;
    if (tasks.size() == 1) {
      std::printf("%-12s %10s %8s %7s %6s %7s %11s  %s\n", "task", "conditions", "held out", "horizon", "states",
                  "actions", "observation", "description");
    }
    std::printf("%-12s %10d %8d %7d %6d %7d %11d  %s\n", name.c_str(), task.conditions, task.held_out_conditions,
                task.horizon, task.states, task.actions, task.observations, task.description.c_str());
  }
  if (as_json) std::printf("%s\n", tasks.dump(2).c_str());
  if (tasks.empty()) throw UsageError(tasks_folder().string() + ": holds no task; put FOLDER/task.toml into it");
  return 0;
}

}  // namespace

Command add_tasks(CLI::App& program) {
  auto* app = program.add_subcommand("tasks", "List the tasks known by name.");
  const auto as_json = std::make_shared<bool>(false);
  app->add_flag("--json", *as_json, "Print a JSON array");
  app->footer("Example: mdgps tasks");
  return {app, [as_json] { return list_tasks(*as_json); }};
}

}  // namespace mdgps

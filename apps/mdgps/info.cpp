// mdgps info

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/mdgps/commands.hpp"
#include "apps/mdgps/machine.hpp"
#include "apps/mdgps/task_files.hpp"
#include "mdgps/solver/devices.hpp"
#include "mdgps/version.hpp"

namespace mdgps {
namespace {

int print_info(bool as_json) {
  const nlohmann::ordered_json info = {
      {"version", version::number},
      {"commit", version::commit},
      {"compiler", version::compiler},
      {"build_type", version::build_type},
      {"cuda", version::cuda.empty() ? nlohmann::ordered_json(false) : nlohmann::ordered_json(version::cuda)},
      {"torch", version::torch},
      {"mujoco", version::mujoco},
      {"device", processor_name()},
      {"threads", machine_threads()},
      {"instruction_set", instruction_set()},
      {"gpus", gpus()},
      {"tasks", tasks_folder().string()},
  };
  if (as_json) {
    std::printf("%s\n", info.dump(2).c_str());
    return 0;
  }
  for (const auto& [key, value] : info.items()) {
    std::string name = key, text = value.is_string() ? value.get<std::string>() : value.dump();
    std::replace(name.begin(), name.end(), '_', ' ');
    if (value == false) text = "built without";
    if (value.is_array()) {
      text = value.empty() ? "none" : "";
      for (const auto& entry : value) text += (text.empty() ? "" : "; ") + entry.get<std::string>();
    }
    std::printf("%-16s %s\n", name.c_str(), text.c_str());
  }
  return 0;
}

}  // namespace

Command add_info(CLI::App& program) {
  auto* app = program.add_subcommand("info", "Show version, build and machine.");
  const auto as_json = std::make_shared<bool>(false);
  app->add_flag("--json", *as_json, "Print a JSON object");
  app->footer("Example: mdgps info --json");
  return {app, [as_json] { return print_info(*as_json); }};
}

}  // namespace mdgps

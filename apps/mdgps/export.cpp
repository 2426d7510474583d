// mdgps export

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/mdgps/commands.hpp"
#include "apps/mdgps/machine.hpp"
#include "apps/mdgps/trained_run.hpp"
#include "mdgps/algorithm/controllers.hpp"
#include "mdgps/learning/policy_export.hpp"
#include "mdgps/simulation/rollout.hpp"
#include "mdgps/simulation/signals.hpp"

namespace mdgps {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct Arguments {
  fs::path folder, output;
  std::string format;
};

void write(const fs::path& file, const std::string& content) {
  std::ofstream stream(file, std::ios::binary);
  stream << content;
  stream.close();
  if (!stream) throw std::runtime_error("cannot write " + file.string());
}

PolicyFunction policy_function(const NeuralGaussianPolicy& policy, const Task& task) {
  PolicyFunction function{policy.snapshot(), {}, {}};
  for (const Signal& action : action_signals(task)) {
    function.low.push_back(action.low);
    function.high.push_back(action.high);
  }
  return function;
}

ordered_json limit(double value) { return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr); }

/// What is taken from a point's position in the world before the policy sees it; conditions may have targets of their
/// own, and then there is no single one.
ordered_json reference(const Signal& signal) {
  const bool one = std::ranges::count(signal.targets, signal.targets.front()) == std::ssize(signal.targets);
  ordered_json json = {{"target_of", signal.name.substr(0, signal.name.rfind('.'))},
                       {"frame", "world"},
                       {"position", one ? ordered_json(signal.targets.front()) : ordered_json(nullptr)}};
  if (!one) json["position_by_condition"] = signal.targets;
  return json;
}

ordered_json signals(const std::vector<Signal>& list) {
  auto json = ordered_json::array();
  for (const Signal& signal : list) {
    json.push_back({{"index", json.size()},
                    {"name", signal.name},
                    {"unit", signal.unit},
                    {"low", limit(signal.low)},
                    {"high", limit(signal.high)}});
    if (!signal.targets.empty()) json.back()["relative_to"] = reference(signal);
  }
  return json;
}

/// Observations along a rollout of mean actions in every condition, and the action at each.
ordered_json golden_pairs(const PolicyFunction& function, const GlobalController& controller, const Task& task) {
  const std::vector<const Controller*> controllers(task.conditions, &controller);
  const Trajectories paths =
      rollout(task, controllers, {.noise = false, .noise_smoothing = 0.0, .threads = machine_threads()});
  constexpr int pairs_per_condition = 10;
  const int stride = std::max(1, task.horizon / pairs_per_condition);
  auto observations = ordered_json::array(), actions = ordered_json::array();
  std::vector<double> action(task.actions);
  for (int i = 0; i < task.conditions; ++i) {
    if (paths.weights(i, 0) == 0) continue;  // diverged
    for (int t = 0; t < task.horizon; t += stride) {
      const auto observation = paths.observations.row(i, 0, t);
      function.action(observation, action);
      observations.push_back(std::vector<double>(observation.begin(), observation.end()));
      actions.push_back(action);
    }
  }
  return {{"observations", observations}, {"actions", actions}};
}

struct PolicyFiles {
  std::string file;    ///< to load, or to compile
  std::string header;  ///< of C alone
};

/// Writes the policy into the folder and returns the names of its files.
PolicyFiles write_policy(const PolicyFunction& function, const std::string& format, const fs::path& folder) {
  if (format == "onnx") {
    write(folder / "policy.onnx", to_onnx(function));
    return {"policy.onnx", ""};
  }
  if (format == "torchscript") {
    save_torchscript(function, folder / "policy.pt");
    return {"policy.pt", ""};
  }
  const auto [header, source] = to_c(function);
  write(folder / "mdgps_policy.h", header);
  write(folder / "mdgps_policy.c", source);
  return {"mdgps_policy.c", "mdgps_policy.h"};
}

int export_policy(const Arguments& arguments) {
  const Task task = load_run_task(arguments.folder);
  const NeuralGaussianPolicy policy = load_run_policy(arguments.folder, task);
  const PolicyFunction function = policy_function(policy, task);

  const fs::path output = arguments.output.empty() ? arguments.folder / "export" / arguments.format : arguments.output;
  std::error_code error;
  fs::create_directories(output, error);
  if (error) throw UsageError(output.string() + ": cannot be made a folder (" + error.message() + ")");
  const auto [file, header] = write_policy(function, arguments.format, output);
  ordered_json contract = {{"task", task.name},
                           {"format", arguments.format},
                           {"file", file},
                           {"numbers", "float64"},
                           {"rate_hz", 1.0 / task.control_interval},
                           {"observation", signals(observation_signals(task))},
                           {"action", signals(action_signals(task))},
                           {"golden_pairs", "golden.json"},
                           {"version", version_text()}};
  if (!header.empty()) contract["header"] = header;
  write(output / "contract.json", contract.dump(2) + "\n");
  write(output / "golden.json", golden_pairs(function, GlobalController(policy), task).dump() + "\n");
  const auto print = [&](const char* what, const std::string& name) {
    std::printf("%-8s  %s\n", what, (output / name).c_str());
  };
  print("policy", file);
  if (!header.empty()) print("header", header);
  print("contract", "contract.json");
  print("golden", "golden.json");
  return 0;
}

}  // namespace

Command add_export(CLI::App& program) {
  auto* app = program.add_subcommand("export", "Write a run's policy in a form that runs without mdgps.");
  const auto a = std::make_shared<Arguments>();
  app->add_option("DIR", a->folder, "Folder of a run (the --output of mdgps train)")->required()->type_name("");
  app->add_option("--format", a->format, "onnx, torchscript, or c: C99 source without dependencies")
      ->required()
      ->type_name("onnx|torchscript|c")
      ->check(CLI::IsMember(std::vector<std::string>{"onnx", "torchscript", "c"}).description(""));
  app->add_option("--output", a->output, "Folder for the files (default: DIR/export/FORMAT)")->type_name("DIR");
  app->footer(
      "The scaling of observations and the limits of the motors are inside. contract.json gives name, unit and order "
      "of\n"
      "inputs and outputs, the target that a point's position is relative to, and the rate; golden.json holds\n"
      "observations with their actions, to test a deployment with.\n"
      "Example: mdgps export runs/peg1 --format onnx");
  return {app, [a] { return export_policy(*a); }};
}

}  // namespace mdgps

#include "apps/mdgps/trained_run.hpp"

#include <array>
#include <optional>

#include "apps/mdgps/commands.hpp"
#include "mdgps/algorithm/controllers.hpp"
#include "mdgps/algorithm/convex_linear_run.hpp"

namespace mdgps {

namespace fs = std::filesystem;

namespace {

/// The policy of Algorithm 2 is linear and knows the time. It has the memory that its controller refers to.
struct LinearController {
  LinearGaussianPolicyArrays<double> policy;
  LocalController controller;
  explicit LinearController(LinearGaussianPolicyArrays<double> p)
      : policy(std::move(p)), controller(policy.view(), 0) {}
};

}  // namespace

Task load_run_task(const fs::path& folder) {
  if (!fs::is_regular_file(folder / "config.toml")) {
    throw UsageError(folder.string() + ": is not the folder of a run; give the --output of `mdgps train`");
  }
  return load_task(folder / "config.toml");
}

NeuralGaussianPolicy load_run_policy(const fs::path& folder, const Task& task) {
  const auto file = folder / "policy.pt";
  if (fs::exists(folder / "policy.json"))
    throw UsageError(folder.string() + ": holds the linear policy of Algorithm 2, not a network");
  if (!fs::exists(file)) throw UsageError(file.string() + ": is missing; train for at least one iteration first");
  std::optional<NeuralGaussianPolicy> policy;
  try {
    policy.emplace(NeuralGaussianPolicy::load(file));
  } catch (const std::runtime_error& error) {
    throw UsageError(error.what());
  }
  if (policy->observations() != task.observations || policy->actions() != task.actions) {
    throw UsageError(file.string() + ": maps " + std::to_string(policy->observations()) + " observations to " +
                     std::to_string(policy->actions()) + " actions, but the task of config.toml has " +
                     std::to_string(task.observations) + " and " + std::to_string(task.actions) +
                     "; give the folder of one run");
  }
  return std::move(*policy);
}

std::shared_ptr<const Controller> load_run_controller(const fs::path& folder, const Task& task) {
  if (!fs::exists(folder / "policy.json")) return std::make_shared<GlobalController>(load_run_policy(folder, task));
  const auto file = folder / "policy.json";
  auto policy = [&] {
    try {
      return load_linear_policy(file);
    } catch (const std::runtime_error& error) {
      throw UsageError(error.what());
    }
  }();
  if (policy.gain.extents() != std::array<std::int64_t, 4>{1, task.horizon, task.actions, task.states})
    throw UsageError(file.string() + ": does not fit the task of config.toml; give the folder of one run");
  const auto linear = std::make_shared<LinearController>(std::move(policy));
  return {linear, &linear->controller};
}

}  // namespace mdgps

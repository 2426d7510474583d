// mdgps train

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>

#include "apps/mdgps/commands.hpp"
#include "apps/mdgps/configuration.hpp"
#include "apps/mdgps/interrupt.hpp"
#include "apps/mdgps/machine.hpp"
#include "apps/mdgps/progress.hpp"
#include "apps/mdgps/shell_word.hpp"
#include "apps/mdgps/task_files.hpp"
#include "apps/mdgps/validators.hpp"
#include "apps/report/report.hpp"
#include "mdgps/algorithm/run_folder.hpp"
#include "mdgps/algorithm/run_summary.hpp"
#include "mdgps/algorithm/training_run.hpp"
#include "mdgps/learning/training_devices.hpp"
#include "mdgps/solver/devices.hpp"

namespace mdgps {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string task;
  fs::path output;
  int iterations = 0;  ///< 0: as the task says
  std::optional<std::int64_t> seed;
  std::string preset, method, sampling, reference, step_rule, linearization, device;  ///< empty: as the task says
  int threads = machine_threads();
  std::vector<std::string> set;
  bool resume = false;
};

/// The settings of the paper's experiments, as far as the history of the authors' code tells them.
const std::vector<std::string> paper_settings = {
    "algorithm.kl_step=2.0",
    "algorithm.min_multiplier=0.01",
    "algorithm.max_multiplier=1.0",
    "algorithm.rounds=4",
    "algorithm.drawn_states=0",
    "algorithm.dynamics_prior.trajectories=40",
    "algorithm.dynamics_prior.regularization=1e-6",
    "algorithm.network.minibatches=4000",
    "algorithm.network.batch_size=25",
    "algorithm.network.learning_rate=1e-3",
    "algorithm.network.final_learning_rate=1e-3",
    "algorithm.network.weight_decay=0.005",
};

/// The configuration's keys that options of their own stand for; they come after those of --set.
std::vector<std::string> overrides(const Arguments& arguments) {
  auto list = arguments.preset == "paper" ? paper_settings : std::vector<std::string>();
  list.insert(list.end(), arguments.set.begin(), arguments.set.end());
  const auto add = [&](const std::string& key, const std::string& value) {
    if (!value.empty()) list.push_back(key + "=\"" + value + '"');
  };
  add("algorithm.sampling", arguments.sampling);
  add("algorithm.reference", arguments.reference);
  add("algorithm.step_rule", arguments.step_rule);
  add("algorithm.linearization", arguments.linearization);
  add("run.method", arguments.method);
  add("run.device", arguments.device == "auto" ? "cpu" : arguments.device);
  if (arguments.seed) list.push_back("run.seed=" + std::to_string(*arguments.seed));
  return list;
}

fs::path default_folder(const Configuration& configuration) {
  const auto& [task, run, settings] = configuration;
  return fs::path("runs") / (task.name + "-" + run.method + "-" + std::string(to_string(settings.sampling)) + "-" +
                             std::string(to_string(settings.step_rule)) + "-seed" + std::to_string(run.seed));
}

/// A resumed run keeps its settings: options that say otherwise are a mistake.
void check_unchanged(const fs::path& config, const std::vector<std::string>& changes) {
  const auto found = differences(ConfigReader::open(config, changes).values(), ConfigReader::open(config).values());
  if (found.empty()) return;
  throw UsageError(config.string() + ": the run to resume was not made with " + found[0].key + "=" + found[0].value +
                   "; leave that out, or start another run without --resume");
}

/// Says where the task's file or model was edited since the run began, whose own settings are used all the same. It is
/// no mistake: --set of the run's beginning need not be repeated, and then differs from the file, too.
void print_changes(const Task& now, const Task& run) {
  const auto found = differences(deciding_values(now.config), deciding_values(run.config));
  const bool models_differ = !same_model(now, run);
  if (found.empty() && !models_differ) return;
  std::printf(
      "warning %s differs from this run's settings; the run's own are used, train into another --output for others\n",
      now.file.c_str());
  for (const auto& [key, there, here] : found)
    std::printf("        %s is %s there, %s here\n", key.c_str(), there.c_str(), here.c_str());
  if (models_differ) std::printf("        %s is another model there\n", run.model.filename().c_str());
}

/// Results are written after a checkpoint. Where there are results and none, somebody has removed it, and to begin anew
/// would overwrite them. A run that was killed in its first iteration has neither.
void check_not_to_begin_anew(const fs::path& folder, const char* policy_file) {
  if (!fs::exists(folder / "summary.json") && !fs::exists(folder / policy_file)) return;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder / "checkpoint", none))
    if (entry.path().filename() != "unfinished") return;
  throw UsageError((folder / "checkpoint").string() +
                   ": has no checkpoint to go on from, but the run has results; start anew with another --output");
}

RunInfo run_info(const RunOptions& run, int threads) {
  return {.method = run.method,
          .seed = run.seed,
          .device = run.device,
          .threads = threads,
          .version = version_text(),
          .machine = processor_name() + ", " + instruction_set() + ", " + std::to_string(machine_threads()) +
                     (machine_threads() == 1 ? " thread" : " threads")};
}

int train(const Arguments& arguments) {
  const auto changes = overrides(arguments);
  Configuration configuration(find_task_file(arguments.task), changes, arguments.iterations);
  const fs::path output = arguments.output.empty() ? default_folder(configuration) : arguments.output;

  std::optional<RunFolder> folder;
  std::optional<Task> asked;
  if (arguments.resume) {
    asked = configuration.task;
    folder.emplace(RunFolder::open(output));
    const auto config = output / "config.toml";
    configuration = Configuration(config, {}, arguments.iterations);
    if (configuration.task.name != asked->name) {
      throw UsageError(config.string() + ": is a run of " + configuration.task.name + ", not of " + asked->name +
                       "; choose another --output");
    }
    check_unchanged(config, changes);
  }
  const auto& [task, run, settings] = configuration;
  const Device device = training_device(run);
  const std::string device_named = arguments.device.empty()
                                       ? task.file.string() + ": [run] device = \"" + run.device + "\": "
                                       : "--device " + run.device + ": ";
  if (const auto reason = why_no_training_on(device); !reason.empty())
    throw UsageError(device_named + reason +
                     (arguments.resume ? "; a run goes on where it began: start another one with --device cpu"
                                       : "; or use the device cpu"));
  const auto names = gpus();
  const std::string gpu_name =
      device.index < static_cast<int>(names.size()) ? names[device.index] : "GPU " + std::to_string(device.index);
  std::unique_ptr<TrainingRun> algorithm;
  try {
    algorithm = make_training_run(task, settings, run.seed, {arguments.threads, device});
  } catch (const std::invalid_argument& error) {  // the method does not run there
    throw UsageError(device_named + error.what());
  } catch (const std::runtime_error& error) {  // the task's numbers do not do
    if (device != Device{}) throw;
    throw UsageError(task.file.string() + ": " + error.what());
  }

  RunProgress progress;
  if (arguments.resume) {
    check_not_to_begin_anew(output, algorithm->policy_file());
    const auto summary = folder->restore(*algorithm, task.conditions);
    if (!summary.empty()) progress = read_progress(summary);
    if (settings.iterations < progress.iterations) {
      throw UsageError(output.string() + ": already has " + std::to_string(progress.iterations) +
                       " iterations; give more by --iterations");
    }
    folder->write_config(task);
  } else {
    folder.emplace(RunFolder::create(output, task));
  }

  const auto info = run_info(run, arguments.threads);
  std::printf("task    %s%s%s\n        %d conditions, %d steps, %d states, %d actions, %d observations\n",
              task.name.c_str(), task.description.empty() ? "" : ": ", task.description.c_str(), task.conditions,
              task.horizon, task.states, task.actions, task.observations);
  std::printf("method  %s, %s sampling, %s step rule, seed %s\n", run.method.c_str(),
              to_string(settings.sampling).data(), to_string(settings.step_rule).data(),
              std::to_string(run.seed).c_str());
  std::printf("machine %d thread%s, %s%s%s\noutput  %s\n", arguments.threads, arguments.threads == 1 ? "" : "s",
              instruction_set().c_str(), device == Device{} ? "" : "; ", device == Device{} ? "" : gpu_name.c_str(),
              output.c_str());
  if (asked) print_changes(*asked, task);
  if (arguments.resume) std::printf("resumed after iteration %d\n", progress.iterations);
  std::fflush(stdout);

  catch_interrupts();
  Failures failures;
  {
    Progress shown(progress.iterations, settings.iterations);
    auto start = std::chrono::steady_clock::now();
    while (algorithm->iteration() < settings.iterations && !interrupt_signal()) {
      const IterationReport report = algorithm->iterate();
      const auto now = std::chrono::steady_clock::now();  // the time to record an iteration counts to the next one
      progress.add(report, std::chrono::duration<double>(now - start).count());
      start = now;
      folder->record(report, *algorithm, write_summary(task, settings, info, progress));
      shown.show(report);
      failures.add(report);
    }
  }

  for (const auto& line : failures.lines()) std::printf("warning %s\n", line.c_str());
  if (progress.iterations > 0) {
    report::write_report({&output, 1}, output / "report.html");
    std::printf("result  success in %.0f of %d conditions, mean distance %.4f (after iteration %d, %.1f s)\n",
                progress.success_rate * task.conditions, task.conditions, progress.mean_distance, progress.iterations,
                progress.total_seconds);
    std::printf("report  %s  (open it in a browser)\n", (output / "report.html").c_str());
    std::printf("next    mdgps eval %s\n", shell_word(output.string()).c_str());
  }
  if (!interrupt_signal()) return 0;
  std::printf("stopped by a signal; go on with --resume\n");
  return 128 + interrupt_signal();
}

}  // namespace

Command add_train(CLI::App& program) {
  auto* app = program.add_subcommand("train", "Train a policy on a task and write a folder with all results.");
  const auto a = std::make_shared<Arguments>();
  const auto choice = [&](const char* name, std::string& value, const char* what, const char* metavar,
                          const std::vector<std::string>& words) {
    app->add_option(name, value, what)->type_name(metavar)->check(CLI::IsMember(words).description(""));
  };
  app->add_option("TASK", a->task,
                  "A name from `mdgps tasks`, or the path of a task's TOML file or a run's config.toml")
      ->required()
      ->type_name("");
  app->add_option("--output", a->output, "Folder for the results (default: runs/TASK-METHOD-SAMPLING-RULE-seedS)")
      ->type_name("DIR");
  app->add_option("--iterations", a->iterations, "Iterations in all (default: the task's, else 12)")
      ->type_name("K")
      ->check(CLI::Range(1, 9999).description(""));
  app->add_option("--seed", a->seed, "Seed of all random numbers (default: 0)")
      ->type_name("S")
      ->check(seed_validator());
  choice("--preset", a->preset, "paper: the settings of the paper's experiments, in place of the task's own", "paper",
         {"paper"});
  choice("--method", a->method,
         "Mirror descent, or one that it is compared with: badmm, dual_gradient, penalty, admm, dagger; convex_linear "
         "is Algorithm 2 (default: the task's, else mdgps)",
         "M", {method_names.begin(), method_names.end()});
  choice("--sampling", a->sampling, "Whose rollouts are learned from (default: the task's, else local)", "local|global",
         {"local", "global"});
  choice("--reference", a->reference,
         "Which policy the C-step stays near (default: the task's, else global; previous-local for other methods)",
         "global|previous-local", {"global", "previous-local"});
  choice("--step-rule", a->step_rule,
         "How the step size is adjusted (default: the task's, else global; local for other methods)",
         "classic|global|local|fixed", {"classic", "global", "local", "fixed"});
  choice("--linearization", a->linearization,
         "How the network is linearised: a regression on its samples or its Jacobian (default: the task's, else "
         "regression)",
         "regression|jacobian", {"regression", "jacobian"});
  choice("--device", a->device,
         "Where fits, C-step, S-step and the rollouts of a point mass run; auto is the CPU, which nobody has yet "
         "measured a GPU against (default: auto)",
         "auto|cpu|cuda", {"auto", "cpu", "cuda"});
  app->add_option("--threads", a->threads, "Threads of rollouts and solver; results do not depend on it")
      ->type_name("N")
      ->check(CLI::Range(1, 4096).description(""))
      ->capture_default_str();
  app->add_option("--set", a->set, "Change keys of the task's file, for example --set algorithm.samples=8")
      ->type_name("KEY=VALUE")
      ->type_size(1)
      ->expected(1, CLI::detail::expected_max_vector_size)
      ->check(key_value_validator());
  app->add_flag(
      "--resume", a->resume,
      "Go on from the last checkpoint in the output folder, with its settings, also where TASK was edited since (a "
      "warning says so); --iterations can be raised. TASK may be DIR/config.toml");
  app->footer(
      "Options override the task's file. Ctrl-C stops after the current iteration with exit code 130; --resume then\n"
      "goes on as if nothing had happened.\n"
      "Example: mdgps train peg --seed 1 --output runs/peg1 --set algorithm.samples=8");
  return {app, [a] { return train(*a); }};
}

}  // namespace mdgps

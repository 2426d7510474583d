// mdgps reproduce

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <memory>

#include "apps/mdgps/commands.hpp"
#include "apps/mdgps/interrupt.hpp"
#include "apps/mdgps/jobs.hpp"
#include "apps/mdgps/task_files.hpp"
#include "apps/mdgps/validators.hpp"
#include "apps/report/reproduction.hpp"
#include "mdgps/simulation/task.hpp"

namespace mdgps {
namespace {

namespace fs = std::filesystem;

/// A column of Table 1, or of the other methods, which the table has not.
struct Variant {
  const char *name, *method, *sampling, *step_rule;
};
constexpr Variant variants[] = {
    {"badmm", "badmm", "local", "local"},
    {"off-policy-classic", "mdgps", "local", "classic"},
    {"off-policy-global", "mdgps", "local", "global"},
    {"on-policy-classic", "mdgps", "global", "classic"},
    {"on-policy-global", "mdgps", "global", "global"},
    {"dual_gradient", "dual_gradient", "local", "local"},
    {"penalty", "penalty", "local", "local"},
    {"admm", "admm", "local", "local"},
    {"dagger", "dagger", "global", "local"},
};
constexpr int table_columns = 5;

std::vector<std::string> variant_names(int count) {
  std::vector<std::string> names;
  for (int v = 0; v < count; ++v) names.push_back(variants[v].name);
  return names;
}

struct Arguments {
  std::vector<std::string> tasks = {"obstacle", "peg", "blind_peg"}, methods = variant_names(table_columns);
  Repetition repetition;
  fs::path output = "runs/reproduce";
};

/// The tasks' own names, which tell their runs apart.
std::vector<std::string> task_names(const std::vector<std::string>& tasks) {
  std::vector<std::string> names;
  for (const auto& task : tasks) {
    const auto name = load_task(find_task_file(task)).name;
    if (const auto same = std::ranges::find(names, name); same != names.end())
      throw UsageError("--tasks: " + tasks[same - names.begin()] + " and " + task + " are both named '" + name +
                       "'; give one of them another 'name' in its file, or leave it out");
    names.push_back(name);
  }
  return names;
}

int reproduce(const Arguments& arguments) {
  std::vector<TrainingJob> jobs;
  std::vector<report::ReproducedRun> runs;
  const auto names = task_names(arguments.tasks);
  for (std::size_t t = 0; t < names.size(); ++t) {
    const auto& name = names[t];
    for (const auto& method : arguments.methods)
      for (int s = 0; s < arguments.repetition.seeds; ++s) {
        const auto variant = *std::ranges::find(variants, method, &Variant::name);
        const auto seed = std::to_string(arguments.repetition.first_seed + s);
        const fs::path folder = arguments.output / "runs" / (name + "-" + method + "-seed" + seed);
        jobs.push_back({folder,
                        arguments.tasks[t],
                        {std::string("run.method=") + variant.method, "run.seed=" + seed,
                         std::string("algorithm.sampling=") + variant.sampling,
                         std::string("algorithm.step_rule=") + variant.step_rule},
                        arguments.repetition.iterations});
        runs.push_back({name, method, folder});
      }
  }
  check_folders(jobs);
  std::printf("%zu runs of %d iterations, %d at a time, into %s\n", jobs.size(), arguments.repetition.iterations,
              arguments.repetition.jobs, arguments.output.c_str());
  std::fflush(stdout);
  const auto failed = train_all(jobs, arguments.repetition.jobs);
  if (interrupt_signal()) return report_end(failed);
  std::erase_if(runs, [](const auto& run) { return !fs::exists(run.folder / "summary.json"); });  // never began
  const auto reproduction = report::collect(runs, arguments.repetition.iterations);
  report::write_tables(reproduction, arguments.output);
  std::printf("\n%s\n", report::table1_text(reproduction).c_str());
  for (const char* file : {"table1.csv", "figure1.csv", "report.html"})
    std::printf("written %s\n", (arguments.output / file).c_str());
  return report_end(failed);
}

}  // namespace

Command add_reproduce(CLI::App& program) {
  auto* app = program.add_subcommand("reproduce", "Reproduce the paper's Figure 1 and Table 1, beside its numbers.");
  const auto a = std::make_shared<Arguments>();
  app->add_option("--tasks", a->tasks, "Names from `mdgps tasks`, or TOML files (default: obstacle peg blind_peg)")
      ->type_name("TASK...")
      ->delimiter(',');
  app->add_option(
         "--methods", a->methods,
         "Columns: badmm and {off,on}-policy-{classic,global} (default: these five), dual_gradient, penalty, admm, "
         "dagger")
      ->type_name("NAME...")
      ->delimiter(',')
      ->check(CLI::IsMember(variant_names(std::size(variants))).description(""));
  app->add_option("--output", a->output, "Folder for runs, tables and report")->type_name("DIR")->capture_default_str();
  add_repetition_options(*app, a->repetition, "Their seeds start here; settings were tuned on seeds from 100 on",
                         "Example: mdgps reproduce --tasks peg --methods off-policy-global,on-policy-global --seeds 3");
  return {app, [a] { return reproduce(*a); }};
}

}  // namespace mdgps

// mdgps sweep

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <utility>

#include "apps/mdgps/commands.hpp"
#include "apps/mdgps/configuration.hpp"
#include "apps/mdgps/jobs.hpp"
#include "apps/mdgps/task_files.hpp"
#include "apps/mdgps/validators.hpp"
#include "apps/report/reproduction.hpp"
#include "kernels/random.hpp"
#include "mdgps/algorithm/settings.hpp"
#include "mdgps/simulation/task.hpp"

namespace mdgps {
namespace {

namespace fs = std::filesystem;

/// A key and the values it is searched over, in their own words.
struct Axis {
  std::string key;
  std::vector<std::string> values;
};

/// One value for each axis.
using Point = std::vector<std::string>;

struct Arguments {
  std::string task, method = "badmm";
  std::string sampling;  ///< empty: as the task or the method says
  std::vector<std::string> search;
  int random = 0;  ///< points; 0: the grid
  Repetition repetition = {.first_seed = 100};
  fs::path output;
};

/// Where the search for a method begins: around the settings of the authors' history.
std::vector<std::string> default_search(const std::string& method) {
  if (method == "badmm")
    return {"algorithm.badmm.kl_step=0.5,1,2", "algorithm.badmm.initial_weight=0.002,0.01,0.1",
            "algorithm.badmm.dual_rate=0,0.1,0.5", "algorithm.badmm.weight_rule=spread,schedule"};
  if (method == "mdgps") return {"algorithm.kl_step=0.5,1,2", "algorithm.min_multiplier=0.1,0.5"};
  if (method == "dagger" || method == "convex_linear") return {"algorithm.kl_step=0.5,1,2"};
  const std::string table = "algorithm." + method;
  return {table + ".kl_step=0.5,1,2", table + ".initial_weight=0.001,0.01,0.1",
          method == "penalty" ? table + ".weight_growth=1,1.5,2" : table + ".dual_rate=0.01,0.1,1"};
}

Axis read_axis(const std::string& text) {
  const auto equals = text.find('=');
  Axis axis{text.substr(0, equals), {}};
  for (std::size_t begin = equals + 1; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    axis.values.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (std::ranges::find(axis.values, "") != axis.values.end())
    throw UsageError("--search " + text + ": a value is empty; give KEY=VALUE,VALUE,...");
  return axis;
}

std::vector<Point> grid(const std::vector<Axis>& axes) {
  std::vector<Point> points = {{}};
  for (const Axis& axis : axes) {
    std::vector<Point> longer;
    for (const Point& point : points)
      for (const auto& value : axis.values) {
        longer.push_back(point);
        longer.back().push_back(value);
      }
    points = longer;
  }
  return points;
}

std::optional<double> as_number(const std::string& text) {
  double value = 0;
  return CLI::detail::lexical_cast(text, value) ? std::optional(value) : std::nullopt;
}

/// Positive numbers are drawn between the least and the greatest, evenly on a logarithmic scale, to three digits; from
/// other values one is chosen.
Point random_point(const std::vector<Axis>& axes, int index) {
  const RandomSequence random(0, RandomStream::user, 0, 0, static_cast<std::uint32_t>(index));
  Point point;
  for (std::size_t a = 0; a < axes.size(); ++a) {
    std::vector<double> numbers;
    for (const auto& text : axes[a].values)
      if (const auto number = as_number(text); number && *number > 0) numbers.push_back(*number);
    const auto draw = static_cast<std::uint32_t>(a);
    if (numbers.size() < 2 || numbers.size() != axes[a].values.size()) {
      point.push_back(axes[a].values[random.below(draw, axes[a].values.size())]);
      continue;
    }
    const auto [least, greatest] = std::ranges::minmax(numbers);
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", least * std::pow(greatest / least, random.uniform(draw)));
    point.push_back(text);
  }
  return point;
}

/// "kl_step=1 dynamics_prior.strength=5 seed=100": the same point has the same folder in any search, another key's
/// value another one.
std::string folder_name(const std::vector<Axis>& axes, const Point& point, std::int64_t seed) {
  std::string name;
  for (std::size_t a = 0; a < axes.size(); ++a) name += short_key(axes[a].key) + "=" + point[a] + " ";
  std::ranges::replace(name, '/', '_');
  name += "seed=" + std::to_string(seed);
  if (name.size() > 250)  // of 255, with room for the log's ending
    throw UsageError("--search: a run's folder '" + name + "' has too long a name; search fewer keys at once");
  return name;
}

TrainingJob job_at(const Arguments& arguments, const fs::path& runs, const std::vector<Axis>& axes, const Point& point,
                   std::int64_t seed) {
  std::vector<std::string> changes;
  for (std::size_t a = 0; a < axes.size(); ++a) changes.push_back(axes[a].key + "=" + point[a]);
  changes.push_back("run.method=" + arguments.method);
  changes.push_back("run.seed=" + std::to_string(seed));
  if (!arguments.sampling.empty()) changes.push_back("algorithm.sampling=" + arguments.sampling);
  return {runs / folder_name(axes, point, seed), arguments.task, changes, arguments.repetition.iterations};
}

struct Result {
  const Point* point;
  report::Curve curve;
};

void write_table(const fs::path& file, const std::vector<Axis>& axes, const std::vector<Result>& results) {
  std::ofstream stream(file);
  for (const Axis& axis : axes) stream << axis.key << ',';
  stream << "runs,success,success_std,distance,distance_std,seconds\n";
  for (const auto& [point, curve] : results) {
    for (const auto& value : *point) stream << value << ',';
    const auto& last = curve.iterations.back();
    stream << curve.runs << ',' << last.mean_success << ',' << last.std_success << ',' << last.mean_distance << ','
           << last.std_distance << ',' << curve.seconds << '\n';
  }
  stream.flush();
  if (!stream) throw std::runtime_error(file.string() + ": cannot be written; is the disk full?");
}

void print_table(const std::vector<Axis>& axes, const std::vector<Result>& results) {
  for (const Axis& axis : axes) std::printf("%-16s", axis.key.substr(axis.key.rfind('.') + 1).c_str());
  std::printf("%9s %10s\n", "success", "distance");
  for (const auto& [point, curve] : results) {
    for (const auto& value : *point) std::printf("%-16s", value.c_str());
    std::printf("%8.0f%% %10.4f\n", 100 * curve.iterations.back().mean_success, curve.iterations.back().mean_distance);
  }
}

int sweep(const Arguments& arguments) {
  const auto task = load_task(find_task_file(arguments.task)).name;
  const fs::path output =
      arguments.output.empty() ? fs::path("runs") / ("sweep-" + task + "-" + arguments.method) : arguments.output;
  std::vector<Axis> axes;
  for (const auto& text : arguments.search.empty() ? default_search(arguments.method) : arguments.search)
    axes.push_back(read_axis(text));
  std::vector<Point> points;
  if (arguments.random == 0) points = grid(axes);
  for (int i = 0; i < arguments.random; ++i) points.push_back(random_point(axes, i));

  std::vector<TrainingJob> jobs;
  for (int s = 0; s < arguments.repetition.seeds; ++s)  // every point once before any of them twice
    for (const Point& point : points)
      jobs.push_back(job_at(arguments, output / "runs", axes, point, arguments.repetition.first_seed + s));
  check_folders(jobs);
  std::printf("%zu settings, %d seeds: %zu runs of %d iterations, %d at a time, into %s\n", points.size(),
              arguments.repetition.seeds, jobs.size(), arguments.repetition.iterations, arguments.repetition.jobs,
              output.c_str());
  std::fflush(stdout);
  const auto failed = train_all(jobs, arguments.repetition.jobs);

  // After a signal, what there is: points without a finished run are left out.
  std::vector<Result> results;
  for (std::size_t p = 0; p < points.size(); ++p) {
    std::vector<report::ReproducedRun> runs;
    for (std::size_t j = p; j < jobs.size(); j += points.size())
      if (finished(jobs[j])) runs.push_back({task, arguments.method, jobs[j].folder});
    if (!runs.empty())
      results.push_back({&points[p], report::collect(runs, arguments.repetition.iterations).curves.front()});
  }
  std::ranges::stable_sort(results, {}, [](const Result& result) {
    const auto& last = result.curve.iterations.back();
    const double distance = std::isnan(last.mean_distance) ? INFINITY : last.mean_distance;
    return std::pair(-last.mean_success, distance);
  });
  fs::create_directories(output);
  write_table(output / "sweep.csv", axes, results);
  std::printf("\n");
  print_table(axes, results);
  std::printf("\nwritten %s, the best first\n", (output / "sweep.csv").c_str());
  return report_end(failed);
}

}  // namespace

Command add_sweep(CLI::App& program) {
  auto* app = program.add_subcommand("sweep", "Search a method's settings: on a grid, or at random.");
  const auto a = std::make_shared<Arguments>();
  app->add_option("TASK", a->task, "A name from `mdgps tasks`, or the path of a task's TOML file")
      ->required()
      ->type_name("");
  app->add_option("--method", a->method, "The method whose settings are searched")
      ->type_name("M")
      ->check(CLI::IsMember(std::vector<std::string>(method_names.begin(), method_names.end())).description(""))
      ->capture_default_str();
  app->add_option("--sampling", a->sampling, "Whose rollouts are learned from (default: the task's, else the method's)")
      ->type_name("local|global")
      ->check(CLI::IsMember(std::vector<std::string>{"local", "global"}).description(""));
  app->add_option("--search", a->search, "Keys of the task's file and their values (default: the method's own)")
      ->type_name("KEY=V,V,...")
      ->type_size(1)
      ->expected(1, CLI::detail::expected_max_vector_size)
      ->check(key_value_validator());
  app->add_option("--random", a->random, "Try so many points drawn from the search's ranges, not its grid")
      ->type_name("P")
      ->check(CLI::Range(1, 100000).description(""));
  app->add_option("--output", a->output, "Folder for runs and table (default: runs/sweep-TASK-METHOD)")
      ->type_name("DIR");
  add_repetition_options(*app, a->repetition, "Their seeds start here, apart from those that results are reported on",
                         "Example: mdgps sweep blind_peg --method badmm --random 20 --seeds 2");
  return {app, [a] { return sweep(*a); }};
}

}  // namespace mdgps

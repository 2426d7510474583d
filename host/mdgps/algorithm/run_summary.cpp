#include "mdgps/algorithm/run_summary.hpp"

#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "mdgps/algorithm/files.hpp"

namespace mdgps {
namespace {

using json = nlohmann::ordered_json;

double mean(const std::vector<ConditionReport>& conditions, double ConditionReport::*member) {
  double sum = 0;
  for (const auto& condition : conditions) sum += condition.*member;
  return sum / static_cast<double>(conditions.size());
}

double number(const json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

}  // namespace

void RunProgress::add(const IterationReport& report, double iteration_seconds) {
  iterations = report.iteration;
  mean_distance = report.mean_distance();
  success_rate = report.success_rate();
  mean_cost = mean(report.conditions, &ConditionReport::global_cost);
  mean_local_distance = mean(report.conditions, &ConditionReport::local_distance);
  mean_local_cost = mean(report.conditions, &ConditionReport::local_cost);
  s_step_loss = report.s_step_loss;
  dropped_samples += report.dropped_samples;
  guarded_step_sizes += report.guarded_step_sizes;
  refitted_dynamics += report.refitted_dynamics;
  failed_s_steps += report.failed_s_steps;
  kept_local_policies += report.kept_local_policies;
  seconds.rollout += report.seconds.rollout;
  seconds.fit += report.seconds.fit;
  seconds.c_step += report.seconds.c_step;
  seconds.s_step += report.seconds.s_step;
  seconds.evaluation += report.seconds.evaluation;
  total_seconds += iteration_seconds;
}

std::string write_summary(const Task& task, const Settings& settings, const RunInfo& info,
                          const RunProgress& progress) {
  const json summary = {
      {"task", task.name},
      {"description", task.description},
      {"method", info.method},
      {"sampling", to_string(settings.sampling)},
      {"reference", to_string(settings.reference)},
      {"step_rule", to_string(settings.step_rule)},
      {"linearization", to_string(settings.linearization)},
      {"seed", info.seed},
      {"iterations", progress.iterations},
      {"iterations_planned", settings.iterations},
      {"samples", settings.samples},
      {"conditions", task.conditions},
      {"states", task.states},
      {"actions", task.actions},
      {"observations", task.observations},
      {"horizon", task.horizon},
      {"threads", info.threads},
      {"device", info.device},
      {"version", info.version},
      {"machine", info.machine},
      {"success_distance", task.success_distance},
      {"fail_distance", task.fail_distance},
      {"final",
       {{"mean_distance", progress.mean_distance},
        {"success", progress.success_rate},
        {"mean_cost", progress.mean_cost},
        {"mean_local_distance", progress.mean_local_distance},
        {"mean_local_cost", progress.mean_local_cost},
        {"s_step_loss", progress.s_step_loss}}},
      {"counts",
       {{"dropped_samples", progress.dropped_samples},
        {"guarded_step_sizes", progress.guarded_step_sizes},
        {"refitted_dynamics", progress.refitted_dynamics},
        {"failed_s_steps", progress.failed_s_steps},
        {"kept_local_policies", progress.kept_local_policies}}},
      {"seconds",
       {{"total", progress.total_seconds},
        {"rollout", progress.seconds.rollout},
        {"fit", progress.seconds.fit},
        {"c_step", progress.seconds.c_step},
        {"s_step", progress.seconds.s_step},
        {"evaluation", progress.seconds.evaluation}}},
  };
  return summary.dump(2) + "\n";
}

RunProgress read_progress(const std::filesystem::path& summary) {
  try {
    const json read = json::parse(read_text(summary));
    const json &final = read.at("final"), &counts = read.at("counts"), &seconds = read.at("seconds");
    return {.iterations = read.at("iterations"),
            .mean_distance = number(final.at("mean_distance")),
            .success_rate = number(final.at("success")),
            .mean_cost = number(final.at("mean_cost")),
            .mean_local_distance = number(final.at("mean_local_distance")),
            .mean_local_cost = number(final.at("mean_local_cost")),
            .s_step_loss = number(final.at("s_step_loss")),
            .dropped_samples = counts.at("dropped_samples"),
            .guarded_step_sizes = counts.at("guarded_step_sizes"),
            .refitted_dynamics = counts.at("refitted_dynamics"),
            .failed_s_steps = counts.at("failed_s_steps"),
            .kept_local_policies = counts.at("kept_local_policies"),
            .seconds = {.rollout = number(seconds.at("rollout")),
                        .fit = number(seconds.at("fit")),
                        .c_step = number(seconds.at("c_step")),
                        .s_step = number(seconds.at("s_step")),
                        .evaluation = number(seconds.at("evaluation"))},
            .total_seconds = number(seconds.at("total"))};
  } catch (const json::exception& error) {
    throw std::runtime_error(summary.string() + ": is not the summary of a run (" + error.what() + ")");
  }
}

}  // namespace mdgps

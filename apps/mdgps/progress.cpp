#include "apps/mdgps/progress.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

namespace mdgps {

namespace {

/// Such a C-step has no result. One that is merely not_converged has; one without samples could have none.
bool c_step_failed(const ConditionReport& condition) {
  return condition.sampled &&
         (condition.status == Status::not_positive_definite || condition.status == Status::not_finite);
}

/// What failed in one iteration, for its line.
std::string failure_text(const IterationReport& report) {
  const auto c_steps = std::ranges::count_if(report.conditions, c_step_failed);
  std::string text;
  if (c_steps > 0) text += "  C-steps failed " + std::to_string(c_steps);
  if (report.failed_s_steps > 0) text += "  S-step failed";
  return text;
}

}  // namespace

void Failures::add(const IterationReport& report) {
  ++iterations_;
  with_failed_s_step_ += report.failed_s_steps > 0 ? 1 : 0;
  for (std::size_t i = 0; i < report.conditions.size(); ++i) {
    const ConditionReport& condition = report.conditions[i];
    ++c_steps_;
    if (!condition.sampled) ++without_samples_;
    if (!c_step_failed(condition)) continue;
    FailedCSteps& failed = failed_c_steps_[condition.status];
    if (failed.count == 0) failed = {0, report.iteration, condition.failed_step, i};
    ++failed.count;
  }
}

std::vector<std::string> Failures::lines() const {
  std::vector<std::string> lines;
  for (const auto& [status, failed] : failed_c_steps_)
    lines.push_back(std::to_string(failed.count) + " of " + std::to_string(c_steps_) +
                    " C-steps failed: " + std::string(to_string(status)) + " (the first in iteration " +
                    std::to_string(failed.iteration) + ", condition " + std::to_string(failed.condition) +
                    (failed.step < 0 ? "" : ", at step " + std::to_string(failed.step)) + "); " +
                    (status == Status::not_finite ? "look at the scale of the costs with mdgps check-task"
                                                  : "try more samples or a stronger dynamics_prior.regularization"));
  if (without_samples_ > 0)
    lines.push_back(
        std::to_string(without_samples_) +
        " times all rollouts of a condition diverged, and it kept its local policy; check the model's timestep "
        "and damping, or explore less ([initial_policy] variance, [algorithm] kl_step)");
  if (with_failed_s_step_ > 0)
    lines.push_back("in " + std::to_string(with_failed_s_step_) + " of " + std::to_string(iterations_) +
                    " iterations the S-step failed and left the network as it was; try a lower "
                    "algorithm.network.learning_rate");
  return lines;
}

Progress::Progress(int done, int iterations) : first_(done), iterations_(iterations) {
  bar_.draw(done, iterations, "");
}

void Progress::show(const IterationReport& report) {
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - last_).count();
  const double so_far = std::chrono::duration<double>(now - start_).count();
  last_ = now;
  const int conditions = static_cast<int>(report.conditions.size());
  char numbers[160];
  std::snprintf(numbers, sizeof numbers, "distance %.4f  success %d/%d  %.1f s  left %s", report.mean_distance(),
                static_cast<int>(std::lround(report.success_rate() * conditions)), conditions, seconds,
                time_left(so_far, report.iteration - first_, iterations_ - first_).c_str());
  const std::string text = numbers + failure_text(report);
  if (bar_.shown()) {
    bar_.draw(report.iteration, iterations_, text);
  } else {
    std::printf("iteration %2d/%d  %s\n", report.iteration, iterations_, text.c_str());
    std::fflush(stdout);
  }
}

}  // namespace mdgps

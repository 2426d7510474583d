#pragma once
/// The tables of a training run, as text: metrics.csv, step_sizes.csv, bounds.csv, divergences.csv and paths.csv.

#include <string>
#include <string_view>

#include "mdgps/algorithm/iteration_report.hpp"

namespace mdgps {

/// One row per iteration and condition; costs are sums over the trajectory, distances in the model's units, the step
/// size and the KL divergence in nats. The seconds are those of the whole iteration, in each of its rows.
inline constexpr std::string_view metrics_header =
    "iteration,condition,local_cost,global_cost,local_distance,global_distance,global_success,step_size,dual,"
    "kl_divergence,dual_evaluations,status,predicted_cost,tv_bound,cost_bound,rollout_seconds,fit_seconds,"
    "c_step_seconds,s_step_seconds\n";

/// How epsilon was adjusted, from the second iteration on: the expected costs of Section 4.2 (of the surrogate where
/// the method has one; the means over conditions where they are averaged), whether they were not to be believed, and
/// the multiplier after that.
inline constexpr std::string_view step_sizes_header =
    "iteration,condition,previous_local,previous_global,predicted,actual_local,actual_global,guarded,multiplier\n";

/// Lemmas 4.1 and 4.2 beside estimates of what they bound: the divergence D_KL(p_i(u_t|x_t) || pi(u_t|o_t)) summed over
/// the steps (its mean over the samples), the total variation between the policies' last states, and the global
/// policy's cost, expected under the fitted dynamics and measured.
inline constexpr std::string_view bounds_header =
    "iteration,condition,policy_kl,tv_bound,total_variation,cost_bound,expected_local_cost,expected_global_cost,"
    "global_cost\n";

/// The divergence of each step: its mean over the samples, and the greatest, Lemma 4.1's epsilon_t.
inline constexpr std::string_view divergences_header = "iteration,condition,step,mean_kl,largest_kl\n";

/// One row per step of the path of the task's point, in metres from its target. Source is local or global.
inline constexpr std::string_view paths_header = "iteration,condition,source,step,x,y,z,distance\n";

/// An iteration's rows of metrics.csv, whose numbers read back to the same bits.
std::string metrics_rows(const IterationReport& report);

/// An iteration's rows of step_sizes.csv; none where nothing was adjusted.
std::string step_sizes_rows(const IterationReport& report);

/// An iteration's rows of bounds.csv, to nine digits.
std::string bounds_rows(const IterationReport& report);

/// An iteration's rows of divergences.csv, to nine digits.
std::string divergences_rows(const IterationReport& report);

/// An iteration's rows of paths.csv, to nine digits.
std::string paths_rows(const IterationReport& report);

}  // namespace mdgps

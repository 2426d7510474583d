#include "mdgps/simulation/signals.hpp"

#include <algorithm>
#include <limits>

#include "mdgps/simulation/mujoco_model.hpp"

namespace mdgps {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool is_hinge(const mjModel& model, int joint) { return model.jnt_type[joint] == mjJNT_HINGE; }

std::string state_unit(const MujocoModel& mujoco, int entry) {
  const mjModel& model = mujoco.get();
  for (const auto& [part, begin, count] : mujoco.layout.blocks) {
    if (entry < begin || entry >= begin + count) continue;
    if (part == StatePart::points) return "m";
    if (part == StatePart::point_velocities) return "m/s";
    const int position = mujoco.joints[entry - begin].position;
    const auto joint = std::find(model.jnt_qposadr, model.jnt_qposadr + model.njnt, position) - model.jnt_qposadr;
    const std::string unit = is_hinge(model, static_cast<int>(joint)) ? "rad" : "m";
    return part == StatePart::joint_positions ? unit : unit + "/s";
  }
  return "";
}

/// What MujocoEnvironment takes from a point's position.
std::vector<double> targets(const Task& task, int entry) {
  const auto* points = task.mujoco->layout.find(StatePart::points);
  if (points == nullptr || entry < points->begin || entry >= points->begin + points->count) return {};
  const int point = (entry - points->begin) / 3, axis = (entry - points->begin) % 3;
  std::vector<double> list;
  for (const ConditionSpec& condition : task.condition_specs)
    list.push_back(task.mujoco->points[point].target[axis] + condition.target_offset[axis]);
  return list;
}

/// A motor of gear 1 passes its control on as a force or torque.
std::string actuator_unit(const mjModel& model, int actuator) {
  const bool motor = model.actuator_trntype[actuator] == mjTRN_JOINT &&
                     model.actuator_gaintype[actuator] == mjGAIN_FIXED &&
                     model.actuator_biastype[actuator] == mjBIAS_NONE &&
                     model.actuator_gainprm[actuator * mjNGAIN] == 1.0 && model.actuator_gear[actuator * 6] == 1.0;
  if (!motor) return "control";
  return is_hinge(model, model.actuator_trnid[2 * actuator]) ? "N m" : "N";
}

}  // namespace

std::vector<Signal> observation_signals(const Task& task) {
  std::vector<Signal> signals;
  for (const int entry : task.observation_entries)
    signals.push_back(
        {task.state_names[entry], state_unit(*task.mujoco, entry), -infinity, infinity, targets(task, entry)});
  return signals;
}

std::vector<Signal> action_signals(const Task& task) {
  const mjModel& model = task.mujoco->get();
  std::vector<Signal> signals;
  for (int j = 0; j < model.nu; ++j) {
    const char* name = mj_id2name(&model, mjOBJ_ACTUATOR, j);
    const bool limited = model.actuator_ctrllimited[j] != 0;
    signals.push_back({name != nullptr ? name : "action " + std::to_string(j), actuator_unit(model, j),
                       limited ? model.actuator_ctrlrange[2 * j] : -infinity,
                       limited ? model.actuator_ctrlrange[2 * j + 1] : infinity});
  }
  return signals;
}

}  // namespace mdgps

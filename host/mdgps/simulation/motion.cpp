#include "mdgps/simulation/motion.hpp"

#include <stdexcept>

#include "mdgps/simulation/mujoco_environment.hpp"

namespace mdgps {

Motion record_motion(const Task& task, const Controller& controller, int condition) {
  if (!task.mujoco) throw std::invalid_argument("record_motion: the task has no MuJoCo model");
  MujocoEnvironment environment(task);
  environment.reset(condition);
  const auto& start = condition < task.conditions ? task.condition_specs.at(condition)
                                                  : task.held_out_condition_specs.at(condition - task.conditions);
  Motion motion{.condition = condition};
  for (int axis = 0; axis < 3; ++axis) motion.target[axis] = task.target[axis] + start.target_offset[axis];

  std::vector<double> state(task.states), observation(task.observations), points(task.points), action(task.actions);
  const std::vector<double> noise(task.actions, 0.0);
  for (int t = 0; t < task.horizon; ++t) {
    environment.state(state);
    environment.observation(observation);
    environment.points(points);
    const auto qpos = environment.positions();
    motion.positions.emplace_back(qpos.begin(), qpos.end());
    const double* point = points.data() + 3 * task.distance_point;
    motion.path.push_back({point[0] + motion.target[0], point[1] + motion.target[1], point[2] + motion.target[2]});
    controller.action(t, state, observation, noise, action);
    if (t + 1 < task.horizon && !environment.step(action)) break;
  }
  return motion;
}

}  // namespace mdgps

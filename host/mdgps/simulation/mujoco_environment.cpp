#include "mdgps/simulation/mujoco_environment.hpp"

#include <algorithm>
#include <cmath>

namespace mdgps {

MujocoEnvironment::MujocoEnvironment(const Task& task)
    : shared_(task.mujoco),
      starts_(task.condition_specs),
      observation_entries_(task.observation_entries),
      substeps_(task.substeps),
      distance_point_(task.distance_point),
      model_(mj_copyModel(nullptr, &shared_->get())),
      data_(make_mujoco_data(*model_)),
      targets_(task.points),
      point_rates_(static_cast<std::size_t>(task.points) * model_->nv),
      state_(task.states) {
  starts_.insert(starts_.end(), task.held_out_condition_specs.begin(), task.held_out_condition_specs.end());
}

void MujocoEnvironment::reset(int condition) {
  const auto& start = starts_.at(condition);
  move_body(start);
  mj_resetData(model_.get(), data_.get());
  for (std::size_t j = 0; j < shared_->joints.size(); ++j) {
    data_->qpos[shared_->joints[j].position] = start.joint_positions[j];
    data_->qvel[shared_->joints[j].velocity] = start.joint_velocities[j];
  }
  for (std::size_t e = 0; e < targets_.size(); ++e) {
    targets_[e] = shared_->points[e / 3].target[e % 3] + start.target_offset[e % 3];
  }
  update_points();
}

void MujocoEnvironment::move_body(const ConditionSpec& start) {
  const auto& original = shared_->get();
  std::copy_n(original.body_pos, 3 * original.nbody, model_->body_pos);
  if (start.move) {
    for (int axis = 0; axis < 3; ++axis) model_->body_pos[3 * start.move->body + axis] += start.move->offset[axis];
  }
  // Inertias and lengths at the reference pose, which the solver scales its constraints with, follow from the
  // positions.
  mj_setConst(model_.get(), data_.get());
}

bool MujocoEnvironment::step(std::span<const double> action) {
  std::copy(action.begin(), action.end(), data_->ctrl);
  for (int i = 0; i < substeps_; ++i) mj_step(model_.get(), data_.get());
  for (const auto warning : {mjWARN_BADQPOS, mjWARN_BADQVEL, mjWARN_BADQACC, mjWARN_BADCTRL}) {
    if (data_->warning[warning].number > 0) return false;
  }
  update_points();
  const auto finite = [](double x) { return std::isfinite(x) && std::abs(x) < mjMAXVAL; };
  return std::all_of(data_->qpos, data_->qpos + model_->nq, finite) &&
         std::all_of(data_->qvel, data_->qvel + model_->nv, finite);
}

/// mj_step leaves sites and Jacobians where they were before its last integration; bring them to the current state.
void MujocoEnvironment::update_points() {
  mj_kinematics(model_.get(), data_.get());
  mj_comPos(model_.get(), data_.get());
  for (std::size_t p = 0; p < shared_->points.size(); ++p) {
    mj_jacSite(model_.get(), data_.get(), point_rates_.data() + 3 * p * model_->nv, nullptr, shared_->points[p].site);
  }
}

void MujocoEnvironment::state(std::span<double> state) const {
  for (const auto& block : shared_->layout.blocks) {
    const auto part = state.subspan(block.begin, block.count);
    switch (block.part) {
      case StatePart::joint_positions:
        for (int j = 0; j < block.count; ++j) part[j] = data_->qpos[shared_->joints[j].position];
        break;
      case StatePart::joint_velocities:
        for (int j = 0; j < block.count; ++j) part[j] = data_->qvel[shared_->joints[j].velocity];
        break;
      case StatePart::points:
        points(part);
        break;
      case StatePart::point_velocities:
        for (int e = 0; e < block.count; ++e) {
          part[e] = 0.0;
          for (int v = 0; v < model_->nv; ++v) part[e] += point_rates_[e * model_->nv + v] * data_->qvel[v];
        }
        break;
    }
  }
}

void MujocoEnvironment::observation(std::span<double> observation) const {
  state(state_);
  for (std::size_t e = 0; e < observation.size(); ++e) observation[e] = state_[observation_entries_[e]];
}

void MujocoEnvironment::points(std::span<double> points) const {
  for (std::size_t e = 0; e < points.size(); ++e) {
    points[e] = data_->site_xpos[3 * shared_->points[e / 3].site + e % 3] - targets_[e];
  }
}

void MujocoEnvironment::point_jacobian(std::span<double> jacobian) const {
  std::fill(jacobian.begin(), jacobian.end(), 0.0);
  const int states = shared_->layout.size();
  const auto& positions = *shared_->layout.find(StatePart::joint_positions);
  for (std::size_t e = 0; e < targets_.size(); ++e) {
    for (int j = 0; j < positions.count; ++j) {
      jacobian[e * states + positions.begin + j] = point_rates_[e * model_->nv + shared_->joints[j].velocity];
    }
  }
}

double MujocoEnvironment::distance() const {
  double squares = 0.0;
  for (int e = 3 * distance_point_; e < 3 * distance_point_ + 3; ++e) {
    const double d = data_->site_xpos[3 * shared_->points[e / 3].site + e % 3] - targets_[e];
    squares += d * d;
  }
  return std::sqrt(squares);
}

}  // namespace mdgps

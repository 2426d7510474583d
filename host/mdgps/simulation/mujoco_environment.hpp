#pragma once
/// A task's system in MuJoCo. Private to the simulation layer.

#include <memory>
#include <vector>

#include "mdgps/simulation/environment.hpp"
#include "mdgps/simulation/mujoco_model.hpp"
#include "mdgps/simulation/task.hpp"

namespace mdgps {

class MujocoEnvironment final : public Environment {
 public:
  explicit MujocoEnvironment(const Task& task);

  void reset(int condition) override;
  bool step(std::span<const double> action) override;
  void state(std::span<double> state) const override;
  void observation(std::span<double> observation) const override;
  void points(std::span<double> points) const override;
  void point_jacobian(std::span<double> jacobian) const override;
  double distance() const override;

  /// All positions [nq], of joints outside the state, too.
  std::span<const double> positions() const { return {data_->qpos, static_cast<std::size_t>(model_->nq)}; }

 private:
  void move_body(const ConditionSpec& start);
  void update_points();

  std::shared_ptr<const MujocoModel> shared_;
  std::vector<ConditionSpec> starts_;
  std::vector<int> observation_entries_;
  int substeps_;
  int distance_point_;

  ModelPointer model_;  // a copy, as conditions put bodies elsewhere
  DataPointer data_;
  std::vector<double> targets_;        // [k], of the current condition
  std::vector<double> point_rates_;    // [k,nv], d points / d qpos by degree of freedom
  mutable std::vector<double> state_;  // scratch of observation()
};

}  // namespace mdgps

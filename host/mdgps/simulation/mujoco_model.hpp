#pragma once
/// A loaded MuJoCo model and what of it a task uses. Private to the simulation layer: it includes MuJoCo's header.

#include <mujoco/mujoco.h>

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "mdgps/simulation/state_layout.hpp"

namespace mdgps {

struct DeleteModel {
  void operator()(mjModel* model) const { mj_deleteModel(model); }
};
struct DeleteData {
  void operator()(mjData* data) const { mj_deleteData(data); }
};
using ModelPointer = std::unique_ptr<mjModel, DeleteModel>;
using DataPointer = std::unique_ptr<mjData, DeleteData>;

/// Loads an MJCF file or a compiled model (.mjb). Throws std::runtime_error with MuJoCo's message on one line.
ModelPointer load_mujoco_model(const std::filesystem::path& file);

/// A fresh mjData. Throws std::runtime_error where memory does not suffice.
DataPointer make_mujoco_data(const mjModel& model);

/// Immutable once the task is loaded; shared by its environments.
class MujocoModel {
 public:
  explicit MujocoModel(const std::filesystem::path& file) : model_(load_mujoco_model(file)) {}
  const mjModel& get() const { return *model_; }

  struct Joint {
    std::string name;
    int position = 0;  ///< address in qpos
    int velocity = 0;  ///< address in qvel
  };
  struct Point {
    std::string name;
    int site = 0;  ///< MuJoCo id
    std::array<double, 3> target{};
  };
  std::vector<Joint> joints;
  std::vector<Point> points;
  StateLayout layout;

 private:
  ModelPointer model_;
};

}  // namespace mdgps

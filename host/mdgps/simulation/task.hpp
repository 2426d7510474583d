#pragma once
/// A task: a MuJoCo model, what of it is state and observation, start conditions, cost and success, read from TOML.

#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mdgps/simulation/config_reader.hpp"
#include "mdgps/simulation/environment.hpp"
#include "mdgps/solver/cost_expansion.hpp"
#include "mdgps/solver/export.hpp"

namespace mdgps {

class MujocoModel;

/// LQR that holds the start position on guessed dynamics (a double integrator per joint).
struct InitialPolicySettings {
  std::vector<double> gains;          ///< [m] guessed joint acceleration per unit of action
  double stiffness = 1.0;             ///< cost on joint positions
  double stiffness_velocity = 0.5;    ///< cost on joint velocities, relative to stiffness
  double variance = 1.0;              ///< divides the cost: the larger, the more the controller explores
  double final_weight = 1.0;          ///< multiplies the cost of the last step
  std::vector<int> position_entries;  ///< [m] state entries of the motors' joints' positions
  std::vector<int> velocity_entries;  ///< [m] and velocities
};

/// Where a trajectory starts.
struct ConditionSpec {
  /// A body, with all that hangs on it, put elsewhere.
  struct Move {
    int body = 0;                    ///< MuJoCo id
    std::array<double, 3> offset{};  ///< metres, in the parent's frame
  };
  std::vector<double> joint_positions;    ///< one per joint of the state
  std::vector<double> joint_velocities;   ///< likewise
  std::optional<Move> move;               ///< a body put elsewhere than in the model
  std::array<double, 3> target_offset{};  ///< moves the targets of all points, metres
};

/// A geometric shape that is fixed to the world, for drawing.
struct SceneGeom {
  std::string type;              ///< plane, sphere, capsule, ellipsoid, cylinder, box or mesh
  std::array<double, 3> size{};  ///< as in MuJoCo: half lengths of a box; radius and half length of a capsule
  std::array<double, 3> position{};
  std::array<double, 9> rotation{};  ///< row-major
  std::array<float, 4> rgba{};
};

/// A task as it was read: what rollouts, the solver and reports need to know of it.
struct MDGPS_API Task {
  std::string name;
  std::string description;
  std::filesystem::path file;
  std::filesystem::path model;

  int horizon = 0;                ///< T
  double control_interval = 0.0;  ///< seconds
  int substeps = 0;               ///< simulator steps per control interval
  int states = 0;                 ///< n
  int actions = 0;                ///< m
  int observations = 0;           ///< o
  int points = 0;                 ///< k, 3 per end-effector point, of which there is at least one
  int conditions = 0;             ///< N
  int held_out_conditions = 0;

  std::vector<std::string> state_names;  ///< [n] for messages and tables, e.g. "elbow" or "peg_bottom.x"
  std::vector<int> observation_entries;  ///< [o] state entry of each observation entry
  std::vector<CostTerm> cost;
  InitialPolicySettings initial_policy;
  std::vector<ConditionSpec> condition_specs;  ///< [N]
  std::vector<ConditionSpec> held_out_condition_specs;

  double success_distance = 0.0;   ///< metres; a trajectory succeeds that ends nearer
  double fail_distance = 0.0;      ///< metres; the line of failure in reports
  int distance_point = 0;          ///< the point whose distance counts: entries 3 i .. 3 i + 2 of the points
  std::array<double, 3> target{};  ///< that point's target in the world, before a condition's offset

  ConfigReader algorithm;  ///< the file's [algorithm] table, for the algorithm to read

  /// How environments are made, by several threads at once: load_task puts MuJoCo's here, and a task that is put
  /// together in C++ its own.
  std::function<std::unique_ptr<Environment>(const Task&)> environment;

  /// A fresh environment; those of a loaded task share its model.
  std::unique_ptr<Environment> make_environment() const { return environment(*this); }

  /// Shapes that stand still, in the world's frame; of a loaded task.
  std::vector<SceneGeom> scene() const;

  /// The loaded model and the document, shared by copies of the task.
  std::shared_ptr<const MujocoModel> mujoco;
  ConfigReader config;
};

/// Reads a task.
/// overrides   "key.path=value", as in ConfigReader::open
/// Throws ConfigError with one line that names file, line and remedy.
MDGPS_API Task load_task(const std::filesystem::path& file, std::span<const std::string> overrides = {});

/// The tasks of a folder: every FOLDER/NAME/task.toml, by name.
MDGPS_API std::map<std::string, std::filesystem::path> find_tasks(const std::filesystem::path& folder);

/// The task's document with overrides and defaults, enough to load the task again from a folder that holds this text as
/// a file and the model as `save_model` writes it. Call it when every table has been read: defaults then show.
MDGPS_API std::string write_config(const Task& task);

/// Whether the two tasks' models are the same to the simulator, wherever they were loaded from.
MDGPS_API bool same_model(const Task& a, const Task& b);

/// Writes the model into `folder`: its MJCF as it is, or, where it refers to other files (include, meshes), in compiled
/// form (model.mjb, which only the same version of MuJoCo reads).
MDGPS_API void save_model(const Task& task, const std::filesystem::path& folder);

}  // namespace mdgps

#pragma once
/// What the simulation tests share: tasks of the tests, changed copies of them, simple controllers.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "mdgps/simulation/rollout.hpp"
#include "mdgps/simulation/task.hpp"

namespace mdgps::testing {

inline const std::filesystem::path reacher = MDGPS_TEST_DATA "/tasks/reacher";
inline const std::filesystem::path tasks_folder = MDGPS_TEST_DATA "/../../apps/tasks";

inline std::string read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// A copy of the reacher task in a folder of its own, which goes away with it.
class ReacherCopy {
 public:
  ReacherCopy() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    auto name = "mdgps-" + std::to_string(getpid()) + "-" + test->test_suite_name() + "-" + test->name();
    std::replace(name.begin(), name.end(), '/', '-');
    folder = std::filesystem::temp_directory_path() / name;
    std::filesystem::create_directories(folder);
    for (const char* name : {"task.toml", "model.xml"}) {
      std::filesystem::copy_file(reacher / name, folder / name, std::filesystem::copy_options::overwrite_existing);
    }
  }
  ~ReacherCopy() { std::filesystem::remove_all(folder); }

  void replace(const std::string& name, const std::string& from, const std::string& to) const {
    auto text = read_file(folder / name);
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    std::ofstream(folder / name, std::ios::binary) << text.replace(at, from.size(), to);
  }
  std::filesystem::path task() const { return folder / "task.toml"; }

  std::filesystem::path folder;
};

/// Action = noise, scaled.
class NoiseController : public Controller {
 public:
  explicit NoiseController(double scale) : scale_(scale) {}
  void action(int, std::span<const double>, std::span<const double>, std::span<const double> noise,
              std::span<double> action) const override {
    for (std::size_t j = 0; j < action.size(); ++j) action[j] = scale_ * noise[j];
  }

 private:
  double scale_;
};

inline Trajectories rollout_with(const Task& task, const Controller& controller, const RolloutOptions& options) {
  const std::vector<const Controller*> controllers(options.held_out ? task.held_out_conditions : task.conditions,
                                                   &controller);
  return rollout(task, controllers, options);
}

inline bool same_bytes(const Trajectories& a, const Trajectories& b) {
  return a.states == b.states && a.actions == b.actions && a.observations == b.observations && a.points == b.points &&
         a.point_jacobians == b.point_jacobians && a.distances == b.distances && a.weights == b.weights;
}

}  // namespace mdgps::testing

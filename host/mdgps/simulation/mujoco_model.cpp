#include "mdgps/simulation/mujoco_model.hpp"

#include <algorithm>
#include <mutex>
#include <stdexcept>

namespace mdgps {
namespace {

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

/// MuJoCo ends the process on an error and writes MUJOCO_LOG.TXT into the working folder on a warning, unless it is
/// given handlers. A host application's own handlers stay.
void install_handlers() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (!mju_user_error)
      mju_user_error = [](const char* message) { throw std::runtime_error("MuJoCo: " + one_line(message)); };
    // Warnings are counted in mjData, where the environment looks for them.
    if (!mju_user_warning) mju_user_warning = [](const char*) {};
  });
}

}  // namespace

ModelPointer load_mujoco_model(const std::filesystem::path& file) {
  install_handlers();
  char error[1000] = "";
  ModelPointer model(file.extension() == ".mjb" ? mj_loadModel(file.c_str(), nullptr)
                                                : mj_loadXML(file.c_str(), nullptr, error, sizeof error));
  if (!model) {
    throw std::runtime_error(error[0] ? one_line(error)
                                      : "not a compiled model of MuJoCo " + std::string(mj_versionString()));
  }
  return model;
}

DataPointer make_mujoco_data(const mjModel& model) {
  DataPointer data(mj_makeData(&model));
  if (!data) throw std::runtime_error("MuJoCo could not allocate the simulation's memory");
  return data;
}

}  // namespace mdgps

#pragma once
/// Pictures of motions, drawn without a display.

#include <memory>
#include <string>
#include <vector>

#include "mdgps/simulation/image.hpp"
#include "mdgps/simulation/motion.hpp"
#include "mdgps/simulation/task.hpp"
#include "mdgps/solver/export.hpp"

namespace mdgps {

/// How pictures are made.
struct PictureOptions {
  int width = 960, height = 720;  ///< pixels
  std::string camera{};           ///< of the model, by name; empty: its first, or one that has every motion in view
  bool fine = false;              ///< softer shadows, at three times the work
  int threads = 1;
};

/// Motions side by side, a tile for each, as seen at one moment: the scene, the path that the task's point has taken,
/// and a ring round its target as wide as success is.
class MDGPS_API MotionPicture {
 public:
  /// motions   of `task`, at least one
  /// Throws std::invalid_argument, one line, where the camera is unknown or no pinhole camera, where there is no
  /// motion, or where the picture is too small for a tile of 16 x 16 pixels each.
  MotionPicture(const Task& task, std::vector<Motion> motions, const PictureOptions& options);
  ~MotionPicture();

  /// The names of the model's cameras.
  static std::vector<std::string> cameras(const Task& task);

  /// The most steps that a motion has; a motion that ended before stays as it was at its end.
  int steps() const;

  /// step   0..steps()-1
  /// The bytes are the same for any number of threads.
  Image draw(int step);

 private:
  class Studio;
  std::unique_ptr<Studio> studio_;
};

}  // namespace mdgps

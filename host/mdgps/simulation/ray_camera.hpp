#pragma once
/// Draws a model by casting rays with MuJoCo, without a display: every geom that MuJoCo's rays meet, with its colour,
/// in the light of lights.hpp. Private to the simulation layer.

#include <mujoco/mujoco.h>

#include <vector>

#include "mdgps/simulation/lights.hpp"
#include "mdgps/simulation/pinhole_camera.hpp"

namespace mdgps {

/// Whether the geom is shown: in one of the groups that MuJoCo's viewer shows (0, 1, 2), and not invisible.
bool is_drawn(const mjModel& model, int geom);

/// How much work a picture is.
struct DrawingQuality {
  int edge_rays = 4;   ///< through a pixel in which something begins or ends; others take one
  int sun_points = 6;  ///< lamps that the sun's shadow is made with
  int sky_points = 8;
};

/// Light and distance of each pixel.
struct Canvas {
  int width = 0, height = 0;
  std::vector<Vec3> light;       ///< [height,width]
  std::vector<double> distance;  ///< [height,width] from the camera to what is there; infinite where nothing is

  Canvas(int w, int h) : width(w), height(h), light(static_cast<std::size_t>(w) * h), distance(light.size()) {}
};

/// What is drawn beside the geoms.
struct Stage {
  bool has_floor = false;     ///< an endless one; what is far off fades into the backdrop
  double floor_height = 0.0;  ///< metres
  Vec3 middle;                ///< of what is of interest
  double extent = 1.0;        ///< metres, its diameter
};

class RayCamera {
 public:
  RayCamera(const PinholeCamera& camera, const Stage& stage, const DrawingQuality& quality);

  /// Draws rows [first, last) of the model as it stands in `data` (mj_kinematics is enough). Every pixel depends on the
  /// scene alone, so that rows can be drawn by several threads, each with its own data.
  void draw(const mjModel& model, mjData& data, int first, int last, Canvas& canvas) const;

 private:
  struct Hit;
  class Caster;

  PinholeCamera camera_;
  Stage stage_;
  DrawingQuality quality_;
  std::vector<Lamp> lamps_;
  Vec3 sun_;
};

}  // namespace mdgps

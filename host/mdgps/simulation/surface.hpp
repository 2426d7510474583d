#pragma once
/// What colour a geom has where a ray meets it. Private to the simulation layer.

#include <mujoco/mujoco.h>

#include "mdgps/simulation/vec3.hpp"

namespace mdgps {

/// Brightness from 0 to 1 as a screen takes it, to amounts of light, and back.
double to_light(double screen);
double to_screen(double light);

struct Surface {
  Vec3 albedo{};         ///< share of red, green and blue light that is thrown back
  double opacity = 1.0;  ///< 0: not there
  double shine = 0.0;    ///< strength of the highlight
  double glow = 0.0;     ///< share of its own colour that it gives off
};

/// The geom's own colour, or its material's with the texture of a plane.
/// point   where, in the world
Surface surface_at(const mjModel& model, const mjData& data, int geom, Vec3 point);

}  // namespace mdgps

#pragma once
/// The light that a picture is drawn in: a sun and a sky, whatever lights the model has. Private to the simulation
/// layer.

#include <vector>

#include "mdgps/simulation/pinhole_camera.hpp"
#include "mdgps/simulation/vec3.hpp"

namespace mdgps {

/// A lamp so far away that its light is parallel. Many of them close together make a shadow soft.
struct Lamp {
  Vec3 towards;  ///< unit direction to the lamp
  Vec3 light;    ///< on a surface that faces it
};

/// A sun above the camera's left shoulder, of `sun_points` lamps, and a sky of `sky_points` over all that is above.
std::vector<Lamp> sun_and_sky(const PinholeCamera& camera, int sun_points, int sky_points);

/// The middle of that sun, for highlights.
Vec3 sun_direction(const PinholeCamera& camera);

/// Light that reaches everything, from the floor and from surfaces beside: [red, green, blue] on a surface with this
/// normal.
Vec3 bounced_light(Vec3 normal);

/// What is seen where nothing is.
Vec3 backdrop(Vec3 direction);

}  // namespace mdgps

#pragma once
/// Lines and marks over a drawn picture, faint where something in the scene hides them. Private to the simulation
/// layer.

#include <vector>

#include "mdgps/simulation/pinhole_camera.hpp"
#include "mdgps/simulation/ray_camera.hpp"
#include "mdgps/simulation/vec3.hpp"

namespace mdgps {

/// Shapes gather until `paint` gives them all one colour, so that where they overlap they are no darker.
class Overlay {
 public:
  /// The camera that drew the canvas. Both must outlive this.
  Overlay(const PinholeCamera& camera, Canvas& canvas)
      : camera_(camera), canvas_(canvas), cover_(canvas.light.size(), 0.0) {}

  /// A straight line between points of the world, `width` pixels wide, with round ends.
  void line(Vec3 from, Vec3 to, double width);

  /// A disc of `radius` pixels.
  void disc(Vec3 middle, double radius);

  /// The outline of a ball of `radius` metres, `width` pixels wide; never smaller than `least` pixels in radius.
  void ring(Vec3 middle, double radius, double least, double width);

  /// Mixes the colour (screen values, 0 to 1) into the canvas.
  void paint(Vec3 colour, double opacity = 1.0);

 private:
  /// Covers pixels in a box by `gap(x, y)`: pixels between the middle of one and the shape's edge, negative inside.
  template <class Gap>
  void cover(double left, double top, double right, double bottom, const Gap& gap);

  const PinholeCamera& camera_;
  Canvas& canvas_;
  std::vector<double> cover_;  // [height,width]
};

}  // namespace mdgps

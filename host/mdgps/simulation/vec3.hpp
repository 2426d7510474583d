#pragma once
/// Points and directions in the world. Private to the simulation layer.

#include <cmath>

namespace mdgps {

struct Vec3 {
  double x = 0.0, y = 0.0, z = 0.0;

  static Vec3 from(const double* values) { return {values[0], values[1], values[2]}; }

  friend Vec3 operator+(Vec3 a, Vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
  friend Vec3 operator-(Vec3 a, Vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
  friend Vec3 operator*(double s, Vec3 a) { return {s * a.x, s * a.y, s * a.z}; }
};

inline double dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vec3 cross(Vec3 a, Vec3 b) { return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x}; }
inline double norm(Vec3 a) { return std::sqrt(dot(a, a)); }
inline Vec3 normalized(Vec3 a) { return (1.0 / norm(a)) * a; }
inline Vec3 mix(Vec3 a, Vec3 b, double share) { return a + share * (b - a); }

}  // namespace mdgps

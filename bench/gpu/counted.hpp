#pragma once
/// A scalar that counts the floating-point operations done with it: what a kernel's text does, counted from the text.

#include <cmath>

#include "kernels/core.hpp"

namespace mdgps::bench {

struct Counted {
  double value = 0;
  static inline double operations = 0;

  Counted() = default;
  Counted(double value) : value(value) {}
  operator double() const { return value; }

  static Counted of(double value, double cost = 1) {
    operations += cost;
    return value;
  }
  friend Counted operator+(Counted a, Counted b) { return of(a.value + b.value); }
  friend Counted operator-(Counted a, Counted b) { return of(a.value - b.value); }
  friend Counted operator*(Counted a, Counted b) { return of(a.value * b.value); }
  friend Counted operator/(Counted a, Counted b) { return of(a.value / b.value); }
  friend Counted operator-(Counted a) { return -a.value; }
  Counted& operator+=(Counted b) { return *this = *this + b; }
  Counted& operator-=(Counted b) { return *this = *this - b; }
  Counted& operator*=(Counted b) { return *this = *this * b; }
  friend bool operator>(Counted a, Counted b) { return a.value > b.value; }
  friend bool operator<(Counted a, Counted b) { return a.value < b.value; }
  friend bool operator==(Counted a, Counted b) { return a.value == b.value; }
};

inline Counted select(bool mask, Counted a, Counted b) { return mask ? a : b; }
inline Counted root(Counted x) { return Counted::of(std::sqrt(x.value)); }
inline Counted logarithm(Counted x) { return Counted::of(std::log(x.value)); }
inline Counted exponential(Counted x) { return Counted::of(std::exp(x.value)); }
inline bool finite(Counted x) { return std::isfinite(x.value); }

}  // namespace mdgps::bench

namespace mdgps::kernels::inline MDGPS_TARGET {

template <>
struct ScalarTraits<bench::Counted> {
  using Element = double;
  using Mask = bool;
  static constexpr int lanes = 1;
};

}  // namespace mdgps::kernels::inline MDGPS_TARGET

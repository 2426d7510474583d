#pragma once
/// Rollouts of a policy on a point mass among obstacles.

#include "kernels/linear_gaussian.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// Vectors of every condition, sample and timestep, a view [N,S,T,k].
template <class T>
struct SampleBatch {
  Batch<T> first;  ///< of the samples at t = 0, which take the place of steps
  std::int64_t time_stride;

  MDGPS_FUNCTION Batch<T> at(int t) const {
    Batch<T> batch = first;
    batch.data += t * time_stride;
    return batch;
  }
};

/// What rollouts read, but for the policy, and what they write.
template <class T>
struct PointMassBatch {
  Batch<const T> start, anchors;  ///< [N,n] [N,k]
  SampleBatch<const T> noise;
  SampleBatch<T> states, actions, points, distances;
  Batch<T> weights;  ///< [N,S]
};

/// Rollouts that a group works on at a time: a warp gives each a thread of its own.
inline constexpr int rollouts_at_once = 32;
/// Packs that these are in.
template <class Scalar>
inline constexpr int rollout_packs = (rollouts_at_once + lane_count<Scalar> - 1) / lane_count<Scalar>;

/// Entry [i,j] of the lanes' matrices at their own step plus t.
template <class Scalar, class T>
MDGPS_FUNCTION Scalar load_entry(const Lanes<Scalar>& lanes, Batch<T> from, std::int64_t t, int i, int j = 0) {
  from.data += i * from.row_stride + j * from.col_stride;
  return load(lanes, from, t);
}
/// Entry i of the lanes' vectors <- value.
template <class Scalar, class T>
MDGPS_FUNCTION void store_entry(const Lanes<Scalar>& lanes, const Scalar& value, Batch<T> to, int i) {
  to.data += i * to.row_stride;
  store(Solo{}, lanes, value, to, 0);
}

template <class Scalar>
MDGPS_FUNCTION Scalar clipped(const Scalar& x, const Scalar& least, const Scalar& most) {
  return select(x < least, least, select(x > most, most, x));
}
/// The place on a segment, -1 to 1, of the nearest point to one that lies `along` on its half axis of this length.
template <class Scalar>
MDGPS_FUNCTION Scalar place_on_segment(const Scalar& along, double squared_length) {
  return squared_length > 0 ? clipped(along / Scalar(squared_length), Scalar(-1), Scalar(1)) : Scalar{};
}

/// Adds to `acceleration` what an obstacle's contact changes of it: a frictionless one, whose force is soft, never
/// pulls, and follows from the acceleration without it. The nearest points of two segments are Ericson's, Real-Time
/// Collision Detection, 5.1.9; the force is that of MuJoCo's documentation, Computation, "Constraint model", whose
/// minimisation has a closed form for one contact.
template <class Scalar, class Mass, class Obstacle>
MDGPS_FUNCTION void add_contact(const Mass& mass, const Obstacle& obstacle, const Scalar (&position)[3],
                                const Scalar (&velocity)[3], Scalar (&acceleration)[3]) {
  double aa = 0, ab = 0, bb = 0;
  Scalar a{}, b{}, between[3];
  unrolled<3>([&](auto i) MDGPS_INLINE {
    between[i] = position[i] + Scalar(mass.origin[i] - obstacle.center[i]);
    aa += mass.half_axis[i] * mass.half_axis[i];
    ab += mass.half_axis[i] * obstacle.half_axis[i];
    bb += obstacle.half_axis[i] * obstacle.half_axis[i];
    a -= Scalar(mass.half_axis[i]) * between[i];
    b += Scalar(obstacle.half_axis[i]) * between[i];
  });
  // A sphere is a segment without length, where the place on the other one decides alone.
  const Scalar own = place_on_segment(a * Scalar(bb) + b * Scalar(ab), aa * bb - ab * ab);
  const Scalar other = place_on_segment(b + own * Scalar(ab), bb);
  const Scalar nearest = place_on_segment(a + other * Scalar(ab), aa);
  Scalar squares{};
  unrolled<3>([&](auto i) MDGPS_INLINE {
    between[i] += nearest * Scalar(mass.half_axis[i]) - other * Scalar(obstacle.half_axis[i]);
    squares += between[i] * between[i];
  });
  const Scalar length = root(squares), depth = Scalar(obstacle.reach + obstacle.margin) - length;
  const Scalar one(1), scale = one / select(length > Scalar{}, length, one);

  Scalar speed{}, before{}, mobility{};  // along the normal, which points from the obstacle to the mass
  unrolled<3>([&](auto i) MDGPS_INLINE {
    between[i] *= scale;
    speed += between[i] * velocity[i];
    before += between[i] * acceleration[i];
    mobility += between[i] * between[i] * Scalar(mass.inverse_mass[i]);
  });
  // MuJoCo's impedance rises from `softest` where the contact begins to `stiffest` at a depth of `width`.
  const Scalar x = clipped(depth / Scalar(obstacle.width), Scalar{}, one), rest = one - x, middle(obstacle.midpoint);
  const Scalar share = select(x > middle, one - rest * rest / (one - middle), x * x / middle);
  const Scalar impedance = Scalar(obstacle.softest) + share * Scalar(obstacle.stiffest - obstacle.softest);
  const Scalar wanted = Scalar(obstacle.stiffness) * impedance * depth - Scalar(obstacle.damping) * speed;
  const Scalar softness = (one - impedance) / impedance * Scalar(obstacle.mobility);
  const Scalar force = (wanted - before) / (mobility + softness);
  const Scalar push = select((depth > Scalar{}) & (force > Scalar{}), force, Scalar{});
  unrolled<3>([&](auto i) MDGPS_INLINE { acceleration[i] += push * between[i] * Scalar(mass.inverse_mass[i]); });
}

/// Holds `action` for one control interval: semi-implicit Euler steps, implicit in the damping, as MuJoCo takes them.
template <class Scalar, class Mass>
MDGPS_FUNCTION void move_point_mass(const Mass& mass, const Scalar (&action)[3], Scalar (&position)[3],
                                    Scalar (&velocity)[3]) {
  const Scalar h(mass.timestep);
  for (int step = 0; step < mass.substeps; ++step) {
    Scalar acceleration[3];
    unrolled<3>([&](auto i) MDGPS_INLINE {
      const Scalar force = Scalar(mass.gear[i]) * clipped(action[i], Scalar(mass.least[i]), Scalar(mass.most[i]));
      acceleration[i] = (force - Scalar(mass.damping[i]) * velocity[i]) * Scalar(mass.inverse_mass[i]);
    });
    for (int o = 0; o < mass.obstacle_count; ++o)
      add_contact(mass, mass.obstacles[o], position, velocity, acceleration);
    unrolled<3>([&](auto i) MDGPS_INLINE {
      velocity[i] += h * acceleration[i] / Scalar(1 + mass.timestep * mass.damping[i] * mass.inverse_mass[i]);
      position[i] += h * velocity[i];
    });
  }
}

/// u = K x + k + L noise with L L' = C, where a pivot of C that is not positive is read as 1.
template <class Scalar, class T>
MDGPS_FUNCTION void draw_action(const Lanes<Scalar>& conditions, const PolicyBatch<const T>& policy, int t, int axes,
                                const Scalar (&position)[3], const Scalar (&velocity)[3], const Scalar (&noise)[3],
                                Scalar (&action)[3]) {
  Scalar L[3][3];
  unrolled<3>([&](auto i) MDGPS_INLINE {
    action[i] = Scalar{};
    if (i >= axes) return;
    Scalar u = load_entry(conditions, policy.offset, t, i);
    unrolled<3>([&](auto j) MDGPS_INLINE {
      if (j < axes) u += load_entry(conditions, policy.gain, t, i, j) * position[j];
    });
    unrolled<3>([&](auto j) MDGPS_INLINE {
      if (j < axes) u += load_entry(conditions, policy.gain, t, i, axes + j) * velocity[j];
    });
    unrolled<i + 1>([&](auto j) MDGPS_INLINE {
      Scalar x = load_entry(conditions, policy.covariance, t, i, j);
      unrolled<j>([&](auto k) MDGPS_INLINE { x -= L[i][k] * L[j][k]; });
      L[i][j] = i == j ? root(select(x > Scalar{}, x, Scalar(1))) : x / L[j][j];
      u += L[i][j] * noise[j];
    });
    action[i] = u;
  });
}

/// One rollout per lane: its condition, and as its step the sample. One that diverges gets weight 0 and zeros.
/// It lives in the registers of one thread. `draw_action` gives the policy's actions.
template <class Scalar, class Mass, class Policy, class T>
MDGPS_FUNCTION void roll_out_point_mass(const Lanes<Scalar>& lanes, int steps, int points, int distance_point,
                                        const Mass& mass, const Policy& policy, const PointMassBatch<T>& b) {
  const int m = mass.axes;
  const Scalar most(1e10);  // mjMAXVAL, beyond which MuJoCo gives up
  const auto bounded = [&](const Scalar& x) { return (x < most) & (x > -most); };
  Lanes<Scalar> conditions = lanes;
  for (int w = 0; w < lane_count<Scalar>; ++w) conditions.step[w] = 0;

  Scalar position[3], velocity[3], noise[3], action[3];
  unrolled<3>([&](auto i) MDGPS_INLINE {
    position[i] = i < m ? load_entry(conditions, b.start, 0, i) : Scalar{};
    velocity[i] = i < m ? load_entry(conditions, b.start, 0, m + i) : Scalar{};
  });
  Mask<Scalar> ok = true;
  for (int t = 0; t < steps; ++t) {
    unrolled<3>([&](auto i) MDGPS_INLINE { noise[i] = i < m ? load_entry(lanes, b.noise.at(t), 0, i) : Scalar{}; });
    draw_action(conditions, policy, t, m, position, velocity, noise, action);
    unrolled<3>([&](auto i) MDGPS_INLINE {
      ok = ok & bounded(action[i]);
      if (i >= m) return;
      store_entry(lanes, position[i], b.states.at(t), i);
      store_entry(lanes, velocity[i], b.states.at(t), m + i);
      store_entry(lanes, action[i], b.actions.at(t), i);
    });
    for (int p = 0; 3 * p < points; ++p) {
      Scalar squares{};
      unrolled<3>([&](auto i) MDGPS_INLINE {
        const Scalar x = load_entry(conditions, b.anchors, 0, 3 * p + i) + position[i];
        squares += x * x;
        store_entry(lanes, x, b.points.at(t), 3 * p + i);
      });
      if (p == distance_point) store_entry(lanes, root(squares), b.distances.at(t), 0);
    }
    if (t + 1 == steps) break;
    move_point_mass(mass, action, position, velocity);
    unrolled<3>([&](auto i) MDGPS_INLINE { ok = ok & bounded(position[i]) & bounded(velocity[i]); });
  }

  for (int r = 0; r < lanes.count; ++r) {
    const int w = lanes.stored[r];
    const bool dropped = !get_lane(ok, w);
    *b.weights.at(lanes.condition[w], lanes.step[w]) = dropped ? T(0) : T(1);
    const auto clear = [&](const SampleBatch<T>& batch, int size) {
      for (int t = 0; t < steps; ++t)
        for (int e = 0; e < size; ++e)
          batch.at(t).at(lanes.condition[w], lanes.step[w])[e * batch.first.row_stride] = T{};
    };
    if (!dropped) continue;
    clear(b.states, 2 * m);
    clear(b.actions, m);
    clear(b.points, points);
    clear(b.distances, 1);
  }
}

/// The rollouts 32 `problem`, ... of N x S, samples running fastest, shared among the group's threads.
template <class Scalar, class Group, class Mass, class Policy, class T>
MDGPS_FUNCTION void roll_out_point_masses(const Group& g, std::int64_t problem, std::int64_t conditions,
                                          std::int64_t samples, int steps, int points, int distance_point,
                                          const Mass& mass, const Policy& policy, const PointMassBatch<T>& b) {
  constexpr int W = lane_count<Scalar>;
  const std::int64_t first = problem * rollouts_at_once, left = conditions * samples - first;
  const int rollouts = static_cast<int>(left < rollouts_at_once ? left : rollouts_at_once);
  for_each(g, (rollouts + W - 1) / W, [&](int i) {
    roll_out_point_mass(step_lanes<Scalar>(first + i * W, conditions, samples), steps, points, distance_point, mass,
                        policy, b);
  });
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET

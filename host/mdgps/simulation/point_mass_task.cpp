#include "mdgps/simulation/point_mass_task.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>

#include "kernels/point_mass.hpp"
#include "kernels/random.hpp"
#include "mdgps/simulation/mujoco_model.hpp"
#include "mdgps/solver/rearrange.hpp"

namespace mdgps {
namespace {

double dot(const double* a, const double* b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

std::string name_of(const mjModel& model, mjtObj type, int id) {
  const char* const name = mj_id2name(&model, type, id);
  return name != nullptr ? "'" + std::string(name) + "'" : "number " + std::to_string(id);
}

/// A model on its way to a PointMass. The members called first say why it is none, or nothing.
class Reading {
 public:
  Reading(const Task& task, PointMass& mass)
      : task_(task), model_(task.mujoco->get()), data_(make_mujoco_data(model_)), mass_(mass) {}

  std::string why_not() {
    for (const auto step : {&Reading::state, &Reading::joints, &Reading::motors, &Reading::sites_and_bodies,
                            &Reading::obstacles, &Reading::motion})
      if (std::string reason = (this->*step)(); !reason.empty()) return reason;
    return {};
  }

 private:
  std::string state() {
    const auto& blocks = task_.mujoco->layout.blocks;
    if (blocks.size() != 2 || blocks[0].part != StatePart::joint_positions ||
        blocks[1].part != StatePart::joint_velocities)
      return "its state is not that of joint positions and velocities";
    const int m = task_.actions;
    if (m > 3 || model_.njnt != m || model_.nv != m || task_.states != 2 * m)
      return "it has not one joint per action, and three at most";
    for (int j = 0; j < m; ++j)
      if (task_.mujoco->joints[j].position != j) return "its joints are not in the order of the model";
    if (model_.npair + model_.nflex + model_.ntendon + model_.neq > 0)
      return "its model has contact pairs, flexible bodies, tendons or equalities";
    mass_.axes = m;
    mass_.timestep = model_.opt.timestep;
    mass_.substeps = task_.substeps;
    return {};
  }

  std::string joints() {
    std::fill_n(data_->qpos, model_.nq, 0.0);
    mj_forward(&model_, data_.get());
    body_ = model_.jnt_bodyid[0];
    std::vector<double> inertia(static_cast<std::size_t>(model_.nv) * model_.nv);
    mj_fullM(&model_, data_.get(), inertia.data());
    for (int j = 0; j < mass_.axes; ++j) {
      const std::string joint = "joint " + name_of(model_, mjOBJ_JOINT, j);
      if (model_.jnt_type[j] != mjJNT_SLIDE) return joint + " is no slide";
      if (model_.jnt_bodyid[j] != body_) return joint + " moves another body than the others";
      if (std::abs(data_->xaxis[3 * j + j] - 1.0) > 1e-12) return joint + " is not along the world's axis of its place";
      if (model_.jnt_limited[j]) return joint + " has limits";
      mass_.inverse_mass[j] = 1.0 / inertia[j * model_.nv + j];
      mass_.damping[j] = model_.dof_damping[j];
    }
    return {};
  }

  std::string motors() {
    for (int j = 0; j < mass_.axes; ++j) {
      const bool motor = model_.actuator_trntype[j] == mjTRN_JOINT && model_.actuator_trnid[2 * j] == j &&
                         model_.actuator_dyntype[j] == mjDYN_NONE && model_.actuator_gaintype[j] == mjGAIN_FIXED &&
                         model_.actuator_biastype[j] == mjBIAS_NONE && !model_.actuator_forcelimited[j];
      if (!motor)
        return "actuator " + name_of(model_, mjOBJ_ACTUATOR, j) + " is no plain motor of the joint of its place";
      constexpr double infinity = std::numeric_limits<double>::infinity();
      const bool limited = model_.actuator_ctrllimited[j];
      mass_.gear[j] = model_.actuator_gainprm[j * mjNGAIN] * model_.actuator_gear[6 * j];
      mass_.least[j] = limited ? model_.actuator_ctrlrange[2 * j] : -infinity;
      mass_.most[j] = limited ? model_.actuator_ctrlrange[2 * j + 1] : infinity;
    }
    return {};
  }

  std::string sites_and_bodies() {
    for (const auto& point : task_.mujoco->points)
      if (!moves(model_.site_bodyid[point.site])) return "site '" + point.name + "' does not move with the mass";
    for (const auto& condition : task_.condition_specs)
      if (condition.move) return "a condition puts a body elsewhere";
    return {};
  }

  bool moves(int body) const { return model_.body_weldid[body] == body_; }
  bool collide(int a, int b) const {
    return (model_.geom_contype[a] & model_.geom_conaffinity[b]) != 0 ||
           (model_.geom_contype[b] & model_.geom_conaffinity[a]) != 0;
  }
  bool is_capsule(int geom) const {
    return model_.geom_type[geom] == mjGEOM_CAPSULE || model_.geom_type[geom] == mjGEOM_SPHERE;
  }
  void read_half_axis(int geom, double* half_axis) const {
    const double length = model_.geom_type[geom] == mjGEOM_CAPSULE ? model_.geom_size[3 * geom + 1] : 0.0;
    for (int i = 0; i < 3; ++i) half_axis[i] = length * data_->geom_xmat[9 * geom + 3 * i + 2];
  }

  std::string obstacles() {
    int own = -1;
    for (int g = 0; g < model_.ngeom; ++g)
      for (int h = 0; h < model_.ngeom; ++h) {
        if (!moves(model_.geom_bodyid[g]) || moves(model_.geom_bodyid[h]) || !collide(g, h)) continue;
        for (const int geom : {g, h})
          if (!is_capsule(geom)) return "geom " + name_of(model_, mjOBJ_GEOM, geom) + " is no capsule or sphere";
        if (own != -1 && own != g) return "it collides with more than one geom of its own";
        own = g;
        if (mass_.obstacle_count == PointMass::most_obstacles)
          return "there are more than " + std::to_string(PointMass::most_obstacles) + " obstacles";
        if (std::string reason = obstacle(g, h); !reason.empty())
          return "geom " + name_of(model_, mjOBJ_GEOM, h) + " " + reason;
      }
    return {};
  }

  /// Reads obstacle `h` and, where the mass is put upon it, its contact with the mass's geom `g`.
  std::string obstacle(int g, int h) {
    PointMassObstacle& o = mass_.obstacles[mass_.obstacle_count];
    set_positions({});
    mj_kinematics(&model_, data_.get());
    std::copy_n(data_->geom_xpos + 3 * g, 3, mass_.origin);
    std::copy_n(data_->geom_xpos + 3 * h, 3, o.center);
    read_half_axis(g, mass_.half_axis);
    read_half_axis(h, o.half_axis);
    o.reach = model_.geom_size[3 * g] + model_.geom_size[3 * h];
    const double aa = dot(mass_.half_axis, mass_.half_axis), bb = dot(o.half_axis, o.half_axis),
                 ab = dot(mass_.half_axis, o.half_axis);
    if (aa * bb > 0 && aa * bb - ab * ab < 1e-9 * aa * bb) return "is parallel to the mass's, which it touches twice";

    set_positions(beside(o, 0.8 * o.reach));
    mj_forward(&model_, data_.get());
    if (data_->ncon != 1 || data_->nefc != 1) return "is not touched in one place and without friction";
    const mjContact& contact = data_->contact[0];
    o.margin = contact.includemargin;
    if (contact.solimp[4] != 2.0) return "has an impedance of another power than 2";
    o.softest = contact.solimp[0];
    o.stiffest = contact.solimp[1];
    o.width = contact.solimp[2];
    o.midpoint = contact.solimp[3];
    o.stiffness = data_->efc_KBIP[0];
    o.damping = data_->efc_KBIP[1];
    o.mobility = data_->efc_diagA[0];

    const double own_size = std::sqrt(aa) + model_.geom_size[3 * g];
    const double size = std::sqrt(bb) + model_.geom_size[3 * h];
    for (int other = 0; other < mass_.obstacle_count; ++other) {
      const PointMassObstacle& p = mass_.obstacles[other];
      const double apart[3] = {o.center[0] - p.center[0], o.center[1] - p.center[1], o.center[2] - p.center[2]};
      const double other_size = std::sqrt(dot(p.half_axis, p.half_axis)) + p.reach - model_.geom_size[3 * g];
      if (std::sqrt(dot(apart, apart)) < size + other_size + 2 * own_size + o.margin + p.margin)
        return "is so near to another obstacle that the mass could touch both";
    }
    ++mass_.obstacle_count;
    return {};
  }

  using Positions = std::array<double, 3>;
  void set_positions(const Positions& positions) {
    mj_resetData(&model_, data_.get());
    std::copy_n(positions.begin(), mass_.axes, data_->qpos);
  }
  /// The positions where the mass's centre is this far from the obstacle's, at right angles to it as far as axes allow.
  Positions beside(const PointMassObstacle& o, double distance) const {
    Positions best{};
    double most = -1.0;
    const double bb = dot(o.half_axis, o.half_axis);
    for (int j = 0; j < mass_.axes; ++j) {
      Positions direction{};
      for (int i = 0; i < mass_.axes; ++i)
        direction[i] = (i == j ? 1.0 : 0.0) - (bb > 0 ? o.half_axis[i] * o.half_axis[j] / bb : 0.0);
      const double length = std::sqrt(dot(direction.data(), direction.data()));
      if (length <= most) continue;
      most = length;
      for (int i = 0; i < mass_.axes; ++i)
        best[i] = o.center[i] - mass_.origin[i] + (length > 0 ? direction[i] / length * distance : 0.0);
    }
    return best;
  }

  /// What else a model may have shows in its motion.
  std::string motion() {
    const RandomSequence random(0, RandomStream::user);
    std::uint32_t draw = 0;
    const auto within = [&](double range) { return range * (2.0 * random.uniform(draw++) - 1.0); };
    constexpr int starts = 16;
    for (int o = -1; o < mass_.obstacle_count; ++o)
      for (int i = 0; i < starts; ++i) {
        double position[3] = {}, velocity[3] = {}, action[3] = {};
        const Positions near = o < 0 ? Positions{} : beside(mass_.obstacles[o], within(mass_.obstacles[o].reach));
        for (int j = 0; j < mass_.axes; ++j) {
          position[j] = o < 0 ? within(5.0) : near[j] + within(0.5) * mass_.obstacles[o].half_axis[j];
          velocity[j] = within(o < 0 ? 5.0 : 1.0);
          action[j] = within(20.0);
        }
        if (const double difference = difference_of_step(position, velocity, action); !(difference < 1e-9)) {
          char text[80];
          std::snprintf(text, sizeof text, "its motion in MuJoCo differs by %.1e in a step", difference);
          return text;
        }
      }
    return {};
  }

  double difference_of_step(double (&position)[3], double (&velocity)[3], const double (&action)[3]) {
    set_positions({position[0], position[1], position[2]});
    std::copy_n(velocity, mass_.axes, data_->qvel);
    std::copy_n(action, mass_.axes, data_->ctrl);
    for (int step = 0; step < mass_.substeps; ++step) mj_step(&model_, data_.get());
    kernels::move_point_mass(mass_, action, position, velocity);
    double largest = 0.0;
    for (int j = 0; j < mass_.axes; ++j) {
      const double by_position = std::abs(position[j] - data_->qpos[j]) / (1.0 + std::abs(position[j]));
      const double by_velocity = std::abs(velocity[j] - data_->qvel[j]) / (1.0 + std::abs(velocity[j]));
      largest = std::max({largest, by_position, by_velocity});
    }
    return largest;
  }

  const Task& task_;
  const mjModel& model_;
  DataPointer data_;
  PointMass& mass_;
  int body_ = 0;
};

Device device_of(const LinearGaussianPolicy<const double>& policy) { return policy.gain.device; }
Device device_of(const NetworkPolicy<double>& policy) { return policy.weights.device; }

}  // namespace

PointMassTask::PointMassTask(const Task& task)
    : observation_entries_(task.observation_entries), horizon_(task.horizon), distance_point_(task.distance_point) {
  why_not_ = task.mujoco ? Reading(task, mass_).why_not() : "it has no MuJoCo model";
  if (!why_not_.empty()) return;
  start_ = Array<double, 2>({task.conditions, task.states});
  anchors_ = Array<double, 2>({task.conditions, task.points});
  const mjModel& model = task.mujoco->get();
  const auto data = make_mujoco_data(model);
  std::fill_n(data->qpos, model.nq, 0.0);
  mj_kinematics(&model, data.get());
  for (int i = 0; i < task.conditions; ++i) {
    const ConditionSpec& spec = task.condition_specs[i];
    std::ranges::copy(spec.joint_velocities, std::ranges::copy(spec.joint_positions, start_.row(i).begin()).out);
    for (int e = 0; e < task.points; ++e) {
      const auto& point = task.mujoco->points[e / 3];
      anchors_(i, e) = data->site_xpos[3 * point.site + e % 3] - (point.target[e % 3] + spec.target_offset[e % 3]);
    }
  }
}

Trajectories PointMassTask::roll_out(const PointMassPolicy<double>& policy, const RolloutOptions& options) const {
  if (!why_not_.empty()) throw std::logic_error("the task is no point mass: " + why_not_);
  const Device device = std::visit([](const auto& p) { return device_of(p); }, policy);
  const std::int64_t N = start_.extent(0), S = options.samples, T = horizon_, m = mass_.axes, n = 2 * m;
  const std::int64_t k = anchors_.extent(1), o = static_cast<std::int64_t>(observation_entries_.size());
  Array<double, 4> noise({N, S, T, m}, device);
  if (options.noise) {
    for (std::int64_t i = 0; i < N; ++i)
      for (std::int64_t s = 0; s < S; ++s) {
        const RandomSequence random(options.seed, options.stream, options.iteration, static_cast<std::uint32_t>(i),
                                    static_cast<std::uint32_t>(s));
        exploration_noise(random, horizon_, mass_.axes, options.noise_smoothing, noise.row(i, s));
      }
  }
  Trajectories into(N, S, T, n, m, o, k, device);
  const Array<double, 2> start = start_.on(device), anchors = anchors_.on(device);
  roll_out_point_mass<double>(
      mass_, policy, {start, anchors, noise, into.states, into.actions, into.points, into.distances, into.weights},
      distance_point_);

  for (std::int64_t j = 0; j < o; ++j)
    rearrange<double>(part(into.states.view(), 3, observation_entries_[j], 1), {},
                      part(into.observations.view(), 3, j, 1));
  Array<double, 2> jacobian({k, n}, device);  // the points move as the mass does
  for (std::int64_t e = 0; e < k; ++e)
    if (e % 3 < m) jacobian(e, e % 3) = 1.0;
  rearrange<double>({jacobian.data(), {N, S * T, k, n}, {0, 0, n, 1}, device}, {},
                    {into.point_jacobians.data(), {N, S * T, k, n}, device});
  return into;
}

}  // namespace mdgps

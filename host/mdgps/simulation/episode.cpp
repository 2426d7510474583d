#include "mdgps/simulation/episode.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "mdgps/simulation/mujoco_model.hpp"

namespace mdgps {
namespace {

/// The terms with the ramps' multipliers of one step, as terms of a single step.
void take_step(std::span<const CostTerm> terms, int step, std::vector<CostTerm>& at_step) {
  for (std::size_t c = 0; c < terms.size(); ++c) at_step[c].ramp = {terms[c].ramp[step]};
}

}  // namespace

Episode::Episode(const Task& task)
    : environment_(task.make_environment()),
      terms_(task.cost),
      terms_now_(task.cost),
      horizon_(task.horizon),
      conditions_(task.conditions + task.held_out_conditions),
      actions_(task.actions),
      state_(task.states),
      observation_(task.observations),
      points_(task.points),
      jacobian_(static_cast<std::size_t>(task.points) * task.states) {}

void Episode::reset(int condition) {
  if (condition < 0 || condition >= conditions_) {
    throw std::invalid_argument("condition " + std::to_string(condition) + " is not one of the task's, 0 to " +
                                std::to_string(conditions_ - 1));
  }
  environment_->reset(condition);
  time_ = 0;
  diverged_ = false;
  observe();
}

bool Episode::over() const { return time_ >= horizon_ || diverged_; }

void Episode::observe() {
  environment_->state(state_);
  environment_->observation(observation_);
  environment_->points(points_);
  environment_->point_jacobian(jacobian_);
  distance_ = environment_->distance();
}

double Episode::step(std::span<const double> action) {
  if (time_ < 0 || over()) throw std::logic_error("the episode is not running; reset it first");
  if (static_cast<int>(action.size()) != actions_) {
    throw std::invalid_argument("action has " + std::to_string(action.size()) + " entries, expected " +
                                std::to_string(actions_));
  }
  if (!std::all_of(action.begin(), action.end(), [](double u) { return std::isfinite(u); }))
    throw std::invalid_argument("action is not finite");
  const double cost_now = cost(action);
  ++time_;
  if (time_ < horizon_) {
    diverged_ = !environment_->step(action);
    if (!diverged_) observe();
  }
  return cost_now;
}

double Episode::cost(std::span<const double> action) {
  const auto n = static_cast<std::int64_t>(state_.size()), m = static_cast<std::int64_t>(action.size());
  const auto k = static_cast<std::int64_t>(points_.size());
  take_step(terms_, time_, terms_now_);
  const Array<double, 2> weights({1, 1}, 1.0);
  QuadraticCostArrays<double> unused({.conditions = 1, .steps = 1, .states = n, .actions = m});
  Array<double, 3> value({1, 1, 1});
  expand_cost<double>(terms_now_,
                      {{state_.data(), {1, 1, 1, n}},
                       {action.data(), {1, 1, 1, m}},
                       {points_.data(), {1, 1, 1, k}},
                       {jacobian_.data(), {1, 1, 1, k, n}},
                       weights},
                      unused.view(), value);
  return value(0, 0, 0);
}

std::vector<CostTerm> terms_on_state(const Task& task) {
  auto terms = task.cost;
  const int first_point = task.states + task.actions;
  const auto* block = task.mujoco ? task.mujoco->layout.find(StatePart::points) : nullptr;
  for (auto& term : terms) {
    for (int& entry : term.entries) {
      if (entry < first_point) continue;
      if (block == nullptr) {
        throw std::invalid_argument("the cost of " + task.name +
                                    " is on points, which are not part of its state; add \"points\" to 'state'");
      }
      entry += block->begin - first_point;
    }
  }
  return terms;
}

void expand_terms(std::span<const CostTerm> terms, int step, View<const double, 2> states,
                  View<const double, 2> actions, View<double, 1> value, View<double, 2> gradient,
                  View<double, 3> hessian) {
  const auto B = states.extents[0], n = states.extents[1], m = actions.extents[1];
  for (const auto& term : terms) {
    if (step < 0 || step >= static_cast<int>(term.ramp.size())) {
      throw std::invalid_argument("step " + std::to_string(step) + " is not one of the horizon's, 0 to " +
                                  std::to_string(term.ramp.size() - 1));
    }
  }
  if (value.extents[0] != B || gradient.extents != std::array{B, n + m} ||
      hessian.extents != std::array{B, n + m, n + m})
    throw std::invalid_argument("value, gradient and hessian do not fit the states and actions");
  std::vector<CostTerm> at_step(terms.begin(), terms.end());
  take_step(terms, step, at_step);

  // Every place is a condition of its own, with one sample and one step.
  const Array<double, 2> weights({B, 1}, 1.0);
  CostSamples<double> samples;
  samples.states = {states.data, {B, 1, 1, n}};
  samples.actions = {actions.data, {B, 1, 1, m}};
  samples.weights = weights;
  QuadraticCostArrays<double> cost({.conditions = B, .steps = 1, .states = n, .actions = m});
  Array<double, 3> values({B, 1, 1});
  expand_cost<double>(at_step, samples, cost.view(), values);
  for (std::int64_t i = 0; i < B; ++i) {
    value(i) = values(i, 0, 0);
    for (std::int64_t a = 0; a < n + m; ++a) {  // from about z = 0 to about z
      double slope = cost.gradient(i, 0, a);
      for (std::int64_t b = 0; b < n + m; ++b) {
        hessian(i, a, b) = cost.hessian(i, 0, a, b);
        slope += hessian(i, a, b) * (b < n ? states(i, b) : actions(i, b - n));
      }
      gradient(i, a) = slope;
    }
  }
}

}  // namespace mdgps

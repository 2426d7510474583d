#include "mdgps/algorithm/settings.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace mdgps {

std::string_view to_string(Method method) { return method_names[static_cast<std::size_t>(method)]; }
Method method_named(std::string_view name) {
  const auto found = std::ranges::find(method_names, name);
  if (found == method_names.end()) throw std::invalid_argument("there is no method '" + std::string(name) + "'");
  return static_cast<Method>(found - method_names.begin());
}
std::string_view to_string(Reference reference) { return reference == Reference::global ? "global" : "previous-local"; }
std::string_view to_string(Sampling sampling) { return sampling == Sampling::local ? "local" : "global"; }
std::string_view to_string(StepRule rule) {
  return rule == StepRule::classic  ? "classic"
         : rule == StepRule::global ? "global"
         : rule == StepRule::local  ? "local"
                                    : "fixed";
}
std::string_view to_string(Linearization linearization) {
  return linearization == Linearization::regression ? "regression" : "jacobian";
}

namespace {

int at_least(const ConfigReader& reader, const char* key, int value, int least) {
  const int read = reader.optional<int>(key, value);
  if (read < least) reader.fail(key, std::string(key) + " must be at least " + std::to_string(least));
  return read;
}

double positive(const ConfigReader& reader, const char* key, double value) {
  const double read = reader.optional<double>(key, value);
  if (!(read > 0)) reader.fail(key, std::string(key) + " must be positive");
  return read;
}

double not_negative(const ConfigReader& reader, const char* key, double value) {
  const double read = reader.optional<double>(key, value);
  if (!(read >= 0)) reader.fail(key, std::string(key) + " must not be negative");
  return read;
}

PriorSettings read_prior(const ConfigReader& reader, PriorSettings p) {
  p.max_components = at_least(reader, "max_components", p.max_components, 1);
  p.points_per_component = at_least(reader, "points_per_component", p.points_per_component, 1);
  p.trajectories = at_least(reader, "trajectories", p.trajectories, 1);
  p.strength = not_negative(reader, "strength", p.strength);
  p.window = at_least(reader, "window", p.window, 0);
  p.regularization = not_negative(reader, "regularization", p.regularization);
  reader.finish();
  return p;
}

/// [algorithm.METHOD]: the coupling's settings, and what the method sets otherwise than [algorithm].
void read_method(const ConfigReader& reader, Method method, Settings& s) {
  s.rounds = at_least(reader, "rounds", s.rounds, 1);
  s.minibatches = at_least(reader, "minibatches", s.minibatches, 1);
  s.kl_step = positive(reader, "kl_step", s.kl_step);
  s.min_multiplier = positive(reader, "min_multiplier", s.min_multiplier);
  s.max_multiplier = positive(reader, "max_multiplier", s.max_multiplier);
  CouplingSettings& c = s.coupling;
  if (method == Method::badmm || method == Method::dual_gradient || method == Method::penalty || method == Method::admm)
    c.initial_weight = positive(reader, "initial_weight", c.initial_weight);
  if (method == Method::badmm || method == Method::dual_gradient || method == Method::admm)
    c.dual_rate = not_negative(reader, "dual_rate",
                               method == Method::admm            ? 1.0
                               : method == Method::dual_gradient ? 0.01
                                                                 : c.dual_rate);
  if (method == Method::penalty || method == Method::admm)
    c.weight_growth = positive(reader, "weight_growth", method == Method::penalty ? 2.0 : c.weight_growth);
  if (method == Method::badmm) {
    const auto rule = reader.choice("weight_rule", "spread", {"spread", "schedule", "divergence"});
    c.weight_rule = rule == "spread"     ? WeightRule::spread
                    : rule == "schedule" ? WeightRule::schedule
                                         : WeightRule::divergence;
    c.weight_steps = reader.optional<std::vector<double>>("weight_steps", c.weight_steps);
    if (c.weight_steps.empty() || std::ranges::any_of(c.weight_steps, [](double step) { return !(step > 0); }))
      reader.fail("weight_steps", "weight_steps needs at least one number, each positive");
  }
  reader.finish();
}

}  // namespace

Settings read_settings(const ConfigReader& reader, Method method) {
  Settings s;
  s.method = method;
  if (method == Method::badmm && !reader.has("rounds")) s.rounds = 4;
  s.iterations = at_least(reader, "iterations", s.iterations, 1);
  s.samples = at_least(reader, "samples", s.samples, 2);
  s.rounds = at_least(reader, "rounds", s.rounds, 1);
  // The other methods adapt the local policies' step alone; the coupling is the multipliers' business.
  if (method != Method::mdgps && method != Method::convex_linear) {
    s.reference = Reference::previous_local;
    s.step_rule = StepRule::local;
  }
  if (method == Method::dagger) s.sampling = Sampling::global;  // the learner's states are the point of it
  s.sampling = reader.choice("sampling", to_string(s.sampling), {"local", "global"}) == "local" ? Sampling::local
                                                                                                : Sampling::global;
  s.reference = reader.choice("reference", to_string(s.reference), {"global", "previous-local"}) == "global"
                    ? Reference::global
                    : Reference::previous_local;
  const auto rule = reader.choice("step_rule", to_string(s.step_rule), {"classic", "global", "local", "fixed"});
  s.step_rule = rule == "classic"  ? StepRule::classic
                : rule == "global" ? StepRule::global
                : rule == "local"  ? StepRule::local
                                   : StepRule::fixed;
  s.average_step_sizes = reader.optional<bool>("average_step_sizes", s.average_step_sizes);
  s.linearization =
      reader.choice("linearization", to_string(s.linearization), {"regression", "jacobian"}) == "regression"
          ? Linearization::regression
          : Linearization::jacobian;
  s.noise_smoothing = not_negative(reader, "noise_smoothing", s.noise_smoothing);

  s.kl_step = positive(reader, "kl_step", s.kl_step);
  s.min_multiplier = positive(reader, "min_multiplier", s.min_multiplier);
  s.max_multiplier = positive(reader, "max_multiplier", s.max_multiplier);
  s.initial_multiplier = positive(reader, "initial_multiplier", s.initial_multiplier);
  s.dynamics_prior = read_prior(reader.child("dynamics_prior"), s.dynamics_prior);
  PriorSettings policy_prior;
  policy_prior.trajectories = s.samples;  // the policy has changed since older samples: they tell of another one
  s.policy_prior = read_prior(reader.child("policy_prior"), policy_prior);

  s.drawn_states = at_least(reader, "drawn_states", s.drawn_states, 0);
  s.drawn_window = at_least(reader, "drawn_window", s.drawn_window, 0);

  const ConfigReader network = reader.child("network");
  s.hidden = network.optional<std::vector<int>>("hidden", s.hidden);
  for (const int units : s.hidden)
    if (units < 1) network.fail("hidden", "hidden layers need at least one unit");
  s.minibatches = at_least(network, "minibatches", s.minibatches, 1);
  s.batch_size = at_least(network, "batch_size", s.batch_size, 1);
  s.learning_rate = positive(network, "learning_rate", s.learning_rate);
  s.final_learning_rate = not_negative(network, "final_learning_rate", s.final_learning_rate);
  s.weight_decay = not_negative(network, "weight_decay", s.weight_decay);
  network.finish();
  for (const std::string_view name : method_names)
    if (const bool own = name == to_string(method);
        reader.has(name) || (own && method != Method::mdgps && method != Method::convex_linear)) {
      Settings other = s;
      read_method(reader.child(name), method_named(name), own ? s : other);
    }
  if (s.max_multiplier < s.min_multiplier) reader.fail("max_multiplier", "max_multiplier is below min_multiplier");
  reader.finish();
  return s;
}

}  // namespace mdgps

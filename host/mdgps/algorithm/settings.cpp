#include "mdgps/algorithm/settings.hpp"

#include <string>

namespace mdgps {

std::string_view to_string(Sampling sampling) { return sampling == Sampling::local ? "local" : "global"; }
std::string_view to_string(StepRule rule) {
  return rule == StepRule::classic ? "classic" : rule == StepRule::global ? "global" : "fixed";
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

}  // namespace

Settings read_settings(const ConfigReader& reader) {
  Settings s;
  s.iterations = at_least(reader, "iterations", s.iterations, 1);
  s.samples = at_least(reader, "samples", s.samples, 2);
  s.rounds = at_least(reader, "rounds", s.rounds, 1);
  s.sampling = reader.choice("sampling", to_string(s.sampling), {"local", "global"}) == "local" ? Sampling::local
                                                                                                : Sampling::global;
  const auto rule = reader.choice("step_rule", to_string(s.step_rule), {"classic", "global", "fixed"});
  s.step_rule = rule == "classic" ? StepRule::classic : rule == "global" ? StepRule::global : StepRule::fixed;
  s.linearization =
      reader.choice("linearization", to_string(s.linearization), {"regression", "jacobian"}) == "regression"
          ? Linearization::regression
          : Linearization::jacobian;
  s.noise_smoothing = not_negative(reader, "noise_smoothing", s.noise_smoothing);

  s.kl_step = positive(reader, "kl_step", s.kl_step);
  s.min_multiplier = positive(reader, "min_multiplier", s.min_multiplier);
  s.max_multiplier = positive(reader, "max_multiplier", s.max_multiplier);
  s.initial_multiplier = positive(reader, "initial_multiplier", s.initial_multiplier);
  if (s.max_multiplier < s.min_multiplier) reader.fail("max_multiplier", "max_multiplier is below min_multiplier");

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
  reader.finish();
  return s;
}

}  // namespace mdgps

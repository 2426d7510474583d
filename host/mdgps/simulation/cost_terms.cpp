#include "mdgps/simulation/cost_terms.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mdgps {
namespace {

/// Entries of y = [x; u; points].
std::vector<int> read_entries(const ConfigReader& reader, const StateLayout& layout, int actions, int points) {
  const auto word = reader.required<std::string>("on");
  std::vector<int> entries;
  if (word == "action") {
    entries.resize(actions);
    std::iota(entries.begin(), entries.end(), layout.size());
  } else if (word == "points") {
    // These, and not the state's own entries: their derivative goes through the joint positions.
    entries.resize(points);
    std::iota(entries.begin(), entries.end(), layout.size() + actions);
  } else {
    entries = layout.entries(word);
  }
  if (entries.empty()) {
    auto words = layout.words();
    words.insert(words.begin(), {"action", "points"});
    const auto near = nearest_word(word, words);
    reader.fail("on", "a cost on '" + word + "', which is not part of the state; " +
                          (near.empty() ? "write action, points, joint_positions or joint_velocities"
                                        : "did you mean '" + near + "'?"));
  }
  return entries;
}

std::vector<double> read_ramp(const ConfigReader& reader, int horizon) {
  const auto shape = reader.choice("ramp", "constant", {"constant", "linear", "quadratic", "final"});
  std::vector<double> ramp(horizon);
  for (int t = 0; t < horizon; ++t) {
    const double fraction = static_cast<double>(t + 1) / horizon;
    if (shape == "constant") ramp[t] = 1.0;
    if (shape == "linear") ramp[t] = fraction;
    if (shape == "quadratic") ramp[t] = fraction * fraction;
    if (shape == "final") ramp[t] = t + 1 == horizon ? 1.0 : 0.0;
  }
  const double final_weight = reader.optional("final_weight", 1.0);
  if (final_weight < 0.0) reader.fail("final_weight", "'final_weight' is negative; give 0 or more");
  ramp.back() *= final_weight;
  return ramp;
}

}  // namespace

std::vector<CostTerm> read_cost_terms(const ConfigReader& reader, const StateLayout& layout, int actions, int points,
                                      int horizon) {
  std::vector<CostTerm> terms;
  for (const auto& table : reader.children("cost")) {
    CostTerm term;
    term.entries = read_entries(table, layout, actions, points);
    term.weights = table.numbers("weights", term.entries.size(), 1.0);
    if (std::ranges::any_of(term.weights, [](double weight) { return weight < 0.0; }))
      table.fail("weights", "'weights' holds a negative number; give 0 or more");
    term.targets = table.numbers("target", term.entries.size(), 0.0);
    term.form = table.choice("form", "sqrt", {"sqrt", "log"}) == "log" ? CostTerm::Form::log : CostTerm::Form::sqrt;
    term.l1 = table.optional("l1", term.l1);
    term.l2 = table.optional("l2", term.l2);
    term.alpha = table.optional("alpha", term.alpha);
    term.ramp = read_ramp(table, horizon);
    for (const auto& [key, value] : {std::pair{"l1", term.l1}, {"l2", term.l2}}) {
      if (!(value >= 0.0 && std::isfinite(value)))
        table.fail(key, std::string("'") + key + "' is negative; give 0 or more");
    }
    if (!(term.alpha > 0.0)) table.fail("alpha", "'alpha' is not positive, and the cost divides by it; try 1e-5");
    table.finish();
    terms.push_back(term);
  }
  if (terms.empty()) reader.fail("cost", "the task has no cost; add a [[cost]] table");
  return terms;
}

}  // namespace mdgps

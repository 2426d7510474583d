#pragma once
/// Reads the [[cost]] tables of a task. Private to the simulation layer.

#include <vector>

#include "mdgps/simulation/config_reader.hpp"
#include "mdgps/simulation/state_layout.hpp"
#include "mdgps/solver/cost_expansion.hpp"

namespace mdgps {

/// reader    the task's table
/// layout    of the state, n entries; a term's entries index y = [x; u; points]
/// actions   m
/// points    k
/// horizon   T
std::vector<CostTerm> read_cost_terms(const ConfigReader& reader, const StateLayout& layout, int actions, int points,
                                      int horizon);

}  // namespace mdgps

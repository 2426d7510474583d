#pragma once
/// Which entry of the state is what.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mdgps/solver/export.hpp"

namespace mdgps {

/// The parts that a state can be made of.
enum class StatePart { joint_positions, joint_velocities, points, point_velocities };

/// The state's parts in order, and a name for every entry.
struct MDGPS_API StateLayout {
  /// Neighbouring entries of one part.
  struct Block {
    StatePart part;
    int begin = 0;  ///< its first entry of the state
    int count = 0;
  };
  std::vector<Block> blocks;
  std::vector<std::string> names;  ///< of each entry: "elbow", "elbow.velocity", "tip.x", "tip.velocity.x"

  /// parts    in the order of the state
  /// joints   names, one entry of position and velocity each
  /// points   names, three entries each
  StateLayout() = default;
  StateLayout(const std::vector<StatePart>& parts, const std::vector<std::string>& joints,
              const std::vector<std::string>& points);

  int size() const { return static_cast<int>(names.size()); }
  const Block* find(StatePart part) const;

  /// The entries that a word stands for: a part, or one entry by its name. Empty where it stands for none.
  std::vector<int> entries(std::string_view word) const;

  /// All words that `entries` knows.
  std::vector<std::string> words() const;
};

/// The part's word in a task's file: "joint_positions".
MDGPS_API std::string_view to_string(StatePart part);

/// The part of that word, if there is one.
MDGPS_API std::optional<StatePart> state_part(std::string_view word);

}  // namespace mdgps

#include "mdgps/simulation/state_layout.hpp"

#include <algorithm>
#include <numeric>

namespace mdgps {
namespace {

constexpr StatePart all_parts[] = {StatePart::joint_positions, StatePart::joint_velocities, StatePart::points,
                                   StatePart::point_velocities};

}  // namespace

std::string_view to_string(StatePart part) {
  switch (part) {
    case StatePart::joint_positions:
      return "joint_positions";
    case StatePart::joint_velocities:
      return "joint_velocities";
    case StatePart::points:
      return "points";
    case StatePart::point_velocities:
      return "point_velocities";
  }
  return "";
}

std::optional<StatePart> state_part(std::string_view word) {
  for (const auto part : all_parts) {
    if (to_string(part) == word) return part;
  }
  return {};
}

StateLayout::StateLayout(const std::vector<StatePart>& parts, const std::vector<std::string>& joints,
                         const std::vector<std::string>& points) {
  for (const auto part : parts) {
    const int begin = size();
    const bool velocity = part == StatePart::joint_velocities || part == StatePart::point_velocities;
    const std::string suffix = velocity ? ".velocity" : "";
    if (part == StatePart::joint_positions || part == StatePart::joint_velocities) {
      for (const auto& joint : joints) names.push_back(joint + suffix);
    } else {
      for (const auto& point : points) {
        for (const char* axis : {".x", ".y", ".z"}) names.push_back(point + suffix + axis);
      }
    }
    blocks.push_back({part, begin, size() - begin});
  }
}

const StateLayout::Block* StateLayout::find(StatePart part) const {
  const auto at = std::find_if(blocks.begin(), blocks.end(), [&](const Block& block) { return block.part == part; });
  return at == blocks.end() ? nullptr : &*at;
}

std::vector<int> StateLayout::entries(std::string_view word) const {
  if (const auto part = state_part(word)) {
    const auto* block = find(*part);
    std::vector<int> entries(block ? block->count : 0);
    if (block) std::iota(entries.begin(), entries.end(), block->begin);
    return entries;
  }
  const auto at = std::find(names.begin(), names.end(), word);
  return at == names.end() ? std::vector<int>{} : std::vector<int>{static_cast<int>(at - names.begin())};
}

std::vector<std::string> StateLayout::words() const {
  std::vector<std::string> words;
  for (const auto& block : blocks) words.emplace_back(to_string(block.part));
  words.insert(words.end(), names.begin(), names.end());
  return words;
}

}  // namespace mdgps

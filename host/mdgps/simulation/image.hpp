#pragma once
/// A picture in memory.

#include <cstdint>
#include <vector>

namespace mdgps {

/// Rows from the top, three bytes (red, green, blue, as screens take them) for each pixel.
struct Image {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;  ///< [height,width,3]

  Image() = default;
  Image(int w, int h, std::uint8_t grey = 255) : width(w), height(h), rgb(static_cast<std::size_t>(w) * h * 3, grey) {}
};

}  // namespace mdgps

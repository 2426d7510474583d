#pragma once
/// Pictures and films as bytes of files.

#include <memory>
#include <string>

#include "mdgps/simulation/image.hpp"

namespace mdgps {

std::string to_png(const Image& image);

/// An animated WebP, which plays again and again.
class Film {
 public:
  Film(int width, int height);
  ~Film();

  /// Frames in order, all of the film's size.
  void add(const Image& frame, int milliseconds);

  /// After the last frame.
  std::string finish();

 private:
  struct Encoder;
  std::unique_ptr<Encoder> encoder_;
  int time_ = 0;  // milliseconds
};

}  // namespace mdgps

#pragma once
/// Random problems for the tests of the learning layer, and a folder for their files.

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "kernels/random.hpp"
#include "mdgps/learning/s_step.hpp"

namespace mdgps {

template <int Rank>
Array<double, Rank> random_array(const std::array<std::int64_t, Rank>& extents, std::uint32_t salt) {
  const RandomSequence random(7, RandomStream::user, 0, 0, salt);
  Array<double, Rank> a(extents);
  std::uint32_t index = 0;
  for (double& x : a.elements()) x = random.normals(index++)[0];
  return a;
}

/// Points with dense, well conditioned precisions and uneven weights.
struct RandomPoints {
  Array<double, 2> observations, target_means;
  Array<double, 3> target_precisions;
  Array<double, 1> weights;

  RandomPoints(std::int64_t points, std::int64_t o, std::int64_t m, std::uint32_t salt = 0)
      : observations(random_array<2>({points, o}, 4 * salt)),
        target_means(random_array<2>({points, m}, 4 * salt + 1)),
        target_precisions({points, m, m}),
        weights({points}) {
    const auto factor = random_array<3>({points, m, m}, 4 * salt + 2);
    const auto draw = random_array<1>({points}, 4 * salt + 3);
    for (std::int64_t p = 0; p < points; ++p) {
      weights(p) = 0.5 + draw(p) * draw(p);
      for (std::int64_t r = 0; r < m; ++r) {
        for (std::int64_t c = 0; c < m; ++c) {
          double sum = r == c ? 1.0 : 0.0;
          for (std::int64_t k = 0; k < m; ++k) sum += factor(p, r, k) * factor(p, c, k);
          target_precisions(p, r, c) = sum;
        }
      }
    }
  }

  SStepProblem view() const { return {observations, target_means, target_precisions, weights}; }
};

/// A folder of this process, removed with its contents at the end of the test.
class TemporaryFolder {
 public:
  TemporaryFolder()
      : path_(std::filesystem::temp_directory_path() / ("mdgps-learning-test-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline Array<double, 2> means(const NeuralGaussianPolicy& policy, const Array<double, 2>& observations) {
  Array<double, 2> result({observations.extent(0), policy.actions()});
  policy.mean(observations, result);
  return result;
}

}  // namespace mdgps

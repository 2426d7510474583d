#include "apps/report/interquartile.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "kernels/random.hpp"

namespace mdgps::report {

double interquartile_mean(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const auto cut = static_cast<std::ptrdiff_t>(values.size() / 4);
  const auto begin = values.begin() + cut, end = values.end() - cut;
  return std::accumulate(begin, end, 0.0) / static_cast<double>(end - begin);
}

Estimate estimate(const std::vector<std::vector<double>>& scores, std::uint64_t seed) {
  constexpr int resamples = 2000;
  const auto pooled_mean = [&](const auto& chosen) {
    std::vector<double> pooled;
    for (std::size_t r = 0; r < scores.size(); ++r) {
      const auto& run = scores[chosen(r)];
      pooled.insert(pooled.end(), run.begin(), run.end());
    }
    return interquartile_mean(std::move(pooled));
  };
  std::vector<double> means;
  for (std::uint32_t b = 0; b < resamples; ++b) {
    const RandomSequence random(seed, RandomStream::user, 0, b);
    means.push_back(
        pooled_mean([&](std::size_t r) { return random.below(static_cast<std::uint32_t>(r), scores.size()); }));
  }
  std::sort(means.begin(), means.end());
  return {pooled_mean([](std::size_t r) { return r; }), means[resamples / 40], means[resamples - 1 - resamples / 40]};
}

}  // namespace mdgps::report

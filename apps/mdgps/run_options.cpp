#include "apps/mdgps/run_options.hpp"

namespace mdgps {

RunOptions read_run_options(const ConfigReader& config) {
  const ConfigReader run = config.child("run");
  RunOptions options;
  options.method = run.choice("method", options.method,
                              {"mdgps", "badmm", "dual_gradient", "penalty", "admm", "dagger", "convex_linear"});
  const auto seed = run.optional<std::int64_t>("seed", 0);
  if (seed < 0) run.fail("seed", "'run.seed' is negative; give 0 or more");
  options.seed = static_cast<std::uint64_t>(seed);
  if (run.choice("device", "auto", {"auto", "cpu", "cuda"}) == "cuda") options.device = "cuda";
  run.set("device", options.device);
  run.finish();
  return options;
}

Device training_device(const RunOptions& run) {
  return run.device == "cuda" ? Device{Device::Kind::cuda, 0} : Device{};
}

}  // namespace mdgps

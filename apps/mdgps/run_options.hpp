#pragma once
/// The [run] table of a configuration: what a run is made with beside its task and the algorithm's settings.

#include <cstdint>
#include <string>

#include "mdgps/simulation/config_reader.hpp"
#include "mdgps/solver/view.hpp"

namespace mdgps {

struct RunOptions {
  std::string method = "mdgps";
  std::uint64_t seed = 0;
  std::string device = "cpu";  ///< or cuda; auto stands for cpu
};

/// Reads the [run] table of a whole configuration, and writes into it the device that is used.
/// Throws ConfigError where a key is unknown or a value does not do.
RunOptions read_run_options(const ConfigReader& config);

/// The device that the options name.
Device training_device(const RunOptions& run);

}  // namespace mdgps

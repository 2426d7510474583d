#include "apps/mdgps/machine.hpp"

#include <algorithm>
#include <fstream>
#include <thread>

#include "mdgps/solver/targets.hpp"
#include "mdgps/version.hpp"

namespace mdgps {

int machine_threads() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

std::string processor_name() {
  std::ifstream stream("/proc/cpuinfo");
  for (std::string line; std::getline(stream, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown processor";
}

std::string instruction_set() { return std::string(to_string(cpu_target())); }

std::string version_text() { return std::string(version::number) + " (" + std::string(version::commit) + ")"; }

}  // namespace mdgps

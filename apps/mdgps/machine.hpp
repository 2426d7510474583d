#pragma once
/// The machine and the build, in words.

#include <string>

namespace mdgps {

/// Threads that this process may run at once; the default of --threads.
int machine_threads();

/// The processor's name, or "unknown processor".
std::string processor_name();

/// The instruction set that the solver uses.
std::string instruction_set();

/// "0.1.0 (a1b2c3d)"
std::string version_text();

}  // namespace mdgps

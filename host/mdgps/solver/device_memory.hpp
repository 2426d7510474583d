#pragma once
/// Memory on a GPU, for the solver's doors; only in a build with CUDA. Private to the solver.

#include <cstddef>

#include "mdgps/solver/types.hpp"

namespace mdgps {

/// Memory on a device, taken and given back in the order of the default stream's work: nothing waits.
void* allocate_on(Device device, std::size_t bytes);
void free_on(Device device, void* memory);

/// Writes host bytes to device memory in the order of a stream. The bytes travel in the arguments of kernels: the
/// source may change once this returns, and the writing can be captured in a CUDA graph. For a few kilobytes.
void write_to(Device device, void* to, const void* from, std::size_t bytes, Stream stream);

}  // namespace mdgps

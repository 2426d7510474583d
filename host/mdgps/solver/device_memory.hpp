#pragma once
/// Memory on a GPU, for the solver's doors; only in a build with CUDA. Private to the solver.

#include <cstddef>

#include "mdgps/solver/types.hpp"

namespace mdgps {

/// Memory on a device, taken and given back in the order of the default stream's work: nothing waits. What went wrong
/// before memory is given back is said by the next call that waits.
void* allocate_on(Device device, std::size_t bytes);
void free_on(Device device, void* memory) noexcept;

/// What memory.hpp promises, on a GPU.
void* allocate_unified(Device device, std::size_t bytes);
void free_unified(Device device, void* memory) noexcept;
void copy_unified(Device device, void* to, const void* from, std::size_t bytes);
void wait_for_default_stream(Device device);

/// Writes host bytes to device memory in the order of a stream. The bytes travel in the arguments of kernels: the
/// source may change once this returns, and the writing can be captured in a CUDA graph. For a few kilobytes.
void write_to(Device device, void* to, const void* from, std::size_t bytes, Stream stream);

}  // namespace mdgps

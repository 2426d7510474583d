#include <algorithm>
#include <cstring>
#include <new>

#include "mdgps/solver/device_memory.hpp"
#include "mdgps/solver/on_device.cuh"

namespace mdgps {

namespace {

/// As much as a kernel's arguments surely hold.
struct Chunk {
  static constexpr unsigned capacity = 3072;
  unsigned char bytes[capacity];
};

__global__ void write_chunk(unsigned char* to, Chunk chunk, unsigned size) {
  for (unsigned i = threadIdx.x; i < size; i += blockDim.x) to[i] = chunk.bytes[i];
}

}  // namespace

void* allocate_on(Device device, std::size_t bytes) {
  const OnDevice on_device(device);
  void* memory = nullptr;
  check(cudaMallocAsync(&memory, bytes, nullptr));
  return memory;
}

void free_on(Device device, void* memory) noexcept {
  int current = 0;
  cudaGetDevice(&current);
  cudaSetDevice(device.index);
  cudaFreeAsync(memory, nullptr);
  cudaSetDevice(current);
}

void* allocate_unified(Device device, std::size_t bytes) {
  const OnDevice on_device(device);
  void* memory = nullptr;
  cudaError_t error = cudaMallocManaged(&memory, bytes);
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();  // it has been dealt with: the next launch must not find it
    throw std::bad_alloc();
  }
  check(error);
  error = cudaMemset(memory, 0, bytes);  // by the device: pages that a kernel writes first need not move
  if (error == cudaSuccess) error = cudaStreamSynchronize(nullptr);
  if (error != cudaSuccess) cudaFree(memory);
  check(error);
  return memory;
}

void free_unified(Device, void* memory) noexcept { cudaFree(memory); }

void copy_unified(Device device, void* to, const void* from, std::size_t bytes) {
  const OnDevice on_device(device);
  check(cudaMemcpy(to, from, bytes, cudaMemcpyDefault));
  check(cudaStreamSynchronize(nullptr));
}

void wait_for_default_stream(Device device) {
  const OnDevice on_device(device);
  check(cudaStreamSynchronize(nullptr));
}

void write_to(Device device, void* to, const void* from, std::size_t bytes, Stream stream) {
  const OnDevice on_device(device);
  for (std::size_t at = 0; at < bytes; at += Chunk::capacity) {
    Chunk chunk;
    const unsigned size = static_cast<unsigned>(std::min<std::size_t>(Chunk::capacity, bytes - at));
    std::memcpy(chunk.bytes, static_cast<const unsigned char*>(from) + at, size);
    write_chunk<<<1, 256, 0, static_cast<cudaStream_t>(stream.handle)>>>(static_cast<unsigned char*>(to) + at, chunk,
                                                                         size);
    check(cudaGetLastError());
  }
}

}  // namespace mdgps

#pragma once
/// The launcher of the target that is compiled: a *.target.cpp file is compiled once per instruction set of the CPU,
/// and by nvcc for a GPU. Private to the solver.

#include "mdgps/solver/batches.hpp"

#if defined(__CUDACC__)
#include "mdgps/solver/launch_gpu.cuh"
#else
#include "mdgps/solver/launch_cpu.hpp"
#endif

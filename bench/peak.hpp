#pragma once
/// What this core could do: multiply-adds per second from registers, and bytes per second from memory.

namespace mdgps::bench {

/// Floating-point operations per second of independent double multiply-adds on the widest registers; measured once.
double peak_flops();
/// Bytes per second of reading an array far larger than the caches; measured once.
double memory_bandwidth();

}  // namespace mdgps::bench

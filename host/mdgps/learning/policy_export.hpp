#pragma once
/// A trained policy as files that run without mdgps.

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "mdgps/learning/dense_network.hpp"
#include "mdgps/solver/export.hpp"

namespace mdgps {

/// The mean of a policy as a system applies it: the network, which scales its observation itself, and the limits of the
/// motors.   action = min(max(mu(observation), low), high)
struct MDGPS_API PolicyFunction {
  DenseNetwork network;
  std::vector<double> low, high;  ///< [m], infinite where a motor has no limit

  std::size_t observations() const { return network.scale.size(); }
  std::size_t actions() const { return low.size(); }

  /// observation [o] -> action [m]; their lengths are trusted.
  void action(std::span<const double> observation, std::span<double> action) const;
};

/// @name The function in other forms, in double precision
/// All map observations in the order of the task's to actions in the order of its motors.
/// @{

/// An ONNX model (operator set 13), the bytes of a .onnx file: input "observation" [batch,o], output "action"
/// [batch,m].
MDGPS_API std::string to_onnx(const PolicyFunction& policy);

/// C99 without dependencies or allocation: `void mdgps_policy(const double observation[o], double action[m])`.
struct CSource {
  std::string header, source;  ///< texts of mdgps_policy.h, mdgps_policy.c
};

/// The function and its parameters as C; every number is written to its last bit.
MDGPS_API CSource to_c(const PolicyFunction& policy);

/// Writes a TorchScript archive: a module that maps observations [B,o] to actions [B,m].
/// Throws std::runtime_error when the file cannot be written.
MDGPS_API void save_torchscript(const PolicyFunction& policy, const std::filesystem::path& path);
/// @}

}  // namespace mdgps

#include "mdgps/solver/types.hpp"

namespace mdgps {

std::string_view to_string(Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::constraint_inactive:
      return "constraint_inactive";
    case Status::not_converged:
      return "not_converged";
    case Status::not_positive_definite:
      return "not_positive_definite";
    case Status::not_finite:
      return "not_finite";
  }
  return "?";
}

}  // namespace mdgps

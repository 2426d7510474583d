#pragma once
/// A CostTerm's lists as plain pointers: what crosses from the host's door to the instruction sets' copies of the
/// kernel, where no standard container may be instantiated. Private to the solver.

namespace mdgps {

struct CostTermPointers {
  bool logarithmic;
  double l1, l2, alpha;
  int size;
  const int* entries;
  const double* weights;
  const double* targets;
  const double* ramp;
};

}  // namespace mdgps

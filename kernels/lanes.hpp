#pragma once
/// Which problems a group works on, and the way between row-major batches and a group's scratch.

#include "kernels/matrix.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// A batch [N,T,rows,cols] of matrices; vectors have cols = 1 and scalars rows = cols = 1. A stride of 0 repeats.
template <class T>
struct Batch {
  T* data = nullptr;
  std::int64_t condition_stride = 0, step_stride = 0;
  int row_stride = 0, col_stride = 0;

  MDGPS_FUNCTION T* at(std::int64_t condition, std::int64_t step) const {
    return data + condition * condition_stride + step * step_stride;
  }
  /// Whether matrices of `cols` columns lie without gaps, row by row.
  MDGPS_FUNCTION bool contiguous(int cols) const { return (col_stride == 1 || cols == 1) && row_stride == cols; }
};

/// The (condition, step) each lane works on, and the lanes whose results are stored: stored[0], ..., stored[count - 1].
/// The others compute the same numbers again, a candidate that was not chosen, or a search that is left to go on
/// elsewhere. Where all are stored, it is in order.
template <class Scalar>
struct Lanes {
  std::int64_t condition[lane_count<Scalar>];
  std::int64_t step[lane_count<Scalar>];
  int stored[lane_count<Scalar>];
  int count;
};

/// Lanes on the conditions first, first + 1, ... of N; `width` lanes in a row share a condition, and the first of them
/// is stored. Lanes beyond the last condition repeat it.   width divides the number of lanes
template <class Scalar>
MDGPS_FUNCTION Lanes<Scalar> condition_lanes(std::int64_t first, std::int64_t conditions, int width = 1) {
  Lanes<Scalar> lanes;
  const std::int64_t left = conditions - first;
  const int whole = lane_count<Scalar> / width;
  for (int w = 0; w < lane_count<Scalar>; ++w) {
    lanes.condition[w] = w / width < left ? first + w / width : conditions - 1;
    lanes.step[w] = 0;
    lanes.stored[w] = w < whole ? w * width : 0;
  }
  lanes.count = static_cast<int>(left < whole ? left : whole);
  return lanes;
}

/// Lanes on the (condition, step) pairs first, first + 1, ... of N x T, steps running fastest.
template <class Scalar>
MDGPS_FUNCTION Lanes<Scalar> step_lanes(std::int64_t first, std::int64_t conditions, std::int64_t steps) {
  Lanes<Scalar> lanes = condition_lanes<Scalar>(first, conditions * steps);
  for (int w = 0; w < lane_count<Scalar>; ++w) {
    const std::int64_t problem = steps > 0 ? lanes.condition[w] : 0, T = steps > 0 ? steps : 1;
    lanes.condition[w] = problem / T;
    lanes.step[w] = problem % T;
  }
  return lanes;
}

/// The runs of lane_count elements that cover matrices whose rows have no gaps, in a batch and in the scratch alike;
/// the last run of a row may overlap the one before. Where neither has gaps between the rows, they are one row.
template <class Scalar>
struct Runs {
  static constexpr int W = lane_count<Scalar>;
  int rows = 0, cols = 0;
  int batch_stride = 0, scratch_stride = 0;

  template <class T>
  MDGPS_FUNCTION Runs(const Batch<T>& batch, const Matrix<Scalar>& m)
      : rows(m.rows), cols(m.cols), batch_stride(batch.row_stride), scratch_stride(m.row_stride) {
    if (batch.contiguous(m.cols) && m.contiguous()) {
      cols *= rows;
      rows = 1;
    } else if (W == 1 || batch.col_stride != 1 || m.col_stride != 1) {
      cols = 0;  // none
    }
  }
  MDGPS_FUNCTION bool cover() const { return cols >= W; }

  /// f(element of the batch's matrix, element of the scratch's), shared among the group's threads.
  template <class Group, class Function>
  MDGPS_FUNCTION void for_each(const Group& g, Function f) const {
    const auto first = [this](int run) { return run * W + W <= cols ? run * W : cols - W; };
    const int runs = (cols + W - 1) / W;
    if (W == 1 || rows == 1) {  // runs of one number are for what has no gaps at all: less code on a GPU
      kernels::for_each(g, runs, [&](int run) { f(first(run), first(run)); });
    } else {
      for_each_entry(g, rows, runs,
                     [&](int i, int run) { f(i * batch_stride + first(run), i * scratch_stride + first(run)); });
    }
  }
};

/// to <- the lanes' matrices at their own step plus t.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void load(const Group& g, const Lanes<Scalar>& lanes, const Batch<T>& from, std::int64_t t,
                         const Matrix<Scalar>& to) {
  constexpr int W = lane_count<Scalar>;
  const T* at[W];
  for (int w = 0; w < W; ++w) at[w] = from.at(lanes.condition[w], lanes.step[w] + t);
  const Runs<Scalar> runs(from, to);
  if (runs.cover()) {
    runs.for_each(g, [&](int in_batch, int in_scratch) {
      const T* run[W];
      for (int w = 0; w < W; ++w) run[w] = at[w] + in_batch;
      gather_lanes(run, to.data + in_scratch);
    });
  } else {
    for_each_entry(g, to.rows, to.cols,
                   [&](int i, int j) { gather_element(at, i * from.row_stride + j * from.col_stride, to(i, j)); });
  }
}
/// The same for the lower triangle of symmetric matrices [n,n], row i going to the memory that row_at(i) gives.
template <class Group, class Scalar, class T, class RowAt>
MDGPS_FUNCTION void load_lower_rows(const Group& g, const Lanes<Scalar>& lanes, const Batch<T>& from, std::int64_t t,
                                    int n, const RowAt& row_at) {
  constexpr int W = lane_count<Scalar>;
  const int runs = (n + W - 1) / W;
  const T* at[W];
  for (int w = 0; w < W; ++w) at[w] = from.at(lanes.condition[w], lanes.step[w] + t);
  for_each_entry(g, n, runs, [&](int i, int run_of_row) {
    const int first = run_of_row * W, left = i + 1 - first;
    if (left <= 0) return;
    Scalar* const row = row_at(i);
    if (i + 1 < W || from.col_stride != 1) {
      for (int j = first; j < first + W && j <= i; ++j)
        gather_element(at, i * from.row_stride + j * from.col_stride, row[j]);
      return;
    }
    const int j = left < W ? i + 1 - W : first;
    const T* run[W];
    for (int w = 0; w < W; ++w) run[w] = at[w] + i * from.row_stride + j;
    gather_lanes(run, row + j);
  });
}
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void load_lower(const Group& g, const Lanes<Scalar>& lanes, const Batch<T>& from, std::int64_t t,
                               const Matrix<Scalar>& to) {
  load_lower_rows(g, lanes, from, t, to.cols, [&](int i) { return &to(i, 0); });
}
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void load(const Group& g, const Lanes<Scalar>& lanes, const Batch<T>& from, std::int64_t t,
                         const Lower<Scalar>& to) {
  load_lower_rows(g, lanes, from, t, to.rows, [&](int i) { return to.row(i); });
}
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void load(const Group& g, const Lanes<Scalar>& lanes, const Batch<T>& from, std::int64_t t,
                         const Vector<Scalar>& to) {
  load(g, lanes, from, t, to.column());
}

/// @name Asking for what `load` and `load_lower` will read of the lanes' own steps plus t
/// Without a sync. Runs in memory are asked for: matrices [rows,cols] that lie row by row, and vectors [n].
/// @{
template <class Group, class Scalar, class T, class Cols>
MDGPS_FUNCTION void prefetch_rows([[maybe_unused]] const Group& g, [[maybe_unused]] const Lanes<Scalar>& lanes,
                                  [[maybe_unused]] const Batch<T>& from, [[maybe_unused]] std::int64_t t,
                                  [[maybe_unused]] int rows, [[maybe_unused]] const Cols& cols) {
  if constexpr (requires { g.prefetch(from.data, 0); }) {
    if (from.col_stride != 1) return;
    for (int i = static_cast<int>(g.thread_rank()); i < rows; i += static_cast<int>(g.num_threads()))
      for (int w = 0; w < lane_count<Scalar>; ++w)
        g.prefetch(from.at(lanes.condition[w], lanes.step[w] + t) + std::int64_t{i} * from.row_stride,
                   static_cast<int>(sizeof(T)) * cols(i));
  }
}
template <class Group, class Scalar, class T>
MDGPS_OUT_OF_LINE MDGPS_FUNCTION void prefetch(const Group& g, const Lanes<Scalar>& lanes, const Batch<T>& from,
                                               std::int64_t t, int rows, int cols) {
  if (is_alone<Group> && from.contiguous(cols)) {  // line by line; some rows are shorter than a line
    for (int w = 0; w < lane_count<Scalar>; ++w)
      prefetch(g, from.at(lanes.condition[w], lanes.step[w] + t), rows * cols);
  } else {
    prefetch_rows(g, lanes, from, t, rows, [&](int) { return cols; });
  }
}
template <class Group, class Scalar, class T>
MDGPS_OUT_OF_LINE MDGPS_FUNCTION void prefetch_lower(const Group& g, const Lanes<Scalar>& lanes, const Batch<T>& from,
                                                     std::int64_t t, int n) {
  if (is_alone<Group> && n <= 16) return prefetch(g, lanes, from, t, n, n);  // little is above the diagonal
  prefetch_rows(g, lanes, from, t, n, [](int i) { return i + 1; });
}
template <class Group, class Scalar, class T>
MDGPS_OUT_OF_LINE MDGPS_FUNCTION void prefetch(const Group& g, const Lanes<Scalar>& lanes, const Batch<T>& from,
                                               std::int64_t t, int n) {
  if (from.row_stride != 1) return;
  for (int w = 0; w < lane_count<Scalar>; ++w) prefetch(g, from.at(lanes.condition[w], lanes.step[w] + t), n);
}
/// @}

/// The lanes' scalars, the same value in every thread.
template <class Scalar, class T>
MDGPS_FUNCTION Scalar load(const Lanes<Scalar>& lanes, const Batch<T>& from, std::int64_t t) {
  const T* at[lane_count<Scalar>];
  for (int w = 0; w < lane_count<Scalar>; ++w) at[w] = from.at(lanes.condition[w], lanes.step[w] + t);
  Scalar x;
  gather_element(at, 0, x);
  return x;
}

/// The lanes' matrices at their own step plus t <- from.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void store(const Group& g, const Lanes<Scalar>& lanes, const Matrix<Scalar>& from, const Batch<T>& to,
                          std::int64_t t) {
  constexpr int W = lane_count<Scalar>;
  T* at[W] = {};
  for (int r = 0; r < lanes.count; ++r) {
    const int w = lanes.stored[r];
    at[r] = to.at(lanes.condition[w], lanes.step[w] + t);
  }
  const Runs<Scalar> runs(to, from);
  if (lanes.count == W && runs.cover()) {  // all lanes, in their order
    runs.for_each(g, [&](int in_batch, int in_scratch) {
      T* run[W];
      for (int w = 0; w < W; ++w) run[w] = at[w] + in_batch;
      scatter_lanes(from.data + in_scratch, run);
    });
  } else {
    for_each_entry(g, from.rows, from.cols, [&](int i, int j) {
      for (int r = 0; r < lanes.count; ++r)
        at[r][i * to.row_stride + j * to.col_stride] = lane(from(i, j), lanes.stored[r]);
    });
  }
}
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void store(const Group& g, const Lanes<Scalar>& lanes, const Vector<Scalar>& from, const Batch<T>& to,
                          std::int64_t t) {
  store(g, lanes, from.column(), to, t);
}
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void store(const Group& g, const Lanes<Scalar>& lanes, const Scalar& value, const Batch<T>& to,
                          std::int64_t t) {
  for_each(g, lanes.count, [&](int r) {
    const int w = lanes.stored[r];
    *to.at(lanes.condition[w], lanes.step[w] + t) = static_cast<T>(lane(value, w));
  });
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET

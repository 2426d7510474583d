// Products, factors and solves on every pack width and group, over shapes that tiles do and do not divide.

#include <algorithm>

#include "kernels/cholesky.hpp"
#include "problems.hpp"
#include "reference.hpp"
#include "tests/kernels/backends.hpp"

namespace mdgps::kernels::testing {
namespace {

using reference::Dense;

/// Lanes of matrices: the same shape, different numbers.
template <class Scalar>
struct Lanesful {
  std::vector<Dense> each;
  std::vector<Scalar> memory;  ///< never empty: also views of no entries point into an array
  int rows, cols;

  Lanesful(int rows, int cols, std::uint64_t seed)
      : memory(static_cast<std::size_t>(std::max(rows, 1)) * std::max(cols, 1)), rows(rows), cols(cols) {
    for (int w = 0; w < lane_count<Scalar>; ++w) {
      problems::Draws draws(seed, w);
      Dense a(rows, cols);
      for (double& x : a.elements) x = static_cast<Element<Scalar>>(draws.normal());
      each.push_back(a);
    }
    pack();
  }
  void pack() {
    for (int w = 0; w < lane_count<Scalar>; ++w)
      for (std::size_t e = 0; e < each[w].elements.size(); ++e)
        lane(memory[e], w) = static_cast<Element<Scalar>>(each[w].elements[e]);
  }
  Matrix<Scalar> view() { return matrix(memory.data(), rows, cols); }
  Dense read(int w) const {
    Dense a(rows, cols);
    for (std::size_t e = 0; e < a.elements.size(); ++e) a.elements[e] = lane(memory[e], w);
    return a;
  }
};

/// Runs body(group) on every thread, without scratch.
template <class B, class Body>
void run(const Body& body) {
  if constexpr (is_alone<typename B::Group>) {
    body(typename B::Group{});
  } else {
    B::Group::run(B::threads, body);
  }
}

template <class B>
class MatrixKernel : public ::testing::Test {
 protected:
  static constexpr double tolerance = 1e3 * std::numeric_limits<typename B::Real>::epsilon();
};
TYPED_TEST_SUITE(MatrixKernel, Backends, BackendNames);

TYPED_TEST(MatrixKernel, Products) {
  using Scalar = typename TypeParam::Scalar;
  for (const auto& [r, k, c] : {std::array{1, 1, 1}, {3, 2, 4}, {8, 12, 6}, {5, 7, 13}, {4, 0, 3}}) {
    for (const Update update : {Update::set, Update::add, Update::subtract}) {
      Lanesful<Scalar> a(r, k, 1), b(k, c, 2), out(r, c, 3);
      const auto before = out.each;
      run<TypeParam>([&](const auto& g) { product(g, a.view(), b.view(), out.view(), update); });
      for (int w = 0; w < lane_count<Scalar>; ++w) {
        const Dense ab = a.each[w] * b.each[w];
        const Dense expected = update == Update::set ? ab : update == Update::add ? before[w] + ab : before[w] - ab;
        EXPECT_LT(reference::relative_error(out.read(w), expected), this->tolerance) << r << " " << k << " " << c;
      }
    }
  }
}

TYPED_TEST(MatrixKernel, SymmetricProductsReadTheLowerTriangleAndMirrorItToTheBit) {
  using Scalar = typename TypeParam::Scalar;
  for (const auto& [n, k] : {std::array{1, 1}, {5, 3}, {13, 4}, {24, 2}}) {
    Lanesful<Scalar> a(k, n, 1), out(n, n, 2);
    const auto before = out.each;  // its upper triangle is something else
    run<TypeParam>([&](const auto& g) {
      product(g, transpose(a.view()), a.view(), out.view(), Update::subtract, Part::symmetric);
    });
    for (int w = 0; w < lane_count<Scalar>; ++w) {
      const Dense expected = before[w] - reference::transpose(a.each[w]) * a.each[w];
      const Dense actual = out.read(w);
      for (int i = 0; i < n; ++i)
        for (int j = 0; j <= i; ++j) {
          EXPECT_NEAR(actual(i, j), expected(i, j), this->tolerance * (1 + std::abs(expected(i, j))));
          EXPECT_EQ(actual(i, j), actual(j, i));
        }
    }
  }
}

TYPED_TEST(MatrixKernel, LowerProductsTakeRowsBelowTheSquareAndLeaveWhatIsAboveTheDiagonal) {
  using Scalar = typename TypeParam::Scalar;
  for (const auto& [r, k, c] : {std::array{1, 1, 1}, {4, 3, 3}, {8, 2, 5}, {9, 4, 8}, {14, 1, 13}, {27, 5, 11}}) {
    for (const Update update : {Update::set, Update::negate, Update::add, Update::subtract}) {
      Lanesful<Scalar> a(r, k, 1), b(k, c, 2), out(r, c, 3);
      const auto before = out.each;
      run<TypeParam>([&](const auto& g) { product(g, a.view(), b.view(), out.view(), update, Part::lower); });
      for (int w = 0; w < lane_count<Scalar>; ++w) {
        const Dense ab = a.each[w] * b.each[w], actual = out.read(w);
        const Dense expected = update == Update::set      ? ab
                               : update == Update::negate ? -1.0 * ab
                               : update == Update::add    ? before[w] + ab
                                                          : before[w] - ab;
        for (int i = 0; i < r; ++i)
          for (int j = 0; j < c; ++j) {
            if (j > i) {
              EXPECT_EQ(actual(i, j), before[w](i, j)) << r << " x " << c << " at " << i << ", " << j;
            } else {
              EXPECT_NEAR(actual(i, j), expected(i, j), this->tolerance * (1 + std::abs(expected(i, j))))
                  << r << " x " << c << " at " << i << ", " << j;
            }
          }
      }
    }
  }
}

TYPED_TEST(MatrixKernel, FactorsInvertsAndSolves) {
  using Scalar = typename TypeParam::Scalar;
  for (const int n : {1, 2, 5, 9}) {
    Lanesful<Scalar> A(n, n, 1), inverse(n, n, 2), b(n, 3, 3), c(n, 3, 4);
    for (int w = 0; w < lane_count<Scalar>; ++w)
      A.each[w] = 0.2 * (A.each[w] * reference::transpose(A.each[w])) + reference::identity(n);
    A.pack();
    std::vector<Scalar> log_determinants(TypeParam::threads);
    run<TypeParam>([&](const auto& g) {
      Mask<Scalar> ok = true;
      cholesky(g, A.view(), ok);
      EXPECT_TRUE(none(!ok));
      log_determinants[g.thread_rank()] = log_determinant(g, A.view());
      invert_lower(g, A.view(), inverse.view());
      solve_lower(g, A.view(), b.view());
      solve_lower_transposed(g, A.view(), c.view());
    });
    for (int w = 0; w < lane_count<Scalar>; ++w) {
      Dense L = A.read(w);
      for (int i = 0; i < n; ++i)
        for (int j = i + 1; j < n; ++j) {
          EXPECT_EQ(L(i, j), static_cast<typename TypeParam::Real>(A.each[w](i, j)));  // left alone
          EXPECT_EQ(inverse.read(w)(i, j), 0.0);
          L(i, j) = 0.0;
        }
      EXPECT_LT(reference::relative_error(L * reference::transpose(L), A.each[w]), this->tolerance);
      EXPECT_LT(reference::relative_error(L * inverse.read(w), reference::identity(n)), this->tolerance);
      EXPECT_LT(reference::relative_error(L * b.read(w), b.each[w]), this->tolerance);
      EXPECT_LT(reference::relative_error(reference::transpose(L) * c.read(w), c.each[w]), this->tolerance);
      for (int rank = 0; rank < TypeParam::threads; ++rank)
        EXPECT_NEAR(lane(log_determinants[rank], w), reference::log_determinant(A.each[w]), n * this->tolerance);
    }
  }
}

TYPED_TEST(MatrixKernel, APivotThatIsNotPositiveSpoilsItsLaneAlone) {
  using Scalar = typename TypeParam::Scalar;
  constexpr int W = lane_count<Scalar>, n = 4, victim = W / 2;
  for (const double pivot : {-1.0, 0.0, static_cast<double>(NAN)}) {
    Lanesful<Scalar> A(n, n, 1);
    for (Dense& a : A.each) a = 0.2 * (a * reference::transpose(a)) + reference::identity(n);
    A.each[victim](2, 2) = pivot;
    A.pack();
    run<TypeParam>([&](const auto& g) {
      Mask<Scalar> ok = true;
      cholesky(g, A.view(), ok);
      for (int w = 0; w < W; ++w) EXPECT_EQ(get_lane(ok, w), w != victim);
    });
    for (int w = 0; w < W; ++w) {
      Dense L = A.read(w);
      for (int i = 0; i < n; ++i) {
        for (int j = i + 1; j < n; ++j) L(i, j) = 0.0;
        for (int j = 0; j <= i; ++j) EXPECT_TRUE(std::isfinite(L(i, j)));
      }
      if (w != victim) {
        EXPECT_LT(reference::relative_error(L * reference::transpose(L), A.each[w]), this->tolerance);
      }
    }
  }
}

TYPED_TEST(MatrixKernel, LanesAnswerLikeNumbers) {
  using Scalar = typename TypeParam::Scalar;
  constexpr int W = lane_count<Scalar>;
  Lanesful<Scalar> numbers(2, 1, 1);
  const Scalar x = numbers.memory[0], y = numbers.memory[1];
  const Scalar larger = maximum(x, y), chosen = select(x < y, x + y, x * y);
  const Scalar square_root = root(x * x), back = exponential(logarithm(x * x)), ratio = x / y;
  Scalar odd = x;
  lane(odd, W - 1) = NAN;
  for (int w = 0; w < W; ++w) {
    const auto a = lane(x, w), b = lane(y, w);
    EXPECT_EQ(lane(larger, w), std::max(a, b));
    EXPECT_EQ(lane(chosen, w), a < b ? a + b : a * b);
    EXPECT_EQ(lane(ratio, w), a / b);
    EXPECT_NEAR(lane(square_root, w), std::abs(a), this->tolerance);
    EXPECT_NEAR(lane(back, w), a * a, this->tolerance * (1 + a * a));
    EXPECT_EQ(get_lane(finite(odd), w), w != W - 1);
    EXPECT_EQ(get_lane(x > y, w), a > b);
  }
  EXPECT_TRUE(any(!finite(odd)));
  EXPECT_TRUE(none(!finite(x)));
  EXPECT_FALSE(none(!finite(odd)));
  lane(odd, W - 1) = INFINITY;
  EXPECT_FALSE(get_lane(finite(odd), W - 1));
}

}  // namespace
}  // namespace mdgps::kernels::testing

// That the groups find a missing sync: kernels with one left out on purpose.

#include "tests/kernels/groups.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/cholesky.hpp"

namespace mdgps::kernels::testing {
namespace {

enum class Planted { nothing, reads_too_early, writes_too_early };

/// x_i <- the sum of all x, in two phases; `planted` leaves a sync out.
template <class Group>
void spread_sum(const Group& g, std::vector<double>& x, std::vector<double>& copy, Planted planted) {
  const int n = static_cast<int>(x.size());
  for (int i = g.thread_rank(); i < n; i += g.num_threads()) copy[i] = x[i];
  if (planted != Planted::reads_too_early) g.sync();  // copy is complete
  double sum = 0.0;
  for (const double e : copy) sum += e;
  for (int i = g.thread_rank(); i < n; i += g.num_threads()) x[i] = sum;
  if (planted != Planted::writes_too_early) g.sync();  // every thread has read copy
  for (int i = g.thread_rank(); i < n; i += g.num_threads()) copy[i] = 0.0;
}

template <class Group>
std::vector<double> run_spread_sum(int threads, Planted planted) {
  std::vector<double> x = {1, 2, 3, 4, 5}, copy(5, NAN);
  Group::run(threads, [&](const Group& g) { spread_sum(g, x, copy, planted); });
  return x;
}
const std::vector<double> kRight(5, 15.0);

TEST(Groups, AgreeWhereNoSyncIsMissing) {
  for (const int threads : {1, 3, 4}) {
    EXPECT_EQ(run_spread_sum<Crew>(threads, Planted::nothing), kRight);
    EXPECT_EQ(run_spread_sum<Turns<false>>(threads, Planted::nothing), kRight);
    EXPECT_EQ(run_spread_sum<Turns<true>>(threads, Planted::nothing), kRight);
  }
}

TEST(Groups, TakingTurnsGivesAWrongAnswerWhereASyncIsMissing) {
  for (const Planted planted : {Planted::reads_too_early, Planted::writes_too_early})
    EXPECT_TRUE(run_spread_sum<Turns<false>>(3, planted) != kRight ||
                run_spread_sum<Turns<true>>(3, planted) != kRight);
}

/// A group that leaves out one of its syncs.
template <class Group>
class Without {
 public:
  Without(const Group& group, int left_out) : group_(group), left_out_(left_out) {}
  int thread_rank() const { return group_.thread_rank(); }
  int num_threads() const { return group_.num_threads(); }
  void sync() const {
    if (syncs_++ != left_out_) group_.sync();
  }
  template <class T>
  T sum(T x) const {
    return group_.sum(x);
  }

 private:
  Group group_;
  int left_out_;
  mutable int syncs_ = 0;
};

constexpr int kSize = 8;

/// The Cholesky factor of a matrix of kSize, with one sync left out.
template <class Group>
std::vector<double> factor_without(int left_out) {
  std::vector<double> a(kSize * kSize);
  for (int i = 0; i < kSize; ++i)
    for (int j = 0; j < kSize; ++j) a[i * kSize + j] = (i == j ? 4.0 : 0.0) + 1.0 / (1.0 + i + j);
  Group::run(3, [&](const Group& g) {
    bool ok = true;
    cholesky(Without<Group>(g, left_out), matrix(a.data(), kSize, kSize), ok);
  });
  return a;
}

TEST(Groups, TakingTurnsFindsEverySyncThatAFactorisationLacks) {
  const auto right = factor_without<Turns<false>>(-1);
  EXPECT_EQ(factor_without<Turns<true>>(-1), right);
  // Of the first four columns: the square is read, the rows are written; of the last four: the products are taken, the
  // square is read.
  for (int sync = 0; sync < 4; ++sync)
    EXPECT_TRUE(factor_without<Turns<false>>(sync) != right || factor_without<Turns<true>>(sync) != right) << sync;
}

#if defined(__SANITIZE_THREAD__)
TEST(GroupsDeathTest, ThreadSanitizerReportsASyncThatAFactorisationLacks) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (const int sync : {0, 1, 2})
    EXPECT_EXIT(
        {
          for (int i = 0; i < 100; ++i) factor_without<Crew>(sync);
          std::exit(0);
        },
        ::testing::ExitedWithCode(66), "data race");
}

TEST(GroupsDeathTest, ThreadSanitizerReportsAMissingSync) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (const Planted planted : {Planted::reads_too_early, Planted::writes_too_early})
    EXPECT_EXIT(
        {
          for (int i = 0; i < 100; ++i) run_spread_sum<Crew>(4, planted);
          std::exit(0);
        },
        ::testing::ExitedWithCode(66), "data race");
}
#endif

}  // namespace
}  // namespace mdgps::kernels::testing

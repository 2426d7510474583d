// That the groups find a missing sync: kernels with one left out on purpose.

#include "tests/kernels/groups.hpp"

#include <gtest/gtest.h>

#include <cmath>

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

#if defined(__SANITIZE_THREAD__)
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

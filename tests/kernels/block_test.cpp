// What a GPU's block does with its problems and its share of a workspace, run by real threads: the text of a launch,
// less the launch itself.

#include "mdgps/solver/block.hpp"

#include "mdgps/solver/c_step_batch.hpp"
#include "tests/kernels/backends.hpp"
#include "trajectory_checks.hpp"

namespace mdgps::kernels::testing {
namespace {

using problems::random_trajectory;

/// The C-step as an operation of the launchers.
struct CStepOperation {
  Shape shape;
  CStepBatch<double> batches;
  DualSearchOptions options;

  std::int64_t width() const { return 1; }
  template <class Group, class Scalar>
  void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    c_step(g, lanes, shape, batches, options, scratch);
  }
};

/// Runs all blocks of a launch, one after another, each with its own shared memory, and returns the shared bytes.
std::size_t launch(const problems::Trajectory<double>& p, CStepResultArrays<double>& result, int most_shared,
                   int blocks) {
  const auto b = batch(p.view(), result.view());
  const auto options = problems::precise_c_step<double>();
  const OnConditions<double, CStepOperation> op{
      {shape_of(p.shape), b, {options.tolerance, options.max_evaluations, options.min_dual, options.max_dual}},
      p.shape.conditions};

  Scratch<double> counter;
  op(Block{}, 0, counter);
  const BlockNeeds needs = block_needs(counter, most_shared);
  std::vector<std::byte> memory(workspace_needs(needs, blocks).best + 64, std::byte{0xff});
  const Workspace workspace{memory.data() + 9, memory.size() - 64, {}};
  const BlockMemory<double> share(needs, workspace);
  EXPECT_GE(share.shares, blocks);
  for (int block = 0; block < blocks; ++block) {
    std::vector<double> shared(needs.shared_bytes / sizeof(double), NAN);
    Crew::run(3, [&](const Crew& g) { run_block(g, block, blocks, p.shape.conditions, share, shared.data(), op); });
  }
  for (std::size_t i = 0; i < 64; ++i)  // around the workspace
    EXPECT_EQ(memory[i < 9 ? i : memory.size() - 64 + i], std::byte{0xff});
  return needs.shared_bytes;
}

TEST(ABlock, SolvesItsShareOfTheProblems) {
  const auto p = random_trajectory<double>({7, 3, 4, 2}, 1);
  for (const int blocks : {1, 3, 7}) {
    CStepResultArrays<double> result(p.shape);
    EXPECT_GT(launch(p, result, 227 * 1024, blocks), 0u);
    expect_c_step(p, result);
  }
}

TEST(ABlock, KeepsItsMatricesInTheWorkspaceWhereTheyDoNotFitSharedMemory) {
  const auto p = random_trajectory<double>({3, 3, 4, 2}, 1);
  CStepResultArrays<double> in_shared(p.shape), in_workspace(p.shape);
  launch(p, in_shared, 227 * 1024, 2);
  EXPECT_EQ(launch(p, in_workspace, 512, 2), 0u);
  EXPECT_EQ(in_shared.policy.gain, in_workspace.policy.gain);
  EXPECT_EQ(in_shared.dual, in_workspace.dual);
}

TEST(ABlock, HasAboutTwoTilesForAThreadInWholeWarps) {
  EXPECT_EQ(threads_for(0), 32);
  EXPECT_EQ(threads_for(64), 32);
  EXPECT_EQ(threads_for(65), 64);
  EXPECT_EQ(threads_for(289), 160);
  EXPECT_EQ(threads_for(1 << 20), Block::most_threads);
}

}  // namespace
}  // namespace mdgps::kernels::testing

/// mdgps compare, and the statistics under it.

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "apps/report/comparison_picture.hpp"
#include "apps/report/interquartile.hpp"
#include "tests/system/program.hpp"

namespace mdgps::testing {
namespace {

TEST(Interquartile, TheMeanLeavesAQuarterOutAtEachEnd) {
  EXPECT_DOUBLE_EQ(report::interquartile_mean({100, 2, 3, -50}), 2.5);
  EXPECT_DOUBLE_EQ(report::interquartile_mean({1, 2, 3}), 2.0);  // floor(3/4) = 0
  EXPECT_DOUBLE_EQ(report::interquartile_mean({9, 1, 2, 3, 4, 5, 6, 0}), 3.5);
  EXPECT_TRUE(std::isnan(report::interquartile_mean({})));
}

TEST(Interquartile, IntervalsCoverTheTruthAboutAsOftenAsTheySay) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  int covered = 0;
  constexpr int trials = 200;
  for (int trial = 0; trial < trials; ++trial) {
    std::vector<std::vector<double>> runs(12);
    for (auto& run : runs) {
      const double of_the_run = normal(random);  // conditions of a run go together
      for (int i = 0; i < 4; ++i) run.push_back(of_the_run + 0.2 * normal(random));
    }
    const auto estimate = report::estimate(runs, trial);
    EXPECT_LE(estimate.low, estimate.value);
    EXPECT_GE(estimate.high, estimate.value);
    covered += estimate.low <= 0 && 0 <= estimate.high ? 1 : 0;
  }
  // 95% is the limit of many runs; with 12, and an interquartile mean, percentile intervals cover about 90%.
  EXPECT_GT(covered, trials * 0.83);
  EXPECT_LT(covered, trials * 0.99);
}

TEST(Interquartile, OneRunHasNoInterval) {
  const auto estimate = report::estimate({{1, 2, 3, 4}});
  EXPECT_EQ(estimate.low, estimate.value);
  EXPECT_EQ(estimate.high, estimate.value);
}

TEST(ComparisonPicture, MarksOfTheAxisAreRoundAndCoverTheCurve) {
  const auto picture = [](double largest) {
    const report::Estimate estimate{largest, largest, largest};
    return report::comparison_svg({{"runs", 1, {estimate}, {estimate}}});
  };
  const auto has_marks = [](const std::string& svg, const std::vector<std::string>& marks) {
    return std::all_of(marks.begin(), marks.end(),
                       [&](const auto& mark) { return svg.find("'end'>" + mark + "</text>") != std::string::npos; });
  };
  EXPECT_TRUE(has_marks(picture(0.302), {"0", "0.08", "0.16", "0.24", "0.32"}));
  EXPECT_TRUE(has_marks(picture(0.4), {"0.1", "0.2", "0.3", "0.4"}));
  EXPECT_TRUE(has_marks(picture(36.1), {"10", "20", "30", "40"}));
}

class Compare : public ProgramTest {
 protected:
  void train(const std::string& output, const std::string& seed, const std::string& sampling) const {
    train_briefly(output, "2", {"--seed", seed, "--sampling", sampling});
  }
};

TEST_F(Compare, SeedsFormGroupsAndThePictureHasACurveForEach) {
  train("a1", "1", "local");
  train("a2", "2", "local");
  train("b1", "1", "global");
  const auto outcome = run({"compare", "a1", "a2", "b1", "--json", "--output", "picture.svg"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  const auto groups = nlohmann::json::parse(outcome.output);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0]["runs"].get<int>() + groups[1]["runs"].get<int>(), 3);
  for (const auto& group : groups) EXPECT_EQ(group["iterations"], 2);

  // One run's interquartile mean over its five conditions, from its table.
  const auto single = groups[0]["runs"] == 1 ? groups[0] : groups[1];
  std::vector<double> distances;
  std::istringstream table(read_file(folder() / "b1/metrics.csv"));
  std::string line;
  for (std::getline(table, line); std::getline(table, line);) {
    std::istringstream fields(line);
    std::vector<std::string> row;
    for (std::string field; std::getline(fields, field, ',');) row.push_back(field);
    if (row[0] == "2") distances.push_back(std::stod(row[5]));  // global_distance
  }
  ASSERT_EQ(distances.size(), 5u);
  EXPECT_NEAR(single["distance"]["interquartile_mean"].get<double>(), report::interquartile_mean(distances), 1e-9);

  const auto picture = read_file(folder() / "picture.svg");
  std::size_t curves = 0;
  for (std::size_t at = 0; (at = picture.find("<polyline", at)) != std::string::npos; ++at) ++curves;
  EXPECT_EQ(curves, 4u);  // two groups in two panels
  EXPECT_NE(run({"compare", "a1"}).output.find("interquartile"), std::string::npos);
}

TEST_F(Compare, EveryOtherSettingAndTheModelTellGroupsApart) {
  train_briefly("a1", "2", {"--seed", "1"});
  train_briefly("a2", "1", {"--seed", "2"});  // fewer iterations are the beginning of more
  train_briefly("step", "1", {"--seed", "1", "--set", "algorithm.kl_step=3"});
  train_briefly("badmm", "1", {"--seed", "1", "--method", "badmm"});
  fs::copy(folder() / "a1", folder() / "model", fs::copy_options::recursive);
  std::ofstream(folder() / "model/model.xml", std::ios::app) << "<!-- another -->\n";
  const auto outcome = run({"compare", "a1", "a2", "step", "badmm", "model", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  std::vector<int> runs;
  std::vector<std::string> names;
  for (const auto& group : nlohmann::json::parse(outcome.output)) {
    runs.push_back(group["runs"]);
    names.push_back(group["name"]);
  }
  EXPECT_EQ(runs, (std::vector{2, 1, 1, 1}));
  // What most of the four have in common is left out, and what comes with the method.
  EXPECT_EQ(names[0], "obstacle, mdgps");
  EXPECT_EQ(names[1], "obstacle, mdgps, kl_step=3");
  EXPECT_EQ(
      names[2],
      "obstacle, badmm, iterations=1, reference=previous-local, rounds=4, step_rule=local");  // its weights are planned
  EXPECT_EQ(names[3], "obstacle, mdgps, model of model");
}

TEST_F(Compare, ARunCountsOnce) {
  train("a", "1", "local");
  train("again", "1", "local");
  const auto refused = [&](const std::string& first, const std::string& second, const std::string& what) {
    const auto outcome = run({"compare", first, second});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.output, "");
    EXPECT_NE(outcome.errors.find(what), std::string::npos) << outcome.errors;
    EXPECT_FALSE(fs::exists(folder() / "comparison.svg"));
  };
  refused("a", "a", "a: is given twice; give it once");
  refused("a", "./a/", "./a/: is given twice, also as a; give it once");
  refused("a", "again", "again: has the settings of a and its seed 1");
}

TEST_F(Compare, AFolderThatIsNoRunIsNamed) {
  const auto outcome = run({"compare", "nowhere"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_NE(outcome.errors.find("nowhere: is not the folder of a run"), std::string::npos) << outcome.errors;
}

}  // namespace
}  // namespace mdgps::testing

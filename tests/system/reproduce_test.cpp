// `mdgps reproduce` and `mdgps sweep` on a small task: tables, report, resumption.

#include <gmock/gmock.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "apps/report/reproduction.hpp"
#include "system/program.hpp"

namespace mdgps::testing {
namespace {

using ::testing::HasSubstr;
using Row = std::vector<std::string>;

std::vector<Row> read_csv(const fs::path& file) {
  std::vector<Row> rows;
  std::istringstream stream(read_file(file));
  for (std::string line; std::getline(stream, line);) {
    std::istringstream fields(line);
    rows.emplace_back();
    for (std::string field; std::getline(fields, field, ',');) rows.back().push_back(field);
  }
  return rows;
}

class Reproduce : public ProgramTest {
 protected:
  /// A task that trains in a second, beside the runs.
  Reproduce() {
    fs::copy(MDGPS_TEST_DATA "/tasks/point_mass", folder() / "small");
    replace_in("small/task.toml", "minibatches = 400", "minibatches = 40");
  }

  static std::vector<std::string> reproduction() {
    return {"reproduce",    "--tasks", "small",    "--methods", "badmm,on-policy-global", "--seeds", "2", "--jobs", "2",
            "--iterations", "4",       "--output", "out"};
  }

  /// One run of one iteration at each point.
  Outcome sweep_briefly(const std::string& task, const std::string& method, std::vector<std::string> more) const {
    more.insert(more.begin(), {"sweep", task, "--method", method, "--seeds", "1", "--jobs", "2", "--iterations", "1"});
    return run(more);
  }

  Outcome reproduce_briefly(const std::string& tasks) const {
    return run({"reproduce", "--tasks", tasks, "--methods", "dagger", "--seeds", "1", "--jobs", "2", "--iterations",
                "1", "--output", "out"});
  }

  /// The small task as a file of another name, and with so many steps.
  void write_task(const std::string& file, const std::string& horizon) const {
    fs::create_directories((folder() / file).parent_path());
    fs::copy_file(folder() / "small/model.xml", (folder() / file).parent_path() / "model.xml",
                  fs::copy_options::overwrite_existing);
    fs::copy_file(folder() / "small/task.toml", folder() / file, fs::copy_options::overwrite_existing);
    replace_in(file, "horizon = 30", "horizon = " + horizon);
  }

  /// Mean over the conditions of a column at an iteration, from a run's own table.
  double measured(const std::string& run, const std::string& column, const std::string& iteration) const {
    const auto rows = read_csv(folder() / "out/runs" / run / "metrics.csv");
    const auto at = std::find(rows[0].begin(), rows[0].end(), column) - rows[0].begin();
    double sum = 0, count = 0;
    for (const Row& row : rows)
      if (row[0] == iteration) {
        sum += std::stod(row[at]);
        count += 1;
      }
    return sum / count;
  }
};

TEST_F(Reproduce, TablesAreTheRunsMeansAndDeviations) {
  const auto outcome = run(reproduction());
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors << outcome.output;
  const auto table = read_csv(folder() / "out/table1.csv"), figure = read_csv(folder() / "out/figure1.csv");
  ASSERT_EQ(table.size(), 1 + 2 * 2);  // iterations 3 and 4
  ASSERT_EQ(figure.size(), 1 + 2 * 4);
  EXPECT_EQ(figure[0], (Row{"task", "method", "iteration", "runs", "distance", "distance_std"}));
  for (const Row& row : figure) {
    if (row[0] == "task") continue;
    const double a = measured("small-" + row[1] + "-seed0", "global_distance", row[2]),
                 b = measured("small-" + row[1] + "-seed1", "global_distance", row[2]);
    EXPECT_EQ(row[3], "2");
    EXPECT_NEAR(std::stod(row[4]), (a + b) / 2, 1e-6);
    EXPECT_NEAR(std::stod(row[5]), std::abs(a - b) / std::sqrt(2.0), 1e-6);
  }
  for (const Row& row : table) {
    if (row[0] == "task") continue;
    EXPECT_NEAR(std::stod(row[4]),
                (measured("small-" + row[1] + "-seed0", "global_success", row[2]) +
                 measured("small-" + row[1] + "-seed1", "global_success", row[2])) /
                    2,
                1e-4);
  }
  const auto page = read_file(folder() / "out/report.html");
  for (const char* part : {"buildReproduction", "on-policy-global", "Table 1"}) EXPECT_THAT(page, HasSubstr(part));
  EXPECT_THAT(page, ::testing::Not(HasSubstr("https:")));
  const auto summary = nlohmann::json::parse(read_file(folder() / "out/runs/small-badmm-seed1/summary.json"));
  EXPECT_EQ(summary.at("method"), "badmm");
  EXPECT_EQ(summary.at("seed"), 1);
}

TEST_F(Reproduce, BrokenOffItGoesOnAndRepeatsNothing) {
  const pid_t child = start(reproduction());
  const auto first = folder() / "out/runs/small-badmm-seed0/summary.json";
  for (int i = 0; i < 6000 && !fs::exists(first); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  kill(child, SIGINT);
  EXPECT_EQ(wait(child).exit_code, 130);
  EXPECT_FALSE(fs::exists(folder() / "out/table1.csv"));

  ASSERT_EQ(run(reproduction()).exit_code, 0);
  const auto table = read_file(folder() / "out/table1.csv");
  const auto written = fs::last_write_time(first);
  fs::remove(folder() / "out/table1.csv");
  ASSERT_EQ(run(reproduction()).exit_code, 0);
  EXPECT_EQ(fs::last_write_time(first), written);
  EXPECT_EQ(read_file(folder() / "out/table1.csv"), table);
}

TEST_F(Reproduce, RunThatFailsIsToldAndLeftOut) {
  ASSERT_EQ(run(reproduction()).exit_code, 0);
  fs::remove_all(folder() / "out/runs/small-badmm-seed1/checkpoint");
  fs::remove(folder() / "out/runs/small-badmm-seed1/summary.json");
  fs::create_directories(folder() / "out/runs/small-badmm-seed1/summary.json.new");  // in the way
  const auto outcome = run(reproduction());
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, HasSubstr("small-badmm-seed1  FAILED: mdgps: "));
  EXPECT_EQ(read_csv(folder() / "out/table1.csv")[1][3], "1");
}

TEST_F(Reproduce, RunThatBrokeOffCountsAsFailedFromThereOn) {
  std::vector<report::ReproducedRun> runs;
  for (const auto& [name, iterations] : {std::pair{"whole", 3}, {"broken", 2}}) {
    const fs::path run = folder() / name;
    fs::create_directory(run);
    std::ofstream(run / "summary.json") << R"({"fail_distance": 0.1})";
    std::ofstream metrics(run / "metrics.csv");
    metrics << "iteration,condition,global_distance,global_success\n";
    for (int k = 1; k <= iterations; ++k) metrics << k << ",0,0.25,1\n" << k << ",1,0.75,0\n";
    runs.push_back({"task", "badmm", run});
  }
  const auto curve = report::collect(runs, 3).curves.at(0);
  EXPECT_EQ(curve.runs, 2);
  EXPECT_DOUBLE_EQ(curve.iterations[1].mean_success, 0.5);
  EXPECT_DOUBLE_EQ(curve.iterations[2].mean_success, 0.25);  // (1/2 + 0) / 2
  EXPECT_DOUBLE_EQ(curve.iterations[2].mean_distance, 0.5);  // of the one that has one
  EXPECT_EQ(curve.final_distances.size(), 1);
}

TEST_F(Reproduce, OneRunHasNoSpread) {
  const auto table = [](double spread, std::vector<double> distances) {
    return report::table1_text({{{.task = "task",
                                  .method = "badmm",
                                  .runs = static_cast<int>(distances.size()),
                                  .iterations = {{.mean_distance = 0.5, .std_distance = spread}},
                                  .final_distances = distances}}});
  };
  EXPECT_THAT(table(0.1414, {0.4, 0.6}), HasSubstr("0.5000 +- 0.1414"));
  EXPECT_THAT(table(0, {0.5}), ::testing::AllOf(HasSubstr("0.5000"), ::testing::Not(HasSubstr("+-"))));
}

TEST_F(Reproduce, SweepRanksItsPoints) {
  const std::vector<std::string> arguments = {"sweep",
                                              "small",
                                              "--method",
                                              "badmm",
                                              "--seeds",
                                              "2",
                                              "--jobs",
                                              "2",
                                              "--iterations",
                                              "3",
                                              "--output",
                                              "sweep",
                                              "--search",
                                              "algorithm.badmm.kl_step=0.01,0.5",
                                              "algorithm.badmm.weight_rule=spread,schedule"};
  const auto outcome = run(arguments);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors << outcome.output;
  const auto rows = read_csv(folder() / "sweep/sweep.csv");
  ASSERT_EQ(rows.size(), 1 + 4);
  EXPECT_EQ(rows[0], (Row{"algorithm.badmm.kl_step", "algorithm.badmm.weight_rule", "runs", "success", "success_std",
                          "distance", "distance_std", "seconds"}));
  for (int r = 1; r <= 2; ++r) EXPECT_EQ(rows[r][0], "0.5");  // steps of 0.01 nats lead nowhere in three iterations
  for (int r = 2; r <= 4; ++r) {
    EXPECT_GE(std::stod(rows[r - 1][3]), std::stod(rows[r][3]));
    if (rows[r - 1][3] == rows[r][3]) {
      EXPECT_LE(std::stod(rows[r - 1][5]), std::stod(rows[r][5]));
    }
  }
  EXPECT_EQ(
      read_file(folder() / "sweep/runs/badmm.kl_step=0.5 badmm.weight_rule=schedule seed=101/config.toml").empty(),
      false);
}

TEST_F(Reproduce, SweepTakesNoRunOfOtherSettingsForItsOwn) {
  const auto sweep = [&](const std::string& sampling) {
    return sweep_briefly("small", "mdgps", {"--sampling", sampling, "--search", "algorithm.samples=3"});
  };
  const std::string runs = "runs/sweep-small-mdgps/runs/samples=3 seed=100";
  ASSERT_EQ(sweep("local").exit_code, 0);
  const auto written = fs::last_write_time(folder() / runs / "summary.json");
  expect_refused(sweep("global"), {runs + ": holds a run whose algorithm.sampling is \"local\", not \"global\"; choose "
                                          "another --output, or remove that folder"});
  EXPECT_EQ(sweep("local").exit_code, 0);
  EXPECT_EQ(fs::last_write_time(folder() / runs / "summary.json"), written);
}

TEST_F(Reproduce, SweepTakesNoRunOfAnotherModelForItsOwn) {
  const auto sweep = [&] { return sweep_briefly("small", "mdgps", {"--search", "algorithm.samples=3"}); };
  ASSERT_EQ(sweep().exit_code, 0);
  replace_in("small/task.toml", "A point mass moves", "What it is called decides nothing: a mass moves");
  EXPECT_EQ(sweep().exit_code, 0);
  replace_in("small/model.xml", "damping=\"", "damping=\"1");
  expect_refused(sweep(), {"runs/sweep-small-mdgps/runs/samples=3 seed=100: holds a run of another model"});
}

TEST_F(Reproduce, SweepKeepsKeysApartThatEndInTheSameWord) {
  for (const std::string key : {"dynamics_prior.strength", "policy_prior.strength"}) {
    ASSERT_EQ(sweep_briefly("small", "mdgps", {"--output", "sweep", "--search", "algorithm." + key + "=3"}).exit_code,
              0);
    EXPECT_THAT(read_file(folder() / "sweep/runs" / (key + "=3 seed=100") / "config.toml"),
                HasSubstr("strength = 3\n"));
  }
}

TEST_F(Reproduce, SweepLeavesTheSamplingToTaskAndMethod) {
  ASSERT_EQ(sweep_briefly("small", "dagger", {"--search", "algorithm.samples=3"}).exit_code, 0);
  EXPECT_THAT(read_file(folder() / "runs/sweep-small-dagger/runs/samples=3 seed=100/config.toml"),
              HasSubstr("sampling = 'global'"));
}

TEST_F(Reproduce, EveryMethodHasKeysToSearch) {
  for (const char* method : {"mdgps", "badmm", "dual_gradient", "penalty", "admm", "dagger", "convex_linear"}) {
    const auto outcome = sweep_briefly("small", method, {"--random", "1"});
    EXPECT_EQ(outcome.exit_code, 0) << method << ": " << outcome.output << outcome.errors;
  }
}

TEST_F(Reproduce, TasksOfOneFolderAreTwoTasks) {
  write_task("two/a.toml", "30");
  write_task("two/b.toml", "20");
  ASSERT_EQ(reproduce_briefly("two/a.toml,two/b.toml").exit_code, 0);
  const auto table = read_csv(folder() / "out/table1.csv");
  ASSERT_EQ(table.size(), 1 + 2);
  EXPECT_EQ(table[1][0], "a");
  EXPECT_EQ(table[2][0], "b");
  EXPECT_THAT(read_file(folder() / "out/runs/b-dagger-seed0/config.toml"), HasSubstr("horizon = 20"));
}

TEST_F(Reproduce, TasksOfOneNameAreRefused) {
  write_task("one/a.toml", "30");
  write_task("two/a.toml", "20");
  expect_refused(reproduce_briefly("one/a.toml,two/a.toml"), {"one/a.toml and two/a.toml are both named 'a'"});
  ASSERT_EQ(reproduce_briefly("one/a.toml").exit_code, 0);
  expect_refused(reproduce_briefly("two/a.toml"),
                 {"out/runs/a-dagger-seed0: holds a run whose horizon is 30, not 20; choose another --output"});
}

TEST_F(Reproduce, SweepIsNamedByItsTask) {
  write_task("alone.toml", "30");
  ASSERT_EQ(sweep_briefly("alone.toml", "dagger", {"--search", "algorithm.samples=3"}).exit_code, 0);
  EXPECT_TRUE(fs::exists(folder() / "runs/sweep-alone-dagger/sweep.csv"));
}

TEST_F(Reproduce, RandomPointsStayInTheirRangeAndAreTheSameEveryTime) {
  const auto sweep = [&](const std::string& output) {
    return run({"sweep", "small", "--random", "3", "--seeds", "1", "--jobs", "2", "--iterations", "1", "--output",
                output, "--search", "algorithm.badmm.initial_weight=0.001,0.1", "algorithm.samples=4"});
  };
  ASSERT_EQ(sweep("a").exit_code, 0);
  ASSERT_EQ(sweep("b").exit_code, 0);
  const auto a = read_csv(folder() / "a/sweep.csv"), b = read_csv(folder() / "b/sweep.csv");
  ASSERT_EQ(a.size(), 4);
  for (int r = 1; r <= 3; ++r) {
    EXPECT_GE(std::stod(a[r][0]), 0.001);
    EXPECT_LE(std::stod(a[r][0]), 0.1);
    EXPECT_EQ(a[r][1], "4");
    EXPECT_EQ(a[r][0], b[r][0]);
  }
  EXPECT_NE(a[1][0], a[2][0]);
}

}  // namespace
}  // namespace mdgps::testing

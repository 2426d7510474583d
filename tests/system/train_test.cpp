// Whole runs on a small task: what they leave, that they repeat, and that they survive being stopped.

#include <gmock/gmock.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "system/program.hpp"

namespace mdgps::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

const std::string reacher = MDGPS_TEST_DATA "/tasks/reacher/task.toml";
constexpr int conditions = 3, steps = 20;

const std::string metrics_columns =
    "iteration,condition,local_cost,global_cost,local_distance,global_distance,global_success,step_size,dual,"
    "kl_divergence,dual_evaluations,status,predicted_cost,tv_bound,cost_bound,rollout_seconds,fit_seconds,"
    "c_step_seconds,s_step_seconds";

std::vector<std::vector<std::string>> read_csv(const fs::path& file) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream stream(read_file(file));
  for (std::string line; std::getline(stream, line);) {
    std::istringstream fields(line);
    rows.emplace_back();
    for (std::string field; std::getline(fields, field, ',');) rows.back().push_back(field);
  }
  return rows;
}

class Training : public ProgramTest {
 protected:
  static std::vector<std::string> training(const std::string& output, int iterations,
                                           const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"train",
                                          reacher,
                                          "--output",
                                          output,
                                          "--iterations",
                                          std::to_string(iterations),
                                          "--set",
                                          "algorithm.samples=4",
                                          "algorithm.network.minibatches=60"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  void train(const std::string& output, int iterations, const std::vector<std::string>& more = {}) const {
    const auto outcome = run(training(output, iterations, more));
    ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
    ASSERT_EQ(outcome.errors, "");
  }

  /// metrics.csv without its four columns of seconds.
  std::string metrics(const std::string& output) const {
    std::string text;
    for (auto row : read_csv(folder() / output / "metrics.csv")) {
      row.resize(15);
      for (const auto& field : row) text += field + ",";
      text += "\n";
    }
    return text;
  }

  void expect_same_run(const std::string& a, const std::string& b) const {
    EXPECT_EQ(metrics(a), metrics(b));
    for (const char* name : {"policy.pt", "paths.csv", "step_sizes.csv", "bounds.csv", "divergences.csv", "config.toml",
                             "model.xml", "scene.json"}) {
      const auto bytes = read_file(folder() / a / name);
      EXPECT_FALSE(bytes.empty()) << name;
      EXPECT_TRUE(bytes == read_file(folder() / b / name)) << name;
    }
    auto summary_a = summary(a), summary_b = summary(b);
    for (auto* summary : {&summary_a, &summary_b}) {
      summary->erase("seconds");
      summary->erase("threads");
    }
    EXPECT_EQ(summary_a, summary_b);
  }

  json summary(const std::string& output) const { return json::parse(read_file(folder() / output / "summary.json")); }

  /// Waits until `ready`, or for a minute.
  template <class Condition>
  static void wait_until(const Condition& ready) {
    for (int i = 0; i < 6000 && !ready(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_TRUE(ready());
  }
};

TEST_F(Training, LeavesAllFilesOfARun) {
  train("out", 3, {"--seed", "7", "--sampling", "global", "--step-rule", "fixed", "--linearization", "jacobian"});
  const auto rows = read_csv(folder() / "out/metrics.csv");
  ASSERT_EQ(rows.size(), 1 + 3 * conditions);
  EXPECT_TRUE(read_file(folder() / "out/metrics.csv").starts_with(metrics_columns + "\n"));
  double sum = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    ASSERT_EQ(rows[i].size(), rows[0].size());
    EXPECT_EQ(rows[i][0], std::to_string(1 + (i - 1) / conditions));
    EXPECT_EQ(rows[i][1], std::to_string((i - 1) % conditions));
    if (rows[i][0] == "3") sum += std::stod(rows[i][5]);
  }

  const json read = summary("out");
  EXPECT_EQ(read.at("task"), "reacher");
  EXPECT_EQ(read.at("seed"), 7);
  EXPECT_EQ(read.at("sampling"), "global");
  EXPECT_EQ(read.at("step_rule"), "fixed");
  EXPECT_EQ(read.at("linearization"), "jacobian");
  EXPECT_EQ(read.at("iterations"), 3);
  EXPECT_EQ(read.at("conditions"), conditions);
  EXPECT_DOUBLE_EQ(read.at("final").at("mean_distance").get<double>(), sum / conditions);
  for (const char* key : {"method", "states", "actions", "observations", "horizon", "threads", "device", "version",
                          "machine", "success_distance", "fail_distance", "counts", "seconds"})
    EXPECT_TRUE(read.contains(key)) << key;

  const auto config = read_file(folder() / "out/config.toml");
  for (const char* line : {"samples = 4", "minibatches = 60", "seed = 7", "sampling = 'global'", "method = 'mdgps'"})
    EXPECT_THAT(config, HasSubstr(line));

  const auto paths = read_csv(folder() / "out/paths.csv");
  EXPECT_EQ(paths.size(), 1 + 3 * 2 * conditions * steps);
  EXPECT_EQ(paths[0],
            (std::vector<std::string>{"iteration", "condition", "source", "step", "x", "y", "z", "distance"}));
  EXPECT_EQ(read_csv(folder() / "out/step_sizes.csv").size(), 1 + 2 * conditions);
  EXPECT_EQ(read_csv(folder() / "out/bounds.csv").size(), 1 + 3 * conditions);
  EXPECT_EQ(read_csv(folder() / "out/divergences.csv").size(), 1 + 3 * conditions * steps);
  EXPECT_EQ(json::parse(read_file(folder() / "out/scene.json")).at("geoms").size(), 1);
  EXPECT_THAT(read_file(folder() / "out/report.html"), HasSubstr("reacher"));
  EXPECT_TRUE(fs::exists(folder() / "out/checkpoint/0003"));
}

TEST_F(Training, PresetComesBeforeOtherChanges) {
  train("out", 1, {"algorithm.rounds=1", "--preset", "paper"});
  const auto config = read_file(folder() / "out/config.toml");
  for (const char* line :
       {"kl_step = 2.0", "max_multiplier = 1.0", "batch_size = 25", "rounds = 1", "minibatches = 60"})
    EXPECT_THAT(config, HasSubstr(line));
}

TEST_F(Training, KeepsTheNewestTwoCheckpoints) {
  train("out", 4);
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder() / "out/checkpoint"))
    names.push_back(entry.path().filename());
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("0003", "0004"));
}

TEST_F(Training, OutputFolderIsNamedAfterTheRun) {
  auto arguments = training("unused", 1, {"--seed", "2", "--sampling", "global"});
  arguments.erase(arguments.begin() + 2, arguments.begin() + 4);
  EXPECT_EQ(run(arguments).exit_code, 0);
  EXPECT_TRUE(fs::exists(folder() / "runs/reacher-mdgps-global-global-seed2/summary.json"));
}

TEST_F(Training, TheNextCommandIsWordedForAShell) {
  EXPECT_THAT(run(training("plain", 1)).output, HasSubstr("next    mdgps eval plain\n"));
  EXPECT_THAT(run(training("Ann's runs", 1)).output, HasSubstr("next    mdgps eval 'Ann'\\''s runs'\n"));
}

TEST_F(Training, ExistingFolderIsNotOverwritten) {
  fs::create_directories(folder() / "out");
  std::ofstream(folder() / "out/notes.txt") << "mine";
  const auto outcome = run(training("out", 1));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.errors, HasSubstr("out: exists and is not empty; choose another --output"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder() / "out"), {}), 1);
}

TEST_F(Training, ConfigurationRepeatsTheRun) {
  train("out", 2, {"--seed", "3", "--sampling", "global"});
  ASSERT_EQ(run({"train", "out/config.toml", "--output", "again"}).exit_code, 0);
  expect_same_run("out", "again");
}

TEST_F(Training, ThreadsDoNotChangeTheResult) {
  train("one", 3, {"--threads", "1"});
  train("two", 3, {"--threads", "2"});
  train("three", 3, {"--threads", "3"});
  expect_same_run("one", "two");
  expect_same_run("one", "three");
}

TEST_F(Training, SeedChangesTheResult) {
  train("a", 1, {"--seed", "1"});
  train("b", 1, {"--seed", "2"});
  EXPECT_NE(metrics("a"), metrics("b"));
}

TEST_F(Training, ResumedRunIsTheUninterruptedOne) {
  train("whole", 4);
  train("parts", 2);
  train("parts", 4, {"--resume"});
  expect_same_run("whole", "parts");
  train("parts", 4, {"--resume"});  // nothing left to do
  expect_same_run("whole", "parts");
}

TEST_F(Training, KilledAtAnyTimeItGoesOn) {
  train("whole", 4);
  const auto arguments = training("parts", 4);
  auto resumed = arguments;
  resumed.push_back("--resume");
  int kills = 0;
  for (int milliseconds = 250;; milliseconds += 90) {
    const pid_t child = start(fs::exists(folder() / "parts/config.toml") ? resumed : arguments);
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    kill(child, SIGKILL);
    const auto outcome = wait(child);
    if (outcome.exit_code == 0) break;
    ASSERT_EQ(outcome.exit_code, -SIGKILL) << outcome.errors;
    ++kills;
    if (!fs::exists(folder() / "parts/config.toml")) fs::remove_all(folder() / "parts");
  }
  EXPECT_GT(kills, 0);
  expect_same_run("whole", "parts");
}

TEST_F(Training, DamagedCheckpointAndHalfARowAreLeftBehind) {
  train("whole", 3);
  train("parts", 2);
  for (const auto& entry : fs::directory_iterator(folder() / "parts/checkpoint/0002")) fs::resize_file(entry, 100);
  std::ofstream(folder() / "parts/metrics.csv", std::ios::app) << "3,0,1.5";
  train("parts", 3, {"--resume"});
  expect_same_run("whole", "parts");
}

TEST_F(Training, WithoutACheckpointThatLoadsItSaysSo) {
  train("out", 1);
  for (const auto& entry : fs::directory_iterator(folder() / "out/checkpoint/0001")) fs::resize_file(entry, 100);
  const auto outcome = run(training("out", 2, {"--resume"}));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(std::count(outcome.errors.begin(), outcome.errors.end(), '\n'), 1);
  EXPECT_THAT(outcome.errors, HasSubstr("out/checkpoint: no checkpoint loads"));
}

TEST_F(Training, ResultsWithoutACheckpointAreNotOverwritten) {
  train("out", 2);
  const auto before = metrics("out");
  fs::remove_all(folder() / "out/checkpoint");
  const auto outcome = run(training("out", 3, {"--resume"}));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.errors, HasSubstr("out/checkpoint: has no checkpoint to go on from, but the run has results"));
  EXPECT_EQ(metrics("out"), before);
}

TEST_F(Training, ResumedRunKeepsItsSettings) {
  train("out", 2);
  const auto before = read_file(folder() / "out/config.toml");
  for (const auto& [more, said] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{{{"--seed", "5"}, "run.seed=5"},
                                                                     {{"--sampling", "global"}, "algorithm.sampling"},
                                                                     {{"--set", "horizon=9"}, "horizon=9"}}) {
    auto arguments = training("out", 3, {"--resume"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.errors, HasSubstr("out/config.toml: the run to resume was not made with " + said));
  }
  const auto fewer = run(training("out", 1, {"--resume"}));
  EXPECT_EQ(fewer.exit_code, 2);
  EXPECT_THAT(fewer.errors, HasSubstr("already has 2 iterations"));
  EXPECT_EQ(run({"train", "obstacle", "--resume", "--output", "out"}).exit_code, 2);
  EXPECT_EQ(read_file(folder() / "out/config.toml"), before);
}

TEST_F(Training, CommandInWhichALaterOptionWinsIsResumed) {
  train("out", 1, {"--set", "algorithm.samples=5"});
  train("out", 2, {"--set", "algorithm.samples=5", "--resume"});
}

TEST_F(Training, ResumedRunSaysWhereItsTaskWasEdited) {
  fs::create_directories(folder() / "arm");
  for (const char* name : {"task.toml", "model.xml"})
    fs::copy_file(fs::path(reacher).parent_path() / name, folder() / "arm" / name);
  const auto resume = [&](const std::string& task, const std::string& iterations) {
    const auto outcome = run({"train", task, "--output", "out", "--iterations", iterations, "--resume"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    return outcome.output;
  };
  ASSERT_EQ(run({"train", "arm", "--output", "out", "--iterations", "1", "--set", "algorithm.network.minibatches=20"})
                .exit_code,
            0);
  EXPECT_THAT(resume("arm", "2"), HasSubstr("warning arm/task.toml differs from this run's settings; the run's own are "
                                            "used"));
  replace_in("arm/task.toml", "horizon = 20", "horizon = 10");
  replace_in("arm/model.xml", "damping=\"0.5\"", "damping=\"0.4\"");
  const auto edited = resume("arm", "3");
  for (const char* text :
       {"\n        algorithm.network.minibatches is 4000 there, 20 here\n", "\n        horizon is 10 there, 20 here\n",
        "\n        model.xml is another model there\n", "conditions, 20 steps"})
    EXPECT_THAT(edited, HasSubstr(text));
  fs::remove_all(folder() / "arm");
  EXPECT_THAT(resume("out/config.toml", "4"), ::testing::Not(HasSubstr("warning")));
}

TEST_F(Training, InterruptStopsAfterTheIteration) {
  train("whole", 3);
  const pid_t child = start(training("parts", 9999));
  wait_until([&] { return fs::exists(folder() / "parts/summary.json"); });
  const auto second = run(training("parts", 3, {"--resume"}));
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_THAT(second.errors, HasSubstr("another process is training in it"));
  kill(child, SIGINT);
  const auto outcome = wait(child);
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_THAT(outcome.output, HasSubstr("--resume"));
  EXPECT_TRUE(fs::exists(folder() / "parts/report.html"));
  const int iterations = summary("parts").at("iterations");
  train("parts", iterations + 1, {"--resume"});
  train("other", iterations + 1);
  expect_same_run("other", "parts");
}

TEST_F(Training, RunThatCannotWriteFails) {
  train("out", 1);
  fs::create_directories(folder() / "out/summary.json.new");  // in the way
  const auto outcome = run(training("out", 2, {"--resume"}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(std::count(outcome.errors.begin(), outcome.errors.end(), '\n'), 1);
  EXPECT_THAT(outcome.errors, HasSubstr("out/summary.json.new: cannot be opened"));
  fs::remove(folder() / "out/summary.json.new");
  train("out", 2, {"--resume"});
}

TEST_F(Training, WhatFailedIsSaidAtTheEnd) {
  const auto output = [&](const std::string& folder, const std::string& change) {
    const auto outcome = run(training(folder, 2, {change}));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    return outcome.output;
  };
  EXPECT_THAT(output("fine", "algorithm.samples=4"), ::testing::Not(HasSubstr("warning")));

  const auto s_steps = output("s_steps", "algorithm.network.learning_rate=1e6");
  EXPECT_THAT(s_steps, HasSubstr("iteration  1/2"));
  EXPECT_THAT(s_steps, HasSubstr("S-step failed\n"));
  EXPECT_THAT(s_steps, HasSubstr("warning in 2 of 2 iterations the S-step failed and left the network as it was; try"));

  const auto c_steps = output("c_steps", "cost.1.l2=1e308");
  EXPECT_THAT(c_steps, HasSubstr("C-steps failed 3"));
  EXPECT_THAT(
      c_steps,
      HasSubstr(
          "warning 6 of 6 C-steps failed: not_finite (the first in iteration 1, condition 0, at step 19); look at"));
}

TEST_F(Training, EvaluationAgreesWithTheLastIteration) {
  train("out", 2);
  const json evaluation = json::parse(run({"eval", "out", "--json"}).output);
  const auto rows = read_csv(folder() / "out/metrics.csv");
  for (int i = 0; i < conditions; ++i) {
    const double measured = std::stod(rows[rows.size() - conditions + i][5]);
    EXPECT_NEAR(evaluation.at("conditions").at(i).at("distance").get<double>(), measured, 1e-9);
  }
  EXPECT_NEAR(evaluation.at("mean_distance").get<double>(), summary("out").at("final").at("mean_distance"), 1e-9);
  EXPECT_EQ(evaluation.at("held_out").at("conditions").size(), 1);
  const auto table = run({"eval", "out"}).output;
  for (const char* text : {"condition", "held-out condition", "mean"}) EXPECT_THAT(table, HasSubstr(text));
}

TEST_F(Training, LinearTaskIsTrainedByAlgorithmTwo) {
  ASSERT_EQ(run({"train", "linear", "--output", "out", "--iterations", "12"}).exit_code, 0);
  ASSERT_EQ(run({"train", "linear", "--output", "parts", "--iterations", "5"}).exit_code, 0);
  ASSERT_EQ(run({"train", "linear", "--output", "parts", "--iterations", "12", "--resume"}).exit_code, 0);
  EXPECT_EQ(metrics("out"), metrics("parts"));
  EXPECT_EQ(summary("out").at("method"), "convex_linear");
  EXPECT_EQ(summary("out").at("final").at("success"), 1.0);
  EXPECT_EQ(read_file(folder() / "out/policy.json"), read_file(folder() / "parts/policy.json"));
  // The exact cost falls from iteration to iteration.
  std::map<int, double> cost;
  const auto rows = read_csv(folder() / "out/bounds.csv");
  for (std::size_t r = 1; r < rows.size(); ++r) cost[std::stoi(rows[r][0])] += std::stod(rows[r][7]);
  for (int k = 2; k <= 12; ++k) EXPECT_LT(cost[k], cost[k - 1]);
  const json evaluation = json::parse(run({"eval", "out", "--json"}).output);
  EXPECT_NEAR(evaluation.at("mean_distance").get<double>(), summary("out").at("final").at("mean_distance"), 1e-9);
  EXPECT_EQ(evaluation.at("held_out").at("success"), 1.0);

  const auto refused = run({"train", reacher, "--method", "convex_linear", "--output", "no"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_FALSE(fs::exists(folder() / "no"));
}

TEST_F(Training, EpisodesAreDrawnBySeed) {
  train("out", 1);
  const auto evaluate = [&](const std::string& seed) {
    return json::parse(run({"eval", "out", "--json", "--episodes", "4", "--seed", seed}).output).at("conditions");
  };
  EXPECT_EQ(evaluate("1"), evaluate("1"));
  EXPECT_NE(evaluate("1"), evaluate("2"));
}

TEST_F(Training, PolicyOfAnotherTaskIsRefused) {
  train("out", 1);
  auto config = read_file(folder() / "out/config.toml");
  const std::string entry = ", 'tip.x'";
  ASSERT_NE(config.find(entry), std::string::npos);
  std::ofstream(folder() / "out/config.toml") << config.erase(config.find(entry), entry.size());
  const auto outcome = run({"eval", "out"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.errors, HasSubstr("out/policy.pt: maps 3 observations"));
  std::ofstream(folder() / "out/policy.pt") << "no policy";
  EXPECT_EQ(run({"eval", "out"}).exit_code, 2);
  fs::remove(folder() / "out/policy.pt");
  EXPECT_THAT(run({"eval", "out"}).errors, HasSubstr("out/policy.pt: is missing"));
}

TEST_F(Training, ReportOfSeveralRuns) {
  train("a", 1);
  train("b", 1, {"--seed", "1"});
  fs::remove(folder() / "a/report.html");
  EXPECT_EQ(run({"report", "a"}).exit_code, 0);
  EXPECT_TRUE(fs::exists(folder() / "a/report.html"));
  EXPECT_EQ(run({"report", "a", "b", "--output", "both.html"}).exit_code, 0);
  EXPECT_TRUE(fs::exists(folder() / "both.html"));
  EXPECT_EQ(run({"report", "a", "b"}).exit_code, 0);
  EXPECT_TRUE(fs::exists(folder() / "report.html"));
}

}  // namespace
}  // namespace mdgps::testing

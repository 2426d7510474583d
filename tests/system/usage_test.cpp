// Wrong usage and bad files: exit code 2, one line on stderr that says what to do, and nothing written.

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "system/program.hpp"

namespace mdgps::testing {
namespace {

using ::testing::HasSubstr;

struct Mistake {
  std::string name;
  std::vector<std::string> arguments;
  std::vector<std::string> said;
};

void PrintTo(const Mistake& mistake, std::ostream* stream) { *stream << mistake.name; }

class Usage : public ProgramTest, public ::testing::WithParamInterface<Mistake> {};

TEST_P(Usage, IsRefusedWithARemedy) {
  expect_refused(run(GetParam().arguments), GetParam().said);
  EXPECT_TRUE(fs::is_empty(folder()));
}

INSTANTIATE_TEST_SUITE_P(
    Mistakes, Usage,
    ::testing::ValuesIn(std::vector<Mistake>{
        {"NoCommand", {}, {"a command is missing", "mdgps --help"}},
        {"UnknownCommand", {"trian", "peg"}, {"'trian'", "did you mean 'train'?"}},
        {"UnlikeAnyCommand", {"x"}, {"'x'", "choose from train, eval"}},
        {"UnknownOption", {"train", "--iteratons", "3", "peg"}, {"'--iteratons'", "did you mean '--iterations'?"}},
        {"UnlikeAnyOption", {"train", "peg", "--xyzzy"}, {"'--xyzzy'", "mdgps train --help"}},
        {"UnknownOptionOfEval", {"eval", "x", "--episods=3"}, {"'--episods'", "did you mean '--episodes'?"}},
        {"NoTask", {"train"}, {"TASK is required", "mdgps train --help"}},
        {"TooMuch", {"tasks", "peg"}, {"peg", "mdgps tasks --help"}},
        {"UnknownTask", {"train", "pegg"}, {"pegg", "did you mean 'peg'?"}},
        {"MissingTaskFile", {"train", "none/task.toml"}, {"none/task.toml", "mdgps tasks"}},
        {"WordForIterations", {"train", "peg", "--iterations", "many"}, {"--iterations", "many"}},
        {"NoIterations", {"train", "peg", "--iterations", "0"}, {"--iterations", "1 to"}},
        {"NoThreads", {"train", "peg", "--threads", "0"}, {"--threads", "1 to"}},
        {"NegativeSeed", {"train", "peg", "--seed", "-1"}, {"--seed", "'-1'", "0 or more"}},
        {"FractionalSeed", {"train", "peg", "--seed", "0.5"}, {"--seed", "'0.5'", "whole number"}},
        {"SeedBeyondToml", {"train", "pegg", "--seed", "9223372036854775808"}, {"--seed", "9223372036854775807"}},
        {"SeedOf65Bits", {"eval", "x", "--seed", "18446744073709551616"}, {"--seed", "whole number"}},
        {"FirstSeedBeyondToml",
         {"reproduce", "--tasks", "pegg", "--first-seed", "9223372036854775808"},
         {"--first-seed", "0 or more"}},
        {"UnknownMethod", {"train", "peg", "--method", "ppo"}, {"--method", "ppo", "mdgps", "dagger"}},
        {"UnknownSampling", {"train", "peg", "--sampling", "globl"}, {"--sampling", "globl", "local,global"}},
        {"UnknownStepRule", {"train", "peg", "--step-rule", "newton"}, {"newton", "classic,global,local,fixed"}},
        {"UnknownLinearization", {"train", "peg", "--linearization", "x"}, {"x", "regression,jacobian"}},
        {"SetWithoutValue", {"train", "peg", "--set", "samples"}, {"--set", "'samples'", "key=value"}},
        {"UnknownKey", {"train", "peg", "--set", "algorithm.sampels=3"}, {"sampels", "did you mean 'samples'?"}},
        {"WrongType", {"train", "peg", "--set", "algorithm.samples=few"}, {"algorithm.samples", "whole number"}},
        {"OutOfRange", {"train", "peg", "--set", "algorithm.samples=1"}, {"samples must be at least 2"}},
        {"UnknownRunKey", {"train", "peg", "--set", "run.sed=1"}, {"'sed'", "did you mean 'seed'?"}},
        {"NothingToResume", {"train", "peg", "--resume", "--output", "x"}, {"x: ", "leave out --resume"}},
        {"OutputBelowAFile", {"train", "peg", "--output", MDGPS_PROGRAM "/x"}, {"cannot be made", "another --output"}},
        {"OutputIsAFile", {"train", "peg", "--output", MDGPS_PROGRAM}, {"is a file", "another --output"}},
        {"EvalWithoutRun", {"eval", "."}, {"is not the folder of a run", "--output"}},
        {"EvalOfNothing", {"eval", "none"}, {"none: ", "--output"}},
        {"ComparisonOfNoSvg", {"compare", "x", "--output", "x.png"}, {"x.png: ", ".svg"}},
        {"ComparisonIntoNoFolder", {"compare", "x", "--output", "none/x.svg"}, {"none: is not a folder"}},
        {"ReportOfNothing", {"report", "none"}, {"none: ", "--output"}},
        {"UnknownColumn", {"reproduce", "--methods", "trpo"}, {"--methods", "trpo", "off-policy-global"}},
        {"ReproductionOfNoTask", {"reproduce", "--tasks", "pegg"}, {"pegg", "did you mean 'peg'?"}},
        {"SweepWithoutTask", {"sweep"}, {"TASK is required"}},
        {"SweepOfNothing", {"sweep", "peg", "--search", "algorithm.kl_step="}, {"a value is empty"}},
        {"SweepOverNoKey", {"sweep", "peg", "--search", "kl_step"}, {"'kl_step'", "key=value"}},
        {"ReportOfNoFolder", {"report"}, {"DIR is required"}},
    }),
    [](const auto& info) { return info.param.name; });

/// A task with a mistake in it.
class BadTask : public ProgramTest {
 protected:
  BadTask() {
    fs::create_directories(folder() / "task");
    for (const char* name : {"task.toml", "model.xml"})
      fs::copy_file(fs::path(MDGPS_TEST_DATA "/tasks/reacher") / name, folder() / "task" / name);
  }

  void expect_refused_in_training(const std::vector<std::string>& said) const {
    expect_refused(run({"train", "task/task.toml", "--output", "out"}), said);
    EXPECT_FALSE(fs::exists(folder() / "out"));
  }
};

TEST_F(BadTask, UnknownKey) {
  replace_in("task/task.toml", "horizon", "horizn");
  expect_refused_in_training({"task/task.toml:2: ", "unknown key 'horizn'", "did you mean 'horizon'?"});
}

TEST_F(BadTask, UnknownKeyOfTheAlgorithm) {
  replace_in("task/task.toml", "[initial_policy]", "[algorithm]\nsampels = 4\n[initial_policy]");
  expect_refused_in_training({"task/task.toml:32: ", "'sampels'", "did you mean 'samples'?"});
}

TEST_F(BadTask, NoToml) {
  replace_in("task/task.toml", "horizon = 20", "horizon 20");
  expect_refused_in_training({"task/task.toml:2: ", "correct the TOML"});
}

TEST_F(BadTask, MissingModel) {
  fs::remove(folder() / "task/model.xml");
  expect_refused_in_training({"task/task.toml:1: ", "model.xml", "does not exist"});
}

TEST_F(BadTask, ModelThatDoesNotLoad) {
  replace_in("task/model.xml", "hinge", "hinges");
  expect_refused_in_training({"task/task.toml:1: ", "model.xml", "does not load"});
}

TEST_F(BadTask, MissingSite) {
  replace_in("task/task.toml", "site = \"tip\"", "site = \"tap\"");
  expect_refused_in_training({"task/task.toml:8: ", "'tap'", "did you mean 'tip'?"});
}

TEST_F(BadTask, DimensionThatDoesNotFit) {
  replace_in("task/task.toml", "gains = [2.0, 3.0]", "gains = [2.0, 3.0, 4.0]");
  expect_refused_in_training({"task/task.toml:", "3 elements", "give 2"});
}

TEST_F(BadTask, DeviceThatIsNotThere) {
  expect_refused(run({"train", "task/task.toml", "--device", "cuda"}), {"--device cuda", "device cpu"});
  replace_in("task/task.toml", "[initial_policy]", "[run]\ndevice = \"cuda\"\n[initial_policy]");
  expect_refused_in_training({"task/task.toml:", "device cpu"});
}

using Help = ProgramTest;

TEST_F(Help, OfEveryCommandHasAnExample) {
  for (const std::string command : {"", "train", "eval", "report", "reproduce", "sweep", "tasks", "info"}) {
    const auto outcome =
        run(command.empty() ? std::vector<std::string>{"--help"} : std::vector<std::string>{command, "--help"});
    EXPECT_EQ(outcome.exit_code, 0) << command;
    EXPECT_THAT(outcome.output, HasSubstr("Example: mdgps " + command));
    EXPECT_EQ(outcome.errors, "");
  }
  const auto training = run({"train", "--help"}).output;
  for (const char* text : {"default: runs/TASK-METHOD-SAMPLING-RULE-seedS", "(default: 0)", "(default: auto)"})
    EXPECT_THAT(training, HasSubstr(text));
}

TEST_F(Help, TasksAndInfoAreAlsoJson) {
  const auto tasks = nlohmann::json::parse(run({"tasks", "--json"}).output);
  std::vector<std::string> names;
  for (const auto& task : tasks) names.push_back(task.at("name"));
  EXPECT_THAT(names, ::testing::IsSupersetOf({"obstacle", "peg", "blind_peg"}));
  EXPECT_THAT(run({"tasks"}).output, HasSubstr("obstacle"));

  const auto info = nlohmann::json::parse(run({"info", "--json"}).output);
  for (const char* key : {"version", "compiler", "cuda", "torch", "mujoco", "threads", "instruction_set", "tasks"})
    EXPECT_TRUE(info.contains(key)) << key;
  EXPECT_THAT(run({"--version"}).output, HasSubstr(info.at("version").get<std::string>()));
}

}  // namespace
}  // namespace mdgps::testing

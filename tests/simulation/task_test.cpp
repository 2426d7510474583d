#include "mdgps/simulation/task.hpp"

#include <gmock/gmock.h>

#include "simulation/support.hpp"

namespace mdgps {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ReacherCopy;

TEST(Task, HoldsWhatItsFileSays) {
  const auto task = load_task(testing::reacher / "task.toml");
  EXPECT_EQ(task.name, "reacher");
  EXPECT_EQ(task.horizon, 20);
  EXPECT_EQ(task.substeps, 2);
  EXPECT_EQ(task.states, 10);
  EXPECT_EQ(task.actions, 2);
  EXPECT_EQ(task.points, 3);
  EXPECT_EQ(task.conditions, 3);
  EXPECT_EQ(task.held_out_conditions, 1);
  EXPECT_THAT(task.state_names, ElementsAre("shoulder", "elbow", "shoulder.velocity", "elbow.velocity", "tip.x",
                                            "tip.y", "tip.z", "tip.velocity.x", "tip.velocity.y", "tip.velocity.z"));
  EXPECT_THAT(task.observation_entries, ElementsAre(0, 1, 4));
  EXPECT_EQ(task.success_distance, 0.1);
  EXPECT_EQ(task.fail_distance, 0.1);
  EXPECT_THAT(task.initial_policy.gains, ElementsAre(2.0, 3.0));
  EXPECT_THAT(task.initial_policy.velocity_entries, ElementsAre(2, 3));
  EXPECT_THAT(task.condition_specs[1].joint_positions, ElementsAre(0.3, -0.4));
  EXPECT_THAT(task.condition_specs[2].joint_positions, ElementsAre(0.0, 0.0));
}

TEST(Task, CostTermsIndexStateActionAndPoints) {
  const auto task = load_task(testing::reacher / "task.toml");
  ASSERT_EQ(task.cost.size(), 3u);
  EXPECT_THAT(task.cost[0].entries, ElementsAre(10, 11));
  EXPECT_THAT(task.cost[0].weights, ElementsAre(0.01, 0.01));
  EXPECT_EQ(task.cost[0].l1, 0.0);
  EXPECT_EQ(task.cost[0].l2, 1.0);
  EXPECT_THAT(task.cost[0].ramp, Each(1.0));
  EXPECT_THAT(task.cost[1].entries, ElementsAre(12, 13, 14));
  EXPECT_EQ(task.cost[1].form, CostTerm::Form::log);
  EXPECT_DOUBLE_EQ(task.cost[1].ramp[9], 0.5);
  EXPECT_DOUBLE_EQ(task.cost[1].ramp[19], 4.0);
  EXPECT_THAT(task.cost[2].entries, ElementsAre(3));
  EXPECT_THAT(task.cost[2].targets, ElementsAre(0.25));
  EXPECT_EQ(task.cost[2].ramp[18], 0.0);
  EXPECT_EQ(task.cost[2].ramp[19], 1.0);
}

TEST(Task, SceneHoldsWhatIsFixedToTheWorld) {
  const auto scene = load_task(testing::reacher / "task.toml").scene();
  ASSERT_EQ(scene.size(), 1u);
  EXPECT_EQ(scene[0].type, "plane");
  EXPECT_THAT(scene[0].position, ElementsAre(0.0, 0.0, -2.0));
  EXPECT_EQ(load_task(testing::tasks_folder / "peg" / "task.toml").scene().size(), 9u);
}

TEST(Task, IsNamedAfterItsFolderHoweverThatIsWritten) {
  EXPECT_EQ(load_task(testing::reacher / "." / "task.toml").name, "reacher");
  EXPECT_EQ(load_task(testing::reacher / ".." / "reacher" / "task.toml").name, "reacher");
}

TEST(Task, TheProjectsTasksAreFoundAndLoad) {
  const auto tasks = find_tasks(testing::tasks_folder);
  ASSERT_TRUE(tasks.contains("peg") && tasks.contains("blind_peg") && tasks.contains("obstacle"));
  for (const auto& [name, file] : tasks) EXPECT_EQ(load_task(file).name, name);
  const auto peg = load_task(tasks.at("peg"));
  EXPECT_EQ(peg.states, 26);
  EXPECT_EQ(peg.observations, 26);
  EXPECT_EQ(peg.actions, 7);
  EXPECT_EQ(peg.conditions, 9);
  EXPECT_EQ(load_task(tasks.at("blind_peg")).observations, 14);
  EXPECT_EQ(load_task(tasks.at("blind_peg")).conditions, 4);
  EXPECT_EQ(load_task(tasks.at("obstacle")).states, 4);
  EXPECT_EQ(load_task(tasks.at("obstacle")).conditions, 5);
  EXPECT_TRUE(find_tasks("no/such/folder").empty());
}

// One line of the task or model is spoilt; the error must name the file, that line and a remedy.
struct Mistake {
  std::string name, from, to, message;
  int line;
  std::string file = "task.toml";
};

void PrintTo(const Mistake& mistake, std::ostream* stream) { *stream << mistake.name; }

class TaskMistakes : public ::testing::TestWithParam<Mistake> {};

TEST_P(TaskMistakes, AreReportedOnOneLineWithFileLineAndRemedy) {
  const auto& mistake = GetParam();
  const ReacherCopy copy;
  copy.replace(mistake.file, mistake.from, mistake.to);
  try {
    load_task(copy.task());
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    const std::string what = error.what();
    EXPECT_THAT(what, HasSubstr(copy.task().string() + ":" + std::to_string(mistake.line) + ": "));
    EXPECT_THAT(what, HasSubstr(mistake.message));
    EXPECT_THAT(what, HasSubstr("; ")) << "no remedy";
    EXPECT_EQ(what.find('\n'), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, TaskMistakes,
    ::testing::Values(
        Mistake{"UnknownKey", "horizon = 20", "horizn = 20\nhorizon = 20",
                "unknown key 'horizn'; did you mean 'horizon'?", 2},
        Mistake{"UnknownKeyOfACost", "l1 = 0.5", "l3 = 0.5", "unknown key 'l3' in [cost.1]; did you mean 'l1'?", 21},
        Mistake{"UnknownKeyOfACondition", "target_offset", "target_ofset", "did you mean 'target_offset'?", 45},
        Mistake{"WrongType", "horizon = 20", "horizon = 'long'", "'horizon' is a string; give a whole number", 2},
        Mistake{"MisspeltRequiredKey", "horizon = 20", "horzon = 20", "unknown key 'horzon'; did you mean 'horizon'?",
                2},
        Mistake{"MisspeltRequiredKeyOfATable", "site = \"tip\"", "sites = \"tip\"",
                "unknown key 'sites' in [point.0]; did you mean 'site'?", 8},
        Mistake{"MissingKeyOfACost", "on = \"points\"", "", "key 'on' is missing in [cost.1]; add it", 18},
        Mistake{"MissingKey", "horizon = 20", "", "key 'horizon' is missing", 1},
        Mistake{"ShortHorizon", "horizon = 20", "horizon = 1", "'horizon' is 1", 2},
        Mistake{"HorizonThatNoMemoryHolds", "horizon = 20", "horizon = 2000000000", "models alone take 17472.0 GB", 2},
        Mistake{"MissingModel", "\"model.xml\"", "\"modell.xml\"", "does not exist", 1},
        Mistake{"BrokenModel", "<motor joint=\"elbow\"/>", "<motor joint=\"elbw\"/>", "does not load", 1, "model.xml"},
        Mistake{"MalformedModel", "</worldbody>", "</worldboy>", "does not load", 1, "model.xml"},
        Mistake{"NoSuchSite", "site = \"tip\"", "site = \"tap\"", "no site 'tap'; did you mean 'tip'?", 8},
        Mistake{"NoSuchJoint", "horizon = 20", "horizon = 20\njoints = ['shoulder', 'elbov']",
                "no joint 'elbov'; did you mean 'elbow'?", 3},
        Mistake{"NoSuchBody", "body = \"base\"", "body = \"stand\"", "no body 'stand'; it has: ", 41},
        Mistake{"NoSuchStatePart", "\"point_velocities\"]", "\"point_velocity\"]", "did you mean 'point_velocities'?",
                4},
        Mistake{"NoVelocitiesInTheState", "\"joint_velocities\", ", "", "lacks joint_velocities", 4},
        Mistake{"NoSuchObservation", "\"tip.x\"", "\"tip.w\"", "no part or entry 'tip.w'", 5},
        Mistake{"NoSuchCost", "on = \"elbow.velocity\"", "on = \"elbow.speed\"", "a cost on 'elbow.speed'", 27},
        Mistake{"WrongNumberOfWeights", "[1.0, 2.0, 3.0]", "[1.0, 2.0]", "'cost.1.weights' has 2 elements; give 3", 20},
        Mistake{"WrongNumberOfTargets", "target = 0.25", "target = [1.0, 2.0]",
                "'cost.2.target' has 2 elements; give 1", 28},
        Mistake{"WrongNumberOfGains", "gains = [2.0, 3.0]", "gains = [2.0]", "has 1 elements; give 2", 32},
        Mistake{"WrongNumberOfPositions", "joint_positions = [0.3, -0.4]", "joint_positions = [1, 2, 3]",
                "has 3 elements; give 2", 35},
        Mistake{"NegativeWeight", "l1 = 0.5", "l1 = -0.5", "'l1' is negative", 21},
        Mistake{"NegativeWeightOfAnEntry", "[1.0, 2.0, 3.0]", "[1.0, -2.0, 3.0]", "'weights' holds a negative number",
                20},
        Mistake{"NegativeFinalWeight", "final_weight = 4.0", "final_weight = -4.0", "'final_weight' is negative", 24},
        Mistake{"UnevenInterval", "control_interval = 0.02", "control_interval = 0.025",
                "not a whole number of the model's timesteps", 3},
        Mistake{"NoSuchRamp", "ramp = \"linear\"", "ramp = \"liner\"", "did you mean 'linear'?", 23},
        Mistake{"MoreMotorsThanJoints", "<motor joint=\"elbow\"/>", "<motor joint=\"elbow\"/><motor site=\"tip\"/>",
                "2 joints and 3 motors, and not every motor drives a joint", 1, "model.xml"},
        Mistake{"TwoMotorsOnOneJoint", "<motor joint=\"elbow\"/>", "<motor joint=\"shoulder\"/>",
                "motor 1 drives joint 'shoulder' as an earlier motor does", 1, "model.xml"},
        Mistake{"MotorsInAnotherOrder", "<motor joint=\"shoulder\"/>",
                "<motor joint=\"elbow\"/><motor joint=\"shoulder\"/>",
                "motor 1 drives joint 'shoulder', which comes before", 1, "model.xml"},
        Mistake{"JointsInAnotherOrder", "horizon = 20", "horizon = 20\njoints = ['elbow', 'shoulder']",
                "list 'joints' in the motors' order", 3},
        Mistake{"MotorOfAnUnlistedJoint", "horizon = 20", "horizon = 20\njoints = ['elbow']",
                "motor 0 drives joint 'shoulder', which is not in the state; list it in 'joints'", 3},
        Mistake{"NotAnArrayOfTables", "[[point]]", "[point]", "write each as [[point]]", 7}),
    [](const auto& info) { return info.param.name; });

TEST(Task, AJointMayLackAMotor) {
  const ReacherCopy copy;
  copy.replace("model.xml", "<motor joint=\"shoulder\"/>", "");
  copy.replace("task.toml", "gains = [2.0, 3.0]", "gains = [3.0]");
  const auto task = load_task(copy.task());
  EXPECT_EQ(task.actions, 1);
  EXPECT_THAT(task.initial_policy.position_entries, ElementsAre(1));
  EXPECT_THAT(task.initial_policy.velocity_entries, ElementsAre(3));
}

TEST(Task, MotorsThatDriveNoJointBelongToTheJointsInOrder) {
  const ReacherCopy copy;
  copy.replace("model.xml", "<motor joint=\"shoulder\"/>", "<motor site=\"tip\"/>");
  EXPECT_THAT(load_task(copy.task()).initial_policy.position_entries, ElementsAre(0, 1));
}

TEST(Task, AnOverrideChangesIt) {
  const std::vector<std::string> overrides{"horizon=7", "cost.0.weights=2", "observation=[\"points\"]"};
  const auto task = load_task(testing::reacher / "task.toml", overrides);
  EXPECT_EQ(task.horizon, 7);
  EXPECT_THAT(task.cost[0].weights, ElementsAre(2.0, 2.0));
  EXPECT_THAT(task.observation_entries, ElementsAre(4, 5, 6));
}

TEST(Task, TheAlgorithmsTableIsLeftForTheAlgorithm) {
  const std::vector<std::string> overrides{"algorithm.kl_step=2.0"};
  const auto task = load_task(testing::reacher / "task.toml", overrides);
  EXPECT_EQ(task.algorithm.optional("kl_step", 1.0), 2.0);
  EXPECT_EQ(task.algorithm.optional("samples", 5), 5);
  EXPECT_THAT(write_config(task), HasSubstr("samples = 5"));
}

TEST(Task, ModelsDifferWhereTheSimulatorWould) {
  const ReacherCopy copy;
  const auto task = load_task(copy.task());
  copy.replace("model.xml", "<actuator>", "<!-- motors -->\n<actuator>");
  EXPECT_TRUE(same_model(load_task(copy.task()), task));
  copy.replace("model.xml", "damping=\"0.5\"", "damping=\"0.4\"");
  EXPECT_FALSE(same_model(load_task(copy.task()), task));
}

// A run's folder repeats the task, wherever it is moved.
void expect_saved_task_repeats(const Task& task, const std::filesystem::path& folder, const std::string& model) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "config.toml") << write_config(task);
  save_model(task, folder);
  EXPECT_TRUE(std::filesystem::exists(folder / model));
  const auto moved = folder.string() + "-moved";
  std::filesystem::rename(folder, moved);
  const auto again = load_task(moved + "/config.toml");
  EXPECT_EQ(again.name, "reacher");
  EXPECT_EQ(write_config(again), write_config(task));
  EXPECT_TRUE(same_model(again, task));
  const testing::NoiseController controller(1.0);
  EXPECT_TRUE(testing::same_bytes(testing::rollout_with(task, controller, {.samples = 2}),
                                  testing::rollout_with(again, controller, {.samples = 2})));
}

TEST(Task, ASavedTaskRepeatsIt) {
  const ReacherCopy copy;
  const std::vector<std::string> overrides{"horizon=9", "name=reacher"};
  expect_saved_task_repeats(load_task(copy.task(), overrides), copy.folder / "run", "model.xml");
}

TEST(Task, ASavedTaskRepeatsItThoughItsModelIncludesFiles) {
  const ReacherCopy copy;
  copy.replace("model.xml", "<motor joint=\"shoulder\"/>", "<include file=\"motor.xml\"/>");
  std::ofstream(copy.folder / "motor.xml") << "<mujocoinclude><motor joint=\"shoulder\"/></mujocoinclude>";
  const std::vector<std::string> overrides{"name=reacher"};
  expect_saved_task_repeats(load_task(copy.task(), overrides), copy.folder / "run", "model.mjb");
}

}  // namespace
}  // namespace mdgps

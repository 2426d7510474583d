/// mdgps export

#include <nlohmann/json.hpp>

#include "mdgps/learning/neural_gaussian_policy.hpp"
#include "tests/system/program.hpp"

namespace mdgps::testing {
namespace {

class Export : public ProgramTest {
 protected:
  Export() { train_briefly("run", "1"); }

  nlohmann::json json(const fs::path& file) const { return nlohmann::json::parse(read_file(folder() / file)); }

  /// The golden actions are the trained mean at the golden observations, within the motors' limits of +-10 N.
  void expect_golden_pairs(const fs::path& file) const {
    const auto golden = json(file);
    const auto policy = NeuralGaussianPolicy::load(folder() / "run/policy.pt");
    ASSERT_EQ(golden["observations"].size(), golden["actions"].size());
    ASSERT_GE(golden["actions"].size(), 40u);
    for (std::size_t p = 0; p < golden["actions"].size(); ++p) {
      const auto observation = golden["observations"][p].get<std::vector<double>>();
      std::vector<double> mean(2);
      policy.mean({observation.data(), {1, 4}}, {mean.data(), {1, 2}});
      for (int j = 0; j < 2; ++j)
        EXPECT_NEAR(golden["actions"][p][j].get<double>(), std::clamp(mean[j], -10.0, 10.0), 1e-12);
    }
  }
};

TEST_F(Export, EveryFormatHasItsContractAndGoldenPairs) {
  for (const std::string format : {"onnx", "torchscript", "c"}) {
    const auto exported = run({"export", "run", "--format", format});
    ASSERT_EQ(exported.exit_code, 0) << exported.errors;
    const fs::path place = "run/export/" + format;
    const auto contract = json(place / "contract.json");
    EXPECT_EQ(contract["task"], "obstacle");
    EXPECT_EQ(contract["format"], format);
    EXPECT_TRUE(fs::is_regular_file(folder() / place / contract["file"]));
    for (const auto& entry : fs::directory_iterator(folder() / place))
      EXPECT_NE(exported.output.find(entry.path().filename().string() + "\n"), std::string::npos) << entry.path();
    EXPECT_EQ(contract.value("header", ""), format == "c" ? "mdgps_policy.h" : "");
    EXPECT_DOUBLE_EQ(contract["rate_hz"].get<double>(), 20.0);
    ASSERT_EQ(contract["observation"].size(), 4u);
    EXPECT_EQ(contract["observation"][0]["unit"], "m");
    EXPECT_EQ(contract["observation"][2]["unit"], "m/s");
    ASSERT_EQ(contract["action"].size(), 2u);
    EXPECT_EQ(contract["action"][0]["unit"], "N");
    EXPECT_EQ(contract["action"][1]["low"], -10.0);
    expect_golden_pairs(place / "golden.json");
  }
}

TEST_F(Export, PointsAreSaidToBeRelativeToTheirTargets) {
  const auto trained = run({"train", MDGPS_TEST_DATA "/tasks/reacher/task.toml", "--output", "arm", "--iterations", "1",
                            "--set", R"(observation=["joint_positions", "tip.x", "tip.velocity.x", "tip.z"])",
                            "algorithm.samples=2", "algorithm.network.minibatches=20"});
  ASSERT_EQ(trained.exit_code, 0) << trained.errors;
  ASSERT_EQ(run({"export", "arm", "--format", "c", "--output", "out"}).exit_code, 0);
  const auto observation = json("out/contract.json")["observation"];
  EXPECT_FALSE(observation[0].contains("relative_to"));
  EXPECT_FALSE(observation[3].contains("relative_to"));
  const auto x = observation[2]["relative_to"], z = observation[4]["relative_to"];
  EXPECT_EQ(x, (nlohmann::json{{"target_of", "tip"}, {"frame", "world"}, {"position", 0.5}}));
  EXPECT_TRUE(z["position"].is_null());  // the last condition's target is higher
  const auto by_condition = z["position_by_condition"].get<std::vector<double>>();
  ASSERT_EQ(by_condition.size(), 3u);
  EXPECT_DOUBLE_EQ(by_condition[0], 0.2);
  EXPECT_DOUBLE_EQ(by_condition[2], 0.2 + 0.1);

  // Its arm of 0.9 m begins stretched out along x.
  const auto start = json("out/golden.json")["observations"][20];
  EXPECT_NEAR(start[2].get<double>() + x["position"].get<double>(), 0.9, 1e-12);
  EXPECT_NEAR(start[4].get<double>() + by_condition[2], 0.0, 1e-12);
}

TEST_F(Export, OnnxRuntimeGivesTheGoldenActions) {
  const std::string python = MDGPS_PYTHON_WITH_ONNXRUNTIME;
  if (python.empty()) GTEST_SKIP() << "no Python with onnxruntime and numpy was found when the build was configured";
  ASSERT_EQ(run({"export", "run", "--format", "onnx", "--output", "out"}).exit_code, 0);
  const std::string command = python + " " + MDGPS_TEST_DATA "/../system/check_onnx.py " +
                              (folder() / "out/policy.onnx").string() + " " + (folder() / "out/golden.json").string();
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST_F(Export, WrongUsageIsSaid) {
  EXPECT_EQ(run({"export", "run"}).exit_code, 2);
  EXPECT_EQ(run({"export", "run", "--format", "tflite"}).exit_code, 2);
  const auto none = run({"export", "nowhere", "--format", "c"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_NE(none.errors.find("is not the folder of a run"), std::string::npos) << none.errors;
}

}  // namespace
}  // namespace mdgps::testing

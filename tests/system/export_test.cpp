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

/// A policy in other forms gives the trainer's actions.

#include "mdgps/learning/policy_export.hpp"

#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/serialization/import.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <string>

#include "mdgps/learning/neural_gaussian_policy.hpp"

namespace mdgps {
namespace {

constexpr int o = 5, m = 3, B = 64;
constexpr double infinity = std::numeric_limits<double>::infinity();

Array<double, 2> random_observations() {
  Array<double, 2> observations({B, o});
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  for (double& entry : observations.elements()) entry = 2.0 + 3.0 * normal(random);
  return observations;
}

class PolicyExport : public ::testing::Test {
 protected:
  PolicyExport() {
    std::string name = (std::filesystem::temp_directory_path() / "mdgps_export_XXXXXX").string();
    folder_ = mkdtemp(name.data());
    NeuralGaussianPolicy policy(NetworkOptions{.observations = o, .actions = m, .hidden = {7, 6}, .seed = 4});
    policy.fit_normalization(observations_);
    policy.mean(observations_, means_);
    function_ = {policy.snapshot(), {-0.5, -infinity, -infinity}, {0.5, 0.2, infinity}};
    for (int b = 0; b < B; ++b)
      for (int j = 0; j < m; ++j) expected_(b, j) = std::clamp(means_(b, j), function_.low[j], function_.high[j]);
  }
  ~PolicyExport() override { std::filesystem::remove_all(folder_); }

  void expect_actions(const Array<double, 2>& actions) const {
    for (int b = 0; b < B; ++b)
      for (int j = 0; j < m; ++j) EXPECT_NEAR(actions(b, j), expected_(b, j), 1e-12) << b << ", " << j;
  }

  std::filesystem::path folder_;
  Array<double, 2> observations_ = random_observations(), means_{{B, m}}, expected_{{B, m}};
  PolicyFunction function_;
};

TEST_F(PolicyExport, TheFunctionIsTheMeanWithinTheLimits) {
  Array<double, 2> actions({B, m});
  for (int b = 0; b < B; ++b) function_.action(observations_.row(b), actions.row(b));
  expect_actions(actions);
  int limited = 0;
  for (std::size_t e = 0; e < B * m; ++e) limited += expected_.data()[e] != means_.data()[e] ? 1 : 0;
  EXPECT_GT(limited, B / 4);  // or the limits are not tested
  EXPECT_LT(limited, B * m / 2);
}

TEST_F(PolicyExport, TorchScriptGivesTheActions) {
  save_torchscript(function_, folder_ / "policy.pt");
  auto module = torch::jit::load(folder_ / "policy.pt");
  const at::Tensor input = at::from_blob(observations_.data(), {B, o}, at::kDouble);
  const at::Tensor output = module.forward({input}).toTensor().contiguous();
  Array<double, 2> actions({B, m});
  std::copy_n(output.const_data_ptr<double>(), B * m, actions.data());
  expect_actions(actions);
}

class PolicyExportC99 : public PolicyExport {
 protected:
  void SetUp() override {
    const std::string compiler = MDGPS_C_COMPILER;
    if (compiler.empty()) GTEST_SKIP() << "no C compiler was found when the build was configured";
    const auto [header, source] = to_c(function_);
    std::ofstream(folder_ / "mdgps_policy.h") << header;
    std::ofstream(folder_ / "mdgps_policy.c") << source;
    std::ofstream(folder_ / "main.c")
        << "#include <stdio.h>\n#include \"mdgps_policy.h\"\n"
           "int main(void) {\n"
           "  double x[MDGPS_POLICY_OBSERVATIONS], u[MDGPS_POLICY_ACTIONS];\n  int i;\n"
           "  for (;;) {\n"
           "    for (i = 0; i < MDGPS_POLICY_OBSERVATIONS; ++i) if (scanf(\"%lf\", &x[i]) != 1) return 0;\n"
           "    mdgps_policy(x, u);\n"
           "    for (i = 0; i < MDGPS_POLICY_ACTIONS; ++i) printf(\"%.17g\\n\", u[i]);\n"
           "  }\n}\n";
    run(compiler + " -std=c99 -pedantic -Wall -Werror -O1 main.c mdgps_policy.c -lm -o policy");
  }

  void run(const std::string& command) const {
    ASSERT_EQ(std::system(("cd '" + folder_.string() + "' && " + command).c_str()), 0);
  }

  Array<double, 2> actions(const Array<double, 2>& observations) const {
    std::ofstream input(folder_ / "input");
    input.precision(17);
    for (const double entry : observations.elements()) input << entry << '\n';
    input.close();
    run("./policy < input > output");
    std::ifstream output(folder_ / "output");
    Array<double, 2> actions({observations.extent(0), m});
    std::string word;  // streams read no NaN
    for (double& entry : actions.elements()) entry = output >> word ? std::stod(word) : -infinity;
    return actions;
  }
};

TEST_F(PolicyExportC99, GivesTheActions) { expect_actions(actions(observations_)); }

TEST_F(PolicyExportC99, NanIsNoOrdinaryAction) {
  for (int entry = 0; entry < o; ++entry) observations_(entry, entry) = std::numeric_limits<double>::quiet_NaN();
  const auto in_c = actions(observations_);
  for (int b = 0; b < B; ++b) {
    std::vector<double> here(m);
    function_.action(observations_.row(b), here);
    for (int j = 0; j < m; ++j) {
      EXPECT_EQ(std::isnan(in_c(b, j)), b < o) << b << ", " << j;
      EXPECT_EQ(std::isnan(here[j]), b < o) << b << ", " << j;
    }
  }
}

}  // namespace
}  // namespace mdgps

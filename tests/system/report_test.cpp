// `mdgps report` on run folders written here: what the page holds, and what bad folders are told.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const std::string header =
    "iteration,condition,local_cost,global_cost,local_distance,global_distance,global_success,step_size,dual,"
    "kl_divergence,dual_evaluations,status,predicted_cost,tv_bound,cost_bound,rollout_seconds,fit_seconds,"
    "c_step_seconds,s_step_seconds\n";

struct Outcome {
  int exit_code = -1;
  std::string output;  ///< stdout and stderr
};

class Report : public testing::Test {
 protected:
  Report() {
    std::string name = (fs::temp_directory_path() / "mdgps_report_XXXXXX").string();
    folder_ = mkdtemp(name.data());
    fs::create_directories(run_folder());
    write("config.toml", "seed = 3  # <settings> & \"more\"\n");
    write("summary.json", R"({"task": "<b>peg</b>", "description": "a </script> in words",
                              "final": {"mean_distance": 0.0125, "success": 0.5}})");
    write("metrics.csv", header + "1,0,10,12,0.2,0.3,0,100,1,99,4,ok,nan,1.5,20,1,2,3,4\n" +
                             "1,1,10,12,0.2,,1,100,1,-nan,4,not_converged,inf,1.5,20,1,2,3,4\n");
    write("paths.csv", "iteration,condition,source,step,x,y,z,distance\n1,0,global,0,0.1,0.2,0.3,0.374\n");
    write("scene.json", R"({"up": "z", "geoms": [], "target": [0, 0, 0]})");
  }
  ~Report() override { fs::remove_all(folder_); }

  fs::path run_folder() const { return folder_ / "run"; }
  fs::path page() const { return folder_ / "page.html"; }

  void write(const std::string& file, const std::string& text) { std::ofstream(run_folder() / file) << text; }

  Outcome report() const {
    const std::string command = std::string("'") + MDGPS_PROGRAM + "' report '" + run_folder().string() +
                                "' --output '" + page().string() + "' 2>&1";
    Outcome outcome;
    FILE* pipe = popen(command.c_str(), "r");
    for (int c; (c = std::fgetc(pipe)) != EOF;) outcome.output += static_cast<char>(c);
    outcome.exit_code = WEXITSTATUS(pclose(pipe));
    return outcome;
  }

  std::string page_text() const {
    std::ifstream in(page(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  json page_data() const {
    const std::string text = page_text(), open = "<script type=\"application/json\" id=\"data\">";
    const auto begin = text.find(open) + open.size();
    return json::parse(text.substr(begin, text.find("</script>", begin) - begin));
  }

  void expect_refused(const std::string& file, const std::string& reason) const {
    const auto [exit_code, output] = report();
    EXPECT_EQ(exit_code, 2) << output;
    EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 1) << output;
    EXPECT_THAT(output, HasSubstr(file));
    EXPECT_THAT(output, HasSubstr(reason));
    EXPECT_FALSE(fs::exists(page()));
  }

 private:
  fs::path folder_;
};

TEST_F(Report, NeedsNothingFromOutside) {
  ASSERT_EQ(report().exit_code, 0);
  std::string text = page_text();
  const std::string svg = "http://www.w3.org/2000/svg";  // a name, which no browser fetches
  for (auto at = text.find(svg); at != std::string::npos; at = text.find(svg)) text.erase(at, svg.size());
  for (const char* reference : {"http:", "https:", "src=", "<link", "@import", "url(\"", "fetch("})
    EXPECT_THAT(text, Not(HasSubstr(reference)));
  for (const char* part : {"function buildPage", "--paper:", "<noscript>"}) EXPECT_THAT(text, HasSubstr(part));
  EXPECT_THAT(text, Not(HasSubstr("{{")));
}

TEST_F(Report, TextOfTheRunStaysText) {
  ASSERT_EQ(report().exit_code, 0);
  const json run = page_data().at(0);
  EXPECT_EQ(run["summary"]["description"], "a </script> in words");
  EXPECT_EQ(run["config"], "seed = 3  # <settings> & \"more\"\n");
  EXPECT_THAT(page_text(), HasSubstr("<td>&lt;b&gt;peg&lt;/b&gt;<td>0.0125<td>0.5"));
  EXPECT_THAT(page_text(), Not(HasSubstr("<b>peg")));
}

TEST_F(Report, FieldsThatAreEmptyOrNotFiniteAreNull) {
  ASSERT_EQ(report().exit_code, 0);
  const json metrics = page_data().at(0).at("metrics");
  EXPECT_EQ(metrics["global_distance"], json::parse("[0.3, null]"));
  EXPECT_EQ(metrics["kl_divergence"], json::parse("[99.0, null]"));
  EXPECT_EQ(metrics["predicted_cost"], json::parse("[null, null]"));
  EXPECT_EQ(metrics["status"], json::parse(R"(["ok", "not_converged"])"));
}

TEST_F(Report, PathsAndSceneMayBeMissing) {
  fs::remove(run_folder() / "paths.csv");
  fs::remove(run_folder() / "scene.json");
  ASSERT_EQ(report().exit_code, 0);
  EXPECT_EQ(page_data().at(0).at("paths"), json::array());
}

TEST_F(Report, BoundsAndDivergencesAreAddedWhereTheyAre) {
  write("bounds.csv",
        "iteration,condition,policy_kl,tv_bound,total_variation,cost_bound,expected_local_cost,expected_global_cost,"
        "global_cost\n1,0,2,1.5,0.25,20,9,11,12\n1,1,2,inf,nan,20,9,11,12\n");
  write("divergences.csv", "iteration,condition,step,mean_kl,largest_kl\n1,0,0,1,2\n1,0,1,3,4\n1,1,0,2,2\n1,1,1,5,6\n");
  ASSERT_EQ(report().exit_code, 0);
  const json run = page_data().at(0);
  EXPECT_EQ(run.at("metrics").at("total_variation"), json::parse("[0.25, null]"));
  EXPECT_EQ(run.at("divergences"), json::parse(R"([{"iteration": 1.0, "kl": [1.5, 4.0]}])"));
  write("bounds.csv", "iteration,condition,policy_kl,total_variation,expected_global_cost\n1,0,2,0.25,11\n");
  EXPECT_EQ(report().exit_code, 2);
}

TEST_F(Report, WhatRenderLeftIsInThePage) {
  ASSERT_EQ(report().exit_code, 0);
  EXPECT_EQ(page_data().at(0).at("pictures"), json::array());
  write("film.webp", "foobar");
  write("picture.png", std::string("\xff\x00\x7f\x80", 4));
  ASSERT_EQ(report().exit_code, 0);
  EXPECT_EQ(page_data().at(0).at("pictures"), json::parse(R"([{"type": "image/webp", "base64": "Zm9vYmFy"},
                                                               {"type": "image/png", "base64": "/wB/gA=="}])"));
}

TEST_F(Report, MissingFileIsNamed) {
  fs::remove(run_folder() / "summary.json");
  expect_refused("summary.json", "cannot be read");
}

TEST_F(Report, MissingFolderIsNamed) {
  fs::remove_all(run_folder());
  expect_refused("run", "is not a folder");
}

TEST_F(Report, MissingColumnIsNamed) {
  std::string shorter = header;
  write("metrics.csv", shorter.replace(shorter.find("dual,"), 5, ""));
  expect_refused("metrics.csv:1", "'dual'");
}

TEST_F(Report, WordWhereANumberBelongsIsNamedWithItsLine) {
  write("metrics.csv", header + "1,0,10,12,0.2,0.3,0,100,1,99,4,ok,nan,1.5,20,1,2,3,4\n" +
                           "1,1,10,12,0.2,0.3,0,many,1,99,4,ok,nan,1.5,20,1,2,3,4\n");
  expect_refused("metrics.csv:3", "column 'step_size' holds 'many'");
}

TEST_F(Report, RowThatWasCutOffIsNamedWithItsLine) {
  write("metrics.csv", header + "1,0,10,12,0.2\n");
  expect_refused("metrics.csv:2", "has 5 fields");
}

TEST_F(Report, SummaryThatIsNotJsonIsNamed) {
  write("summary.json", "{\"task\": ");
  expect_refused("summary.json", "not JSON");
}

}  // namespace

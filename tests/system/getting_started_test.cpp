// The commands of docs/getting_started.md, as they stand there.

#include <gmock/gmock.h>

#include <sstream>

#include "system/program.hpp"

namespace mdgps::testing {
namespace {

/// The lines of a page's blocks that are marked ``` alone.
std::vector<std::string> commands_of(const fs::path& page) {
  std::istringstream text(read_file(page));
  std::vector<std::string> commands;
  bool inside = false, shown = false;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("```")) {
      inside = !inside;
      shown = line == "```";
    } else if (inside && shown) {
      commands.push_back(line);
    }
  }
  return commands;
}

class GettingStarted : public ProgramTest {
 protected:
  /// Runs the program with the words after its name. Returns what it printed.
  std::string call(const std::string& words) const {
    std::istringstream stream(words);
    const std::vector<std::string> arguments{std::istream_iterator<std::string>(stream), {}};
    const auto outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << words << ": " << outcome.errors;
    return outcome.output;
  }
};

TEST_F(GettingStarted, EveryCommandDoesWhatThePageSays) {
  const std::string program = "build/bin/mdgps ";
  int called = 0;
  for (const auto& command : commands_of(MDGPS_TEST_DATA "/../../docs/getting_started.md")) {
    if (command == "cmake --workflow --preset demo") {  // what its target `demo` runs; .ci/run runs the preset itself
      EXPECT_THAT(call("train obstacle --output runs/demo"), ::testing::HasSubstr("success in 5 of 5 conditions"));
      call("report runs/demo");
      EXPECT_TRUE(fs::exists(folder() / "runs/demo/report.html"));
    } else {
      ASSERT_TRUE(command.starts_with(program)) << "this test does not know: " << command;
      call(command.substr(program.size()));
    }
    ++called;
  }
  EXPECT_EQ(called, 5);
  EXPECT_TRUE(fs::exists(folder() / "runs/both.html"));
  EXPECT_TRUE(fs::exists(folder() / "deploy/mdgps_policy.c"));
}

}  // namespace
}  // namespace mdgps::testing

#pragma once
/// Runs the program in a folder of the test's own.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace mdgps::testing {

namespace fs = std::filesystem;

inline std::string read_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

struct Outcome {
  int exit_code = -1;  ///< minus the signal where one ended the program
  std::string output, errors;
};

/// Wrong usage: one line that says all of this, and nothing else.
inline void expect_refused(const Outcome& outcome, const std::vector<std::string>& said) {
  EXPECT_EQ(outcome.exit_code, 2) << outcome.errors;
  EXPECT_EQ(outcome.output, "");
  EXPECT_EQ(std::count(outcome.errors.begin(), outcome.errors.end(), '\n'), 1) << outcome.errors;
  for (const auto& part : said) EXPECT_THAT(outcome.errors, ::testing::HasSubstr(part));
}

class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() {
    std::string name = (fs::temp_directory_path() / "mdgps_system_XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~ProgramTest() override {
    fs::remove_all(folder_);
    fs::remove(output_file());
    fs::remove(error_file());
  }

  /// The working folder of the program.
  const fs::path& folder() const { return folder_; }

  /// Puts `to` in the place of the first `from` in a file of the working folder.
  void replace_in(const fs::path& file, const std::string& from, const std::string& to) const {
    auto text = read_file(folder() / file);
    ASSERT_NE(text.find(from), std::string::npos) << from;
    std::ofstream(folder() / file) << text.replace(text.find(from), from.size(), to);
  }

  pid_t start(const std::vector<std::string>& arguments) const {
    std::vector<const char*> argv = {MDGPS_PROGRAM};
    for (const auto& argument : arguments) argv.push_back(argument.c_str());
    argv.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) {
      const int flags = O_WRONLY | O_CREAT | O_TRUNC;
      dup2(::open(output_file().c_str(), flags, 0600), STDOUT_FILENO);
      dup2(::open(error_file().c_str(), flags, 0600), STDERR_FILENO);
      if (chdir(folder_.c_str()) == 0) execv(MDGPS_PROGRAM, const_cast<char* const*>(argv.data()));
      _exit(127);
    }
    return child;
  }

  Outcome wait(pid_t child) const {
    int status = 0;
    waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), read_file(output_file()),
            read_file(error_file())};
  }

  Outcome run(const std::vector<std::string>& arguments) const { return wait(start(arguments)); }

  /// A run of the smallest task, a second long.
  void train_briefly(const std::string& output, const std::string& iterations,
                     const std::vector<std::string>& arguments = {}) const {
    std::vector<std::string> all = {"train", "obstacle", "--output", output, "--iterations", iterations};
    all.insert(all.end(), arguments.begin(), arguments.end());
    all.insert(all.end(), {"--set", "algorithm.network.minibatches=50", "algorithm.samples=2"});
    const auto trained = run(all);
    ASSERT_EQ(trained.exit_code, 0) << trained.errors;
  }

 private:
  fs::path output_file() const { return folder_.string() + ".out"; }
  fs::path error_file() const { return folder_.string() + ".err"; }

  fs::path folder_;
};

}  // namespace mdgps::testing

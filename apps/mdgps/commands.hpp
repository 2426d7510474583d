#pragma once
/// The program's commands. Each adds its own options to the command line.

#include <filesystem>
#include <functional>
#include <stdexcept>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace mdgps {

/// Wrong usage: what() is one line that says what to do. The program ends with exit code 2.
class UsageError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

struct Command {
  CLI::App* app;
  std::function<int()> run;  ///< after parsing; returns the exit code
};

Command add_train(CLI::App& program);
Command add_eval(CLI::App& program);
Command add_check_task(CLI::App& program);
Command add_compare(CLI::App& program);
Command add_export(CLI::App& program);
Command add_render(CLI::App& program);
Command add_report(CLI::App& program);
Command add_reproduce(CLI::App& program);
Command add_sweep(CLI::App& program);
Command add_tasks(CLI::App& program);
Command add_info(CLI::App& program);

}  // namespace mdgps

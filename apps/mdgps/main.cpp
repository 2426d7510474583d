// The program `mdgps`.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "apps/mdgps/commands.hpp"
#include "mdgps/algorithm/run_folder.hpp"
#include "mdgps/simulation/config_reader.hpp"
#include "mdgps/version.hpp"

namespace {

constexpr int failed_run = 1, wrong_usage = 2;

/// One line on stderr, whatever the message looks like: LibTorch's has a backtrace on further lines.
int fail(int exit_code, std::string_view message) {
  message = message.substr(0, message.find('\n'));
  std::fprintf(stderr, "mdgps: %.*s\n", static_cast<int>(message.size()), message.data());
  return exit_code;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  const auto near = mdgps::nearest_word(word, known);
  return near.empty() ? "" : "; did you mean '" + near + "'?";
}

/// What is wrong with the arguments: CLI11 reports the first thing that it stumbles over, which for a misspelt word is
/// often a consequence of it.
std::string usage_message(const CLI::App& program, const std::vector<std::string>& arguments, const std::string& what) {
  const CLI::App* app = &program;
  for (const auto& argument : arguments) {
    if (argument == "--") break;
    if (app == &program && !argument.starts_with("-")) {
      std::vector<std::string> names;
      std::string list;
      for (const CLI::App* command : program.get_subcommands({})) {
        if (command->get_name() == argument) app = command;
        names.push_back(command->get_name());
        list += (list.empty() ? "" : ", ") + command->get_name();
      }
      if (app != &program) continue;
      const auto near = did_you_mean(argument, names);
      return "there is no command '" + argument + "'" + (near.empty() ? "; choose from " + list : near);
    }
    if (!argument.starts_with("--")) continue;
    const auto name = argument.substr(0, argument.find('='));
    std::vector<std::string> names;
    for (const auto* option : app->get_options()) {
      for (const auto& long_name : option->get_lnames()) names.push_back("--" + long_name);
    }
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      const auto help = (app == &program ? "mdgps" : "mdgps " + app->get_name()) + " --help";
      const auto near = did_you_mean(name, names);
      return "there is no option '" + name + "'" + (near.empty() ? "; see " + help : near);
    }
  }
  if (app == &program) return "a command is missing; see mdgps --help";
  return what + "; see mdgps " + app->get_name() + " --help";
}

int run(int argc, char** argv) {
  CLI::App program(
      "Guided policy search as approximate mirror descent: trains neural-network policies on MuJoCo tasks.", "mdgps");
  program.set_version_flag(
      "--version", "mdgps " + std::string(mdgps::version::number) + " (" + std::string(mdgps::version::commit) + ")");
  program.require_subcommand(1);
  program.footer(
      "Example: mdgps train obstacle && mdgps eval runs/obstacle-mdgps-local-global-seed0\n"
      "Exit codes: 0 done, 1 the run failed, 2 wrong usage or a bad input file, 130 stopped by Ctrl-C.\n"
      "Options of a command: mdgps train --help");
  const std::vector<mdgps::Command> commands = {
      mdgps::add_train(program),   mdgps::add_eval(program),      mdgps::add_render(program),
      mdgps::add_report(program),  mdgps::add_reproduce(program), mdgps::add_sweep(program),
      mdgps::add_compare(program), mdgps::add_export(program),    mdgps::add_check_task(program),
      mdgps::add_tasks(program),   mdgps::add_info(program)};
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.exit(error);  // help and version
    return fail(wrong_usage, usage_message(program, {argv + 1, argv + argc}, error.what()));
  }
  for (const auto& command : commands) {
    if (command.app->parsed()) return command.run();
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const mdgps::UsageError& error) {
    return fail(wrong_usage, error.what());
  } catch (const mdgps::ConfigError& error) {
    return fail(wrong_usage, error.what());
  } catch (const mdgps::RunFolderError& error) {
    return fail(wrong_usage, error.what());
  } catch (const std::exception& error) {
    return fail(failed_run, error.what());
  }
}

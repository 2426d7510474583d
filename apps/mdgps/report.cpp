// mdgps report

#include "apps/report/report.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "apps/mdgps/commands.hpp"

namespace mdgps {
namespace {

struct Arguments {
  std::vector<std::filesystem::path> folders;
  std::filesystem::path output;
};

int write(const Arguments& arguments) {
  auto output = arguments.output;
  if (output.empty()) output = arguments.folders.size() == 1 ? arguments.folders[0] / "report.html" : "report.html";
  try {
    report::write_report(arguments.folders, output);
  } catch (const std::runtime_error& error) {
    throw UsageError(error.what());
  }
  std::printf("report  %s  (open it in a browser)\n", output.c_str());
  return 0;
}

}  // namespace

Command add_report(CLI::App& program) {
  auto* app = program.add_subcommand("report", "Write one HTML page, which opens offline, about one or several runs.");
  const auto arguments = std::make_shared<Arguments>();
  app->add_option("DIR", arguments->folders, "Folders of runs (the --output of mdgps train)")
      ->required()
      ->type_name("");
  app->add_option("--output", arguments->output,
                  "The page; one that exists is replaced (default: DIR/report.html, for several runs report.html)")
      ->type_name("FILE");
  app->footer("Example: mdgps report runs/peg-seed0 runs/peg-seed1 --output peg.html");
  return {app, [arguments] { return write(*arguments); }};
}

}  // namespace mdgps

// mdgps render

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>

#include "apps/mdgps/commands.hpp"
#include "apps/mdgps/image_files.hpp"
#include "apps/mdgps/machine.hpp"
#include "apps/mdgps/output_file.hpp"
#include "apps/mdgps/progress_bar.hpp"
#include "apps/mdgps/trained_run.hpp"
#include "apps/report/whole_file.hpp"
#include "mdgps/simulation/config_reader.hpp"
#include "mdgps/simulation/motion_picture.hpp"

namespace mdgps {
namespace {

namespace fs = std::filesystem;

struct Size {
  int width, height;
};

struct Arguments {
  fs::path folder, output;
  std::vector<int> conditions;
  std::string camera, size;
  int threads = machine_threads();
};

constexpr Size picture_size{960, 720}, film_size{640, 480};
constexpr double shortest_frame = 0.04;  // seconds; players slow faster films down
constexpr int last_frame = 1000;         // milliseconds that the end is looked at

/// "WxH", or nothing where the text is none.
std::optional<Size> parse_size(const std::string& text) {
  Size size{};
  char rest = 0;
  if (std::sscanf(text.c_str(), "%5dx%5d%c", &size.width, &size.height, &rest) != 2) return {};
  if (size.width < 16 || size.height < 16 || size.width > 8192 || size.height > 8192) return {};
  return size;
}

/// What is wrong with the arguments comes before the work.
void check_output(const fs::path& output) {
  const auto extension = output.extension();
  if (extension != ".png" && extension != ".webp")
    throw UsageError(output.string() + ": its ending says neither .png (a picture) nor .webp (a film); choose one");
  check_folder_of(output);
}

void check_camera(const Task& task, const std::string& camera) {
  if (camera.empty()) return;
  const auto known = MotionPicture::cameras(task);
  if (std::find(known.begin(), known.end(), camera) != known.end()) return;
  std::string list;
  for (const auto& name : known) list += (list.empty() ? "" : ", ") + name;
  throw UsageError("the model has no camera '" + camera + "'; " +
                   (known.empty() ? "it names none, leave --camera out" : "choose from " + list));
}

std::vector<Motion> record(const Arguments& arguments, const Task& task) {
  std::vector<int> conditions = arguments.conditions;
  if (conditions.empty())
    for (int i = 0; i < task.conditions; ++i) conditions.push_back(i);
  const auto controller = load_run_controller(arguments.folder, task);
  std::vector<Motion> motions;
  for (const int condition : conditions) {
    if (condition < 0 || condition >= task.conditions)
      throw UsageError("there is no condition " + std::to_string(condition) + "; the task has 0 to " +
                       std::to_string(task.conditions - 1));
    motions.push_back(record_motion(task, *controller, condition));
    const auto steps = motions.back().positions.size();
    if (steps < static_cast<std::size_t>(task.horizon))
      std::printf("note     condition %d: its simulation diverged after step %zu, and is shown up to there\n",
                  condition, steps - 1);
  }
  return motions;
}

MotionPicture make_picture(const Arguments& arguments, const Task& task, const std::vector<Motion>& motions, Size size,
                           bool fine) {
  if (!arguments.size.empty()) size = *parse_size(arguments.size);
  return {task,
          motions,
          {.width = size.width,
           .height = size.height,
           .camera = arguments.camera,
           .fine = fine,
           .threads = arguments.threads}};
}

void write_picture(const Arguments& arguments, const Task& task, const std::vector<Motion>& motions,
                   const fs::path& output) {
  auto picture = make_picture(arguments, task, motions, picture_size, true);
  report::write_whole(output, to_png(picture.draw(picture.steps() - 1)));
  std::printf("picture  %s\n", output.c_str());
  std::fflush(stdout);
}

void write_film(const Arguments& arguments, const Task& task, const std::vector<Motion>& motions,
                const fs::path& output) {
  auto picture = make_picture(arguments, task, motions, film_size, false);
  const int stride = std::max(1, static_cast<int>(std::ceil(shortest_frame / task.control_interval - 1e-9)));
  std::vector<int> steps;
  for (int t = 0; t < picture.steps() - 1; t += stride) steps.push_back(t);
  steps.push_back(picture.steps() - 1);

  const auto milliseconds = [&](int step) {
    return static_cast<int>(std::lround(1000 * task.control_interval * step));
  };
  std::unique_ptr<Film> film;
  {
    const auto start = std::chrono::steady_clock::now();
    const int frames = static_cast<int>(steps.size());
    ProgressBar bar;
    for (int f = 0; f < frames; ++f) {
      const Image image = picture.draw(steps[f]);
      if (!film) film = std::make_unique<Film>(image.width, image.height);
      film->add(image, f + 1 < frames ? milliseconds(steps[f + 1]) - milliseconds(steps[f]) : last_frame);
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      const auto left = "left " + time_left(seconds, f + 1, frames);
      if (bar.shown()) {
        bar.draw(f + 1, frames, left);
      } else if ((f + 1) * 10 / frames > f * 10 / frames) {  // every tenth of the film
        std::printf("frame %3d/%d  %s\n", f + 1, frames, left.c_str());
        std::fflush(stdout);
      }
    }
  }
  report::write_whole(output, film->finish());
  std::printf("film     %s\n", output.c_str());
}

int render(const Arguments& arguments) {
  if (!arguments.output.empty()) check_output(arguments.output);
  const Task task = load_run_task(arguments.folder);
  check_camera(task, arguments.camera);
  const auto motions = record(arguments, task);
  try {
    if (arguments.output.extension() != ".webp")
      write_picture(arguments, task, motions,
                    arguments.output.empty() ? arguments.folder / "picture.png" : arguments.output);
    if (arguments.output.extension() != ".png")
      write_film(arguments, task, motions,
                 arguments.output.empty() ? arguments.folder / "film.webp" : arguments.output);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
  return 0;
}

CLI::Validator size_validator() {
  return CLI::Validator(
      [](const std::string& text) {
        return parse_size(text) ? std::string() : "'" + text + "' is not a size such as 960x720, of 16 to 8192 pixels";
      },
      "");
}

}  // namespace

Command add_render(CLI::App& program) {
  auto* app = program.add_subcommand("render", "Draw a run's trained policy at work, without a display.");
  const auto a = std::make_shared<Arguments>();
  app->add_option("DIR", a->folder, "Folder of a run (the --output of mdgps train)")->required()->type_name("");
  app->add_option("--output", a->output,
                  "FILE.png, a picture of the end, or FILE.webp, a film; one that exists is replaced (default: both, "
                  "DIR/picture.png and DIR/film.webp)")
      ->type_name("FILE");
  app->add_option("--conditions", a->conditions, "Conditions that are shown, with commas between (default: all)")
      ->type_name("I,...")
      ->delimiter(',')
      ->allow_extra_args(false);
  app->add_option("--camera", a->camera,
                  "A camera of the model (default: its first; where it has none, one with all motion in view)")
      ->type_name("NAME");
  app->add_option("--size", a->size, "Width and height in pixels (default: 960x720, for a film 640x480)")
      ->type_name("WxH")
      ->check(size_validator());
  app->add_option("--threads", a->threads, "Threads that draw; the files are the same for any number")
      ->type_name("N")
      ->check(CLI::Range(1, 1024).description(""))
      ->capture_default_str();
  app->footer(
      "The policy's mean actions are taken in each of the task's conditions, a tile for each. The line is the way of "
      "the\n"
      "point whose distance counts, the ring is round its target and as wide as success; both are faint where hidden.\n"
      "Example: mdgps render runs/peg-mdgps-local-global-seed1 --conditions 0,4,8 --output peg.webp");
  return {app, [a] { return render(*a); }};
}

}  // namespace mdgps

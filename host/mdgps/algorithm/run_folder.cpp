#include "mdgps/algorithm/run_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "mdgps/algorithm/files.hpp"
#include "mdgps/algorithm/metrics.hpp"
#include "mdgps/algorithm/tensorboard.hpp"

namespace mdgps {

namespace fs = std::filesystem;

/// The lock goes with the process, however that ends.
class RunFolder::Lock {
 public:
  explicit Lock(const fs::path& folder) : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      ::close(descriptor_);
      throw RunFolderError(folder.string() +
                           ": another process is training in it; wait for it, or choose another --output");
    }
  }
  Lock(const Lock&) = delete;
  ~Lock() { ::close(descriptor_); }

 private:
  int descriptor_;
};

namespace {

constexpr int kept_checkpoints = 2;
constexpr const char* events_file = "events.out.tfevents.mdgps";  // TensorBoard looks for "tfevents"

/// The tables beside metrics.csv.
struct SideTable {
  const char* file;
  std::string_view header;
  std::string (*rows)(const IterationReport& report);
};
constexpr SideTable tables[] = {{"paths.csv", paths_header, paths_rows},
                                {"step_sizes.csv", step_sizes_header, step_sizes_rows},
                                {"bounds.csv", bounds_header, bounds_rows},
                                {"divergences.csv", divergences_header, divergences_rows}};

struct Checkpoint {
  int iteration = 0;
  fs::path folder;
};

/// Oldest first.
std::vector<Checkpoint> checkpoints(const fs::path& folder) {
  std::vector<Checkpoint> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const auto name = entry.path().filename().string();
    int iteration = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), iteration);
    if (error == std::errc{} && end == name.data() + name.size()) found.push_back({iteration, entry.path()});
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.iteration < b.iteration; });
  return found;
}

std::string scene_json(const Task& task) {
  nlohmann::ordered_json geoms = nlohmann::ordered_json::array();
  for (const auto& geom : task.scene()) {
    geoms.push_back({{"type", geom.type},
                     {"size", geom.size},
                     {"position", geom.position},
                     {"rotation", geom.rotation},
                     {"rgba", geom.rgba}});
  }
  return nlohmann::ordered_json{{"up", "z"}, {"geoms", geoms}, {"target", task.target}}.dump() + "\n";
}

/// Cuts off the rows beyond an iteration, and a last row that was not written out. Returns how many remain.
int cut_rows(const fs::path& file, std::string_view header, int last_iteration) {
  const std::string text = fs::exists(file) ? read_text(file) : std::string();
  std::string kept(header);
  int rows = 0;
  if (text.starts_with(header)) {
    for (std::size_t begin = header.size(), end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
      int iteration = 0;
      std::from_chars(text.data() + begin, text.data() + end, iteration);
      if (iteration < 1 || iteration > last_iteration) continue;
      kept.append(text, begin, end + 1 - begin);
      ++rows;
    }
  }
  if (kept != text) write_file(file, kept);
  return rows;
}

double time_now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

/// By a new file, since a record that is written in part would hide those after it.
void add_events(const fs::path& file, const std::string& records) {
  write_file(file, (fs::exists(file) ? read_text(file) : event_file_start(time_now())) + records);
}

void save_policy(const TrainingRun& run, const fs::path& folder) {
  const fs::path file = folder / run.policy_file();
  const fs::path unfinished = file.string() + ".new";
  run.save_policy(unfinished);
  publish(unfinished, file);
}

}  // namespace

RunFolder::RunFolder(fs::path folder, std::unique_ptr<Lock> lock)
    : folder_(std::move(folder)), lock_(std::move(lock)) {}
RunFolder::RunFolder(RunFolder&&) noexcept = default;
RunFolder::~RunFolder() = default;

RunFolder RunFolder::create(const fs::path& folder, const Task& task) {
  std::error_code error;
  if (fs::exists(folder) && !fs::is_directory(folder)) {
    throw RunFolderError(folder.string() + ": is a file; choose another --output");
  }
  fs::create_directories(folder, error);
  if (error) {
    throw RunFolderError(folder.string() + ": cannot be made (" + error.message() + "); choose another --output");
  }
  RunFolder run(folder, std::make_unique<Lock>(folder));
  if (!fs::is_empty(folder)) {
    throw RunFolderError(folder.string() +
                         ": exists and is not empty; choose another --output, or go on with that run by --resume");
  }
  save_model(task, folder);
  write_file(folder / "scene.json", scene_json(task));
  for (const auto& table : tables) write_file(folder / table.file, table.header);
  write_file(folder / "metrics.csv", metrics_header);
  run.write_config(task);  // last: a folder that has it can be resumed
  return run;
}

RunFolder RunFolder::open(const fs::path& folder) {
  if (!fs::is_regular_file(folder / "config.toml")) {
    throw RunFolderError(folder.string() + ": there is no such run to resume; leave out --resume to start it");
  }
  return RunFolder(folder, std::make_unique<Lock>(folder));
}

void RunFolder::write_config(const Task& task) const { write_file(folder_ / "config.toml", mdgps::write_config(task)); }

void RunFolder::record(const IterationReport& report, const TrainingRun& run, const std::string& summary) const {
  for (const auto& table : tables) append_file(folder_ / table.file, table.rows(report));
  append_file(folder_ / "metrics.csv", metrics_rows(report));
  add_events(folder_ / events_file, iteration_events(report, time_now()));

  const fs::path all = folder_ / "checkpoint", unfinished = all / "unfinished";
  fs::remove_all(unfinished);
  fs::create_directories(unfinished);
  run.save(unfinished);
  write_file(unfinished / "summary.json", summary);
  char name[16];
  std::snprintf(name, sizeof name, "%04d", report.iteration);
  publish(unfinished, all / name);
  auto old = checkpoints(all);
  old.resize(old.size() - std::min<std::size_t>(old.size(), kept_checkpoints));
  for (const auto& checkpoint : old) fs::remove_all(checkpoint.folder);

  save_policy(run, folder_);
  write_file(folder_ / "summary.json", summary);
}

fs::path RunFolder::restore(TrainingRun& run, int conditions) const {
  auto candidates = checkpoints(folder_ / "checkpoint");
  std::string failure;
  while (!candidates.empty()) {
    try {
      run.load(candidates.back().folder);
      break;
    } catch (const std::runtime_error& error) {
      failure = error.what();
    }
    candidates.pop_back();
  }
  if (candidates.empty() && !failure.empty()) {
    throw RunFolderError((folder_ / "checkpoint").string() + ": no checkpoint loads (" + failure +
                         "); start anew with another --output");
  }
  for (const auto& damaged : checkpoints(folder_ / "checkpoint")) {
    if (candidates.empty() || damaged.iteration > candidates.back().iteration) fs::remove_all(damaged.folder);
  }

  const int iterations = candidates.empty() ? 0 : run.iteration();
  const int rows = cut_rows(folder_ / "metrics.csv", metrics_header, iterations);
  if (rows != iterations * conditions) {
    throw RunFolderError((folder_ / "metrics.csv").string() + ": has " + std::to_string(rows) + " rows of the first " +
                         std::to_string(iterations) + " iterations instead of " +
                         std::to_string(iterations * conditions) + "; start anew with another --output");
  }
  for (const auto& table : tables) cut_rows(folder_ / table.file, table.header, iterations);
  add_events(folder_ / events_file, event_restart(iterations, time_now()));
  if (candidates.empty()) return {};
  auto summary = candidates.back().folder / "summary.json";
  save_policy(run, folder_);
  write_file(folder_ / "summary.json", read_text(summary));
  return summary;
}

}  // namespace mdgps

#include "apps/mdgps/task_files.hpp"

#include <vector>

#include "apps/mdgps/commands.hpp"
#include "mdgps/simulation/task.hpp"

namespace mdgps {

namespace fs = std::filesystem;

fs::path tasks_folder() {
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error);
  const auto beside = (program.parent_path() / MDGPS_TASKS_RELATIVE).lexically_normal();
  return !error && fs::is_directory(beside) ? beside : fs::path(MDGPS_TASKS_SOURCE);
}

fs::path find_task_file(const std::string& task) {
  const auto tasks = find_tasks(tasks_folder());
  if (const auto found = tasks.find(task); found != tasks.end()) return found->second;
  if (fs::is_regular_file(task)) return task;
  if (fs::is_regular_file(fs::path(task) / "task.toml")) return fs::path(task) / "task.toml";
  std::vector<std::string> names;
  names.reserve(tasks.size());
  for (const auto& [name, file] : tasks) names.push_back(name);
  const auto near = nearest_word(task, names);
  throw UsageError(task + ": there is no such task or file; " +
                   (near.empty() ? "see `mdgps tasks` for the names, or give the path of a TOML file"
                                 : "did you mean '" + near + "'?"));
}

}  // namespace mdgps

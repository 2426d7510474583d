#pragma once
/// Where tasks are found by name.

#include <filesystem>
#include <string>

namespace mdgps {

/// The folder of the tasks that come with the program.
std::filesystem::path tasks_folder();

/// The file of a task that is given by name or by path. Throws UsageError with the nearest known name.
std::filesystem::path find_task_file(const std::string& task);

}  // namespace mdgps

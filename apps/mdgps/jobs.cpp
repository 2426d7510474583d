#include "apps/mdgps/jobs.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "apps/mdgps/commands.hpp"
#include "apps/mdgps/configuration.hpp"
#include "apps/mdgps/interrupt.hpp"
#include "apps/mdgps/task_files.hpp"
#include "apps/mdgps/validators.hpp"

extern char** environ;

namespace mdgps {
namespace {

namespace fs = std::filesystem;

fs::path log_file(const TrainingJob& job) { return job.folder.string() + ".log"; }

/// A folder in which no run has begun is in the way of one.
void clear_unused(const fs::path& folder) {
  if (fs::exists(folder) && !fs::exists(folder / "config.toml")) fs::remove_all(folder);
}

pid_t start(const TrainingJob& job) {
  clear_unused(job.folder);
  std::vector<std::string> words = {"mdgps", "train", job.task};
  for (const auto& change : job.changes) words.insert(words.end(), {"--set", change});
  for (const auto& word : {std::string("--output"), job.folder.string(), std::string("--iterations"),
                           std::to_string(job.iterations), std::string("--threads"), std::string("1")})
    words.push_back(word);
  if (fs::exists(job.folder / "config.toml")) words.push_back("--resume");
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  const auto log = log_file(job).string();
  posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  pid_t child = 0;
  const int error = posix_spawn(&child, "/proc/self/exe", &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) throw std::runtime_error(std::string("a run cannot be started: ") + std::strerror(error));
  return child;
}

std::string last_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string last;
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) last = line;
  return last;
}

/// The first child that ends, and its status. While none does, signals to this process are passed on.
std::pair<pid_t, int> wait_for_any(const std::map<pid_t, const TrainingJob*>& running) {
  bool passed_on = false;
  for (;;) {
    int status = 0;
    const pid_t child = ::waitpid(-1, &status, WNOHANG);
    if (child > 0) return {child, status};
    if (child < 0 && errno != EINTR) throw std::runtime_error("a run that was started is gone");
    if (interrupt_signal() != 0 && !passed_on) {
      for (const auto& [process, job] : running) ::kill(process, SIGTERM);
      passed_on = true;
    }
    const timespec pause{0, 50'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

}  // namespace

void check_folders(const std::vector<TrainingJob>& jobs) {
  for (const TrainingJob& job : jobs) {
    const auto config = job.folder / "config.toml";
    if (!fs::exists(config)) continue;
    const std::string remedy = "; choose another --output, or remove that folder";
    const Configuration wanted(find_task_file(job.task), job.changes, job.iterations);
    const auto found = differences(deciding_values(ConfigReader::open(config)), deciding_values(wanted.task.config));
    if (!found.empty())
      throw UsageError(job.folder.string() + ": holds a run whose " + found[0].key + " is " + found[0].value +
                       ", not " + found[0].other + remedy);
    if (!same_model(Configuration(config, {}, 0).task, wanted.task))
      throw UsageError(job.folder.string() + ": holds a run of another model" + remedy);
  }
}

bool finished(const TrainingJob& job) {
  std::ifstream stream(job.folder / "summary.json");
  if (!stream) return false;
  const auto summary = nlohmann::json::parse(stream, nullptr, false);
  return !summary.is_discarded() && summary.value("iterations", 0) >= job.iterations;
}

std::vector<fs::path> train_all(const std::vector<TrainingJob>& jobs, int processes) {
  catch_interrupts();
  const auto begin = std::chrono::steady_clock::now();
  std::vector<fs::path> failed;
  std::map<pid_t, const TrainingJob*> running;
  std::size_t next = 0, done = 0;
  while (next < jobs.size() || !running.empty()) {
    while (next < jobs.size() && static_cast<int>(running.size()) < processes && interrupt_signal() == 0) {
      const TrainingJob& job = jobs[next++];
      if (finished(job)) {
        ++done;
        continue;
      }
      fs::create_directories(job.folder.parent_path());
      running.emplace(start(job), &job);
    }
    if (running.empty()) break;
    const auto [child, status] = wait_for_any(running);
    const TrainingJob& job = *running.at(child);
    running.erase(child);
    if (interrupt_signal() != 0) continue;
    ++done;
    const bool ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!ok) failed.push_back(job.folder);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::printf("%zu/%zu  %6.0f s  %s%s%s\n", done, jobs.size(), seconds, job.folder.filename().c_str(),
                ok ? "" : "  FAILED: ", ok ? "" : last_line(log_file(job)).c_str());
    std::fflush(stdout);
  }
  return failed;
}

int report_end(const std::vector<fs::path>& failed) {
  for (const auto& folder : failed) std::printf("failed  %s.log tells why\n", folder.c_str());
  if (const int signal = interrupt_signal()) {
    std::printf("stopped by a signal; the same command goes on from here\n");
    return 128 + signal;
  }
  return failed.empty() ? 0 : 1;
}

void add_repetition_options(CLI::App& app, Repetition& repetition, const std::string& first_seed_help,
                            const std::string& example) {
  constexpr int most_seeds = 1000;
  app.add_option("--seeds", repetition.seeds, "Runs of each")
      ->type_name("N")
      ->check(CLI::Range(1, most_seeds).description(""))
      ->capture_default_str();
  app.add_option("--first-seed", repetition.first_seed, first_seed_help)
      ->type_name("S")
      ->check(seed_validator())
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max() - most_seeds).description(""))
      ->capture_default_str();
  app.add_option("--iterations", repetition.iterations, "Of each run")
      ->type_name("K")
      ->check(CLI::Range(1, 9999).description(""))
      ->capture_default_str();
  app.add_option("--jobs", repetition.jobs, "Runs at a time, of one thread each")
      ->type_name("J")
      ->check(CLI::Range(1, 4096).description(""))
      ->capture_default_str();
  app.footer("Runs of the same settings that are there count, and broken ones go on: the same command resumes.\n" +
             example);
}

}  // namespace mdgps

#include "apps/mdgps/interrupt.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace mdgps {
namespace {

std::atomic<int> received = 0;
static_assert(std::atomic<int>::is_always_lock_free);

void note(int signal) {
  constexpr char message[] = "\nstopping after this iteration; once more stops at once\n";
  received = signal;
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, message, sizeof message - 1);
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);  // the second one has its usual effect
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int interrupt_signal() { return received; }

}  // namespace mdgps

#pragma once
/// Ctrl-C, and the signal by which a job scheduler ends a program.

namespace mdgps {

/// From here on the first signal only asks to stop; a second one ends the program at once.
void catch_interrupts();

/// The signal that came, or 0.
int interrupt_signal();

}  // namespace mdgps

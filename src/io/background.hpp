#pragma once

#include "io/task.hpp"

namespace cloudshelf::io {

/// Runs a task for its own sake. An exception that leaves it is a bug: it is logged and ends the process, whose
/// supervisor starts it again. A program that goes on with one of its loops silently gone would be worse.
void run_in_background(Executor executor, Task<void> task);

}  // namespace cloudshelf::io

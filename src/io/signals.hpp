#pragma once

#include "io/task.hpp"

namespace cloudshelf::io {

/// Completes when the process is asked to end (SIGINT or SIGTERM); answers which.
Task<int> asked_to_end();

/// Runs a program's coroutine on a loop of one thread until it ends; its answer is the exit status. Ignores SIGPIPE
/// and SIGXFSZ: a write that meets a closed socket or a limit fails instead.
int run_program(Task<int> program);

}  // namespace cloudshelf::io

#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace cloudshelf::io {

/// Whom to run as. PostgreSQL refuses to run as root.
struct User {
    std::string name;  // empty: in no groups but `gid`
    uid_t uid = 0;
    gid_t gid = 0;

    /// Errors: "io.no-user".
    static Result<User> find(const std::string& name);
};

/// What a process may use: setrlimit(2) by its number (RLIMIT_NPROC, …), soft and hard.
struct ResourceLimit {
    int resource = 0;
    std::uint64_t value = 0;
};

struct SpawnOptions {
    std::vector<std::string> argv;           // argv[0] is the program, found on PATH when it has no slash
    std::map<std::string, std::string> env;  // added to, or replacing, what we have
    bool clean_env = false;                  // start from PATH, HOME, LANG=C.UTF-8 alone
    bool only_env = false;                   // start from nothing
    std::optional<User> run_as;              // root only: set user and groups before exec
    std::filesystem::path directory;         // empty: ours
    std::filesystem::path output;            // stdout and stderr are appended to this file; empty: /dev/null
    int output_descriptor = -1;              // stdout and stderr are this one instead; still the caller's to close
    bool new_session = true;                 // setsid: a Ctrl-C at our terminal is not the child's
    int death_signal = 0;                    // PR_SET_PDEATHSIG, 0 for none
    std::vector<ResourceLimit> limits;
    bool no_new_privileges = false;       // PR_SET_NO_NEW_PRIVS: no setuid program makes it more than it is
    std::filesystem::path control_group;  // a file cgroup.procs that it writes itself to; empty: stays in ours
};

/// Starts a program without a shell; no descriptor but 0, 1 and 2 is inherited, and no handler of a signal. Errors:
/// "io.spawn"; retryable when it was not the program that was refused.
///
/// The calling thread waits until the program has begun (vfork(2): nothing of our memory is copied, however much it
/// is); `death_signal` comes when that thread ends. With `run_as` this process is not dumpable from then on.
Result<pid_t> spawn(const SpawnOptions& options);

struct ProcessOutput {
    int status = 0;   // exit status; 128 + signal when a signal ended it
    std::string out;  // stdout, at most 16 MiB
    std::string err;  // stderr, at most 1 MiB
};

/// Runs a program to its end, or kills it (and its descendants) at the time limit. Blocking: not for the loop's thread.
/// Errors: "io.spawn", "io.timeout". A non-zero exit status is not an error here.
Result<ProcessOutput> run(const SpawnOptions& options, Duration limit);

/// All processes below `root` (not `root` itself), children before grandchildren, from /proc. Includes those that
/// sessions and process groups hide. `root` should be a subreaper, or orphans are missed.
std::vector<pid_t> descendants(pid_t root);

/// Makes this process adopt orphaned descendants (PR_SET_CHILD_SUBREAPER).
void become_subreaper();

/// SIGSTOPs, then SIGKILLs every descendant of `root`, again until none is left or the limit has passed; with
/// `and_root` also `root`. True when none is left (zombies that their parent has not reaped do not count).
enum class AndRoot : bool { no, yes };
bool kill_tree(pid_t root, AndRoot and_root, Duration limit);

/// Whether the environment that a process was started with has that variable ("NAME=value", or only how it begins).
/// False where it may not be read.
bool has_variable(pid_t pid, std::string_view begin);

/// The real user of a process, a zombie too, or nothing when there is none.
std::optional<uid_t> user_of(pid_t pid);

/// SIGSTOPs, then SIGKILLs every process but ourselves that `belongs`, again until none is left or the limit has
/// passed. For what a tree does not hold together: orphans. True when none is left.
bool kill_where(const std::function<bool(pid_t)>& belongs, Duration limit);

/// As many open files and connections as this process is allowed to ask for.
void raise_descriptor_limit();

/// Whether a process exists and is not a zombie.
bool is_running(pid_t pid);

/// Who listens on an address, as "postgres (pid 812)", or nothing when it is free. From /proc/net/tcp and udp.
std::optional<std::string> who_listens(const std::string& address, int port);

}  // namespace cloudshelf::io

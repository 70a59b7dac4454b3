#include "region/environments/sandbox.hpp"

#include "io/process.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace cloudshelf::functions {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// Threads' stacks and what the loader maps count as data too, and take nothing until they are used.
constexpr std::uint64_t data_beside_memory_bytes = 256ull << 20;

std::string lower(std::string text) {
    if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    return text;
}

std::unexpected<Error> no_sandbox(std::string_view what, int number) {
    return fail("functions.no-sandbox", fmt::format("{}: {}", what, std::strerror(number)));
}

/// Asked before, because root may execute what others may not.
Result<void> check_entrypoint(const fs::path& bootstrap, bool as_other) {
    struct stat about{};
    int number = ::stat(bootstrap.c_str(), &about) == 0 ? 0 : errno;
    if (number == 0 && !S_ISREG(about.st_mode)) number = EACCES;
    if (number == 0 && as_other && (about.st_mode & S_IXOTH) == 0) number = EACCES;
    if (number == 0 && (about.st_mode & 0111) == 0) number = EACCES;
    if (number == 0) return {};
    return fail("functions.entrypoint", lower(std::strerror(number)));
}

Result<void> make_folder(const fs::path& folder, std::optional<uid_t> user) {
    if (::mkdir(folder.c_str(), 0700) != 0) return no_sandbox(folder.string(), errno);
    if (user && ::chown(folder.c_str(), *user, static_cast<gid_t>(*user)) != 0)
        return no_sandbox(folder.string(), errno);
    return {};
}

std::vector<io::ResourceLimit> limits_of(const SandboxPlan& plan, bool in_group) {
    std::vector<io::ResourceLimit> limits{
        {.resource = RLIMIT_CORE, .value = 0},
        {.resource = RLIMIT_NOFILE, .value = plan.files_max},
        {.resource = RLIMIT_FSIZE, .value = plan.temporary_bytes_max},
    };
    // Of all processes of a user: ours has others.
    if (plan.user) limits.push_back({.resource = RLIMIT_NPROC, .value = plan.processes_max});
    if (!in_group)
        limits.push_back({.resource = RLIMIT_DATA, .value = (plan.memory_mib << 20) + data_beside_memory_bytes});
    return limits;
}

/// Starts the process with a pipe of its own for what it writes.
Result<void> start(Sandbox& sandbox) {
    const SandboxPlan& plan = sandbox.plan;
    int pipe[2];
    if (::pipe2(pipe, O_CLOEXEC) != 0) return no_sandbox("pipe", errno);
    io::SpawnOptions options{
        .argv = {plan.root / "bootstrap"},
        .env = plan.variables,
        .only_env = true,
        .directory = plan.root,
        .output_descriptor = pipe[1],
        .death_signal = SIGKILL,
        .limits = limits_of(plan, sandbox.group.has_value()),
        .no_new_privileges = true,
    };
    if (plan.user) options.run_as = io::User{.name = "", .uid = *plan.user, .gid = static_cast<gid_t>(*plan.user)};
    if (sandbox.group) options.control_group = sandbox.group->members();
    const auto started = io::spawn(options);
    ::close(pipe[1]);
    sandbox.output = pipe[0];
    ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
    if (!started) {
        const auto& why = started.error();
        const auto colon = why.message.rfind(": ");
        if (why.retryable) return fail("functions.no-sandbox", why.message);
        return fail("functions.entrypoint", lower(why.message.substr(colon + 2)));
    }
    sandbox.process = *started;
    sandbox.watch = static_cast<int>(::syscall(SYS_pidfd_open, *started, 0));
    if (sandbox.watch < 0) return no_sandbox("pidfd_open", errno);
    if (sandbox.group) sandbox.memory_used = ::open(sandbox.group->used_max_file().c_str(), O_RDONLY | O_CLOEXEC);
    return {};
}

void close_all(const Sandbox& sandbox) {
    for (const int descriptor : {sandbox.watch, sandbox.output, sandbox.memory_used}) {
        if (descriptor >= 0) ::close(descriptor);
    }
}

/// Whatever a function did to its permissions; only we are left, so nothing changes meanwhile.
void remove_folder(const fs::path& folder) {
    std::error_code failed;
    fs::remove_all(folder, failed);
    if (!failed) return;
    std::vector<fs::path> folders{folder};
    while (!folders.empty()) {
        const fs::path next = std::move(folders.back());
        folders.pop_back();
        fs::permissions(next, fs::perms::owner_all, failed);
        for (const auto& entry : fs::directory_iterator(next, failed)) {
            if (entry.symlink_status().type() == fs::file_type::directory) folders.push_back(entry.path());
        }
    }
    fs::remove_all(folder, failed);
}

std::string marker(const fs::path& temporary) {
    return "TMPDIR=" + temporary.string();
}

}  // namespace

Result<Sandbox> make_sandbox(SandboxPlan plan) {
    if (const auto usable = check_entrypoint(plan.root / "bootstrap", plan.user.has_value()); !usable)
        return fail(usable.error());
    if (const auto made = make_folder(plan.temporary, plan.user); !made) return fail(made.error());
    Sandbox sandbox{.plan = std::move(plan)};
    if (auto group = io::MemoryGroup::make(sandbox.plan.memory_mib << 20, sandbox.plan.group))
        sandbox.group.emplace(std::move(*group));
    if (const auto started = start(sandbox); !started) {
        close_all(sandbox);
        remove_sandbox(std::move(sandbox));
        return fail(started.error());
    }
    return sandbox;
}

void kill_tree_of(pid_t process) {
    io::kill_tree(process, io::AndRoot::yes, 2s);
}

Removed remove_sandbox(Sandbox sandbox) {
    Removed removed;
    const auto& plan = sandbox.plan;
    if (sandbox.process > 0) {
        ::kill(sandbox.process, SIGKILL);
        const auto belongs = [&](pid_t pid) {
            return plan.user ? io::user_of(pid) == plan.user : io::has_variable(pid, marker(plan.temporary));
        };
        removed.whole = io::kill_where(belongs, 2s);
        ::waitpid(sandbox.process, nullptr, 0);
    } else {
        removed.whole = true;
    }
    if (sandbox.group) removed.memory_kills = sandbox.group->killed();
    sandbox.group.reset();
    remove_folder(plan.temporary);
    return removed;
}

void remove_leftovers(
    const fs::path& environments, const std::string& groups_begin, uid_t users_first, std::size_t users
) {
    const std::string begin = marker(environments) + "/";
    const auto belongs = [&](pid_t pid) {
        const auto user = users_first == 0 ? std::nullopt : io::user_of(pid);
        const bool is_ours = user && *user >= users_first && *user - users_first < users;
        return is_ours || io::has_variable(pid, begin);
    };
    io::kill_where(belongs, 5s);
    io::MemoryGroup::remove_left(groups_begin);
    remove_folder(environments);
}

}  // namespace cloudshelf::functions

#include "io/process.hpp"

#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/lease_page.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cloudshelf::io {
namespace {

using namespace std::chrono_literals;
using testing::TemporaryFolder;

TEST(Process, RunsAndReportsStatus) {
    const auto output = run({.argv = {"sh", "-c", "echo out; echo err >&2; exit 7"}}, 5s);
    ASSERT_TRUE(output);
    EXPECT_EQ(output->status, 7);
    EXPECT_EQ(output->out, "out\n");
    EXPECT_EQ(output->err, "err\n");
}

TEST(Process, SaysWhenAProgramIsMissing) {
    const auto output = run({.argv = {"/no/such/program"}}, 5s);
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, "io.spawn");
}

TEST(Process, KillsAtTheLimit) {
    const auto before = now();
    const auto output = run({.argv = {"sleep", "60"}}, 50ms);
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, "io.timeout");
    EXPECT_LT(now() - before, 10s);
}

// Goal: a tree is killed whole, also what hides in sessions of its own. Method: a shell with a grandchild under setsid.
TEST(Process, KillsWholeTrees) {
    const TemporaryFolder folder;
    const auto pids = folder / "pids";
    const auto pid = spawn({.argv = {"sh", "-c", "setsid sleep 600 & echo $! > " + pids.string() + "; wait"}});
    ASSERT_TRUE(pid);
    std::string grandchild;
    for (const auto deadline = Deadline::after(5s); grandchild.empty() && !deadline.passed();) {
        grandchild = read_file(pids).value_or("");
    }
    const pid_t hidden = static_cast<pid_t>(std::stol(grandchild));
    EXPECT_TRUE(is_running(hidden));
    EXPECT_TRUE(kill_tree(*pid, AndRoot::yes, 5s));
    EXPECT_FALSE(is_running(hidden));
    ::waitpid(*pid, nullptr, 0);
}

// Goal: a program gets what it is given and nothing else. Method: a shell that tells its limits, variables, user and
// descriptors through a pipe.
TEST(Process, GivesLimitsVariablesAndADescriptor) {
    int pipe[2];
    ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
    const auto pid = spawn({
        .argv =
            {"/bin/sh",
             "-c",
             "ulimit -n; env | sort | grep -v -e ^PWD -e ^_ -e ^SHLVL; ls /proc/$$/fd | wc -l; grep NoNewPrivs "
             "/proc/$$/status"},
        .env = {{"ONLY", "this"}, {"PATH", "/usr/bin:/bin"}},
        .only_env = true,
        .output_descriptor = pipe[1],
        .limits = {{.resource = RLIMIT_NOFILE, .value = 77}},
        .no_new_privileges = true,
    });
    ::close(pipe[1]);
    ASSERT_TRUE(pid);
    std::string said;
    char buffer[4096];
    for (ssize_t count; (count = ::read(pipe[0], buffer, sizeof buffer)) > 0;)
        said.append(buffer, static_cast<std::size_t>(count));
    ::close(pipe[0]);
    ::waitpid(*pid, nullptr, 0);
    EXPECT_EQ(said, "77\nONLY=this\nPATH=/usr/bin:/bin\n3\nNoNewPrivs:\t1\n");
}

// Goal: a user that has no name is one too, and our own stays what it was. Method: a number; `id` tells.
TEST(Process, RunsAsANumber) {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root";
    const auto output = run({.argv = {"/bin/sh", "-c", "id -u; id -G"}, .run_as = User{"", 61234, 61234}}, 5s);
    ASSERT_TRUE(output);
    EXPECT_EQ(output->out, "61234\n61234\n");
    const auto daemon = User::find("daemon");
    ASSERT_TRUE(daemon);
    const auto named = run({.argv = {"/bin/sh", "-c", "id -un; id -gn"}, .run_as = *daemon}, 5s);
    ASSERT_TRUE(named);
    EXPECT_EQ(named->out, "daemon\ndaemon\n");
    EXPECT_EQ(::geteuid(), 0u);
}

TEST(Process, TellsARefusedProgramFromARefusedStart) {
    const auto missing = spawn({.argv = {"/no/such/program"}});
    ASSERT_FALSE(missing);
    EXPECT_FALSE(missing.error().retryable);
    const auto grouped = spawn({.argv = {"/bin/true"}, .control_group = "/no/such/group/cgroup.procs"});
    ASSERT_FALSE(grouped);
    EXPECT_TRUE(grouped.error().retryable);
}

// Goal: what left its tree is found by a variable that it was started with. Method: an orphan in a session of its own.
TEST(Process, KillsOrphansByWhatTheyWereStartedWith) {
    const std::string marker = "CLOUDSHELF_TEST_MARKER=" + std::to_string(::getpid());
    const auto mine = [&](pid_t pid) { return has_variable(pid, marker); };
    const auto output =
        run({.argv = {"sh", "-c", "setsid sleep 600 >/dev/null 2>&1 & echo $!"},
             .env = {{"CLOUDSHELF_TEST_MARKER", std::to_string(::getpid())}}},
            5s);
    ASSERT_TRUE(output);
    const auto orphan = static_cast<pid_t>(std::stol(output->out));
    EXPECT_TRUE(mine(orphan));
    EXPECT_EQ(user_of(orphan), ::geteuid());
    EXPECT_TRUE(kill_where(mine, 5s));
    EXPECT_FALSE(is_running(orphan));
}

TEST(File, ReplacesWhole) {
    const TemporaryFolder folder;
    ASSERT_TRUE(replace_file(folder / "f", "one", 0600));
    ASSERT_TRUE(replace_file(folder / "f", "two", 0600));
    EXPECT_EQ(read_file(folder / "f").value(), "two");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
    EXPECT_EQ(read_file(folder / "none").error().code, "io.no-file");
}

// Goal: a page without a living writer lets nobody write. Method: two mappings of one file; a torn write by hand.
TEST(LeasePage, ReadsWhatWasWrittenAndFencesWhatIsTorn) {
    const TemporaryFolder folder;
    auto writer = LeasePage::open(folder / "page");
    const auto reader = LeasePage::open(folder / "page");
    ASSERT_TRUE(writer && reader);
    EXPECT_FALSE(reader->may_write(now()));
    const TimePoint deadline = now() + 1h;
    writer->write({.state = WriteState::writing, .epoch = Epoch(7), .deadline = deadline});
    EXPECT_EQ(reader->read().epoch, Epoch(7));
    EXPECT_TRUE(reader->may_write(deadline - 1ns));
    EXPECT_FALSE(reader->may_write(deadline));
    writer->write({.state = WriteState::paused, .epoch = Epoch(7), .deadline = deadline});
    EXPECT_FALSE(reader->may_write(now()));

    writer->write({.state = WriteState::writing, .epoch = Epoch(7), .deadline = deadline});
    auto bytes = read_file(folder / "page").value();
    bytes[8] = static_cast<char>(bytes[8] | 1);  // the sequence is odd: its writer died in the middle
    {
        auto file = AppendFile::open(folder / "torn");
        ASSERT_TRUE(file && file->append(bytes, AppendFile::Sync::no));
    }
    const auto torn = LeasePage::open(folder / "torn");
    ASSERT_TRUE(torn);
    EXPECT_FALSE(torn->may_write(now()));
}

TEST(LeasePage, RefusesOtherFiles) {
    const TemporaryFolder folder;
    ASSERT_TRUE(replace_file(folder / "page", "something else entirely, and long enough for a page"));
    EXPECT_EQ(LeasePage::open(folder / "page").error().code, "io.lease-page");
}

}  // namespace
}  // namespace cloudshelf::io

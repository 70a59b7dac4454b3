#include "io/process.hpp"

#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/lease_page.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <sys/mman.h>
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

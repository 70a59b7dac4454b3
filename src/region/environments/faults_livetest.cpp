// Goal: whatever a function's process does costs one invocation at the most, is told as Lambda tells it, and leaves
// nothing. Method: a real process that does it; then the next invocation, and a look at processes, descriptors and
// folders. Both with users of their own and without.
#include "io/process.hpp"
#include "region/environments/site_test.hpp"

#include <boost/json.hpp>

#include <csignal>
#include <gmock/gmock.h>

namespace cloudshelf::functions {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::call;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::HostPtr;
using testing::Site;
using ::testing::StartsWith;
using testing::with_host;

std::size_t entries(const fs::path& folder) {
    std::error_code none;
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder, none), {}));
}

std::string text_in(const Outcome& outcome, const char* name) {
    boost::system::error_code bad;
    const auto value = boost::json::parse(outcome.payload, bad);
    if (bad || !value.is_object() || !value.get_object().contains(name)) return "(none) " + outcome.payload;
    return std::string(value.at(name).as_string());
}
std::string type_of(const Outcome& outcome) {
    return text_in(outcome, "errorType");
}
std::string message_of(const Outcome& outcome) {
    return text_in(outcome, "errorMessage");
}

class Faults : public ::testing::TestWithParam<bool> {
protected:
    Faults() {
        if (GetParam() && site.options.users_first == 0) skipped = true;
        if (!GetParam()) site.options.users_first = 0;
    }
    void SetUp() override {
        if (skipped) GTEST_SKIP() << "takes root";
    }
    /// What is left of this test's functions; the test itself has no such variable.
    std::vector<pid_t> processes() const {
        std::vector<pid_t> found;
        const std::string begin = "TMPDIR=" + (site.options.folder / "environments").string();
        for (const auto& entry : fs::directory_iterator("/proc")) {
            const pid_t pid = std::atoi(entry.path().filename().c_str());
            if (pid > 0 && io::has_variable(pid, begin) && io::is_running(pid)) found.push_back(pid);
        }
        return found;
    }
    void run(testing::Body body) {
        with_host(site.options, std::move(body));
        EXPECT_EQ(processes().size(), 0u);
        EXPECT_EQ(entries(site.options.folder / "environments"), 0u);
        EXPECT_EQ(io::MemoryGroup::count(groups_begin(site.options.folder)), 0u);
    }

    Site site;
    bool skipped = false;
};

/// Invokes once with the fault, once after it.
io::Task<Outcome> broken(HostPtr host, std::shared_ptr<Runnable> code, std::string payload) {
    auto outcome = co_await call(host, code, std::move(payload));
    EXPECT_EQ(outcome.function_error, "Unhandled");
    const auto next = co_await call(host, code, "echo well");
    EXPECT_EQ(next.payload, "well");
    co_return outcome;
}

TEST_P(Faults, TheProcessEnds) {
    auto code = site.probe();
    run([code](HostPtr host) -> io::Task<void> {
        const auto exited = co_await broken(host, code, "exit 3");
        EXPECT_EQ(type_of(exited), "Runtime.ExitError");
        EXPECT_THAT(message_of(exited), StartsWith("RequestId: 00000000-"));
        EXPECT_THAT(message_of(exited), EndsWith(" Error: Runtime exited with error: exit status 3"));
        EXPECT_THAT(
            exited.log, HasSubstr("Runtime exited with error: exit status 3\nRuntime.ExitError\nEND RequestId")
        );
        const auto crashed = co_await broken(host, code, fmt::format("signal {}", SIGSEGV));
        EXPECT_THAT(message_of(crashed), EndsWith("Runtime exited with error: signal: segmentation fault"));
        const auto aborted = co_await broken(host, code, fmt::format("signal {}", SIGABRT));
        EXPECT_THAT(message_of(aborted), EndsWith("Runtime exited with error: signal: aborted"));
        const auto quietly = co_await broken(host, code, "exit 0");
        EXPECT_THAT(message_of(quietly), EndsWith("Runtime exited without providing a reason"));
        EXPECT_EQ(host->metrics().errors_by_type.at("Runtime.ExitError"), 4u);
    });
}

TEST_P(Faults, TheProcessHangs) {
    auto code = site.probe();
    code->timeout = 300ms;
    run([code](HostPtr host) -> io::Task<void> {
        const auto began = io::now();
        const auto late = co_await broken(host, code, "late 60000");
        EXPECT_LT(io::now() - began, 5s);
        EXPECT_EQ(type_of(late), "Sandbox.Timeout");
        EXPECT_THAT(message_of(late), EndsWith("Task timed out after 0.30 seconds"));
        EXPECT_EQ(late.duration, 300ms);
        EXPECT_THAT(late.log, HasSubstr("Task timed out after 0.30 seconds"));
        EXPECT_EQ(host->metrics().timeouts, 1u);
    });
}

// Goal: an answer that comes after the time is over reaches nobody, least of all the next caller.
TEST_P(Faults, TheAnswerComesLate) {
    auto code = site.probe();
    code->timeout = 100ms;
    run([code](HostPtr host) -> io::Task<void> {
        for (int i = 0; i < 10; ++i) {
            const auto late = co_await call(host, code, "late 100");
            const auto next = co_await call(host, code, fmt::format("echo {}", i));
            EXPECT_EQ(next.payload, std::to_string(i));
            EXPECT_TRUE(late.payload == "late" || type_of(late) == "Sandbox.Timeout") << late.payload;
        }
    });
}

TEST_P(Faults, TheProcessUsesTheProtocolWrongly) {
    auto code = site.probe();
    code->timeout = 500ms;
    run([code](HostPtr host) -> io::Task<void> {
        const auto other = co_await call(host, code, "other-id mine");
        EXPECT_THAT(other.payload, StartsWith("400 {\"errorType\":\"InvalidRequestID\""));
        const auto again = co_await call(host, code, "next-again");
        EXPECT_EQ(again.payload, "403");
        const auto twice = co_await call(host, code, "twice");
        EXPECT_EQ(twice.payload, "first");
        const auto after_twice = co_await call(host, code, "echo well");
        EXPECT_EQ(after_twice.payload, "well");
        EXPECT_THAT(twice.log + after_twice.log, HasSubstr("second: 403"));
        EXPECT_EQ(host->metrics().environments_started, 1u);
        const auto garbage = co_await broken(host, code, "garbage");
        EXPECT_THAT(type_of(garbage), ::testing::AnyOf("Sandbox.Timeout", "Runtime.ExitError"));
        const auto closed = co_await broken(host, code, "close");
        EXPECT_THAT(type_of(closed), ::testing::AnyOf("Sandbox.Timeout", "Runtime.ExitError"));
    });
}

TEST_P(Faults, TheAnswerIsTooLarge) {
    auto code = site.probe();
    code->timeout = 10s;
    run([code](HostPtr host) -> io::Task<void> {
        const auto fits = co_await call(host, code, fmt::format("large {}", (6 << 20) + 100));
        EXPECT_EQ(fits.payload.size(), (6u << 20) + 100);
        for (const int bytes : {(6 << 20) + 101, 50 << 20}) {
            const auto large = co_await broken(host, code, fmt::format("large {}", bytes));
            EXPECT_EQ(type_of(large), "Function.ResponseSizeTooLarge");
            EXPECT_EQ(
                message_of(large), "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
            );
        }
        EXPECT_EQ(host->metrics().environments_started, 1u);
    });
}

TEST_P(Faults, TheProcessDoesNotComeUp) {
    run([this](HostPtr host) -> io::Task<void> {
        const auto exits = co_await call(host, site.probe("exits", "exit 5"), "x");
        EXPECT_EQ(type_of(exits), "Runtime.ExitError");
        EXPECT_THAT(message_of(exits), EndsWith("exit status 5"));
        const auto says_so = co_await call(host, site.probe("says", "error"), "x");
        EXPECT_EQ(says_so.function_error, "Unhandled");
        EXPECT_EQ(says_so.payload, R"({"errorMessage":"no luck","errorType":"Probe.NoLuck","stackTrace":[]})");
        while (host->metrics().ending > 0) co_await io::wait_for(1ms);
        EXPECT_EQ(host->metrics().environments_started, 4u);  // each is tried twice
    });
}

TEST_P(Faults, TheProcessComesUpTheSecondTime) {
    fs::create_directory(site.folder / "open");
    fs::permissions(site.folder / "open", fs::perms(0777));
    auto code = site.probe("once", "once " + (site.folder / "open" / "was-here").string());
    run([code](HostPtr host) -> io::Task<void> {
        const auto answer = co_await call(host, code, "echo up");
        EXPECT_EQ(answer.payload, "up");
    });
}

TEST_P(Faults, TheProcessIsSlowToComeUp) {
    site.options.init_limit = 100ms;
    auto slow = site.probe("slow", "slow 300");
    auto hangs = site.probe("hangs", "hang");
    hangs->timeout = 300ms;
    run([slow, hangs](HostPtr host) -> io::Task<void> {
        const auto up = co_await call(host, slow, "echo up");  // within its time-out, the second time
        EXPECT_EQ(up.payload, "up");
        const auto down = co_await call(host, hangs, "x");
        EXPECT_EQ(type_of(down), "Sandbox.Timeout");
        EXPECT_THAT(message_of(down), EndsWith("Task timed out after 0.30 seconds"));
    });
}

TEST_P(Faults, ThereIsNothingToRun) {
    auto missing = site.probe("missing");
    missing->root = site.package("missing", [](const fs::path&) {});
    auto unusable = site.probe("unusable");
    unusable->root =
        site.package("unusable", [](const fs::path& bootstrap) { std::ofstream(bootstrap) << "#!/bin/sh"; });
    auto interpreter = site.probe("interpreter");
    interpreter->root = site.script("interpreter", "#!/no/such/interpreter\n");
    auto garbled = site.probe("garbled");
    garbled->root = site.script(
        "garbled",
        std::string("\x7f"
                    "ELF and no more")
    );
    run([=](HostPtr host) -> io::Task<void> {
        for (const auto& [code, why] :
             {std::pair{missing, "no such file or directory"},
              {unusable, "permission denied"},
              {interpreter, "no such file or directory"},
              {garbled, "exec format error"}}) {
            const auto answer = co_await call(host, code, "x");
            EXPECT_EQ(type_of(answer), "Runtime.InvalidEntrypoint") << code->function;
            EXPECT_THAT(message_of(answer), EndsWith(why)) << code->function;
        }
    });
}

TEST_P(Faults, TheProcessWantsMoreMemory) {
    auto code = site.probe();
    code->memory_mib = 128;
    code->timeout = 20s;
    run([code](HostPtr host) -> io::Task<void> {
        const auto fits = co_await call(host, code, "allocate 60");
        EXPECT_EQ(fits.payload, "allocated");
        EXPECT_GE(fits.memory_max_mib, 60u);
        const auto large = co_await broken(host, code, "allocate 1000");
        EXPECT_EQ(type_of(large), "Runtime.ExitError");
        // The kernel's end where there is a control group, a failed allocation where there is none.
        EXPECT_THAT(message_of(large), ::testing::AnyOf(EndsWith("signal: killed"), EndsWith("signal: aborted")));
    });
}

TEST_P(Faults, ChildrenStay) {
    auto code = site.probe();
    run([this, code](HostPtr host) -> io::Task<void> {
        const auto forked = co_await call(host, code, "children 5");
        EXPECT_GE(processes().size(), 6u);
        const auto next = co_await call(host, code, "count");
        EXPECT_EQ(next.payload, "2");
        static_cast<void>(co_await call(host, code, "exit 1"));
        for (const auto limit = io::Deadline::after(5s); !processes().empty() && !limit.passed();)
            co_await io::wait_for(5ms);
        EXPECT_EQ(processes().size(), 0u);
    });
}

TEST_P(Faults, TheLogHasNoEnd) {
    site.options.log_bytes_max = 100'000;
    auto code = site.probe("flood");
    auto neighbour = site.probe("neighbour");
    code->timeout = 1s;
    run([code, neighbour](HostPtr host) -> io::Task<void> {
        static_cast<void>(co_await call(host, neighbour, "echo up"));
        auto flooding = broken(host, code, "flood");
        bool flooded = false;
        boost::asio::co_spawn(
            co_await boost::asio::this_coro::executor,
            std::move(flooding),
            [&](std::exception_ptr, Outcome outcome) {
                flooded = true;
                EXPECT_EQ(type_of(outcome), "Sandbox.Timeout");
                EXPECT_EQ(outcome.log.size(), 4096u);
            }
        );
        Duration longest{};
        while (!flooded) {
            const auto began = io::now();
            const auto answer = co_await call(host, neighbour, "echo well");
            EXPECT_EQ(answer.payload, "well");
            longest = std::max(longest, io::now() - began);
            co_await io::wait_for(5ms);
        }
        EXPECT_LT(longest, 500ms);
    });
    EXPECT_LE(fs::file_size(site.options.folder / "logs" / "flood.log"), 100'000u);
    EXPECT_LE(entries(site.options.folder / "logs"), 4u);
}

TEST_P(Faults, TheFolderIsFilled) {
    site.options.temporary_bytes_max = 5 << 20;
    auto code = site.probe();
    run([code](HostPtr host) -> io::Task<void> {
        const auto filled = co_await call(host, code, "fill 50");
        EXPECT_EQ(filled.payload, "5");
        const auto next = co_await call(host, code, "echo well");
        EXPECT_EQ(next.payload, "well");
    });
}

TEST_P(Faults, TheFolderIsLocked) {
    auto code = site.probe();
    run([code](HostPtr host) -> io::Task<void> {
        const auto locked = co_await call(host, code, "lock");
        EXPECT_EQ(locked.payload, "locked");
    });
}

TEST_P(Faults, TheProcessStopsItself) {
    auto code = site.probe();
    code->timeout = 200ms;
    run([code](HostPtr host) -> io::Task<void> {
        const auto stopped = co_await broken(host, code, "stop-itself");
        EXPECT_EQ(type_of(stopped), "Sandbox.Timeout");
    });
}

TEST_P(Faults, TheProcessForksWithoutEnd) {
    site.options.processes_max = 40;
    auto code = site.probe();
    code->timeout = 10s;
    run([this, code](HostPtr host) -> io::Task<void> {
        const auto forked = co_await call(host, code, "fork-bomb 100");
        EXPECT_EQ(forked.payload, site.options.users_first == 0 ? "100" : "39");
        const auto ended = co_await broken(host, code, "exit 1");
        EXPECT_EQ(type_of(ended), "Runtime.ExitError");
    });
}

// Goal: an environment that ends, or does not ask, between two invocations costs neither of them.
TEST_P(Faults, TheProcessEndsBetweenInvocations) {
    site.options.rest_limit = 50ms;
    auto code = site.probe();
    run([code](HostPtr host) -> io::Task<void> {
        for (int i = 0; i < 20; ++i) {
            const auto answer = co_await call(host, code, "answer-and-exit 1");
            EXPECT_EQ(answer.payload, "bye") << i;
        }
        const auto rests = co_await call(host, code, "answer-and-rest 600");
        EXPECT_EQ(rests.payload, "resting");
        const auto meanwhile = co_await call(host, code, "echo elsewhere");
        EXPECT_EQ(meanwhile.payload, "elsewhere");
        EXPECT_EQ(host->metrics().errors_by_type.size(), 0u);
    });
}

// Goal: hundreds of failures leave no process, no descriptor, no folder and no group, and a neighbour notices nothing.
TEST_P(Faults, ManyInARow) {
    auto code = site.probe();
    code->timeout = 50ms;
    auto forking = site.probe("forking");
    auto neighbour = site.probe("neighbour");
    run([this, code, forking, neighbour](HostPtr host) -> io::Task<void> {
        const auto pid = co_await call(host, neighbour, "pid");
        static_cast<void>(co_await call(host, code, "exit 1"));
        const auto settled = [&] { return host->metrics().ending == 0; };
        while (!settled()) co_await io::wait_for(1ms);
        const auto before = entries("/proc/self/fd");
        for (int i = 0; i < 200; ++i) {
            const std::string fault = i % 4 == 0 ? "late 60000" : "exit 1";
            const auto failed = co_await call(host, code, fault);
            EXPECT_TRUE(failed.function_error) << failed.payload;
            if (i % 4 == 1) {
                const auto forked = co_await call(host, forking, "children 2");
                EXPECT_FALSE(forked.function_error) << forked.payload;
                host->retire("forking", "$LATEST", "");
            }
            const auto well = co_await call(host, neighbour, "pid");
            EXPECT_EQ(well.payload, pid.payload);
        }
        while (!settled()) co_await io::wait_for(1ms);
        EXPECT_EQ(entries("/proc/self/fd"), before);
        EXPECT_EQ(processes().size(), 1u);
        EXPECT_EQ(entries(site.options.folder / "environments"), 1u);
        EXPECT_EQ(host->metrics().users_lost, 0u);
    });
}

// Goal: what a host that was killed left is gone before another begins. Method: an orphan with its mark, and a folder.
TEST_P(Faults, TheHostItselfWasKilled) {
    const auto left = site.options.folder / "environments" / "1-1";
    fs::create_directories(left / "deep" / "er");
    std::ofstream(left / "deep" / "file") << "x";
    const auto orphan = io::spawn({.argv = {"sleep", "600"}, .env = {{"TMPDIR", left.string()}}});
    ASSERT_TRUE(orphan);
    for (const auto limit = io::Deadline::after(5s); processes().empty() && !limit.passed();) {  // it is being made
    }
    auto code = site.probe();
    run([code, orphan, left](HostPtr host) -> io::Task<void> {
        EXPECT_FALSE(io::is_running(*orphan));
        EXPECT_FALSE(fs::exists(left));
        const auto answer = co_await call(host, code, "echo well");
        EXPECT_EQ(answer.payload, "well");
    });
    ::waitpid(*orphan, nullptr, 0);
}

INSTANTIATE_TEST_SUITE_P(, Faults, ::testing::Values(true, false), [](const auto& info) {
    return info.param ? "UsersOfTheirOwn" : "OneUser";
});

}  // namespace
}  // namespace cloudshelf::functions

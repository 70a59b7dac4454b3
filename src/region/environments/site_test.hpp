#pragma once

#include "io/clock.hpp"
#include "region/environments/host.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <unistd.h>

namespace cloudshelf::functions::testing {

namespace fs = std::filesystem;

/// A host with a folder of its own, and packages for it.
class Site {
public:
    Site() {
        fs::permissions(folder.path(), fs::perms(0755));  // users of functions pass through it
        options.folder = folder / "host";
        options.init_limit = std::chrono::seconds(2);
        options.rest_limit = std::chrono::seconds(5);  // a machine with other work is no fault
        // Tests of another worktree or folder may run beside these.
        if (::geteuid() == 0) options.users_first = 1'000'000 + static_cast<uid_t>(::getpid()) * 1000;
        package("probe", [](const fs::path& bootstrap) { fs::copy_file(PROBE, bootstrap); });
    }

    /// A function's package; `fill` writes its `bootstrap`.
    fs::path package(const std::string& name, const std::function<void(const fs::path&)>& fill) {
        const auto root = folder / "packages" / name;
        fs::create_directories(root);
        fs::permissions(root.parent_path(), fs::perms(0755));
        fill(root / "bootstrap");
        return root;
    }
    fs::path script(const std::string& name, const std::string& text) {
        return package(name, [&](const fs::path& bootstrap) {
            std::ofstream(bootstrap) << text;
            fs::permissions(bootstrap, fs::perms(0755));
        });
    }

    std::shared_ptr<Runnable> probe(const std::string& function = "probe", const std::string& handler = "") const {
        auto code = std::make_shared<Runnable>();
        code->function = function;
        code->version = "$LATEST";
        code->revision = "r1";
        code->root = folder / "packages" / "probe";
        code->handler = handler;
        return code;
    }

    static Invocation invocation(std::string payload) {
        static int number = 0;
        return {
            .request_id = fmt::format("00000000-0000-4000-8000-{:012}", ++number),
            .arn = "arn:aws:lambda:us-east-1:000000000000:function:probe",
            .payload = std::move(payload),
            .trace_id = "Root=1-5759e988-bd862e3fe1be46a994272793",
            .wants_log = true,
        };
    }

    cloudshelf::testing::TemporaryFolder folder;
    HostOptions options;
};

using HostPtr = std::shared_ptr<Host>;

/// Runs a test's body with a host, and stops it after it.
using Body = std::function<io::Task<void>(HostPtr)>;

inline io::Task<void> run_and_stop(HostOptions options, Body body) {
    const auto executor = co_await boost::asio::this_coro::executor;
    auto host = Host::open(executor, std::move(options));
    if (!host) {
        ADD_FAILURE() << host.error().message;
        co_return;
    }
    co_await body(*host);
    co_await (*host)->stop(io::Deadline::after(std::chrono::seconds(1)));
}

inline void with_host(HostOptions options, Body body, std::chrono::seconds limit = std::chrono::seconds(60)) {
    cloudshelf::testing::run(run_and_stop(std::move(options), std::move(body)), limit);
}

/// What a function answered, or what was wrong.
inline io::Task<Outcome> call(HostPtr host, std::shared_ptr<Runnable> code, std::string payload) {
    auto invocation = Site::invocation(std::move(payload));
    auto outcome = co_await host->invoke(code, std::move(invocation));
    if (outcome) co_return std::move(*outcome);
    Outcome refused;
    refused.payload = outcome.error().code;
    refused.function_error = "refused";
    co_return refused;
}

}  // namespace cloudshelf::functions::testing

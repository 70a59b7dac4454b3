#pragma once

#include "core/ledger.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/http.hpp"
#include "io/process.hpp"
#include "plan/load.hpp"
#include "twin/call.hpp"
#include "twin/twin.hpp"
#include "workload/report.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace cloudshelf {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

inline const std::string program = BIN "/cloudshelf";
inline const std::string plan_file = SOURCE_ROOT "/plans/cloudshelf.yaml";

inline bool eventually(Duration limit, const std::function<bool()>& holds) {
    for (const auto deadline = io::Deadline::after(limit); !deadline.passed(); std::this_thread::sleep_for(50ms)) {
        if (holds()) return true;
    }
    return false;
}

/// Each test has a twin of its own, in a folder and on addresses of its own, and leaves nothing behind.
class TwinTest : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/var/tmp/cloudshelf-twin-XXXXXX";
        folder_ = ::mkdtemp(name);
        fs::permissions(folder_, fs::perms(0755));
        // Apart from every other twin of this machine, also when two test runs go on at once.
        base_ = 70 + static_cast<int>(::getpid() % 30) * 5;
    }
    void TearDown() override {
        run({"down"});
        EXPECT_TRUE(eventually(10s, [&] { return left_behind().empty(); })) << left_behind();
        fs::remove_all(folder_);
    }

    /// The program's command line, for this test's twin.
    std::vector<std::string> command(std::vector<std::string> arguments) const {
        std::vector<std::string> argv = {program};
        argv.insert(argv.end(), arguments.begin(), arguments.end());
        argv.insert(argv.end(), {"--plan", plan_, "--data", folder_ / "twin", "--network-base", std::to_string(base_)});
        return argv;
    }
    io::ProcessOutput run(
        std::vector<std::string> arguments, std::map<std::string, std::string> env = {}, Duration limit = 150s
    ) {
        auto output = io::run({.argv = command(std::move(arguments)), .env = std::move(env)}, limit);
        EXPECT_TRUE(output) << (output ? "" : output.error().message);
        return output.value_or(io::ProcessOutput{.status = -1});
    }
    /// Starts it and does not wait; what it says goes to a file in the test's folder. Answers its pid, 0 for none.
    pid_t begin(std::vector<std::string> arguments, const std::string& log) {
        const auto started = io::spawn({.argv = command(std::move(arguments)), .output = folder_ / log});
        EXPECT_TRUE(started) << (started ? "" : started.error().message);
        return started.value_or(0);
    }
    json::value status() {
        boost::system::error_code bad;
        json::value value = json::parse(run({"status", "--json"}).out, bad);
        return bad ? json::value(json::object{}) : value;
    }
    std::string at(const char* pointer) {
        boost::system::error_code none;
        const json::value value = status();
        const auto* found = value.find_pointer(pointer, none);
        return !found ? "" : found->is_string() ? std::string(found->as_string()) : json::serialize(*found);
    }
    bool in_step() { return at("/lease/sync") == "in-step"; }
    /// Processes that belong to this test's folder.
    std::string left_behind() const {
        std::string found;
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
            const auto command = io::read_file(entry.path() / "cmdline");
            if (!command || command->find(folder_.string()) == std::string::npos) continue;
            const auto pid = static_cast<pid_t>(std::strtol(entry.path().filename().c_str(), nullptr, 10));
            if (pid > 0 && pid != ::getpid() && io::is_running(pid)) found += entry.path().string() + " ";
        }
        return found;
    }
    pid_t process(const std::string& site, const std::string& what) const {
        for (const auto& entry : fs::directory_iterator("/proc")) {
            const auto command = io::read_file(entry.path() / "cmdline");
            if (!command || command->find((folder_ / "twin" / site).string()) == std::string::npos) continue;
            if (command->find(what) == std::string::npos || command->find("twin-site") != std::string::npos) continue;
            return static_cast<pid_t>(std::strtol(entry.path().filename().c_str(), nullptr, 10));
        }
        return 0;
    }

    /// The site whose controller leads, as whoever answers sees it.
    std::string leader() {
        const json::value now = status();
        const auto* controllers = now.is_object() ? now.as_object().if_contains("controllers") : nullptr;
        if (controllers == nullptr) return {};
        for (const auto& [site, seen] : controllers->as_object()) {
            if (seen.at("leads").as_bool()) return site;
        }
        return {};
    }

    // --- customers, in the background -------------------------------------------------------------------------------

    void open_shop(int rate) {
        customers_ = begin(
            {"shop", "--rate", std::to_string(rate), "--for", "10m", "--audit", "--ledger", ledger()}, "shop.log"
        );
        ASSERT_GT(customers_, 0);
        ASSERT_TRUE(eventually(60s, [&] { return writes() > 20; })) << io::read_file(folder_ / "shop.log").value_or("");
    }
    fs::path ledger() const { return folder_ / "ledger.jsonl"; }
    std::uint64_t writes() const {
        const auto live = io::read_file(ledger().string() + ".live.json");
        boost::system::error_code bad;
        const json::value value = live ? json::parse(*live, bad) : json::value();
        return !bad && value.is_object() ? value.at("acknowledged_writes").to_number<std::uint64_t>() : 0;
    }
    bool more_writes(std::uint64_t count) const {
        const auto before = writes();
        return eventually(30s, [&] { return writes() > before + count; });
    }
    /// The shop closes and reads everything back. Answers what is not there as it should be.
    json::array close_shop() {
        ::kill(customers_, SIGTERM);
        int ended = -1;
        EXPECT_TRUE(eventually(90s, [&] { return ::waitpid(customers_, &ended, WNOHANG) == customers_; }));
        const auto audit = io::read_file(ledger().string() + ".audit.json", 256u << 20);
        EXPECT_TRUE(audit) << io::read_file(folder_ / "shop.log").value_or("");
        return audit ? json::parse(*audit).at("bad").as_array() : json::array{};
    }
    /// Whatever happened: no order and no payment is gone, nothing is there twice or wrong, and at no time could two
    /// regions write. What is missing was acknowledged without the standby, which was promised for ratings and
    /// sign-ups.
    void expect_safe(const json::array& bad) {
        for (const auto& entry : bad) {
            EXPECT_EQ(entry.at("found").as_string(), "missing") << json::serialize(entry);
            EXPECT_NE(entry.at("service").as_string(), "payments") << json::serialize(entry);
        }
        std::vector<core::WriterInterval> intervals;
        for (const auto& region : layout().regions()) {
            const auto lines = io::read_file(region.directory / "agent" / "writer-intervals.jsonl");
            if (!lines) continue;
            const auto more = workload::parse_intervals(*lines, io::now());
            intervals.insert(intervals.end(), more.begin(), more.end());
        }
        EXPECT_EQ(core::writer_overlap(intervals).count(), 0);
        const auto text = io::read_file(ledger(), 1u << 30);
        ASSERT_TRUE(text);
        EXPECT_EQ(core::acknowledgement_overlap(workload::writes_seen(workload::parse_ledger(*text))).count(), 0);
    }
    twin::Layout layout() const {
        const auto text = io::read_file(plan_);
        auto loaded = plan::load(text.value_or(""), plan_);
        auto laid_out = twin::lay_out(folder_ / "twin", base_, std::move(*loaded));
        return *laid_out;
    }
    /// A call to an agent with the sites' own token: what a stale controller would send.
    Result<json::value> tell_agent(const std::string& region, const std::string& what, json::value body) {
        const auto twin = layout();
        const auto site = twin.site(region);
        const auto token = twin::site_token(twin);
        if (!site || !token) return fail("test", "no such site");
        return twin::call({
            .to = twin::agent_endpoint(twin, *site),
            .method = "POST",
            .target = "/v1/" + what,
            .token = *token,
            .body = std::move(body),
        });
    }
    /// A customer's request to one region's shop; status 0: nobody answered.
    io::HttpResponse shop(
        const std::string& region,
        const std::string& method,
        const std::string& target,
        const std::string& body = "",
        const std::string& session = ""
    ) {
        io::HttpRequest request{.method = method, .target = target, .body = body};
        if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
        if (!session.empty()) request.headers.emplace_back("Authorization", "Bearer " + session);
        const io::Endpoint gateway{layout().site(region)->address, twin::Ports::gateway};
        io::HttpResponse answered{.status = 0};
        boost::asio::io_context loop;
        const auto ask = [&]() -> io::Task<void> {
            io::HttpClient client(loop.get_executor());
            auto answer = co_await client.send(gateway, request, io::Deadline::after(5s));
            if (answer) answered = std::move(*answer);
        };
        boost::asio::co_spawn(loop, ask(), boost::asio::detached);
        loop.run();
        return answered;
    }
    bool fenced(const std::string& region) const { return fs::exists(folder_ / "twin" / region / "fences.jsonl"); }

    fs::path folder_;
    pid_t customers_ = 0;
    int base_ = 70;
    std::string plan_ = plan_file;
};

}  // namespace cloudshelf

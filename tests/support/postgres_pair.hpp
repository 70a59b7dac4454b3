#pragma once

// Two regions' PostgreSQL for tests, each behind its own fencer, in a temporary folder; everything is gone afterwards.
// The test plays the agents: it holds the lease pages, and a thread renews them until told otherwise.

#include "drivers/postgres/cluster.hpp"
#include "drivers/postgres/observer.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/lease_page.hpp"
#include "io/process.hpp"
#include "support/authority.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace cloudshelf::testing {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// Polls until it holds or the limit has passed.
template <class Condition>
bool eventually(Condition condition, Duration limit = 20s) {
    for (const auto deadline = io::Deadline::after(limit); !deadline.passed(); std::this_thread::sleep_for(2ms)) {
        if (condition()) return true;
    }
    return condition();
}

/// One region: a folder, a lease page, a fencer, a cluster.
struct PostgresSite {
    static constexpr Duration lease = 2s;

    PostgresSite(
        const fs::path& root,
        std::string name,
        std::string other,
        std::string address,
        std::vector<std::string> fencer_argv,
        const Authority& authority
    )
        : folder(root / name),
          address{.host = std::move(address), .port = 5432, .name = io::site_host_name(name)},
          fencer_command(std::move(fencer_argv)) {
        fs::create_directories(folder / "data");
        const std::string user = ::geteuid() == 0 ? "postgres" : "";
        const postgres::ClusterOptions options{
            .pgdata = folder / "pgdata",
            .pgconf = folder / "pgconf",
            .socket_dir = folder / "pgsocket",
            .secrets = root / "secrets",
            .fencer_socket = folder / "fencer.sock",
            .data = folder / "data",
            .listen = this->address,
            .region = RegionName(name),
            .peer = RegionName(other),
            .user = user,
            .tls = authority.issue(name),
        };
        cluster.emplace(options);
        observer.emplace(options);
        page.emplace(std::move(*io::LeasePage::open(folder / "lease.page")));
        start_fencer();
        renewer = std::thread([this] {
            while (!ending) {
                {
                    const std::scoped_lock lock(guard);
                    if (renewing) renew();
                }
                std::this_thread::sleep_for(50ms);
            }
        });
    }
    PostgresSite(const PostgresSite&) = delete;
    PostgresSite& operator=(const PostgresSite&) = delete;

    ~PostgresSite() {
        ending = true;
        renewer.join();
        end_fencer(SIGTERM);
    }

    void start_fencer() {
        io::SpawnOptions options;
        const std::vector<std::string> usual = {
            "--lease-page",
            folder / "lease.page",
            "--pgdata",
            folder / "pgdata",
            "--pgconf",
            folder / "pgconf",
            "--socket",
            folder / "fencer.sock",
            "--log",
            folder / "postgres.log",
            "--fences",
            folder / "fences.jsonl",
            "--margin-ms",
            "150",
            "--user",
            ::geteuid() == 0 ? "postgres" : "",
        };
        options.argv = fencer_command;
        options.argv.insert(options.argv.end(), usual.begin(), usual.end());
        options.output = folder / "fencer.log";
        options.death_signal = SIGKILL;  // a test that crashes leaves nothing
        fencer = io::spawn(options).value_or(-1);
        EXPECT_TRUE(eventually([this] { return fs::exists(folder / "fencer.sock"); }));
    }

    /// Sends the signal, and waits until the fencer is gone.
    void end_fencer(int signal) {
        if (fencer <= 0) return;
        ::kill(fencer, signal);
        ::waitpid(fencer, nullptr, 0);
        fencer = -1;
        std::error_code ignored;
        fs::remove(folder / "fencer.sock", ignored);
    }

    /// Writes are allowed here from now on, until `let_lapse`.
    void write(Epoch at) {
        const std::scoped_lock lock(guard);
        epoch = at;
        renewing = true;
        renew();
    }
    /// As when the agent is stopped: the page simply stays as it is. Answers the deadline in it.
    TimePoint let_lapse() {
        const std::scoped_lock lock(guard);
        renewing = false;
        return page->read().deadline;
    }

    /// As when the agent learns that it is no writer any more.
    void fence() {
        const std::scoped_lock lock(guard);
        renewing = false;
        page->write({.state = io::WriteState::fenced, .epoch = epoch, .deadline = io::now()});
    }

    Result<postgres::Connection> connect(const std::string& user = "bookstore", std::string options = "") const {
        const auto secret =
            io::read_file(folder.parent_path() / "secrets" / ("postgres-" + short_name(user) + ".password"));
        std::map<std::string, std::string> parameters{
            {"user", user},
            {"password", secret.value_or("")},
            {"dbname", "cloudshelf"},
            {"port", std::to_string(address.port)},
            {"host", user == "cloudshelf_admin" ? (folder / "pgsocket").string() : address.host},
        };
        if (!options.empty()) parameters["options"] = std::move(options);
        return postgres::Connection::open(parameters, 3s);
    }

    /// One statement on a connection of its own; the first field of the first row.
    Result<std::string> ask(const std::string& sql, const std::string& user = "bookstore") const {
        auto connection = connect(user);
        if (!connection) return fail(connection.error());
        const auto answer = connection->execute(sql);
        if (!answer) return fail(answer.error());
        return answer->rows.empty() ? "" : answer->rows[0].at(0).value_or("");
    }

    /// Processes of this cluster, by their working folder: whoever their parent is.
    std::vector<pid_t> processes() const {
        std::vector<pid_t> found;
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
            const pid_t pid = static_cast<pid_t>(std::strtol(entry.path().filename().c_str(), nullptr, 10));
            std::error_code unreadable;
            if (pid > 0 && fs::read_symlink(entry.path() / "cwd", unreadable) == folder / "pgdata")
                found.push_back(pid);
        }
        return found;
    }
    /// The postmaster, by our own process numbers: the one whose parent is not of the cluster.
    pid_t postmaster() const {
        const auto all = processes();
        for (const pid_t pid : all) {
            const auto below = io::descendants(pid);
            if (below.size() + 1 == all.size()) return pid;
        }
        return 0;
    }

    static std::string short_name(const std::string& user) { return user == "cloudshelf_admin" ? "admin" : user; }

    fs::path folder;
    postgres::Address address;
    std::vector<std::string> fencer_command;  // the program, and options beyond the usual ones
    std::optional<postgres::Cluster> cluster;
    std::optional<postgres::Observer> observer;
    std::optional<io::LeasePage> page;
    pid_t fencer = -1;

private:
    void renew() { page->write({.state = io::WriteState::writing, .epoch = epoch, .deadline = io::now() + lease}); }

    std::mutex guard;
    bool renewing = false;
    Epoch epoch{1};
    std::atomic<bool> ending = false;
    std::thread renewer;
};

/// Both regions. `fencer_command`: the program, and options beyond the usual ones. `network`: the second number of
/// their loopback addresses, so that two test programs never meet.
struct PostgresPair {
    PostgresPair(int network, const std::vector<std::string>& fencer_command) {
        std::string name = (fs::temp_directory_path() / "cloudshelf-pg-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        root = name;
        fs::permissions(root, fs::perms(0755));
        fs::create_directories(root / "secrets");
        fs::permissions(root / "secrets", fs::perms(0700));
        for (const char* role : {"admin", "replicator", "bookstore"}) {
            [[maybe_unused]] const auto written = io::replace_file(
                root / "secrets" / fmt::format("postgres-{}.password", role), fmt::format("{}0f1e2d", role), 0600
            );
        }
        east.emplace(root, "us-east-1", "us-west-2", fmt::format("127.{}.1.1", network), fencer_command, authority);
        west.emplace(root, "us-west-2", "us-east-1", fmt::format("127.{}.2.1", network), fencer_command, authority);
    }
    PostgresPair(const PostgresPair&) = delete;
    PostgresPair& operator=(const PostgresPair&) = delete;
    ~PostgresPair() {
        if (::testing::Test::HasFailure() && std::getenv("CLOUDSHELF_KEEP") != nullptr) {
            fmt::print(stderr, "kept: {}\n", root.string());
            east.reset();
            west.reset();
            return;
        }
        east.reset();
        west.reset();
        std::error_code ignored;
        fs::remove_all(root, ignored);
    }

    /// East writes at epoch 1, with a table `t (id bigint primary key, note text)`.
    void make_primary() {
        ASSERT_TRUE(done(east->cluster->initialize()));
        east->write(Epoch(1));
        ASSERT_TRUE(done(east->cluster->start_primary()));
        ASSERT_TRUE(eventually([&] { return east->cluster->provision().has_value(); }));
        ASSERT_TRUE(done(east->ask("CREATE TABLE t (id bigint PRIMARY KEY, note text)")));
    }
    /// West follows East and has everything.
    void make_standby() {
        ASSERT_TRUE(done(west->cluster->clone_from(east->address)));
        ASSERT_TRUE(done(west->cluster->start_standby()));
        ASSERT_TRUE(in_step(*east, *west));
    }

    /// Whether `standby` streams from `writer` and has replayed what it had when asked.
    static bool in_step(PostgresSite& writer, PostgresSite& standby) {
        if (!eventually([&] {
                const auto seen = writer.observer->observe();
                return seen && seen->streaming && !seen->in_recovery;
            }))
            return false;
        const auto target = writer.observer->observe();
        return target && eventually([&] {
                   const auto seen = standby.observer->observe();
                   return seen && seen->replayed >= target->lsn;
               });
    }

    /// Says why not, where it is not.
    template <class Value>
    static bool done(const Result<Value>& result) {
        EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().code + ": " + result.error().message);
        return result.has_value();
    }

    Authority authority;
    fs::path root;
    std::optional<PostgresSite> east;
    std::optional<PostgresSite> west;
};

}  // namespace cloudshelf::testing

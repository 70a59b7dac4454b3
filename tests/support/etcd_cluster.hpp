#pragma once

// An etcd cluster for tests and benches, in a temporary folder and on addresses of its own; everything is gone
// afterwards.

#include "io/file.hpp"
#include "io/process.hpp"
#include "store/etcd.hpp"
#include "store/etcd_server.hpp"

#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

namespace cloudshelf::testing {

class EtcdCluster {
public:
    struct Options {
        int members = 3;
        std::uint64_t quota_bytes = 512ULL << 20;
    };

    explicit EtcdCluster(Options options) {
        static int number = 0;
        const int of_this_process = ::getpid() % 20000 + ++number;
        const auto port = static_cast<std::uint16_t>(10000 + of_this_process);
        folder_ = std::filesystem::temp_directory_path() / fmt::format("cloudshelf-etcd-{}-{}", ::getpid(), number);
        std::filesystem::create_directories(folder_);
        std::vector<store::EtcdMember::Peer> cluster;
        for (int i = 1; i <= options.members; ++i) {
            cluster.push_back({fmt::format("m{}", i), {fmt::format("127.0.77.{}", 10 + i), port}});
        }
        for (int i = 1; i <= options.members; ++i) {
            const auto& self = cluster[static_cast<std::size_t>(i) - 1];
            members_.push_back({
                .member =
                    {
                        .name = self.name,
                        .data = folder_ / self.name,
                        .client = {fmt::format("127.0.77.{}", i), port},
                        .peer = self.peer,
                        .cluster = cluster,
                        .cluster_token = folder_.filename(),
                        .quota_bytes = options.quota_bytes,
                    },
            });
        }
    }
    EtcdCluster() : EtcdCluster(Options{}) {}
    ~EtcdCluster() {
        for (std::size_t i = 0; i < members_.size(); ++i) kill(i);
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    EtcdCluster(const EtcdCluster&) = delete;
    EtcdCluster& operator=(const EtcdCluster&) = delete;

    Result<void> start(std::size_t i) {
        auto argv = store::command_line(members_[i].member);
        if (!argv) return fail(argv.error());
        const auto pid = io::spawn({.argv = std::move(*argv), .output = log_path(i), .death_signal = SIGKILL});
        if (!pid) return fail(pid.error());
        members_[i].pid = *pid;
        return {};
    }
    Result<void> start() {
        for (std::size_t i = 0; i < members_.size(); ++i) {
            if (const auto started = start(i); !started) return started;
        }
        return {};
    }
    void kill(std::size_t i) {
        if (members_[i].pid <= 0) return;
        ::kill(members_[i].pid, SIGKILL);
        ::waitpid(members_[i].pid, nullptr, 0);
        members_[i].pid = 0;
    }
    void send(std::size_t i, int signal) const { ::kill(members_[i].pid, signal); }

    std::vector<io::Endpoint> endpoints() const {
        std::vector<io::Endpoint> all;
        for (const auto& one : members_) all.push_back(one.member.client);
        return all;
    }
    /// The last of what a member logged.
    std::string log(std::size_t i) const {
        const auto text = io::read_file(log_path(i)).value_or("(no log)");
        return text.substr(text.size() > 2000 ? text.size() - 2000 : 0);
    }

    /// Waits until the cluster answers; false after half a minute.
    static io::Task<bool> answers(store::EtcdStore* etcd) {
        for (const auto deadline = io::Deadline::after(std::chrono::seconds(30)); !deadline.passed();) {
            const auto found = co_await etcd->get("anything");
            if (found) co_return true;
            co_await io::wait_for(std::chrono::milliseconds(5));
        }
        co_return false;
    }
    /// Which member leads, as that one says itself.
    static io::Task<std::optional<std::size_t>> leader(store::EtcdStore* etcd) {
        const auto members = co_await etcd->status();
        for (std::size_t i = 0; i < members.size(); ++i) {
            if (members[i].leads) co_return i;
        }
        co_return std::nullopt;
    }

private:
    struct Running {
        store::EtcdMember member;
        pid_t pid = 0;
    };
    std::filesystem::path log_path(std::size_t i) const { return folder_ / (members_[i].member.name + ".log"); }

    std::filesystem::path folder_;
    std::vector<Running> members_;
};

}  // namespace cloudshelf::testing

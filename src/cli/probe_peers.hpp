#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "io/http.hpp"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <sys/types.h>

/// What bench-probes compares with, and the ground it stands on: processes pinned to cores, and numbers they share.
namespace cloudshelf::cli {

inline constexpr int any_core = -1;

/// A child process that ends with this object, and with its parent. `core`: the one that it runs on alone.
class Child {
public:
    /// Forks, and runs `work`. To be called while this process has one thread.
    static Result<Child> run(int core, const std::function<void()>& work);
    /// Starts a program, all threads it makes included.
    static Result<Child> start(int core, std::vector<std::string> argv, const std::filesystem::path& output);

    Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
    Child& operator=(Child&& other) noexcept {
        std::swap(pid_, other.pid_);
        return *this;
    }
    ~Child();

    bool is_running() const;
    /// Processor time so far, all threads, user and system, from /proc/<pid>/stat: in steps of 10 ms.
    Duration cpu_time() const;
    /// Memory in use now, from /proc/<pid>/statm.
    std::uint64_t resident_bytes() const;

private:
    explicit Child(pid_t pid) : pid_(pid) {}
    pid_t pid_ = 0;
};

/// Numbers that forked processes share.
struct Counters {
    std::atomic<std::uint64_t> requests;  // answered by the responder
    std::atomic<std::uint64_t> not_passed;

    /// Lives until the process ends, in it and in the children forked from it.
    static Counters& shared();
};

/// What HAProxy is to look at, and how.
struct HaproxyChecks {
    io::Endpoint endpoint;
    int count = 100;  // servers, all of them at that endpoint
    Duration interval{};
    std::string options;  // lines of the backend: "    option httpchk\n…"
    std::string mode = "http";
    std::string of_server;  // "check-ssl verify none"
};
/// The lines for GET `path`.
std::string httpchk(const io::Endpoint& endpoint, const std::string& path);
std::string haproxy_config(const HaproxyChecks& checks);

/// Asks a blackbox exporter for probes of `url` as fast as it answers, `at_once` at a time. Does not return.
void drive_blackbox(const io::Endpoint& exporter, const std::string& url, int at_once);

}  // namespace cloudshelf::cli

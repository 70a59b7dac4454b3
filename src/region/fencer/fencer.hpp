#pragma once

#include "base/time.hpp"
#include "io/lease_page.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>

namespace cloudshelf::region {

struct FencerOptions {
    std::filesystem::path lease_page;
    std::filesystem::path pgdata;
    std::filesystem::path pgconf;
    std::filesystem::path socket;
    std::filesystem::path log;  // of PostgreSQL
    std::filesystem::path programs = "/usr/lib/postgresql/15/bin";
    std::filesystem::path fences;                     // a line of JSON per fence
    Duration margin = std::chrono::milliseconds(80);  // fencing begins this long before the deadline
    std::string user;                                 // whom PostgreSQL runs as; empty: ours
};

/// Starts, stops and fences one PostgreSQL cluster. A plain loop over poll(2), without the machinery of the other
/// programs: there is little in it that could keep it from running on time.
class Fencer {
public:
    Fencer(FencerOptions options, io::LeasePage page) : options_(std::move(options)), page_(std::move(page)) {}

    /// Until SIGTERM; stops PostgreSQL then. Exit status as of main().
    int run();

private:
    std::string obey(const std::string& command);
    std::string start(bool as_primary);
    std::string stop_fast(Duration limit);
    std::string kill_all(const char* reason, Duration limit);
    /// What the lease page says about the running server; fences when it has to. Answers when to look again.
    Duration guard();
    void reap();
    bool can_write() const;

    FencerOptions options_;
    io::LeasePage page_;
    pid_t postmaster_ = 0;
};

}  // namespace cloudshelf::region

#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "io/lease_page.hpp"
#include "io/process.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace cloudshelf::region {

/// Whether the cluster gets a process namespace of its own, where the kernel allows it.
enum class OwnNamespace : bool { no, yes };

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
    OwnNamespace own_namespace = OwnNamespace::yes;
};

/// Starts, stops and fences one PostgreSQL cluster. Where the kernel allows it, the cluster lives in a process
/// namespace of its own, whose first process dies with the fencer: the kernel then ends all of it at once. Elsewhere
/// the postmaster dies with the fencer, and what its backends still do ends when the fencer is started again. A plain
/// loop over poll(2), without the machinery of the other programs: there is little in it that could keep it from
/// running on time.
class Fencer {
public:
    Fencer(FencerOptions options, io::LeasePage page) : options_(std::move(options)), page_(std::move(page)) {}

    /// Until SIGTERM; stops PostgreSQL then. Exit status as of main().
    int run();

private:
    /// One who asks: its line may come in pieces, and nobody waits for it.
    struct Client {
        int descriptor = -1;
        std::string line;
    };

    std::string obey(const std::string& command);
    std::string start(bool as_primary);
    /// The process to wait for: the namespace's first one, or the postmaster itself. Errors: "fencer.spawn".
    Result<pid_t> spawn_cluster(const io::SpawnOptions& spawn);
    std::string stop_fast(Duration limit);
    std::string kill_all(const char* reason, Duration limit);
    /// Ends what a fencer before us left behind. False when somebody else works on the data folder.
    bool clear_leftovers();
    /// The lock file and the shared memory of a cluster that is gone.
    void forget_lock_file();
    /// What the lease page says about the running server; fences when it has to. Answers when to look again.
    Duration guard();
    void reap();
    bool can_write() const;
    void serve(Client& client);

    FencerOptions options_;
    io::LeasePage page_;
    pid_t postmaster_ = 0;
    std::vector<Client> clients_;
};

}  // namespace cloudshelf::region

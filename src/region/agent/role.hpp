#pragma once

#include "core/region_role.hpp"
#include "io/task.hpp"
#include "region/agent/config.hpp"
#include "region/agent/promises.hpp"
#include "region/agent/server.hpp"
#include "region/agent/write_lease.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace cloudshelf::region {

/// Takes the role that follows from the lease and from what is at home (core/region_role), and does what a writer owes
/// its server: a restart, its standby kept in step, its slots.
class Role {
public:
    Role(const AgentConfig& config, WriteLease& lease, Promises& promises, Server& server);

    // What it does by itself, each until the end.
    io::Task<void> look();
    io::Task<void> maintain();

    /// Nobody else changes the role while somebody has the turn.
    class Turn {
    public:
        explicit Turn(Role& role) : role_(&role) { role.acting_ = true; }
        Turn(Turn&& other) noexcept : role_(std::exchange(other.role_, nullptr)) {}
        Turn& operator=(Turn&&) = delete;
        ~Turn() {
            if (role_) role_->acting_ = false;
        }

    private:
        Role* role_;
    };
    Turn take_turn() { return Turn(*this); }
    bool is_acting() const { return acting_; }

    /// What a new writer owes, when customers are served already: roles, slots, a checkpoint.
    io::Task<void> after_opening();
    /// Ends the writer for good: this region does not take up its epoch again. For whoever holds the lease. Errors:
    /// those of Server::kill.
    io::Task<Result<void>> give_up(std::string why);

    bool is_quarantined() const { return quarantined_; }
    bool is_rejoining() const { return rejoining_; }
    std::uint64_t stranded_writes() const { return stranded_writes_; }
    /// For a person: what it is doing, or why it is not.
    const std::string& detail() const { return detail_; }
    void say(std::string detail) { detail_ = std::move(detail); }

private:
    io::Task<core::NextMove> next_move(std::optional<core::LeaseRecord> lease);
    io::Task<void> take(core::NextMove move);
    io::Task<Result<void>> carry_out(core::NextMove move);
    io::Task<Result<void>> distrust();
    io::Task<Result<void>> initialize();
    io::Task<Result<void>> resume();
    io::Task<Result<void>> rejoin();
    io::Task<void> care_for_server();
    io::Task<void> keep_in_step();

    const AgentConfig& config_;
    WriteLease& lease_;
    Promises& promises_;
    Server& server_;
    bool acting_ = false;
    bool quarantined_ = false;
    bool rejoining_ = false;
    Epoch gave_up_at_{0};
    int failed_starts_ = 0;
    std::optional<TimePoint> unanswered_since_;
    std::uint64_t stranded_writes_ = 0;
    std::string detail_ = "starting";
};

}  // namespace cloudshelf::region

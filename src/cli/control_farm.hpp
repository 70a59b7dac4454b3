#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"
#include "core/timing.hpp"
#include "io/http.hpp"
#include "io/tls.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What bench-control puts in the place of the agents and gateways of all applications: processes that answer as those
/// do and renew leases as those do, and that can fall silent.
namespace cloudshelf::cli {

inline constexpr int farm_applications_max = 4096;
inline constexpr int farm_sites = 3;  // two regions, then the witness
inline constexpr int farm_witness = 2;

/// Durations counted in classes an eighth of a power of two wide. Many processes may add at once.
class Durations {
public:
    void add(Duration duration);
    void clear();
    std::uint64_t count() const;
    /// The upper end of the class in which the share falls, 0.95 for p95; in milliseconds.
    double quantile_ms(double share) const;

private:
    std::array<std::atomic<std::uint64_t>, 320> classes_{};
};

/// What the stand-ins know, in memory that all processes of the bench share.
struct FarmState {
    struct Application {
        std::atomic<int> writer;  // which site
        std::atomic<std::uint64_t> epoch;
        std::array<std::atomic<std::uint64_t>, farm_sites> dns_epoch;
        std::array<std::atomic<std::uint64_t>, farm_sites> dns_change;
        std::array<std::atomic<std::int64_t>, farm_sites> silent_since;  // by io::now(), ns; 0: it answers
    };
    std::array<Application, farm_applications_max> applications;
    std::atomic<std::uint64_t> agent_answers;
    std::atomic<std::uint64_t> gateway_answers;
    std::atomic<std::uint64_t> swaps_failed;   // no controller took it, or gave no answer
    std::atomic<std::uint64_t> swaps_refused;  // the lease was not as it was thought to be
    std::atomic<std::uint64_t> reads_failed;
    Durations swaps;
    Durations reads;

    /// Lives until the process ends, in it and in the children forked from it.
    static FarmState& shared();
};

/// Where the farm is, and as whom it answers.
struct Farm {
    int network_base = 0;
    int applications = 0;
    core::Timing timing;
    std::array<RegionName, farm_sites> sites;
    std::array<io::TlsIdentity, farm_sites> identities;
    std::string token;  // of sites
    std::array<io::Endpoint, farm_sites> controllers;

    static std::string application_name(int application);
    io::Endpoint agent(int application, int site) const;
    io::Endpoint gateway(int application, int site) const;
};

/// What the agent of an application at a site answers to a call.
struct FarmAnswer {
    int status = 200;
    std::string body;
};
FarmAnswer agent_answer(const Farm& farm, int application, int site, std::string_view path, std::string_view body);
FarmAnswer gateway_answer(const Farm& farm, int application, int site, std::string_view path);

/// Each of them is a process of its own, and returns only when it cannot go on.
void run_farm_agents(const Farm& farm);
void run_farm_gateways(const Farm& farm, int site);
/// The half of the agents that talks to the controllers: every writer renews its lease once per beat, every standby
/// reads it once per probe interval, over a connection of its own each.
void run_farm_leases(const Farm& farm);

}  // namespace cloudshelf::cli

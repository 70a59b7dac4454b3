#pragma once

#include "drivers/dns/resolver.hpp"
#include "io/file.hpp"
#include "io/http.hpp"
#include "workload/audit.hpp"
#include "workload/customers.hpp"
#include "workload/ledger.hpp"

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::cli {

struct ShopperOptions {
    double rate = 50;  // transactions begun per second, whatever happens to those before
    Duration duration = std::chrono::seconds(60);
    std::filesystem::path ledger;
    std::vector<io::Endpoint> nameservers;
    std::string name = "api.cloudshelf.com";
    std::uint16_t port = 8080;
    std::string site_name = {};  // of the static site; empty: nobody looks at it
    std::uint16_t site_port = 8081;
    std::uint64_t seed = 1;
    int customers = 24;  // signed up before the load begins
    Duration attempt_limit = std::chrono::seconds(2);
    Duration write_limit = std::chrono::seconds(60);  // no payment is forgotten before
    Duration ready_limit = std::chrono::seconds(60);  // for the first customers
    Duration patience = std::chrono::seconds(10);     // for transactions under way, after the last arrival
};

/// Carries out what workload::Customers decide: outside every region, through the shop's public name, believing an
/// answer for its TTL, with a ledger of its own. Lives on one loop; has to outlive `prepare`, `run` and `audit`, and
/// leaves nothing running when these have ended.
class Shopper {
public:
    Shopper(io::Executor executor, ShopperOptions options);

    /// Opens the ledger and signs the first customers up. Errors: "shop.no-shop" when the shop does not answer within
    /// the limit; those of io::AppendFile.
    io::Task<Result<void>> prepare();
    /// Arrivals until the duration is over or `stop` was called; then waits for transactions under way, and notes what
    /// was still on its way when patience ended as unknown. Errors: the ledger could not be written, which ends the
    /// run: what is not in the ledger would prove nothing.
    io::Task<Result<void>> run();
    void stop() { stopping_ = true; }

    /// Instead of `prepare` and `run`: what an earlier run acknowledged, for `audit`.
    void adopt(workload::Ledger ledger);
    /// Reads every acknowledged write back, signing in anew where need be.
    io::Task<workload::AuditResult> audit();

    /// Live figures as JSON, for whoever watches: also written to `<ledger>.live.json` five times a second.
    std::string live(const char* phase) const;

private:
    struct Recent {
        TimePoint at{};
        bool ok = false;
        std::string service;
    };

    io::Task<workload::Event> ask(workload::Request request);
    io::Task<void> carry(workload::Customers::Begun begun);
    io::Task<void> carry_apart(workload::Customers::Begun begun);
    io::Task<void> watch();
    io::Task<workload::Answer> ask_until_answered(workload::Request request);
    io::Task<workload::Found> find(workload::Acknowledged write);
    enum class Known : bool { no, yes };
    io::Task<void> find_apart(workload::Acknowledged write, Known known, workload::AuditResult* result);
    void note(const workload::Next& next);

    io::Executor executor_;
    ShopperOptions options_;
    io::HttpClient client_;
    dns::Resolver resolver_;
    workload::Customers customers_;
    io::AppendFile ledger_;
    std::optional<Error> trouble_;  // of the ledger
    std::vector<workload::Acknowledged> acknowledged_;
    std::vector<workload::Acknowledged> unknown_;
    std::deque<Recent> recent_;  // attempts of the last second or so
    std::deque<double> latencies_ms_;
    std::map<std::string, std::uint64_t> writes_;  // acknowledged, by service
    std::uint64_t begun_ = 0;
    std::uint64_t ok_ = 0;
    std::uint64_t failed_ = 0;
    std::uint64_t shed_ = 0;
    int under_way_ = 0;
    bool stopping_ = false;
    bool done_ = false;
    bool watching_ = false;
    std::string region_;  // who answered last
    std::string last_failure_;
};

}  // namespace cloudshelf::cli

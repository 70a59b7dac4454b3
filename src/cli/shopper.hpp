#pragma once

#include "base/random.hpp"
#include "drivers/dns/resolver.hpp"
#include "io/file.hpp"
#include "io/http.hpp"
#include "workload/ledger.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
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
    std::uint64_t seed = 1;
    int customers = 24;  // signed up before the load begins
};

/// Customers outside every region: they find the shop by its public name, believe an answer for its TTL, and keep a
/// ledger of their own. Open loop: arrivals are fixed by the rate and the seed, never by answers. Every write has an
/// idempotency key and is sent again with it until its fate is known.
class Shopper {
public:
    Shopper(io::Executor executor, ShopperOptions options);

    /// Signs the first customers up. Errors: "shop.no-shop" when the shop does not answer within 60 s.
    io::Task<Result<void>> prepare();
    /// Arrivals until the duration is over or `stop` was called; then waits for those under way, 30 s at most.
    io::Task<void> run();
    void stop() { stopping_ = true; }

    struct Audit {
        std::map<std::string, std::uint64_t> acknowledged;  // by service
        std::vector<std::pair<workload::Acknowledged, workload::Found>> bad;
    };
    /// Reads every acknowledged write back.
    io::Task<Audit> audit();

    /// Live figures, for whoever watches: also written to `<ledger>.live.json` five times a second.
    std::string live(const char* phase) const;

private:
    struct Customer {
        std::string email;
        std::string token;
    };
    struct Reply {
        Result<io::HttpResponse> answer;
        TimePoint started{};
        TimePoint ended{};
    };

    io::Task<void> transaction(std::uint64_t number);
    io::Task<void> browse();
    io::Task<void> look_at_book();
    io::Task<void> rate_book();
    io::Task<void> sign_up(std::uint64_t number);
    io::Task<void> sign_in();
    io::Task<void> buy();
    io::Task<void> watch();

    /// One attempt, through the public name; noted in the ledger.
    io::Task<Reply> attempt(std::string service, std::string kind, io::HttpRequest request);
    /// A write, with its key, until its fate is known or the time is up.
    io::Task<Result<io::HttpResponse>> write(
        std::string service, std::string kind, std::string target, std::string body, std::string token, std::string key
    );
    void acknowledge(const io::HttpResponse& answer, workload::Acknowledged write);
    io::Task<void> read_back(workload::Acknowledged write, std::shared_ptr<Audit> audit);
    Customer& someone();
    std::string key();
    std::uint64_t a_book() { return 1 + random_.below(400); }

    io::Executor executor_;
    ShopperOptions options_;
    io::HttpClient client_;
    dns::Resolver resolver_;
    Random random_;
    io::AppendFile ledger_;
    std::vector<Customer> customers_;
    std::vector<workload::Acknowledged> acknowledged_;
    std::map<std::string, std::string> tokens_;  // by e-mail
    std::vector<std::pair<TimePoint, bool>> recent_;
    std::vector<double> latencies_ms_;
    std::uint64_t keys_ = 0;
    std::uint64_t begun_ = 0;
    std::uint64_t ok_ = 0;
    std::uint64_t failed_ = 0;
    std::uint64_t shed_ = 0;
    int under_way_ = 0;
    bool stopping_ = false;
    bool done_ = false;
    std::string region_;  // who answered last
};

}  // namespace cloudshelf::cli

#include "cli/control_farm.hpp"

#include "io/clock.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <sys/mman.h>

namespace cloudshelf::cli {

using namespace std::chrono_literals;
namespace json = boost::json;

// --- durations -----------------------------------------------------------------------------------------------------

namespace {

constexpr double classes_per_power = 8;

}  // namespace

void Durations::add(Duration duration) {
    const double us = std::max(1.0, std::chrono::duration<double, std::micro>(duration).count());
    const auto place = static_cast<std::size_t>(std::log2(us) * classes_per_power);
    classes_[std::min(place, classes_.size() - 1)].fetch_add(1, std::memory_order_relaxed);
}

void Durations::clear() {
    for (auto& one : classes_) one = 0;
}

std::uint64_t Durations::count() const {
    std::uint64_t all = 0;
    for (const auto& one : classes_) all += one;
    return all;
}

double Durations::quantile_ms(double share) const {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count())));
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < classes_.size(); ++i) {
        below += classes_[i];
        if (wanted > 0 && below >= wanted) return std::exp2(static_cast<double>(i + 1) / classes_per_power) / 1000;
    }
    return 0;
}

// --- where and who -------------------------------------------------------------------------------------------------

FarmState& FarmState::shared() {
    static FarmState* const state = [] {
        void* memory = ::mmap(nullptr, sizeof(FarmState), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) throw std::bad_alloc();
        return new (memory) FarmState{};
    }();
    return *state;
}

std::string Farm::application_name(int application) {
    return fmt::format("app-{:04}", application);
}

namespace {

/// One address for each application: 127.<base+site>.<from 10>.<from 1>.
std::string address_of(const Farm& farm, int application, int site) {
    return fmt::format("127.{}.{}.{}", farm.network_base + site + 1, 10 + application / 200, 1 + application % 200);
}

}  // namespace

io::Endpoint Farm::agent(int application, int site) const {
    return {.address = address_of(*this, application, site), .port = 7400};
}

io::Endpoint Farm::gateway(int application, int site) const {
    return {.address = address_of(*this, application, site), .port = 8080};
}

// --- what is answered ----------------------------------------------------------------------------------------------

namespace {

/// What an agent's own probes of a site say: the truth, as late as time-outs tell it.
bool seems_up(const Farm& farm, const FarmState::Application& known, int site) {
    const std::int64_t since = known.silent_since[static_cast<std::size_t>(site)];
    return since == 0 || io::now() - TimePoint(Duration(since)) < farm.timing.probe_timeout;
}

std::string status_of(const Farm& farm, int application, int site) {
    const auto& known = FarmState::shared().applications[static_cast<std::size_t>(application)];
    const auto place = static_cast<std::size_t>(site);
    const std::uint64_t epoch = known.epoch;
    std::string views;
    for (int other = 0; other < farm_witness; ++other) {
        if (other == site) continue;
        const bool up = seems_up(farm, known, other);
        const std::string rest = site == farm_witness ? "" : fmt::format(R"(,"agent":{0},"postgres":{0})", up);
        views += fmt::format(
            R"({}"{}":{{"gateway":{}{}}})",
            views.empty() ? "" : ",",
            farm.sites[static_cast<std::size_t>(other)].value(),
            up,
            rest
        );
    }
    const bool writes = known.writer == site;
    const bool follows = !writes && site != farm_witness;
    return fmt::format(
        R"({{"region":"{}","role":"{}","detail":"a stand-in","epoch":{},)"
        R"("lease":{{"state":"{}","remaining_ms":4000}},"sync":"in-step","has_data":{},"stranded_writes":0,)"
        R"("postgres":{{"running":{},"in_recovery":{},"streaming":{},"standby_is_sync":{},)"
        R"("system_id":"7412345678901234567","timeline":{},"lsn":"0/5000148","received_lsn":"0/5000148",)"
        R"("replayed_lsn":"0/5000148","lag_bytes":0,"lag_seconds":0.0}},"views":{{{}}},)"
        R"("dns":{{"epoch":{},"change":{},"sent_away":false}}}})",
        farm.sites[place].value(),
        site == farm_witness ? "witness"
        : writes             ? "writer"
                             : "standby",
        epoch,
        writes ? "writing" : "remote",
        site != farm_witness,
        site != farm_witness,
        follows,
        follows,
        writes,
        epoch,
        views,
        known.dns_epoch[place].load(),
        known.dns_change[place].load()
    );
}

std::uint64_t field(const json::value& body, const char* name) {
    return json::value_to<std::uint64_t>(body.at(name));
}

}  // namespace

FarmAnswer agent_answer(const Farm& farm, int application, int site, std::string_view path, std::string_view body) {
    auto& known = FarmState::shared().applications[static_cast<std::size_t>(application)];
    if (path == "/v1/status") return {.body = status_of(farm, application, site)};
    boost::system::error_code bad;
    const json::value asked = json::parse(body, bad);
    if (bad || !asked.is_object() || !asked.get_object().contains("epoch")) return {.status = 400, .body = "{}"};
    if (path == "/v1/promote") {
        known.epoch = field(asked, "epoch");
        known.writer = site;
    } else if (path == "/v1/dns") {
        known.dns_epoch[static_cast<std::size_t>(site)] = field(asked, "epoch");
        known.dns_change[static_cast<std::size_t>(site)] = field(asked, "change");
    }
    return {.body = "{}"};
}

FarmAnswer gateway_answer(const Farm& farm, int application, int site, std::string_view path) {
    const auto& known = FarmState::shared().applications[static_cast<std::size_t>(application)];
    if (path == "/health") {
        const auto writer = static_cast<std::size_t>(known.writer.load());
        return {
            .body = fmt::format(
                R"({{"region":"{}","writer":"{}"}})",
                farm.sites[static_cast<std::size_t>(site)].value(),
                farm.sites[writer].value()
            )
        };
    }
    // What the smoke tests ask for.
    if (path.starts_with("/books")) return {.body = R"({"books":[{"id":1}]})"};
    if (path == "/users") return {.status = 201, .body = "{}"};
    if (path == "/sessions") return {.status = 201, .body = R"({"token":"t"})"};
    if (path == "/orders") return {.status = 201, .body = R"({"order_id":1})"};
    if (path == "/payments") return {.status = 201, .body = "{}"};
    return {.body = "ok"};
}

}  // namespace cloudshelf::cli

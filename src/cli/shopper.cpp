#include "cli/shopper.hpp"

#include "base/statistics.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace cloudshelf::cli {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;
using workload::Found;

constexpr int under_way_max = 4000;  // beyond, an arrival is shed, and counted
constexpr int reading_back_max = 16;
constexpr int read_back_tries = 20;
constexpr std::size_t latencies_kept = 20'000;
constexpr std::size_t latencies_shown = 500;  // the latest ones

/// Pages that every release of the site has.
std::vector<std::string> site_pages() {
    return {"/", "/books/1.html", "/books/2.html", "/categories.html", "/search.html"};
}

/// Keys and addresses of two runs never meet, also when their seeds are the same.
std::string run_name(std::uint64_t seed) {
    return fmt::format("shop-{}-{}", seed, io::now().time_since_epoch().count());
}

io::HttpRequest to_http(workload::Request request, const std::string& host) {
    io::HttpRequest http{
        .method = std::move(request.method), .target = std::move(request.target), .body = std::move(request.body)
    };
    http.headers.emplace_back("Host", host);
    if (!http.body.empty()) http.headers.emplace_back("Content-Type", "application/json");
    if (!request.key.empty()) http.headers.emplace_back("Idempotency-Key", request.key);
    if (!request.token.empty()) http.headers.emplace_back("Authorization", "Bearer " + request.token);
    return http;
}

}  // namespace

Shopper::Shopper(io::Executor executor, ShopperOptions options)
    : executor_(executor),
      options_(std::move(options)),
      client_(executor, {.idle_connections_per_endpoint_max = 256}),
      resolver_(options_.nameservers),
      customers_(
          {.rate = options_.rate,
           .seed = options_.seed,
           .run = run_name(options_.seed),
           .pool = static_cast<std::size_t>(options_.customers),
           .pages = options_.site_name.empty() ? std::vector<std::string>() : site_pages(),
           .write_limit = options_.write_limit}
      ) {}

io::Task<workload::Event> Shopper::ask(workload::Request request) {
    const auto deadline = io::Deadline::after(options_.attempt_limit);
    const bool of_site = request.service == "static-site";
    const std::string name = of_site ? options_.site_name : options_.name;
    const auto resolved = co_await resolver_.resolve(name, deadline);
    if (!resolved) co_return workload::NoAnswer{.why = resolved.error().code, .sent = false};
    io::Endpoint shop{resolved->addresses[0], of_site ? options_.site_port : options_.port};
    auto http = to_http(std::move(request), name);
    const auto answer = co_await client_.send(std::move(shop), std::move(http), deadline);
    if (!answer) {
        const bool sent = answer.error().certainty == Certainty::unknown;
        co_return workload::NoAnswer{.why = answer.error().code, .sent = sent};
    }
    const std::string epoch(answer->header("X-CloudShelf-Epoch"));
    co_return workload::Answer{
        .status = answer->status,
        .body = answer->body,
        .region = std::string(answer->header("X-CloudShelf-Region")),
        .writer = std::string(answer->header("X-CloudShelf-Writer")),
        .epoch = std::strtoull(epoch.c_str(), nullptr, 10)
    };
}

/// To the ledger first, so that what is counted survives the shopper.
void Shopper::note(const workload::Next& next) {
    std::string lines;
    if (next.attempt) lines += to_line(*next.attempt);
    for (const auto& write : next.acknowledged) lines += to_line(write);
    for (const auto& write : next.unknown) lines += to_unknown_line(write);
    if (next.deed) lines += to_line(*next.deed);
    if (trouble_ || lines.empty()) return;
    const auto noted = ledger_.append(lines, io::AppendFile::Sync::no);
    if (!noted) {
        trouble_ = noted.error();
        stopping_ = true;
        return;
    }
    for (const auto& write : next.acknowledged) {
        ++writes_[write.service];
        acknowledged_.push_back(write);
    }
    unknown_.insert(unknown_.end(), next.unknown.begin(), next.unknown.end());
    if (!next.attempt) return;
    const auto& attempt = *next.attempt;
    (attempt.ok ? ok_ : failed_) += 1;
    if (!attempt.region.empty()) region_ = attempt.region;
    recent_.push_back({attempt.ended, attempt.ok, attempt.service});
    while (attempt.ended - recent_.front().at > 1s) recent_.pop_front();
    if (!attempt.ok) {
        last_failure_ = attempt.why;
        return;
    }
    latencies_ms_.push_back(std::chrono::duration<double, std::milli>(attempt.ended - attempt.started).count());
    if (latencies_ms_.size() > latencies_kept) latencies_ms_.pop_front();
}

io::Task<void> Shopper::carry(workload::Customers::Begun begun) {
    workload::Next next = std::move(begun.next);
    for (;;) {
        note(next);
        workload::Event event = workload::Woken{};
        if (auto* request = std::get_if<workload::Request>(&next.then)) {
            workload::Request owned = std::move(*request);
            event = co_await ask(std::move(owned));
        } else if (const auto* wait = std::get_if<workload::WaitUntil>(&next.then)) {
            const Duration pause = wait->at - io::now();
            co_await io::wait_for(std::max<Duration>(pause, 0ns));
        } else {
            co_return;
        }
        // The customer may have been sent home meanwhile.
        if (!customers_.knows(begun.id)) co_return;
        next = customers_.step(begun.id, event, io::now());
    }
}

io::Task<void> Shopper::carry_apart(workload::Customers::Begun begun) {
    co_await carry(std::move(begun));
    --under_way_;
}

io::Task<Result<void>> Shopper::prepare() {
    auto file = io::AppendFile::open(options_.ledger);
    if (!file) co_return fail(file.error());
    ledger_ = std::move(*file);
    // An earlier run may have been killed in the middle of a line.
    if (const auto begun = ledger_.append("\n", io::AppendFile::Sync::no); !begun) co_return fail(begun.error());
    const auto deadline = io::Deadline::after(options_.ready_limit);
    while (!customers_.pool_full() && !trouble_) {
        if (deadline.passed()) {
            co_return fail(
                "shop.no-shop",
                fmt::format(
                    "{}, port {}, took no customers within {:.0f} s (last answer: {}); is the shop up, and do the name "
                    "servers know it?",
                    options_.name,
                    options_.port,
                    std::chrono::duration<double>(options_.ready_limit).count(),
                    last_failure_.empty() ? "none" : last_failure_
                )
            );
        }
        const std::uint64_t failed_before = failed_;
        auto begun = customers_.join(io::now());
        co_await carry(std::move(begun));
        if (failed_ > failed_before) co_await io::wait_for(100ms);
    }
    if (trouble_) co_return fail(*trouble_);
    co_return Result<void>{};
}

io::Task<Result<void>> Shopper::run() {
    watching_ = true;
    asio::co_spawn(executor_, watch(), asio::detached);
    const TimePoint end = io::now() + options_.duration;
    TimePoint due = io::now();
    while (!stopping_ && due < end) {
        const Duration early = due - io::now();
        if (early > Duration::zero()) co_await io::wait_for(std::min<Duration>(early, 50ms));
        while (!stopping_ && due < end && due <= io::now()) {
            ++begun_;
            if (under_way_ >= under_way_max) {
                ++shed_;
            } else {
                ++under_way_;
                asio::co_spawn(executor_, carry_apart(customers_.arrive(due)), asio::detached);
            }
            due += customers_.gap();
        }
    }
    stopping_ = true;
    const auto patience = io::Deadline::after(options_.patience);
    while (under_way_ > 0 && !patience.passed()) co_await io::wait_for(5ms);
    for (const auto id : customers_.under_way()) note(customers_.abandon(id, io::now()));
    done_ = true;
    while (under_way_ > 0 || watching_) co_await io::wait_for(5ms);
    if (trouble_) co_return fail(*trouble_);
    co_return Result<void>{};
}

std::string Shopper::live(const char* phase) const {
    const TimePoint now = io::now();
    struct Count {
        std::uint64_t ok = 0;
        std::uint64_t all = 0;
    };
    Count sum;
    std::map<std::string, Count> by_service;
    for (const auto& [service, count] : writes_) by_service[service] = {};
    for (const auto& attempt : recent_) {
        if (now - attempt.at >= 1s) continue;
        for (Count* count : {&sum, &by_service[attempt.service]}) {
            ++count->all;
            count->ok += attempt.ok ? 1 : 0;
        }
    }
    json::object services;
    for (const auto& [service, count] : by_service) {
        const auto writes = writes_.find(service);
        services[service] = json::object{
            {"attempts_1s", count.all},
            {"ok_1s", count.ok},
            {"acknowledged_writes", writes == writes_.end() ? 0 : writes->second}
        };
    }
    const auto shown = static_cast<std::ptrdiff_t>(
        std::string_view(phase) == "done" ? latencies_ms_.size() : std::min(latencies_ms_.size(), latencies_shown)
    );
    const Summary latency = summarize({latencies_ms_.end() - shown, latencies_ms_.end()});
    return json::serialize(json::object{
        {"phase", phase},
        {"at_ns", now.time_since_epoch().count()},
        {"begun", begun_},
        {"ok", ok_},
        {"failed", failed_},
        {"shed", shed_},
        {"under_way", under_way_},
        {"attempts_1s", sum.all},
        {"success_1s", sum.all == 0 ? 0.0 : static_cast<double>(sum.ok) / static_cast<double>(sum.all)},
        {"p50_ms", latency.median},
        {"p99_ms", latency.p99},
        {"by_service", std::move(services)},
        {"acknowledged_writes", acknowledged_.size()},
        {"unknown_outcomes", unknown_.size()},
        {"region", region_},
    });
}

io::Task<void> Shopper::watch() {
    const std::filesystem::path file = options_.ledger.string() + ".live.json";
    while (!done_) {
        [[maybe_unused]] const auto written = io::replace_file(file, live(stopping_ ? "ending" : "shopping"));
        for (int i = 0; i < 4 && !done_; ++i) co_await io::wait_for(50ms);
    }
    watching_ = false;
}

void Shopper::adopt(workload::Ledger ledger) {
    acknowledged_ = std::move(ledger.writes);
    unknown_ = std::move(ledger.unknown);
}

/// Status 0: nobody answered.
io::Task<workload::Answer> Shopper::ask_until_answered(workload::Request request) {
    for (int tries = 0; tries < read_back_tries; ++tries) {
        workload::Request copy = request;
        const auto event = co_await ask(std::move(copy));
        const auto* answer = std::get_if<workload::Answer>(&event);
        if (answer != nullptr && answer->status < 500 && answer->status != 429) co_return *answer;
        co_await io::wait_for(100ms);
    }
    co_return workload::Answer{};
}

io::Task<Found> Shopper::find(workload::Acknowledged write) {
    auto request = customers_.read_back(write);
    if (!request) co_return Found::unread;
    const auto answer = co_await ask_until_answered(std::move(*request));
    if (answer.status == 0) co_return Found::unread;
    const Found found = judge(write, answer.status, answer.body);
    auto again = customers_.again(write);
    if (found != Found::present || !again) co_return found;
    const auto repeated = co_await ask_until_answered(std::move(*again));
    if (repeated.status == 0) co_return Found::unread;
    co_return judge_again(write, repeated.status, repeated.body);
}

io::Task<void> Shopper::find_apart(workload::Acknowledged write, Known known, workload::AuditResult* result) {
    if (known == Known::yes) {
        const Found found = co_await find(write);
        result->note(write, found);
    } else if (auto request = customers_.read_back(write); request) {
        const auto answer = co_await ask_until_answered(std::move(*request));
        result->note_unknown(
            write, answer.status == 0 ? std::nullopt : std::optional(judge_unknown(write, answer.status, answer.body))
        );
    } else {
        result->note_unknown(write, std::nullopt);
    }
    --under_way_;
}

io::Task<workload::AuditResult> Shopper::audit() {
    std::set<std::string> signing_in;
    for (const auto* writes : {&acknowledged_, &unknown_}) {
        for (const auto& write : *writes) {
            if (write.kind != "user" && !customers_.token_of(write.customer)) signing_in.insert(write.customer);
        }
    }
    for (const auto& email : signing_in) {
        auto request = workload::Customers::sign_in(email);
        const auto answer = co_await ask_until_answered(std::move(request));
        customers_.signed_in(email, answer);
    }
    workload::AuditResult result;
    const std::size_t known = acknowledged_.size();
    for (std::size_t i = 0; i < known + unknown_.size(); ++i) {
        while (under_way_ >= reading_back_max) co_await io::wait_for(1ms);
        ++under_way_;
        const bool is_known = i < known;
        auto write = is_known ? acknowledged_[i] : unknown_[i - known];
        asio::co_spawn(
            executor_, find_apart(std::move(write), is_known ? Known::yes : Known::no, &result), asio::detached
        );
    }
    while (under_way_ > 0) co_await io::wait_for(2ms);
    co_return result;
}

}  // namespace cloudshelf::cli

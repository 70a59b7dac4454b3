#include "cli/shopper.hpp"

#include "base/statistics.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace cloudshelf::cli {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr Duration attempt_limit = 2s;
constexpr Duration write_limit = 60s;  // no payment is forgotten before
constexpr int under_way_max = 4000;    // beyond, an arrival is shed, and counted
constexpr std::array words = {"the", "war", "love", "house", "time", "sea", "king", "night", "world", "garden"};
constexpr const char* password = "correct horse battery staple";

std::string region_of(const io::HttpResponse& answer) {
    return std::string(answer.header("X-CloudShelf-Region"));
}

}  // namespace

Shopper::Shopper(io::Executor executor, ShopperOptions options)
    : executor_(executor),
      options_(std::move(options)),
      client_(executor, {.idle_connections_per_endpoint_max = 256}),
      resolver_(options_.nameservers),
      random_(options_.seed) {}

std::string Shopper::key() {
    return fmt::format("shop-{}-{}-{}", options_.seed, io::now().time_since_epoch().count(), ++keys_);
}

Shopper::Customer& Shopper::someone() {
    return customers_[random_.below(customers_.size())];
}

io::Task<Shopper::Reply> Shopper::attempt(std::string service, std::string kind, io::HttpRequest request) {
    Reply reply{.answer = fail("shop.none", ""), .started = io::now()};
    const auto deadline = io::Deadline::after(attempt_limit);
    request.headers.emplace_back("Host", options_.name);
    const auto resolved = co_await resolver_.resolve(options_.name, deadline);
    if (resolved) {
        const io::Endpoint shop{resolved->addresses[0], options_.port};
        reply.answer = co_await client_.send(shop, std::move(request), deadline);
    } else {
        reply.answer = fail(resolved.error());
    }
    reply.ended = io::now();
    workload::Attempt line{.service = service, .kind = kind, .started = reply.started, .ended = reply.ended};
    line.ok = reply.answer && reply.answer->status < 400;
    if (reply.answer) {
        line.region = region_of(*reply.answer);
        region_ = line.region;
        if (!line.ok) line.why = fmt::format("{} {}", reply.answer->status, reply.answer->body.substr(0, 120));
    } else {
        line.why = reply.answer.error().code;
    }
    (line.ok ? ok_ : failed_) += 1;
    recent_.emplace_back(reply.ended, line.ok);
    if (line.ok)
        latencies_ms_.push_back(std::chrono::duration<double, std::milli>(reply.ended - reply.started).count());
    [[maybe_unused]] const auto noted = ledger_.append(to_line(line), io::AppendFile::Sync::no);
    co_return reply;
}

io::Task<Result<io::HttpResponse>> Shopper::write(
    std::string service, std::string kind, std::string target, std::string body, std::string token, std::string key
) {
    const auto deadline = io::Deadline::after(write_limit);
    for (int number = 1;; ++number) {
        io::HttpRequest request{
            .method = "POST",
            .target = target,
            .headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", key}},
            .body = body,
        };
        if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
        auto reply = co_await attempt(service, kind, std::move(request));
        // 4xx is a final word, except "too busy" and "not yet".
        const bool again = !reply.answer || reply.answer->status >= 500 || reply.answer->status == 429;
        if (!again) co_return std::move(reply.answer);
        if (deadline.passed())
            co_return fail("shop.given-up", fmt::format("{} {}: no answer in {} s", kind, key, write_limit / 1s));
        const Duration pause = std::min<Duration>(number * 50ms, 200ms);
        const auto jitter = std::chrono::milliseconds(random_.below(60));
        co_await io::wait_for(pause + jitter);
    }
}

void Shopper::acknowledge(const io::HttpResponse& answer, workload::Acknowledged write) {
    write.acked = io::now();
    write.writer = std::string(answer.header("X-CloudShelf-Writer"));
    const std::string epoch(answer.header("X-CloudShelf-Epoch"));
    write.epoch = std::strtoull(epoch.c_str(), nullptr, 10);
    // In the file first: what is counted must survive the shopper.
    [[maybe_unused]] const auto noted = ledger_.append(to_line(write), io::AppendFile::Sync::no);
    acknowledged_.push_back(std::move(write));
}

io::Task<void> Shopper::browse() {
    io::HttpRequest request{.target = fmt::format("/books?q={}&limit=10", words[random_.below(words.size())])};
    co_await attempt("book-catalog", "browse", std::move(request));
}

io::Task<void> Shopper::look_at_book() {
    io::HttpRequest request{.target = fmt::format("/books/{}", a_book())};
    co_await attempt("book-catalog", "book", std::move(request));
}

io::Task<void> Shopper::rate_book() {
    const Customer customer = someone();
    const std::uint64_t book = a_book();
    const std::uint64_t stars = 1 + random_.below(5);
    const std::string once = key();
    const std::string body = json::serialize(json::object{{"stars", stars}});
    const auto answer =
        co_await write("book-catalog", "rating", fmt::format("/books/{}/ratings", book), body, customer.token, once);
    if (!answer || answer->status != 201) co_return;
    const std::string id = json::value_to<std::string>(json::parse(answer->body).at("rating_id"));
    acknowledge(
        *answer,
        {.service = "book-catalog",
         .kind = "rating",
         .id = id,
         .key = once,
         .path = fmt::format("/books/{}/ratings/{}", book, id),
         .customer = customer.email,
         .expect = std::to_string(stars)}
    );
}

io::Task<void> Shopper::sign_up(std::uint64_t number) {
    const std::string once = key();
    const std::string email = fmt::format("customer-{}-{}@example.com", once, number);
    const std::string body =
        json::serialize(json::object{{"email", email}, {"name", "A. Reader"}, {"password", password}});
    const auto answer = co_await write("user-auth", "user", "/users", body, "", once);
    if (!answer || answer->status != 201) co_return;
    const std::string id = json::value_to<std::string>(json::parse(answer->body).at("user_id"));
    acknowledge(
        *answer,
        {.service = "user-auth",
         .kind = "user",
         .id = id,
         .key = once,
         .path = "/sessions",
         .customer = email,
         .expect = id}
    );
}

io::Task<void> Shopper::sign_in() {
    const std::string email = someone().email;
    const std::string body = json::serialize(json::object{{"email", email}, {"password", password}});
    co_await write("user-auth", "session", "/sessions", body, "", key());
}

io::Task<void> Shopper::buy() {
    const Customer customer = someone();
    const std::string order_key = key();
    const json::object item{{"book_id", a_book()}, {"quantity", 1 + random_.below(3)}};
    const std::string order_body = json::serialize(json::object{{"items", json::array{item}}});
    const auto order = co_await write("payments", "order", "/orders", order_body, customer.token, order_key);
    if (!order || order->status != 201) co_return;
    const json::value placed = json::parse(order->body);
    const std::string order_id = json::value_to<std::string>(placed.at("order_id"));
    const std::string path = "/orders/" + order_id;
    acknowledge(
        *order,
        {.service = "payments",
         .kind = "order",
         .id = order_id,
         .key = order_key,
         .path = path,
         .customer = customer.email,
         .expect = json::serialize(placed.at("total_cents"))}
    );
    const std::string payment_key = key();
    const std::string payment_body = json::serialize(json::object{{"order_id", order_id}, {"card_token", "tok_visa"}});
    const auto payment = co_await write("payments", "payment", "/payments", payment_body, customer.token, payment_key);
    if (!payment || payment->status != 201) co_return;
    const std::string payment_id = json::value_to<std::string>(json::parse(payment->body).at("payment_id"));
    acknowledge(
        *payment,
        {.service = "payments",
         .kind = "payment",
         .id = payment_id,
         .key = payment_key,
         .path = path,
         .customer = customer.email,
         .expect = payment_id}
    );
}

io::Task<void> Shopper::transaction(std::uint64_t number) {
    ++under_way_;
    // What customers do, in a hundred: 62 search, 10 look, 10 rate, 2 sign up, 2 sign in, 14 buy (two writes each).
    const std::uint64_t draw = random_.below(100);
    std::string problem;
    try {
        if (draw < 62) {
            co_await browse();
        } else if (draw < 72) {
            co_await look_at_book();
        } else if (draw < 82) {
            co_await rate_book();
        } else if (draw < 84) {
            co_await sign_up(number);
        } else if (draw < 86) {
            co_await sign_in();
        } else {
            co_await buy();
        }
    } catch (const std::exception& bad) {
        problem = bad.what();
    }
    if (!problem.empty()) fmt::print(stderr, "shop: an answer that was not understood: {}\n", problem);
    --under_way_;
}

io::Task<Result<void>> Shopper::prepare() {
    auto file = io::AppendFile::open(options_.ledger);
    if (!file) co_return fail(file.error());
    ledger_ = std::move(*file);
    const auto deadline = io::Deadline::after(60s);
    while (static_cast<int>(customers_.size()) < options_.customers) {
        if (deadline.passed())
            co_return fail("shop.no-shop", fmt::format("{} took no customers within 60 s", options_.name));
        const std::size_t before = acknowledged_.size();
        co_await sign_up(0);
        if (acknowledged_.size() == before) {
            co_await io::wait_for(200ms);
            continue;
        }
        const std::string email = acknowledged_.back().customer;
        const std::string body = json::serialize(json::object{{"email", email}, {"password", password}});
        io::HttpRequest request{
            .method = "POST", .target = "/sessions", .headers = {{"Content-Type", "application/json"}}, .body = body
        };
        const auto reply = co_await attempt("user-auth", "session", std::move(request));
        if (!reply.answer || reply.answer->status != 201) continue;
        const std::string token = json::value_to<std::string>(json::parse(reply.answer->body).at("token"));
        customers_.push_back({email, token});
        tokens_[email] = token;
    }
    co_return Result<void>{};
}

io::Task<void> Shopper::run() {
    asio::co_spawn(executor_, watch(), asio::detached);
    const TimePoint end = io::now() + options_.duration;
    TimePoint due = io::now();
    while (!stopping_ && due < end) {
        if (const Duration early = due - io::now(); early > Duration::zero())
            co_await io::wait_for(std::min<Duration>(early, 50ms));
        while (!stopping_ && due <= io::now()) {
            ++begun_;
            if (under_way_ >= under_way_max) {
                ++shed_;
            } else {
                asio::co_spawn(executor_, transaction(begun_), asio::detached);
            }
            // Exponential gaps: arrivals of customers who know nothing of each other.
            const double gap_s = -std::log(1.0 - random_.unit()) / options_.rate;
            due += std::chrono::duration_cast<Duration>(std::chrono::duration<double>(gap_s));
        }
    }
    const auto patience = io::Deadline::after(30s);
    while (under_way_ > 0 && !patience.passed()) co_await io::wait_for(5ms);
    done_ = true;
}

std::string Shopper::live(const char* phase) const {
    const TimePoint now = io::now();
    std::uint64_t good = 0;
    std::uint64_t all = 0;
    for (auto it = recent_.rbegin(); it != recent_.rend() && now - it->first < 1s; ++it) {
        ++all;
        good += it->second ? 1 : 0;
    }
    const std::size_t keep = std::min<std::size_t>(latencies_ms_.size(), 500);
    const Summary latency = summarize({latencies_ms_.end() - static_cast<std::ptrdiff_t>(keep), latencies_ms_.end()});
    return json::serialize(json::object{
        {"phase", phase},
        {"at_ns", now.time_since_epoch().count()},
        {"begun", begun_},
        {"ok", ok_},
        {"failed", failed_},
        {"shed", shed_},
        {"under_way", under_way_},
        {"attempts_1s", all},
        {"success_1s", all == 0 ? 0.0 : static_cast<double>(good) / static_cast<double>(all)},
        {"p50_ms", latency.median},
        {"p99_ms", latency.p99},
        {"acknowledged_writes", acknowledged_.size()},
        {"region", region_},
    });
}

io::Task<void> Shopper::watch() {
    const std::filesystem::path file = options_.ledger.string() + ".live.json";
    while (!done_) {
        [[maybe_unused]] const auto written = io::replace_file(file, live(stopping_ ? "ending" : "shopping"));
        co_await io::wait_for(200ms);
        if (recent_.size() > 20000) recent_.erase(recent_.begin(), recent_.begin() + 10000);
    }
}

io::Task<void> Shopper::read_back(workload::Acknowledged write, std::shared_ptr<Audit> audit) {
    workload::Found found = workload::Found::missing;
    for (int tries = 0; tries < 20; ++tries) {
        io::HttpRequest request{.target = write.path};
        if (write.kind == "user") {
            request.method = "POST";
            request.headers = {{"Content-Type", "application/json"}};
            request.body = json::serialize(json::object{{"email", write.customer}, {"password", password}});
        } else {
            request.headers = {{"Authorization", "Bearer " + tokens_[write.customer]}};
        }
        const auto reply = co_await attempt("audit", write.kind, std::move(request));
        if (reply.answer && reply.answer->status < 500) {
            found = workload::judge(write, reply.answer->status, reply.answer->body);
            break;
        }
        co_await io::wait_for(100ms);
    }
    audit->acknowledged[write.service] += 1;
    if (found != workload::Found::present) audit->bad.emplace_back(write, found);
    --under_way_;
}

io::Task<Shopper::Audit> Shopper::audit() {
    auto audit = std::make_shared<Audit>();
    for (const auto& write : acknowledged_) {
        while (under_way_ >= 16) co_await io::wait_for(1ms);
        ++under_way_;
        asio::co_spawn(executor_, read_back(write, audit), asio::detached);
    }
    while (under_way_ > 0) co_await io::wait_for(2ms);
    co_return *audit;
}

}  // namespace cloudshelf::cli

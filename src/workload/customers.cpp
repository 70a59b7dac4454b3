#include "workload/customers.hpp"

#include "base/assert.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace cloudshelf::workload {
namespace {

namespace json = boost::json;

constexpr std::array words = {"the", "war", "love", "house", "time", "sea", "king", "night", "world", "garden"};
constexpr const char* password = "correct horse battery staple";  // of every customer: there is nothing to protect
constexpr std::size_t orders_kept = 500;
constexpr std::size_t repeated_kept = 50'000;
constexpr double retries_max = 20;
constexpr int read_tries_max = 3;

std::string sign_in_body(const std::string& email) {
    return json::serialize(json::object{{"email", email}, {"password", password}});
}

/// The error's code, or an empty text.
std::string code_of(const std::string& body) {
    boost::system::error_code bad;
    const json::value value = json::parse(body, bad);
    if (bad) return {};
    const auto* code = value.find_pointer("/error/code", bad);
    return code != nullptr && code->is_string() ? std::string(code->as_string()) : std::string();
}

bool is_final(int status) {
    return status < 500 && status != 429 && status != 408;
}

/// Refusals by which the shop says that nothing was done.
bool surely_not_done(const std::string& code) {
    static constexpr std::array known = {"write-fenced", "no-writer", "busy", "no-database", "processor-unavailable"};
    return std::ranges::find(known, code) != known.end();
}

const char* service_of(const Request& request) {
    return request.service.c_str();
}

}  // namespace

Request Customers::sign_in(const std::string& email) {
    return {
        .service = "user-auth",
        .kind = "session",
        .method = "POST",
        .target = "/sessions",
        .body = sign_in_body(email),
    };
}

void Customers::signed_in(const std::string& email, const Answer& answer) {
    boost::system::error_code bad;
    const json::value value = json::parse(answer.body, bad);
    if (bad) return;
    const auto* token = value.find_pointer("/token", bad);
    if (token != nullptr && token->is_string()) tokens_[email] = std::string(token->as_string());
}

std::optional<std::string> Customers::token_of(const std::string& email) const {
    const auto found = tokens_.find(email);
    if (found == tokens_.end()) return std::nullopt;
    return found->second;
}

std::string Customers::key() {
    return fmt::format("{}-{}", options_.run, ++keys_);
}

Duration Customers::gap() {
    const double seconds = -std::log(1.0 - random_.unit()) / options_.rate;
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

Customers::Begun Customers::join(TimePoint now) {
    Transaction transaction{.kind = Kind::join, .meant_for = now};
    Request request = first_request(transaction);
    return begin(std::move(transaction), std::move(request));
}

Customers::Begun Customers::arrive(TimePoint meant_for) {
    CLOUDSHELF_ASSERT(!pool_.empty());
    static constexpr std::array<std::pair<std::uint64_t, Kind>, 8> mix = {
        {{52, Kind::browse},
         {64, Kind::look},
         {72, Kind::rate},
         {82, Kind::buy},
         {90, Kind::own_order},
         {96, Kind::fill_cart},
         {98, Kind::sign_up},
         {100, Kind::sign_in}}
    };
    const std::uint64_t draw = random_.below(100);
    Transaction transaction{.meant_for = meant_for, .customer = pool_[random_.below(pool_.size())]};
    for (auto it = mix.rbegin(); it != mix.rend() && draw < it->first; ++it) transaction.kind = it->second;
    if (transaction.kind == Kind::own_order && orders_.empty()) transaction.kind = Kind::browse;
    if (transaction.kind == Kind::browse && draw < 12 && !options_.pages.empty()) transaction.kind = Kind::page;
    Request request = first_request(transaction);
    return begin(std::move(transaction), std::move(request));
}

Request Customers::first_request(Transaction& transaction) {
    const std::uint64_t book = 1 + random_.below(options_.books);
    const std::string word = words[random_.below(words.size())];
    const std::uint64_t number = 1 + random_.below(5);
    const Customer& customer = transaction.customer;
    switch (transaction.kind) {
        case Kind::browse:
            return {.service = "book-catalog", .kind = "browse", .target = fmt::format("/books?q={}&limit=10", word)};
        case Kind::page:
            return {.service = "static-site", .kind = "page", .target = options_.pages[book % options_.pages.size()]};
        case Kind::look:
            return {.service = "book-catalog", .kind = "book", .target = fmt::format("/books/{}", book)};
        case Kind::sign_in:
            return sign_in(customer.email);
        case Kind::own_order: {
            const Order& order = orders_[random_.below(orders_.size())];
            transaction.write = {.kind = "order", .id = order.id, .expect = order.total};
            return {.service = "payments", .kind = "own-order", .target = "/orders/" + order.id, .token = order.token};
        }
        case Kind::rate: {
            Request request{
                .service = "book-catalog",
                .kind = "rating",
                .method = "POST",
                .target = fmt::format("/books/{}/ratings", book),
                .body = json::serialize(json::object{{"stars", number}}),
                .token = customer.token,
                .key = key(),
            };
            transaction.write = {.customer = customer.email, .expect = std::to_string(number)};
            return request;
        }
        case Kind::buy: {
            const json::object item{{"book_id", book}, {"quantity", 1 + number / 2}};
            transaction.write = {.customer = customer.email};
            return {
                .service = "payments",
                .kind = "order",
                .method = "POST",
                .target = "/orders",
                .body = json::serialize(json::object{{"items", json::array{item}}}),
                .token = customer.token,
                .key = key(),
            };
        }
        case Kind::fill_cart: {
            transaction.write = {.path = "/cart", .customer = customer.email, .expect = std::to_string(number)};
            return {
                .service = "shopping-cart",
                .kind = "cart",
                .method = "POST",
                .target = "/cart",
                .body = json::serialize(json::object{{"bookId", ++cart_lines_}, {"quantity", number}}),
                .token = customer.token,
                .key = key(),
            };
        }
        case Kind::join:
        case Kind::sign_up: {
            const std::string once = key();
            const std::string email = fmt::format("customer-{}@example.com", once);
            transaction.write = {.path = "/sessions", .customer = email};
            return {
                .service = "user-auth",
                .kind = "user",
                .method = "POST",
                .target = "/users",
                .body = json::serialize(json::object{{"email", email}, {"name", "A. Reader"}, {"password", password}}),
                .key = once,
            };
        }
    }
    CLOUDSHELF_ASSERT(false);
    return {};
}

Customers::Begun Customers::begin(Transaction transaction, Request request) {
    const Id id = ++ids_;
    const TimePoint at = transaction.meant_for;
    const auto [it, fresh] = transactions_.emplace(id, std::move(transaction));
    return {id, send(it->second, std::move(request), at, {})};
}

Next Customers::send(Transaction& transaction, Request request, TimePoint now, Next next) {
    transaction.request = std::move(request);
    transaction.write.service = transaction.request.service;
    if (!transaction.request.key.empty()) {
        transaction.write.kind = transaction.request.kind;
        transaction.write.key = transaction.request.key;
        transaction.write.id.clear();
        transaction.write.sent = now;
    } else {
        retries_left_ = std::min(retries_max, retries_left_ + options_.read_retries_per_read);
    }
    transaction.first_sent = now;
    transaction.tries = 0;
    transaction.maybe_done = false;
    return send_again(transaction, now, std::move(next));
}

Next Customers::send_again(Transaction& transaction, TimePoint now, Next next) {
    transaction.sent = now;
    ++transaction.tries;
    ++transaction.attempts;
    next.then = transaction.request;
    return next;
}

Next Customers::step(Id id, const Event& event, TimePoint now) {
    CLOUDSHELF_ASSERT(transactions_.contains(id));
    return std::visit([&](const auto& concrete) { return on(id, concrete, now); }, event);
}

Next Customers::on(Id id, const Woken&, TimePoint now) {
    return send_again(transactions_.at(id), now, {});
}

Next Customers::on(Id id, const NoAnswer& none, TimePoint now) {
    Transaction& transaction = transactions_.at(id);
    Next next;
    next.attempt = Attempt{
        .service = service_of(transaction.request),
        .kind = transaction.request.kind,
        .started = transaction.sent,
        .ended = now,
        .why = none.why
    };
    if (none.sent) transaction.maybe_done = true;
    return retry(id, now, std::move(next));
}

Next Customers::on(Id id, const Answer& answer, TimePoint now) {
    Transaction& transaction = transactions_.at(id);
    Attempt attempt{
        .service = service_of(transaction.request),
        .kind = transaction.request.kind,
        .started = transaction.sent,
        .ended = now,
        .ok = answer.status >= 200 && answer.status < 300,
        .region = answer.region
    };
    if (attempt.ok) {
        try {
            return succeeded(id, answer, now, {.attempt = attempt});
        } catch (const std::exception&) {
            // Half an answer, or another one than was asked for: whether it was done is not known.
            attempt.ok = false;
            attempt.why = fmt::format("{} not understood", answer.status);
            transaction.maybe_done = true;
            return retry(id, now, {.attempt = attempt});
        }
    }
    const std::string code = code_of(answer.body);
    attempt.why = fmt::format("{} {}", answer.status, code);
    Next next{.attempt = std::move(attempt)};
    if (is_final(answer.status)) return finish(id, false, now, std::move(next));
    if (!surely_not_done(code)) transaction.maybe_done = true;
    return retry(id, now, std::move(next));
}

Next Customers::retry(Id id, TimePoint now, Next next) {
    Transaction& transaction = transactions_.at(id);
    const bool write = !transaction.request.key.empty();
    Duration pause = options_.pause_min;
    for (int doubled = 1; doubled < transaction.tries && pause < options_.pause_max; ++doubled) pause *= 2;
    pause = std::min(pause, options_.pause_max);
    pause = pause / 2 + Duration(random_.below(static_cast<std::uint64_t>((pause / 2).count()) + 1));
    const TimePoint limit = transaction.first_sent + (write ? options_.write_limit : options_.read_limit);
    if (now + pause >= limit) return finish(id, false, now, std::move(next));
    if (!write) {
        // A customer who is setting up for the run has nothing else to do.
        const bool may = transaction.kind == Kind::join || (transaction.tries < read_tries_max && retries_left_ >= 1);
        if (!may) return finish(id, false, now, std::move(next));
        retries_left_ -= 1;
    }
    next.then = WaitUntil{now + pause};
    return next;
}

Next Customers::succeeded(Id id, const Answer& answer, TimePoint now, Next next) {
    Transaction& transaction = transactions_.at(id);
    const std::string kind = transaction.request.kind;
    if (kind == "session") {
        const std::string token = json::value_to<std::string>(json::parse(answer.body).at("token"));
        if (transaction.kind == Kind::join) {
            pool_.push_back({transaction.customer.email, token});
            tokens_[transaction.customer.email] = token;
        }
        return finish(id, true, now, std::move(next));
    }
    if (kind == "own-order") {
        const Found found = judge(transaction.write, answer.status, answer.body);
        next.attempt->ok = found == Found::present;
        if (!next.attempt->ok) next.attempt->why = fmt::format("{} {}", answer.status, name(found));
        return finish(id, next.attempt->ok, now, std::move(next));
    }
    if (transaction.request.key.empty()) return finish(id, true, now, std::move(next));

    // All of it is read before any of it counts: an answer that is cut short throws here.
    const json::value body = json::parse(answer.body);
    Acknowledged write = transaction.write;
    if (kind == "cart") {
        write.id = std::to_string(json::value_to<std::int64_t>(body.at("bookId")));
    } else {
        write.id = json::value_to<std::string>(body.at(kind + "_id"));
    }
    if (kind == "rating") write.path = transaction.request.target + "/" + write.id;
    if (kind == "user") write.expect = write.id;
    if (kind == "order") {
        write.path = "/orders/" + write.id;
        write.expect = std::to_string(json::value_to<std::int64_t>(body.at("total_cents")));
    }
    if (kind == "payment") write.expect = write.id;
    write.acked = now;
    write.writer = answer.writer;
    write.epoch = answer.epoch;
    write.attempts = transaction.tries;
    write.region = answer.region;
    // A cart's line is set, not added to: twice is once.
    const bool adds = kind != "cart";
    if (adds && transaction.tries > 1 && repeated_.size() < repeated_kept) repeated_[write.key] = transaction.request;
    next.acknowledged.push_back(write);

    if (kind == "order") {
        orders_.push_back({write.id, write.customer, transaction.customer.token, write.expect});
        if (orders_.size() > orders_kept) orders_.pop_front();
        Request payment{
            .service = "payments",
            .kind = "payment",
            .method = "POST",
            .target = "/payments",
            .body = json::serialize(json::object{{"order_id", write.id}, {"card_token", "tok_visa"}}),
            .token = transaction.customer.token,
            .key = key(),
        };
        transaction.write.path = write.path;
        return send(transaction, std::move(payment), now, std::move(next));
    }
    if (transaction.kind == Kind::join) {
        transaction.customer.email = write.customer;
        return send(transaction, sign_in(write.customer), now, std::move(next));
    }
    return finish(id, true, now, std::move(next));
}

Next Customers::finish(Id id, bool ok, TimePoint now, Next next) {
    const Transaction& transaction = transactions_.at(id);
    const bool write = !transaction.request.key.empty();
    if (!ok && write && transaction.maybe_done) {
        Acknowledged unknown = transaction.write;
        unknown.acked = now;
        unknown.attempts = transaction.tries;
        next.unknown.push_back(std::move(unknown));
    }
    static constexpr std::array kinds = {
        "join", "browse", "book", "rating", "user", "session", "buy", "own-order", "cart"
    };
    next.deed = Deed{
        .service = service_of(transaction.request),
        .kind = kinds[static_cast<std::size_t>(transaction.kind)],
        .started = transaction.meant_for,
        .ended = now,
        .ok = ok,
        .attempts = transaction.attempts
    };
    next.then = Finished{};
    transactions_.erase(id);
    return next;
}

Next Customers::abandon(Id id, TimePoint now) {
    CLOUDSHELF_ASSERT(transactions_.contains(id));
    transactions_.at(id).maybe_done = true;
    return finish(id, false, now, {});
}

std::vector<Customers::Id> Customers::under_way() const {
    std::vector<Id> ids;
    ids.reserve(transactions_.size());
    for (const auto& [id, transaction] : transactions_) ids.push_back(id);
    return ids;
}

std::optional<Request> Customers::read_back(const Acknowledged& write) const {
    if (write.path.empty()) return std::nullopt;
    if (write.kind == "user") return sign_in(write.customer);
    return Request{
        .service = write.service,
        .kind = write.kind,
        .target = write.path,
        .token = token_of(write.customer).value_or(""),
    };
}

std::optional<Request> Customers::again(const Acknowledged& write) const {
    const auto found = repeated_.find(write.key);
    if (found == repeated_.end()) return std::nullopt;
    return found->second;
}

}  // namespace cloudshelf::workload

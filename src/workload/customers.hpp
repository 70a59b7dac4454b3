#pragma once

#include "base/random.hpp"
#include "workload/ledger.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace cloudshelf::workload {

/// A request to the shop.
struct Request {
    std::string service;
    std::string kind;
    std::string method = "GET";
    std::string target;
    std::string body;
    std::string token;  // of the customer; empty: not signed in
    std::string key;    // idempotency key; empty: not a write
};

/// What became of a request.
struct Answer {
    int status = 0;
    std::string body;
    std::string region;
    std::string writer;
    std::uint64_t epoch = 0;
};
struct NoAnswer {
    std::string why;
    bool sent = true;  // false: it surely was not done
};
struct Woken {};  // the wait is over
using Event = std::variant<Answer, NoAnswer, Woken>;

struct WaitUntil {
    TimePoint at{};
};
struct Finished {};

/// What to do next, in this order: what was acknowledged is in the ledger before anything else happens.
struct Next {
    std::vector<Acknowledged> acknowledged;
    std::vector<Acknowledged> unknown;
    std::optional<Attempt> attempt;  // the one that just ended
    std::optional<Deed> deed;        // the whole transaction, when it ended
    std::variant<Finished, Request, WaitUntil> then;
};

/// Customers of the bookstore, as a pure model: what they do, when they come, when they try again. Open loop: arrivals
/// depend on the rate and the seed, never on answers. In a hundred: 52 search (12 of them look at a page of the static
/// site instead, where there is one), 12 look at a book, 8 rate one, 10 order
/// and pay, 8 look at their order, 6 put a book into their cart (each another one, so that each can be read back), 2
/// sign up, 2 sign in.
///
/// Every write has an idempotency key, and is sent again with it, after a growing, jittered pause, until its fate is
/// known or `write_limit` is over; an order is paid also when that takes until after a failover. Reads are tried again
/// only as a share of all reads, so that customers never make an overload worse.
class Customers {
public:
    struct Options {
        double rate = 50;  // arrivals per second
        std::uint64_t seed = 1;
        std::string run = "run";              // part of every key and e-mail address: another run's are others
        std::size_t pool = 24;                // signed up before the load begins
        std::vector<std::string> pages = {};  // of the static site; none: nobody looks at it
        std::uint64_t books = 400;
        Duration write_limit = std::chrono::seconds(60);
        Duration read_limit = std::chrono::seconds(5);
        Duration pause_min = std::chrono::milliseconds(100);
        Duration pause_max = std::chrono::seconds(1);
        double read_retries_per_read = 0.1;
    };
    using Id = std::uint64_t;
    struct Begun {
        Id id = 0;
        Next next;
    };

    explicit Customers(Options options) : options_(std::move(options)), random_(options_.seed) {}

    bool pool_full() const { return pool_.size() >= options_.pool; }
    /// The transaction by which one more customer joins the pool: signs up, then in.
    Begun join(TimePoint now);

    /// Until the next arrival: exponential, customers know nothing of each other.
    Duration gap();
    /// An arrival. Precondition: the pool is not empty. `meant_for`: when it was to happen; latency counts from there.
    Begun arrive(TimePoint meant_for);

    /// Precondition: a transaction that has begun and not finished.
    Next step(Id id, const Event& event, TimePoint now);
    /// The customer walks away: what was on its way is unknown.
    Next abandon(Id id, TimePoint now);
    std::vector<Id> under_way() const;
    bool knows(Id id) const { return transactions_.contains(id); }

    /// The request that reads a write back; nothing when it can't be found without its id.
    std::optional<Request> read_back(const Acknowledged& write) const;
    /// The sign-in of a customer; `signed_in` learns the token from its answer, if there is one.
    static Request sign_in(const std::string& email);
    void signed_in(const std::string& email, const Answer& answer);
    std::optional<std::string> token_of(const std::string& email) const;
    /// For a write that took several attempts: the same request once more. A shop that keeps its promise answers with
    /// the same id; another one has done it twice.
    std::optional<Request> again(const Acknowledged& write) const;

private:
    enum class Kind { join, browse, page, look, rate, sign_up, sign_in, buy, own_order, fill_cart };
    struct Customer {
        std::string email;
        std::string token;
    };
    struct Order {
        std::string id;
        std::string customer;
        std::string token;
        std::string total;
    };
    struct Transaction {
        Kind kind{};
        TimePoint meant_for{};
        Customer customer;
        int attempts = 0;  // of all its requests
        Request request;   // the one under way, or to be sent after the wait
        Acknowledged write;
        TimePoint sent{};        // this attempt
        TimePoint first_sent{};  // of this request
        int tries = 0;           // of this request
        bool maybe_done = false;
    };

    Begun begin(Transaction transaction, Request request);
    Request first_request(Transaction& transaction);
    Next send(Transaction& transaction, Request request, TimePoint now, Next next);
    Next send_again(Transaction& transaction, TimePoint now, Next next);
    Next retry(Id id, TimePoint now, Next next);
    Next succeeded(Id id, const Answer& answer, TimePoint now, Next next);
    Next finish(Id id, bool ok, TimePoint now, Next next);
    Next on(Id id, const Answer& answer, TimePoint now);
    Next on(Id id, const NoAnswer& none, TimePoint now);
    Next on(Id id, const Woken&, TimePoint now);
    std::string key();

    Options options_;
    Random random_;
    std::vector<Customer> pool_;
    std::map<std::string, std::string> tokens_;  // by e-mail
    std::deque<Order> orders_;                   // the latest ones
    std::map<Id, Transaction> transactions_;
    std::map<std::string, Request> repeated_;  // by key: acknowledged writes that took several attempts
    double retries_left_ = 10;
    std::uint64_t ids_ = 0;
    std::uint64_t keys_ = 0;
    std::uint64_t cart_lines_ = 0;
};

}  // namespace cloudshelf::workload

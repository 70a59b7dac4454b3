// Goal: customers count right what a shop does to them, and find out a shop that loses or doubles what it acknowledged.
// Method: a bookstore in memory behind a real HTTP server, found through a nameserver of a few lines; both do wrong
// what the test tells them to. The real servers are in the twin's trials.
#include "cli/shopper.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <unistd.h>

namespace cloudshelf::cli {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace json = boost::json;
using asio::ip::udp;
using namespace std::chrono_literals;
using workload::Found;

/// What happens to a request.
enum class Fate {
    good,
    fenced,        // 503, nothing was done
    unknown,       // done, and 503: nobody knows
    slow,          // done, and answered when the customer has given up
    forgotten,     // acknowledged, and not done
    captured_two,  // a payment, taken twice
    without_key,   // done as if its key were new
};

/// The bookstore's state: shared by the servers of two regions.
struct Books {
    struct Order {
        std::int64_t total = 0;
        std::vector<std::string> payments;
    };
    std::map<std::string, std::string> users;  // e-mail: id
    std::map<std::string, Order> orders;
    std::map<std::string, std::int64_t> ratings;  // path: stars
    std::map<std::int64_t, std::int64_t> cart;    // everybody's, since no two lines have the same book: quantities
    std::map<std::string, std::string> answers;   // by idempotency key
    std::uint64_t ids = 0;
    std::map<Fate, int> fates;
    /// Chooses; told the kind of the request ("POST /orders") and how many of that kind there have been.
    std::function<Fate(const std::string& kind, int count)> choose;
    std::map<std::string, int> counts;

    std::string id() { return std::to_string(++ids); }
};

std::string do_write(Books& books, const std::string& path, const json::value& body, Fate fate) {
    const std::string id = books.id();
    const bool keep = fate != Fate::forgotten;
    if (path == "/users") {
        if (keep) books.users[json::value_to<std::string>(body.at("email"))] = id;
        return fmt::format(R"({{"user_id": "{}"}})", id);
    }
    if (path == "/orders") {
        if (keep) books.orders[id].total = 1699;
        return fmt::format(R"({{"order_id": "{}", "total_cents": 1699, "status": "placed"}})", id);
    }
    if (path == "/payments") {
        auto& payments = books.orders.at(json::value_to<std::string>(body.at("order_id"))).payments;
        if (keep) payments.push_back(id);
        if (fate == Fate::captured_two) payments.push_back(books.id());
        return fmt::format(R"({{"payment_id": "{}"}})", id);
    }
    if (path == "/cart") {
        const auto book = json::value_to<std::int64_t>(body.at("bookId"));
        if (keep) books.cart[book] = json::value_to<std::int64_t>(body.at("quantity"));
        return json::serialize(body);
    }
    if (keep) books.ratings[path + "/" + id] = json::value_to<std::int64_t>(body.at("stars"));
    return fmt::format(R"({{"rating_id": "{}"}})", id);
}

io::HttpResponse do_read(const Books& books, const std::string& path) {
    if (const auto rating = books.ratings.find(path); rating != books.ratings.end())
        return io::HttpResponse::json(200, fmt::format(R"({{"stars": {}}})", rating->second));
    if (path.ends_with("/ratings") || path.find("/ratings/") != std::string::npos)
        return io::HttpResponse::error(404, "not-found", "no such rating");
    if (path == "/cart") {
        json::array items;
        for (const auto& [book, quantity] : books.cart) items.push_back({{"bookId", book}, {"quantity", quantity}});
        return io::HttpResponse::json(200, json::serialize(json::object{{"userId", "1"}, {"items", std::move(items)}}));
    }
    if (path.starts_with("/orders/")) {
        const auto order = books.orders.find(path.substr(8));
        if (order == books.orders.end()) return io::HttpResponse::error(404, "not-found", "no such order");
        json::array payments;
        for (const auto& payment : order->second.payments)
            payments.push_back({{"payment_id", payment}, {"status", "captured"}});
        return io::HttpResponse::json(
            200, json::serialize(json::object{{"total_cents", order->second.total}, {"payments", std::move(payments)}})
        );
    }
    return io::HttpResponse::json(200, R"({"books": [], "total": 0})");
}

io::HttpResponse handle(Books& books, const io::HttpRequest& request, Fate fate) {
    const std::string path(request.path());
    if (request.method == "GET") return do_read(books, path);
    const json::value body = json::parse(request.body);
    if (path == "/sessions") {
        const auto user = books.users.find(json::value_to<std::string>(body.at("email")));
        if (user == books.users.end()) return io::HttpResponse::error(401, "bad-credentials", "nobody");
        return io::HttpResponse::json(201, fmt::format(R"({{"token": "token-{}"}})", user->second));
    }
    const std::string key(request.header("Idempotency-Key"));
    if (key.empty()) return io::HttpResponse::error(400, "bad-idempotency-key", "a write without a key");
    if (path != "/users" && !request.header("Authorization").starts_with("Bearer token-"))
        return io::HttpResponse::error(401, "not-signed-in", "no token");
    const bool known = books.answers.contains(key) && fate != Fate::without_key;
    if (!known) books.answers[key] = do_write(books, path, body, fate);
    return io::HttpResponse::json(201, books.answers[key]);
}

/// One region's server.
class Shop {
public:
    Shop(io::Executor executor, std::shared_ptr<Books> books, io::Endpoint listen, std::string region)
        : server_(
              executor,
              {.listen = std::move(listen)},
              [books = std::move(books), region = std::move(region)](io::HttpRequest request) {
                  return serve(books, region, std::move(request));
              }
          ) {}
    Result<void> start() { return server_.start(); }
    std::uint16_t port() const { return server_.port(); }
    io::Task<void> die() { return server_.stop(io::Deadline(io::now())); }

private:
    static io::Task<io::HttpResponse> serve(std::shared_ptr<Books> books, std::string region, io::HttpRequest request) {
        std::string path(request.path());
        if (path.ends_with("/ratings")) path = "/ratings";
        const std::string kind = request.method + " " + path;
        const Fate fate = books->choose ? books->choose(kind, ++books->counts[kind]) : Fate::good;
        ++books->fates[fate];
        io::HttpResponse response;
        if (fate == Fate::fenced) {
            response = io::HttpResponse::error(503, "write-fenced", "not here");
        } else {
            response = handle(*books, request, fate);
        }
        if (fate == Fate::unknown) response = io::HttpResponse::error(503, "outcome-unknown", "who knows");
        if (fate == Fate::slow) co_await io::wait_for(400ms);
        response.headers.emplace_back("X-CloudShelf-Region", region);
        response.headers.emplace_back("X-CloudShelf-Writer", region);
        response.headers.emplace_back("X-CloudShelf-Epoch", region == "east" ? "1" : "2");
        co_return response;
    }

    io::HttpServer server_;
};

/// Answers every question with one address, for a second.
class Nameserver {
public:
    explicit Nameserver(io::Executor executor) : state_(std::make_shared<State>(executor)) {
        asio::co_spawn(executor, serve(state_), asio::detached);
    }
    ~Nameserver() { state_->socket.close(); }
    Nameserver(const Nameserver&) = delete;
    Nameserver& operator=(const Nameserver&) = delete;
    io::Endpoint endpoint() const { return {"127.88.0.9", state_->socket.local_endpoint().port()}; }
    void say(std::uint8_t last) { state_->last = last; }

private:
    struct State {
        explicit State(const io::Executor& executor) : socket(executor, {asio::ip::make_address("127.88.0.9"), 0}) {}
        udp::socket socket;
        std::uint8_t last = 1;
    };
    static io::Task<void> serve(std::shared_ptr<State> state) {
        for (;;) {
            std::vector<std::uint8_t> bytes(4096);
            udp::endpoint from;
            boost::system::error_code bad;
            const auto size = co_await state->socket.async_receive_from(
                asio::buffer(bytes), from, asio::redirect_error(asio::use_awaitable, bad)
            );
            if (bad) co_return;
            bytes.resize(size);
            bytes[2] |= 0x84;  // an answer, authoritative
            bytes[7] = 1;
            for (const int byte : {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 88, 0, int(state->last)})
                bytes.push_back(static_cast<std::uint8_t>(byte));
            state->socket.send_to(asio::buffer(bytes), from);
        }
    }
    std::shared_ptr<State> state_;
};

/// A town with a shop, a nameserver and a folder for the ledger.
struct Town {
    explicit Town(io::Executor where) : executor(where), east(where, books, {"127.88.0.1", 0}, "east"), names(where) {}

    ShopperOptions options(Duration duration) const {
        return {
            .rate = 300,
            .duration = duration,
            .ledger = folder / "ledger.jsonl",
            .nameservers = {names.endpoint()},
            .port = east.port(),
            .seed = 5,
            .customers = 3,
            .attempt_limit = 200ms
        };
    }
    workload::Ledger ledger() const { return workload::parse_ledger(io::read_file(folder / "ledger.jsonl").value()); }

    io::Executor executor;
    std::shared_ptr<Books> books = std::make_shared<Books>();
    Shop east;
    Nameserver names;
    testing::TemporaryFolder folder;
};

/// The town's shop opens, and a shopper who found it; null where either failed.
io::Task<std::unique_ptr<Shopper>> open(Town* town, ShopperOptions options) {
    if (!town->east.start()) co_return nullptr;
    options.port = town->east.port();  // known only now
    auto shopper = std::make_unique<Shopper>(town->executor, std::move(options));
    const auto ready = co_await shopper->prepare();
    if (!ready) co_return nullptr;
    co_return shopper;
}

auto failures(const workload::Ledger& ledger, const std::string& why) {
    return std::ranges::count_if(ledger.attempts, [&](const auto& attempt) { return attempt.why == why; });
}

// Goal: refusals, lost answers and slow answers are counted one by one, and none of them costs or doubles a write.
ASYNC_TEST(Shopper, CountsRightWhatAnHonestShopDoes) {
    Town town(co_await asio::this_coro::executor);
    const auto shopper = co_await open(&town, town.options(1500ms));
    REQUIRE(shopper);
    town.books->choose = [](const std::string& kind, int count) {
        const bool write = kind.starts_with("POST") && kind != "POST /sessions";
        if (write && count % 7 == 3) return Fate::unknown;
        if (write && count % 11 == 5) return Fate::slow;
        if (count % 5 == 4) return Fate::fenced;
        return Fate::good;
    };
    const auto ran = co_await shopper->run();
    REQUIRE(ran);
    const auto fates = town.books->fates;
    town.books->choose = nullptr;
    const auto audit = co_await shopper->audit();

    const auto ledger = town.ledger();
    EXPECT_EQ(ledger.unreadable_lines, 0u);
    EXPECT_TRUE(ledger.unknown.empty());
    EXPECT_GT(fates.at(Fate::fenced), 20);
    EXPECT_EQ(failures(ledger, "503 write-fenced"), fates.at(Fate::fenced));
    EXPECT_EQ(failures(ledger, "503 outcome-unknown"), fates.at(Fate::unknown));
    EXPECT_EQ(failures(ledger, "io.timeout"), fates.at(Fate::slow));
    EXPECT_NEAR(static_cast<double>(ledger.deeds.size()), 3 + 450, 110);

    // All that was done was acknowledged in the end, once, and all that was acknowledged was done.
    EXPECT_TRUE(audit.bad.empty());
    EXPECT_EQ(audit.acknowledged(), ledger.writes.size());
    std::size_t payments = 0;
    for (const auto& [id, order] : town.books->orders) payments += order.payments.size();
    EXPECT_EQ(
        ledger.writes.size(),
        town.books->users.size() + town.books->orders.size() + town.books->ratings.size() + town.books->cart.size() +
            payments
    );
    EXPECT_EQ(town.books->orders.size(), payments) << "an order was left unpaid";
    EXPECT_GT(payments, 20u);

    const auto live = json::parse(shopper->live("done"));
    EXPECT_EQ(live.at("acknowledged_writes").to_number<std::size_t>(), ledger.writes.size());
    EXPECT_EQ(live.at("ok").to_number<int>() + live.at("failed").to_number<int>(), int(ledger.attempts.size()));
    EXPECT_TRUE(fs::exists(town.folder / "ledger.jsonl.live.json"));

    // Another shopper can do the reading back, from the ledger alone.
    Shopper auditor(town.executor, town.options(1s));
    auditor.adopt(ledger);
    const auto again = co_await auditor.audit();
    EXPECT_TRUE(again.bad.empty());
    EXPECT_EQ(again.acknowledged(), ledger.writes.size());
}

// Goal: one acknowledged write that is not there is found, and named.
ASYNC_TEST(Shopper, FindsTheOneLostWrite) {
    Town town(co_await asio::this_coro::executor);
    const auto shopper = co_await open(&town, town.options(1s));
    REQUIRE(shopper);
    town.books->choose = [](const std::string& kind, int count) {
        return kind == "POST /ratings" && count == 4 ? Fate::forgotten : Fate::good;
    };
    const auto ran = co_await shopper->run();
    REQUIRE(ran);
    const auto audit = co_await shopper->audit();
    REQUIRE(audit.bad.size() == 1);
    EXPECT_EQ(audit.bad[0].second, Found::missing);
    EXPECT_EQ(audit.bad[0].first.kind, "rating");
    EXPECT_FALSE(town.books->ratings.contains(audit.bad[0].first.path));
}

// Goal: a payment taken twice is found on its order; a shop that forgets keys is found by asking it once more.
ASYNC_TEST(Shopper, FindsWhatIsThereTwice) {
    Town town(co_await asio::this_coro::executor);
    const auto shopper = co_await open(&town, town.options(1s));
    REQUIRE(shopper);
    town.books->choose = [](const std::string& kind, int count) {
        if (kind == "POST /payments" && count == 3) return Fate::captured_two;
        if (kind == "POST /ratings") return count == 1 ? Fate::unknown : Fate::without_key;
        return Fate::good;
    };
    const auto ran = co_await shopper->run();
    REQUIRE(ran);
    const auto audit = co_await shopper->audit();
    REQUIRE(audit.bad.size() == 2);
    for (const auto& [write, found] : audit.bad) {
        EXPECT_EQ(found, Found::twice);
        EXPECT_TRUE(write.kind == "payment" || (write.kind == "rating" && write.attempts == 2)) << write.kind;
    }
    EXPECT_EQ(audit.count(Found::twice), 2u);
}

// Goal: when a region dies and its name moves, customers are back within the TTL, what they had begun to buy is paid,
// and nothing goes to the dead region any more.
ASYNC_TEST(Shopper, FollowTheNameToAnotherRegion) {
    Town town(co_await asio::this_coro::executor);
    const auto shopper = co_await open(&town, town.options(2500ms));
    REQUIRE(shopper);
    Shop west(town.executor, town.books, {"127.88.0.2", town.east.port()}, "west");
    REQUIRE(west.start());
    TimePoint fault{};
    const auto break_east = [](Town* where, TimePoint* when) -> io::Task<void> {
        co_await io::wait_for(500ms);
        *when = io::now();
        co_await where->east.die();
        where->names.say(2);
    };
    asio::co_spawn(town.executor, break_east(&town, &fault), asio::detached);
    const auto ran = co_await shopper->run();
    REQUIRE(ran);
    const auto audit = co_await shopper->audit();
    EXPECT_TRUE(audit.bad.empty());
    const auto ledger = town.ledger();
    EXPECT_TRUE(ledger.unknown.empty());
    const auto found = workload::evidence_of(ledger, audit.bad, {fault, TimePoint::max(), 300ms});
    REQUIRE(found.contains("payments"));
    REQUIRE(found.at("payments").first_success);
    EXPECT_LT(*found.at("payments").first_success - fault, 1700ms);
    EXPECT_TRUE(found.at("payments").green_since);
    EXPECT_GT(failures(ledger, "io.connect"), 0);
    for (const auto& attempt : ledger.attempts) {
        // The TTL, and what was under way.
        if (attempt.started > fault + 1300ms) EXPECT_EQ(attempt.region, "west");
    }
    EXPECT_EQ(core::acknowledgement_overlap(workload::writes_seen(ledger)), 0ns);
    for (const auto& [id, order] : town.books->orders) EXPECT_EQ(order.payments.size(), 1u);
}

// Goal: whoever ends the run while the shop hangs learns soon what is not known.
ASYNC_TEST(Shopper, EndsSoonWhenAskedTo) {
    Town town(co_await asio::this_coro::executor);
    auto options = town.options(60s);
    options.patience = 300ms;
    const auto shopper = co_await open(&town, options);
    REQUIRE(shopper);
    town.books->choose = [](const std::string&, int) { return Fate::slow; };
    const auto stop = [](Shopper* whom) -> io::Task<void> {
        co_await io::wait_for(500ms);
        whom->stop();
    };
    asio::co_spawn(town.executor, stop(shopper.get()), asio::detached);
    const TimePoint begun = io::now();
    const auto ran = co_await shopper->run();
    EXPECT_TRUE(ran);
    EXPECT_LT(io::now() - begun, 3s);
    town.books->choose = nullptr;
    const auto ledger = town.ledger();
    EXPECT_FALSE(ledger.unknown.empty());
    const auto audit = co_await shopper->audit();
    EXPECT_TRUE(audit.bad.empty());
    EXPECT_EQ(audit.unknown_outcomes, ledger.unknown.size());
}

ASYNC_TEST(Shopper, SaysThatThereIsNoShop) {
    Town town(co_await asio::this_coro::executor);
    REQUIRE(town.east.start());
    auto options = town.options(1s);
    options.ready_limit = options.write_limit = 300ms;
    town.names.say(77);
    Shopper shopper(town.executor, options);
    const auto ready = co_await shopper.prepare();
    REQUIRE(!ready);
    EXPECT_EQ(ready.error().code, "shop.no-shop");
    EXPECT_NE(ready.error().message.find("io.connect"), std::string::npos) << ready.error().message;
}

// Goal: what can't be written down is not counted.
ASYNC_TEST(Shopper, EndsWhenTheLedgerIsFull) {
    Town town(co_await asio::this_coro::executor);
    REQUIRE(town.east.start());
    auto options = town.options(1s);
    options.ledger = "/dev/full";
    Shopper shopper(town.executor, options);
    const auto ready = co_await shopper.prepare();
    REQUIRE(!ready);
    EXPECT_EQ(ready.error().code, "io.disk-full");
}

}  // namespace
}  // namespace cloudshelf::cli

// Goal: the bookstore as customers meet it, while its database and its lease misbehave. Method: a PostgreSQL server
// (and for one test its standby), two simulated processors and the gateway as processes of their own; the test is the
// agent: it writes the lease page. Everything lives in one temporary folder and on addresses of this process alone.
#include "bookstore/catalogue.hpp"
#include "bookstore/postgres_database.hpp"
#include "bookstore/system_ports.hpp"
#include "bookstore/tables/table_names.hpp"
#include "drivers/tables/fake.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/lease_page.hpp"
#include "io/process.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <optional>
#include <sstream>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace cloudshelf::region {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;
using bookstore::Statement;

const std::string postgres_bin = "/usr/lib/postgresql/15/bin/";

bool poll_until(Duration limit, const std::function<bool()>& reached) {
    for (const auto deadline = io::Deadline::after(limit); !deadline.passed(); std::this_thread::sleep_for(5ms)) {
        if (reached()) return true;
    }
    return reached();
}

/// A process of the test: gone when this is.
class Child {
public:
    explicit Child(io::SpawnOptions options, int end_signal = SIGTERM) : end_signal_(end_signal) {
        options.death_signal = SIGKILL;
        const auto spawned = io::spawn(options);
        if (!spawned) throw std::runtime_error(spawned.error().message);
        pid_ = *spawned;
    }
    ~Child() { end(end_signal_); }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    /// The exit status, or 128 + the signal that ended it.
    int end(int signal) {
        if (pid_ <= 0) return status_;
        kill(pid_, signal);
        int status = 0;
        const bool ended = poll_until(15s, [&] { return waitpid(pid_, &status, WNOHANG) == pid_; });
        if (!ended) {
            kill(pid_, SIGKILL);
            waitpid(pid_, &status, 0);
        }
        pid_ = 0;
        return status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    pid_t pid() const { return pid_; }

private:
    pid_t pid_ = 0;
    int end_signal_;
    int status_ = 0;
};

struct Answer {
    int status = 0;  // 0: nobody answered
    std::string head;
    json::value body;

    std::string header(const std::string& name) const {
        const auto at = head.find("\r\n" + name + ": ");
        if (at == std::string::npos) return "";
        const auto from = at + name.size() + 4;
        return head.substr(from, head.find("\r\n", from) - from);
    }
    std::string code() const {
        const auto* error = body.is_object() ? body.as_object().if_contains("error") : nullptr;
        return error == nullptr ? "" : std::string(error->as_object().at("code").as_string());
    }
    std::string text(std::string_view name) const { return std::string(body.at(name).as_string()); }
};

/// One request on a connection of its own.
Answer http(
    const std::string& address,
    int port,
    const std::string& method,
    const std::string& target,
    const std::string& body,
    const std::vector<std::string>& headers
) {
    Answer answer;
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    inet_pton(AF_INET, address.c_str(), &to.sin_addr);
    timeval limit{.tv_sec = 20, .tv_usec = 0};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    std::string received;
    if (connect(descriptor, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) {
        auto text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", method, target, address);
        for (const auto& header : headers) text += header + "\r\n";
        text += fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body);
        if (send(descriptor, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size())) {
            char buffer[16384];
            for (ssize_t got; (got = recv(descriptor, buffer, sizeof buffer, 0)) > 0;) {
                received.append(buffer, static_cast<std::size_t>(got));
            }
        }
    }
    close(descriptor);
    const auto end = received.find("\r\n\r\n");
    if (end == std::string::npos) return answer;
    answer.head = received.substr(0, end + 2);
    answer.status = std::atoi(received.c_str() + 9);
    boost::system::error_code bad;
    answer.body = json::parse(received.substr(end + 4), bad);
    return answer;
}

/// A region's tables, in memory: what they keep is there again when they are.
class FakeTables {
public:
    explicit FakeTables(std::string address) : address_(std::move(address)) {}
    void start() {
        loop_.emplace(1);
        const io::HttpServer::Options options{.listen = {address_, 8000}};
        server_ = std::make_unique<io::HttpServer>(loop_->get_executor(), options, [this](io::HttpRequest request) {
            return answer(&tables_, std::move(request));
        });
        const auto started = server_->start();
        ASSERT_TRUE(started) << started.error().message;
        thread_ = std::jthread([this] { loop_->run(); });
    }
    void stop() {
        if (!loop_) return;
        loop_->stop();
        thread_.join();
        server_.reset();
        loop_.reset();
    }
    ~FakeTables() { stop(); }
    FakeTables(const FakeTables&) = delete;
    FakeTables& operator=(const FakeTables&) = delete;

private:
    static io::Task<io::HttpResponse> answer(tables_client::FakeTables* tables, io::HttpRequest request) {
        co_return tables->answer(request);
    }
    std::string address_;
    tables_client::FakeTables tables_;
    std::optional<boost::asio::io_context> loop_;
    std::unique_ptr<io::HttpServer> server_;
    std::jthread thread_;
};

class Shop : public testing::Test {
protected:
    static constexpr const char* local = "us-east-1";
    static constexpr const char* other = "us-west-2";

    static std::string address(int site) { return fmt::format("127.60.{}.{}", getpid() % 250, site); }
    static std::optional<io::User> postgres_user() {
        if (geteuid() != 0) return {};
        return io::User::find("postgres").value();
    }

    void SetUp() override {
        std::string name = "/tmp/cloudshelf-gateway-XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder = name;
        fs::permissions(folder, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
        start_postgres();
        write_file("session.key", "a session key for this test only\n");
        page.emplace(io::LeasePage::open(folder / "lease.page").value());
        set_page(io::WriteState::writing);
        for (const int number : {1, 2}) {
            processors.push_back(std::make_unique<Child>(spawn_options(
                {PROCESSOR,
                 "--listen",
                 fmt::format("{}:{}", address(4), 9300 + number),
                 "--data",
                 (folder / fmt::format("charges{}.jsonl", number)).string()},
                "processor.log"
            )));
        }
        write_file("tables.credentials", "[shop]\naws_access_key_id = SHOP\naws_secret_access_key = of this test\n");
        write_file("gateway.json", config(local, address(1), address(1)));
        auto prepare = spawn_options({GATEWAY, "--config", (folder / "gateway.json").string(), "--prepare"}, "");
        const auto prepared = io::run(prepare, 30s);
        ASSERT_TRUE(prepared);
        ASSERT_EQ(prepared->status, 0) << prepared->out << prepared->err;
        gateway = start_gateway("gateway.json");
        ASSERT_TRUE(await_health(address(1)));
        ASSERT_TRUE(poll_until(5s, [&] { return control(1, "none").status == 200 && control(2, "none").status == 200; })
        );
    }

    void TearDown() override {
        if (HasFailure()) {
            const auto log = io::read_file(folder / "gateway.log");
            if (log) fmt::print("{}\n", log->substr(log->size() > 3000 ? log->size() - 3000 : 0));
        }
        gateway.reset();
        second_gateway.reset();
        processors.clear();
        standby.reset();
        postgres.reset();
        fs::remove_all(folder);
    }

    io::SpawnOptions spawn_options(std::vector<std::string> argv, const std::string& log) {
        io::SpawnOptions options;
        options.argv = std::move(argv);
        if (!log.empty()) options.output = folder / log;
        return options;
    }
    void write_file(const std::string& name, const std::string& content) {
        ASSERT_TRUE(io::replace_file(folder / name, content, 0600));
    }

    io::SpawnOptions as_postgres(std::vector<std::string> argv) {
        auto options = spawn_options(std::move(argv), "");
        options.run_as = postgres_user();
        options.directory = "/";
        options.env["LC_ALL"] = "C.UTF-8";
        return options;
    }
    std::unique_ptr<Child> run_postgres(const fs::path& data, const std::string& listen) {
        auto options = as_postgres(
            {postgres_bin + "postgres",
             "-D",
             data.string(),
             "-c",
             "listen_addresses=" + listen,
             "-c",
             "port=5432",
             "-c",
             "unix_socket_directories=",
             "-c",
             "max_connections=150",
             "-c",
             "fsync=off",
             "-c",
             "shared_buffers=32MB"}
        );
        options.output = data.string() + ".log";
        return std::make_unique<Child>(options, SIGQUIT);  // at once, with all its processes
    }
    void start_postgres() {
        const auto data = folder / "data1";
        fs::create_directory(data);
        fs::create_directory(folder / "data2");
        for (const auto* name : {"data1", "data2", "data1.log", "data2.log"}) {
            const auto path = folder / name;
            if (!fs::exists(path)) write_file(name, "");
            if (const auto user = postgres_user()) ASSERT_EQ(chown(path.c_str(), user->uid, user->gid), 0);
            fs::permissions(path, fs::perms::owner_all);
        }
        const auto made = io::run(
            as_postgres(
                {postgres_bin + "initdb",
                 "-D",
                 data.string(),
                 "-U",
                 "bookstore",
                 "-A",
                 "trust",
                 "--no-sync",
                 "-E",
                 "UTF8"}
            ),
            60s
        );
        ASSERT_TRUE(made);
        ASSERT_EQ(made->status, 0) << made->out << made->err;
        postgres = run_postgres(data, address(1));
        pool = std::make_unique<bookstore::PostgresPool>(
            bookstore::PostgresServer{.region = local, .host = address(1), .port = 5432}, options()
        );
        ASSERT_TRUE(poll_until(20s, [&] { return pool->role(1s).has_value(); }));
        sql("CREATE DATABASE bookstore");
        auto connected = options();
        connected.database = "bookstore";
        pool = std::make_unique<bookstore::PostgresPool>(
            bookstore::PostgresServer{.region = local, .host = address(1), .port = 5432}, connected
        );
    }
    static bookstore::PostgresOptions options() {
        bookstore::PostgresOptions options;
        options.database = "postgres";
        options.application = "test";
        return options;
    }
    /// One value, or "".
    std::string sql(const std::string& text) {
        bookstore::PostgresDatabase database(nullptr, {pool.get()});
        const Statement statement{.name = "", .text = text.c_str()};
        const auto rows = database.read(bookstore::Freshness::any, statement, {});
        if (!rows) ADD_FAILURE() << text << ": " << rows.error().message;
        return rows && !rows->empty() && !rows->front().empty() ? rows->front()[0].value_or("") : "";
    }

    std::string config(const std::string& region, const std::string& east, const std::string& west) {
        return json::serialize(json::object{
            {"region", region},
            {"listen", fmt::format("{}:8080", region == local ? address(1) : address(2))},
            {"lease_page", (folder / (region == local ? "lease.page" : "lease2.page")).string()},
            {"databases",
             {{{"region", local}, {"host", east}, {"port", 5432}}, {{"region", other}, {"host", west}, {"port", 5432}}}
            },
            {"database", {{"name", "bookstore"}, {"user", "bookstore"}}},
            {"processors", {address(4) + ":9301", address(4) + ":9302"}},
            {"tables",
             {{"servers",
               {{{"region", local}, {"address", address(1) + ":8000"}},
                {{"region", other}, {"address", address(2) + ":8000"}}}},
              {"credentials_file", (folder / "tables.credentials").string()}}},
            {"session_key_file", (folder / "session.key").string()}
        });
    }
    std::unique_ptr<Child> start_gateway(const std::string& file) {
        return std::make_unique<Child>(spawn_options({GATEWAY, "--config", (folder / file).string()}, "gateway.log"));
    }
    bool await_health(const std::string& at) {
        return poll_until(10s, [&] { return http(at, 8080, "GET", "/health", "", {}).status == 200; });
    }
    void set_page(io::WriteState state) {
        page->write({.state = state, .epoch = Epoch(7), .deadline = io::now() + 1h});
    }

    Answer ask(
        const std::string& method, const std::string& path, const std::string& body = "", const std::string& key = ""
    ) {
        std::vector<std::string> headers;
        if (!token.empty()) headers.push_back("Authorization: Bearer " + token);
        if (!key.empty()) headers.push_back("Idempotency-Key: " + key);
        return http(address(gateway_site), 8080, method, path, body, headers);
    }
    Answer control(int processor, const std::string& how, int count = 1) {
        return http(
            address(4),
            9300 + processor,
            "POST",
            "/control",
            fmt::format(R"({{"fail":"{}","count":{}}})", how, count),
            {}
        );
    }
    void sign_in(const std::string& email = "ann@example.org") {
        const auto body = fmt::format(R"({{"email":"{}","name":"Ann","password":"correct horse"}})", email);
        ASSERT_EQ(ask("POST", "/users", body, "up-" + email).status, 201);
        const auto in = ask("POST", "/sessions", body);
        ASSERT_EQ(in.status, 201);
        token = in.text("token");
    }
    std::string order_body() { return R"({"items":[{"book_id":1,"quantity":2}]})"; }
    std::string payment_body(const std::string& order) {
        return fmt::format(R"({{"order_id":"{}","card_token":"tok_visa"}})", order);
    }

    fs::path folder;
    int gateway_site = 1;
    std::optional<io::LeasePage> page;
    std::unique_ptr<Child> postgres, standby, gateway, second_gateway;
    std::vector<std::unique_ptr<Child>> processors;
    std::unique_ptr<bookstore::PostgresPool> pool;
    std::string token;
};

TEST_F(Shop, serves_a_customer_from_browsing_to_paying) {
    const auto books = ask("GET", "/books?q=pratchett+guards&limit=5");
    ASSERT_EQ(books.status, 200);
    EXPECT_EQ(books.header("X-CloudShelf-Region"), local);
    EXPECT_EQ(books.body.at("total"), 1);
    EXPECT_EQ(books.body.at("books").at(0).at("title"), "Guards! Guards!");
    EXPECT_EQ(books.body.at("books").at(0).at("authors").at(0), "Terry Pratchett");
    EXPECT_GE(ask("GET", "/books").body.at("total").as_int64(), 300);
    EXPECT_GE(ask("GET", "/books?q=it").body.at("total").as_int64(), 1) << "a title may be a stop word";
    const auto id = books.body.at("books").at(0).at("id").as_int64();
    const auto book = fmt::format("/books/{}", id);

    sign_in();
    EXPECT_EQ(ask("GET", "/users/me").text("email"), "ann@example.org");
    const auto rated = ask("POST", book + "/ratings", R"({"stars":4})", "r1");
    ASSERT_EQ(rated.status, 201);
    EXPECT_EQ(rated.header("X-CloudShelf-Writer"), local);
    EXPECT_EQ(rated.header("X-CloudShelf-Epoch"), "7");
    EXPECT_EQ(ask("GET", book + "/ratings/" + rated.text("rating_id")).body.at("stars"), 4);
    const auto shown = ask("GET", book);
    EXPECT_EQ(shown.body.at("average_rating").to_number<double>(), 4.0);
    EXPECT_GE(shown.body.at("categories").as_array().size(), 1U);

    const auto placed = ask("POST", "/orders", fmt::format(R"({{"items":[{{"book_id":{},"quantity":3}}]}})", id), "o1");
    ASSERT_EQ(placed.status, 201) << placed.body;
    EXPECT_EQ(placed.body.at("total_cents").as_int64(), 3 * shown.body.at("price_cents").as_int64());
    const auto order = placed.text("order_id");
    const auto paid = ask("POST", "/payments", payment_body(order), "p1");
    ASSERT_EQ(paid.status, 201) << paid.body;
    EXPECT_EQ(paid.text("processor"), "primary");
    const auto again = ask("POST", "/payments", payment_body(order), "p1");
    EXPECT_EQ(again.body, paid.body);
    EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
    EXPECT_EQ(ask("POST", "/payments", payment_body(order), "p2").code(), "already-paid");
    EXPECT_EQ(ask("POST", "/orders", order_body(), "o1").code(), "idempotency-key-reused");
    const auto whole = ask("GET", "/orders/" + order);
    EXPECT_EQ(whole.text("status"), "paid");
    EXPECT_EQ(whole.body.at("payments").as_array().size(), 1U);
    EXPECT_EQ(sql("SELECT count(*) FROM order_events WHERE order_id = '" + order + "'"), "2");
    EXPECT_EQ(sql("SELECT validate_backup_integrity()"), "t");
    EXPECT_EQ(sql("SELECT status::text || table_count FROM backup_validation_log"), "true4");
    token = "";
    EXPECT_EQ(ask("GET", "/orders/" + order).status, 401);
    EXPECT_EQ(gateway->end(SIGTERM), 0);
}

TEST_F(Shop, pays_at_the_backup_only_when_the_primary_did_not_charge) {
    sign_in();
    const auto order = [&](const std::string& key) {
        return ask("POST", "/orders", order_body(), key).text("order_id");
    };
    control(1, "error");
    EXPECT_EQ(ask("POST", "/payments", payment_body(order("o1")), "p1").text("processor"), "backup");
    control(1, "timeout");  // it charges, and says nothing
    EXPECT_EQ(ask("POST", "/payments", payment_body(order("o2")), "p2").text("processor"), "primary");
    processors[0]->end(SIGKILL);
    EXPECT_EQ(ask("POST", "/payments", payment_body(order("o3")), "p3").text("processor"), "backup");
    processors[1]->end(SIGKILL);
    EXPECT_EQ(ask("POST", "/payments", payment_body(order("o4")), "p4").code(), "processor-unavailable");
}

TEST_F(Shop, a_cancelled_wait_for_the_standby_is_unknown_and_the_key_settles_it) {
    sign_in();
    sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    sql("SELECT pg_reload_conf()");
    ASSERT_TRUE(poll_until(5s, [&] { return sql("SHOW synchronous_standby_names") == "nobody"; }));
    const auto rated = ask("POST", "/books/1/ratings", R"({"stars":5})", "r1");
    EXPECT_EQ(rated.status, 201) << "asynchronous writes don't wait";
    auto asked = std::async(std::launch::async, [&] { return ask("POST", "/orders", order_body(), "o1"); });
    while (asked.wait_for(20ms) != std::future_status::ready) {
        sql("SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    }
    const auto unknown = asked.get();
    EXPECT_EQ(unknown.status, 503);
    EXPECT_EQ(unknown.code(), "outcome-unknown");
    EXPECT_EQ(sql("SELECT count(*) FROM orders"), "1") << "committed here, and not acknowledged";
    EXPECT_EQ(ask("GET", "/books").status, 200) << "customers still browse";

    sql("ALTER SYSTEM RESET synchronous_standby_names");
    sql("SELECT pg_reload_conf()");
    ASSERT_TRUE(poll_until(5s, [&] { return sql("SHOW synchronous_standby_names").empty(); }));
    const auto known = ask("POST", "/orders", order_body(), "o1");
    EXPECT_EQ(known.status, 201);
    EXPECT_EQ(known.header("Idempotent-Replayed"), "true");
    EXPECT_EQ(sql("SELECT count(*) FROM orders"), "1");
}

TEST_F(Shop, keeps_carts_without_a_lease_and_in_the_other_region_when_ours_is_away) {
    FakeTables ours(address(1)), others(address(2));
    sign_in();
    EXPECT_EQ(ask("GET", "/users/me").status, 200) << "a session needs no tables";
    const auto nowhere = ask("POST", "/cart", R"({"bookId":1,"quantity":2})");
    EXPECT_EQ(nowhere.status, 503);
    EXPECT_EQ(nowhere.code(), "no-tables");
    EXPECT_EQ(nowhere.header("Retry-After"), "1");

    for (auto* tables : {&ours, &others}) {
        tables->start();
        auto file = json::parse(config(local, address(1), address(2))).as_object();
        if (tables == &others) file["tables"].at("servers").at(0).at("address") = address(2) + ":8000";
        if (tables == &others) file["tables"].at("servers").as_array().pop_back();
        write_file("setup.json", json::serialize(file));
        const auto made = io::run(
            spawn_options(
                {GATEWAY,
                 "--config",
                 (folder / "setup.json").string(),
                 "--prepare-tables",
                 (folder / "tables.credentials").string()},
                ""
            ),
            30s
        );
        ASSERT_TRUE(made);
        ASSERT_EQ(made->status, 0) << made->err;
    }
    set_page(io::WriteState::fenced);
    ASSERT_TRUE(poll_until(5s, [&] { return ask("POST", "/cart", R"({"bookId":1,"quantity":2})").status == 201; }));
    EXPECT_EQ(ask("PATCH", "/cart", R"({"bookId":1,"quantity":3})").status, 200);
    EXPECT_EQ(ask("GET", "/cart").body.at("items").at(0).at("quantity"), 3);

    ours.stop();
    EXPECT_EQ(ask("POST", "/cart", R"({"bookId":2,"quantity":1})").status, 201);
    EXPECT_EQ(ask("GET", "/cart").body.at("items").as_array().size(), 1U) << "the fakes do not replicate";
    others.stop();
    EXPECT_EQ(ask("GET", "/cart").code(), "no-tables");
    EXPECT_EQ(ask("GET", "/books").status, 200);
    EXPECT_EQ(ask("DELETE", "/sessions").status, 503) << "not kept, not acknowledged";

    ours.start();
    ASSERT_TRUE(poll_until(5s, [&] { return ask("GET", "/cart").status == 200; }));
    EXPECT_EQ(ask("DELETE", "/cart").body.at("removed"), 1);
    EXPECT_EQ(ask("DELETE", "/sessions").status, 200);
    EXPECT_TRUE(poll_until(5s, [&] { return ask("GET", "/cart").code() == "signed-out"; }));
}

TEST_F(Shop, obeys_the_lease_page) {
    sign_in();
    set_page(io::WriteState::fenced);
    const auto fenced = ask("POST", "/orders", order_body(), "o1");
    EXPECT_EQ(fenced.status, 503);
    EXPECT_EQ(fenced.code(), "write-fenced");
    EXPECT_NE(fenced.header("Retry-After"), "");
    EXPECT_EQ(ask("GET", "/books").status, 200);
    EXPECT_EQ(ask("POST", "/sessions", R"({"email":"ann@example.org","password":"correct horse"})").status, 201);
    page->write({.state = io::WriteState::writing, .epoch = Epoch(7), .deadline = io::now() - 1ms});
    EXPECT_EQ(ask("POST", "/orders", order_body(), "o1").code(), "write-fenced") << "a lease that has run out";
    EXPECT_EQ(sql("SELECT count(*) FROM orders"), "0");

    set_page(io::WriteState::paused);
    auto held = std::async(std::launch::async, [&] { return ask("POST", "/orders", order_body(), "o1"); });
    ASSERT_TRUE(poll_until(5s, [&] {
        const auto health = http(address(1), 8080, "GET", "/health", "", {});
        return health.body.at("checks").at("writes") == "paused";
    }));
    EXPECT_EQ(held.wait_for(300ms), std::future_status::timeout) << "held, not answered";
    set_page(io::WriteState::writing);
    EXPECT_EQ(held.get().status, 201);

    set_page(io::WriteState::remote);
    const auto sent_on = ask("POST", "/orders", order_body(), "o2");
    EXPECT_EQ(sent_on.status, 201);
    EXPECT_EQ(sent_on.header("X-CloudShelf-Writer"), other);
}

TEST_F(Shop, a_restart_of_the_database_is_a_pause_and_not_an_error) {
    sign_in();
    std::atomic<bool> over = false;
    auto customer = std::async(std::launch::async, [&] {
        std::vector<Answer> answers;
        while (!over || answers.size() < 20) {
            answers.push_back(ask("POST", "/orders", order_body(), fmt::format("o{}", answers.size())));
        }
        return answers;
    });
    // Here and not in the other thread: a child's death signal comes when the thread that started it ends.
    for (int round = 0; round < 3; ++round) {
        std::this_thread::sleep_for(200ms);  // some orders meanwhile
        postgres.reset();
        postgres = run_postgres(folder / "data1", address(1));
        EXPECT_TRUE(poll_until(20s, [&] { return pool->role(1s).has_value(); }));
    }
    over = true;
    const auto answers = customer.get();
    for (const auto& answer : answers) ASSERT_EQ(answer.status, 201) << answer.body;
    EXPECT_EQ(sql("SELECT count(*) FROM orders"), std::to_string(answers.size())) << "each one once";
}

TEST_F(Shop, writes_in_the_other_region_right_after_its_standby_is_promoted) {
    sign_in();
    const auto clone = io::run(
        as_postgres(
            {postgres_bin + "pg_basebackup",
             "-h",
             address(1),
             "-p",
             "5432",
             "-U",
             "bookstore",
             "-D",
             (folder / "data2").string(),
             "-R",
             "-c",
             "fast",
             "--no-sync"}
        ),
        60s
    );
    ASSERT_TRUE(clone);
    ASSERT_EQ(clone->status, 0) << clone->out << clone->err;
    standby = run_postgres(folder / "data2", address(2));
    sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
    sql("SELECT pg_reload_conf()");
    auto second_page = io::LeasePage::open(folder / "lease2.page").value();
    second_page.write({.state = io::WriteState::fenced, .epoch = Epoch(7), .deadline = {}});
    write_file("gateway2.json", config(other, address(1), address(2)));
    second_gateway = start_gateway("gateway2.json");
    ASSERT_TRUE(await_health(address(2)));
    ASSERT_TRUE(poll_until(10s, [&] {
        return sql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "1";
    }));
    const auto placed = ask("POST", "/orders", order_body(), "o1");
    ASSERT_EQ(placed.status, 201);

    postgres->end(SIGQUIT);
    gateway_site = 2;
    EXPECT_EQ(ask("POST", "/orders", order_body(), "o2").code(), "write-fenced");
    EXPECT_EQ(ask("GET", "/orders/" + placed.text("order_id")).status, 200);
    bookstore::PostgresOptions options = Shop::options();
    bookstore::PostgresPool promoted({.region = other, .host = address(2), .port = 5432}, options);
    bookstore::PostgresDatabase database(nullptr, {&promoted});
    ASSERT_TRUE(database.read(bookstore::Freshness::any, {"", "SELECT pg_promote(false)"}, {}));
    // The page may open a little before the promotion is through: the gateway tries again until it is.
    second_page.write({.state = io::WriteState::writing, .epoch = Epoch(8), .deadline = io::now() + 1h});
    // The new writer has no standby yet; its agent says so (degrade).
    ASSERT_TRUE(poll_until(10s, [&] { return promoted.role(1s) == bookstore::PostgresPool::Role::primary; }));
    ASSERT_TRUE(database.read(bookstore::Freshness::any, {"", "ALTER SYSTEM SET synchronous_standby_names = ''"}, {}));
    ASSERT_TRUE(database.read(bookstore::Freshness::any, {"", "SELECT pg_reload_conf()"}, {}));
    const auto replayed = ask("POST", "/orders", order_body(), "o1");
    EXPECT_EQ(replayed.status, 201) << replayed.body;
    EXPECT_EQ(replayed.header("Idempotent-Replayed"), "true") << "a failover brings back no duplicates";
    EXPECT_EQ(replayed.body, placed.body);
    const auto next = ask("POST", "/orders", order_body(), "o2");
    EXPECT_EQ(next.status, 201);
    EXPECT_EQ(next.header("X-CloudShelf-Writer"), other);
    EXPECT_EQ(next.header("X-CloudShelf-Epoch"), "8");
}

TEST_F(Shop, imports_ten_thousand_rows_and_again_changes_nothing) {
    std::string csv = "book_id,isbn,isbn13,authors,original_publication_year,title\n";
    for (int i = 1; i <= 10'000; ++i)
        csv += fmt::format("{},,,\"Author {}, Other {}\",1999.0,\"Title, {}\"\n", i, i % 700, i, i);
    csv += "10001,,,Nobody,nineteen,Bad\n";
    bookstore::PostgresDatabase database(pool.get(), {pool.get()});
    const auto before = std::stoi(sql("SELECT count(*) FROM books"));
    for (int round = 0; round < 2; ++round) {
        std::istringstream stream(csv);
        const auto report = bookstore::import_catalogue(stream, 1000, database);
        ASSERT_TRUE(report) << report.error().message;
        EXPECT_EQ(report->kept, 10'000U);
        ASSERT_EQ(report->rejected.size(), 1U);
        EXPECT_EQ(report->rejected[0].line, 10'002U);
        EXPECT_EQ(sql("SELECT count(*) FROM books"), std::to_string(before + 10'000));
        EXPECT_EQ(
            sql("SELECT count(*) FROM book_authors JOIN books USING (book_id) WHERE source LIKE 'goodbooks/%'"), "20000"
        );
    }
    EXPECT_EQ(ask("GET", "/books?q=%22title+777%22").body.at("total"), 1);
}

}  // namespace
}  // namespace cloudshelf::region

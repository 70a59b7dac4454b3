// Goal: a page is there whatever happens to the primary, to both origins, and afterwards. Method: a real nginx in front
// of two small origins that fail in every way that origins fail.
#include "drivers/edge/edge.hpp"
#include "drivers/edge/refresh.hpp"
#include "io/certificates.hpp"
#include "io/file.hpp"
#include "io/tls.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <map>
#include <optional>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace cloudshelf::edge {
namespace {

using namespace std::chrono_literals;

const std::string secret(40, 's');

io::Deadline soon() {
    return io::Deadline::after(10s);
}

std::string address(int site) {
    return fmt::format("127.71.{}.{}", ::getpid() % 250, site);
}

/// A port that was free a moment ago.
std::uint16_t free_port(const std::string& at) {
    boost::asio::io_context loop;
    const boost::asio::ip::tcp::acceptor acceptor(loop, {boost::asio::ip::make_address(at), 0});
    return acceptor.local_endpoint().port();
}

/// What a website endpoint does, and what it does wrong.
struct Behaviour {
    std::string name;
    std::string host;  // that it wants to be asked for
    std::map<std::string, std::string> pages;
    std::map<std::string, std::string> redirects;
    std::string cache_control = "max-age=60";
    int status = 0;  // to everything, where it is not 0
    bool hangs = false;
    std::vector<std::string> asked;  // "GET /path"

    io::HttpResponse answer(const io::HttpRequest& request) {
        asked.push_back(request.method + " " + request.target);
        if (request.header("Host") != host) return io::HttpResponse::text(421, "wrong host");
        if (request.method == "POST") return io::HttpResponse::text(status == 0 ? 405 : status, "not here");
        if (status != 0) return io::HttpResponse::text(status, fmt::format("{} says {}", name, status));
        if (const auto moved = redirects.find(std::string(request.path())); moved != redirects.end()) {
            auto response = io::HttpResponse::text(301, "moved");
            response.headers.emplace_back("Location", moved->second);
            return response;
        }
        const auto found = pages.find(std::string(request.path()));
        const bool there = found != pages.end();
        auto response = io::HttpResponse::text(there ? 200 : 404, there ? found->second : name + " has no such page");
        if (there) response.headers.emplace_back("Cache-Control", cache_control);
        return response;
    }
};

io::Task<io::HttpResponse> behave(Behaviour* behaviour, io::HttpRequest request) {
    while (behaviour->hangs) co_await io::wait_for(20ms);
    co_return behaviour->answer(request);
}

/// A server that goes and comes back at the same place.
struct TestOrigin {
    Behaviour behaviour;
    io::Executor executor;
    io::Endpoint endpoint;
    std::optional<io::HttpServer> server;

    TestOrigin(io::Executor executor_in, std::string name, int site) : executor(std::move(executor_in)) {
        behaviour.host = fmt::format("bucket.s3-website.{}.cloudshelf.com", name);
        behaviour.name = std::move(name);
        endpoint = {address(site), free_port(address(site))};
        start();
    }
    void start() {
        auto* told = &behaviour;
        server.emplace(executor, io::HttpServer::Options{.listen = endpoint}, [told](io::HttpRequest request) {
            return behave(told, std::move(request));
        });
        const auto started = server->start();
        EXPECT_TRUE(started) << started.error().message;
    }
    io::Task<void> stop() {
        behaviour.hangs = false;
        co_await server->stop(io::Deadline::after(100ms));
        server.reset();
    }
};

struct Ground {
    testing::TemporaryFolder folder;
    TestOrigin primary;
    TestOrigin replica;
    io::HttpClient client;
    std::optional<Edge> edge;
    io::Endpoint at;

    explicit Ground(const io::Executor& executor)
        : primary(executor, "us-east-1", 1), replica(executor, "us-west-2", 2), client(executor) {
        ::chmod(folder.path().c_str(), 0755);  // workers have another user when we are root
        for (auto* origin : {&primary, &replica}) {
            for (const char* page : {"/index.html", "/a.html", "/b.html", "/c.html"})
                origin->behaviour.pages[page] = fmt::format("{} of {}", page, origin->behaviour.name);
        }
        at = {address(3), free_port(address(3))};
    }
    ~Ground() {
        edge.reset();
        if (!::testing::Test::HasFailure()) return;
        for (const char* file : {"edge/error.log", "edge/access.log"})
            fmt::print("{}:\n{}\n", file, io::read_file(folder / file).value_or("(none)"));
    }

    EdgeOptions options() const {
        EXPECT_TRUE(io::replace_file(folder / "secret", secret + "\n", 0600));
        return {
            .folder = folder / "edge",
            .address = at.address,
            .http_port = at.port,
            .primary = {primary.endpoint, primary.behaviour.host},
            .replica = {replica.endpoint, replica.behaviour.host},
            .connect_timeout = 500ms,
            .read_timeout = 500ms,
            .refresh_secret_file = folder / "secret",
        };
    }
    void start(EdgeOptions wanted) {
        edge.emplace(std::move(wanted));
        const auto started = edge->start(soon());
        EXPECT_TRUE(started) << started.error().message;
    }
    void start() { start(options()); }
};

struct Page {
    int status = 0;
    std::string body;
    std::string cache;
    std::string origin;
    Duration took{};
};

io::Task<Page> get(Ground* ground, std::string path, std::string method = "GET") {
    io::HttpRequest request{.method = method, .target = path, .headers = {}, .body = {}};
    request.headers = {{"Host", "www.cloudshelf.com"}};
    const auto begun = io::now();
    const auto answer = co_await ground->client.send(ground->at, std::move(request), soon());
    EXPECT_TRUE(answer) << path << ": " << answer.error().message;
    if (!answer) co_return Page{};
    co_return Page{
        .status = answer->status,
        .body = answer->body,
        .cache = std::string(answer->header("X-Cache")),
        .origin = std::string(answer->header("X-Origin")),
        .took = io::now() - begun,
    };
}

ASYNC_TEST(EdgeLive, ServesThePrimaryAndRemembersIt) {
    Ground ground(co_await boost::asio::this_coro::executor);
    ground.start();
    const auto first = co_await get(&ground, "/a.html?x=1");
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(first.body, "/a.html of us-east-1");
    EXPECT_EQ(first.cache, "MISS");
    EXPECT_EQ(first.origin, "primary");
    const auto second = co_await get(&ground, "/a.html?x=2");
    EXPECT_EQ(second.cache, "HIT") << "the query makes no second copy";
    EXPECT_EQ(second.origin, "primary");
    EXPECT_EQ(ground.primary.behaviour.asked, std::vector<std::string>{"GET /a.html"});
    EXPECT_TRUE(ground.replica.behaviour.asked.empty());
    const auto head = co_await get(&ground, "/b.html", "HEAD");
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.body, "");
    const auto status = co_await get(&ground, "/-/edge/status");
    EXPECT_TRUE(status.body.contains("Active connections")) << status.body;
}

ASYNC_TEST(EdgeLive, LeadsNobodyToAnOrigin) {
    Ground ground(co_await boost::asio::this_coro::executor);
    auto& redirects = ground.primary.behaviour.redirects;
    redirects["/old"] = fmt::format("http://{}:8081/new?x=1", ground.primary.behaviour.host);
    redirects["/folder"] = "/folder/";
    redirects["/elsewhere"] = "https://blog.example/";
    ground.start();
    for (const auto& [path, wanted] : std::map<std::string, std::string>{
             {"/old", "/new?x=1"}, {"/folder", "/folder/"}, {"/elsewhere", "https://blog.example/"}
         }) {
        io::HttpRequest request{.method = "GET", .target = path, .headers = {}, .body = {}};
        request.headers = {{"Host", "www.cloudshelf.com"}};
        const auto answer = co_await ground.client.send(ground.at, std::move(request), soon());
        REQUIRE(answer);
        EXPECT_EQ(answer->status, 301);
        EXPECT_EQ(answer->header("Location"), wanted);
    }
}

ASYNC_TEST(EdgeLive, TellsBrowsersAndLogsInLinesOfJson) {
    Ground ground(co_await boost::asio::this_coro::executor);
    ground.primary.behaviour.pages["/big.css"] = std::string(5000, 'x');
    ground.start();
    io::HttpRequest request{.method = "GET", .target = "/a%22b.html", .headers = {}, .body = {}};
    request.headers = {{"Host", "www.cloudshelf.com"}, {"User-Agent", "a \"test\""}};
    const auto answer = co_await ground.client.send(ground.at, std::move(request), soon());
    REQUIRE(answer);
    EXPECT_TRUE(answer->header("Content-Security-Policy").contains("default-src 'none'"));
    EXPECT_EQ(answer->header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(answer->header("X-Frame-Options"), "DENY");
    EXPECT_EQ(answer->header("Strict-Transport-Security"), "") << "has no meaning over HTTP (RFC 6797 §7.2)";
    io::HttpRequest css{.method = "GET", .target = "/big.css", .headers = {}, .body = {}};
    css.headers = {{"Host", "www.cloudshelf.com"}, {"Accept-Encoding", "gzip"}};
    const auto packed = co_await ground.client.send(ground.at, std::move(css), soon());
    REQUIRE(packed);
    EXPECT_EQ(packed->header("Content-Encoding"), "gzip");
    EXPECT_LT(packed->body.size(), 500U);
    ground.edge->stop(soon());  // and so its log is whole
    const auto log = io::read_file(ground.folder / "edge" / "access.log");
    REQUIRE(log);
    const auto line = boost::json::parse(log->substr(0, log->find('\n')));
    EXPECT_EQ(line.at("status"), 404);
    EXPECT_EQ(line.at("agent"), "a \"test\"");
    EXPECT_EQ(line.at("origin"), "replica");
}

ASYNC_TEST(EdgeLive, StandsWithoutThePrimaryAndReturnsToIt) {
    Ground ground(co_await boost::asio::this_coro::executor);
    auto options = ground.options();
    options.dead_for = 1s;
    ground.start(options);
    co_await ground.primary.stop();
    for (const char* path : {"/index.html", "/a.html", "/b.html"}) {
        const auto page = co_await get(&ground, path);
        EXPECT_EQ(page.status, 200);
        EXPECT_EQ(page.body, fmt::format("{} of us-west-2", path));
        EXPECT_EQ(page.origin, "replica");
        EXPECT_LT(page.took, 400ms) << path;
    }
    const auto missing = co_await get(&ground, "/missing.html");
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(missing.body, "us-west-2 has no such page");
    ground.primary.start();
    Page page;
    int asked = 0;
    for (const auto deadline = soon(); !deadline.passed() && page.origin != "primary";) {
        ground.primary.behaviour.pages[fmt::format("/{}.html", ++asked)] = "back";
        ground.replica.behaviour.pages[fmt::format("/{}.html", asked)] = "away";
        page = co_await get(&ground, fmt::format("/{}.html", asked));
        EXPECT_EQ(page.status, 200);
        co_await io::wait_for(20ms);
    }
    EXPECT_EQ(page.body, "back");
}

ASYNC_TEST(EdgeLive, AsksTheReplicaWhereThePrimaryAnswersWithTrouble) {
    Ground ground(co_await boost::asio::this_coro::executor);
    ground.start();
    ground.replica.behaviour.cache_control = "no-store";
    for (const int status : {500, 502, 503, 504, 403, 404}) {
        ground.primary.behaviour.status = status;
        const auto page = co_await get(&ground, "/a.html");
        EXPECT_EQ(page.status, 200) << status;
        EXPECT_EQ(page.origin, "replica") << status;
    }
    ground.primary.behaviour.status = 0;
    const auto page = co_await get(&ground, "/a.html");
    EXPECT_EQ(page.origin, "primary") << "an answer, whatever it says, is no sign of death";

    ground.primary.behaviour.status = 400;
    const auto other = co_await get(&ground, "/b.html");
    EXPECT_EQ(other.status, 400) << "is none of the statuses to fail over for";
    ground.primary.behaviour.status = 0;
    const auto nowhere = co_await get(&ground, "/missing.html");
    EXPECT_EQ(nowhere.status, 404);
    EXPECT_EQ(nowhere.body, "us-west-2 has no such page") << "the website's own error page";

    co_await ground.replica.stop();
    const auto alone = co_await get(&ground, "/missing-too.html");
    EXPECT_EQ(alone.status, 404) << "the primary knows best when the replica is away";
    EXPECT_EQ(alone.body, "us-east-1 has no such page");
}

ASYNC_TEST(EdgeLive, WaitsOnceForAPrimaryThatHangs) {
    Ground ground(co_await boost::asio::this_coro::executor);
    ground.start();
    ground.primary.behaviour.hangs = true;
    const auto first = co_await get(&ground, "/a.html");
    EXPECT_EQ(first.body, "/a.html of us-west-2");
    EXPECT_GE(first.took, 400ms);
    EXPECT_LT(first.took, 2s);
    for (const char* path : {"/b.html", "/c.html", "/index.html"}) {
        const auto page = co_await get(&ground, path);
        EXPECT_EQ(page.origin, "replica");
        EXPECT_LT(page.took, 300ms) << path;
    }
    ground.primary.behaviour.hangs = false;
}

ASYNC_TEST(EdgeLive, ServesWhatItHasWhenBothAreGone) {
    Ground ground(co_await boost::asio::this_coro::executor);
    ground.primary.behaviour.cache_control = "max-age=1";
    ground.start();
    const auto fresh = co_await get(&ground, "/a.html");
    EXPECT_EQ(fresh.cache, "MISS");
    co_await ground.primary.stop();
    co_await ground.replica.stop();
    Page stale;
    for (const auto deadline = soon(); !deadline.passed() && stale.cache != "STALE";) {
        stale = co_await get(&ground, "/a.html");
        EXPECT_EQ(stale.status, 200);
        co_await io::wait_for(50ms);
    }
    EXPECT_EQ(stale.cache, "STALE");
    EXPECT_EQ(stale.body, "/a.html of us-east-1");
    const auto unknown = co_await get(&ground, "/b.html");
    EXPECT_TRUE(unknown.status == 502 || unknown.status == 504) << unknown.status;
    EXPECT_TRUE(unknown.body.contains("We will be back")) << unknown.body;
    // Its copies outlive it.
    ground.edge->stop(soon());
    const auto again = ground.edge->start(soon());
    EXPECT_TRUE(again) << again.error().message;
    const auto kept = co_await get(&ground, "/a.html");
    EXPECT_EQ(kept.status, 200);
    EXPECT_EQ(kept.body, "/a.html of us-east-1");
}

ASYNC_TEST(EdgeLive, RefreshesAPageForWhoeverKnowsTheSecret) {
    Ground ground(co_await boost::asio::this_coro::executor);
    ground.start();
    co_await get(&ground, "/a.html");
    ground.primary.behaviour.pages["/a.html"] = "new";
    const auto forged =
        co_await refresh(&ground.client, ground.at, "www.cloudshelf.com", "/a.html", std::string(40, 'x'), soon());
    REQUIRE(!forged);
    EXPECT_EQ(forged.error().code, "edge.not-refreshed");
    const auto old = co_await get(&ground, "/a.html");
    EXPECT_EQ(old.body, "/a.html of us-east-1");
    const auto done = co_await refresh(&ground.client, ground.at, "www.cloudshelf.com", "/a.html", secret, soon());
    REQUIRE(done);
    EXPECT_EQ(done->status, 200);
    EXPECT_EQ(done->origin, "primary");
    const auto page = co_await get(&ground, "/a.html");
    EXPECT_EQ(page.body, "new");
    EXPECT_EQ(page.cache, "HIT");
    ground.primary.behaviour.pages.erase("/a.html");
    ground.replica.behaviour.pages.erase("/a.html");
    const auto gone = co_await refresh(&ground.client, ground.at, "www.cloudshelf.com", "/a.html", secret, soon());
    REQUIRE(gone);
    EXPECT_EQ(gone->status, 404);
    const auto missing = co_await get(&ground, "/a.html");
    EXPECT_EQ(missing.status, 404);
}

ASYNC_TEST(EdgeLive, KeepsThePageWhereNoOriginHasANewOne) {
    Ground ground(co_await boost::asio::this_coro::executor);
    ground.start();
    co_await get(&ground, "/a.html");
    ground.primary.behaviour.status = 503;
    ground.replica.behaviour.status = 503;
    const auto failed = co_await refresh(&ground.client, ground.at, "www.cloudshelf.com", "/a.html", secret, soon());
    REQUIRE(!failed);
    EXPECT_EQ(failed.error().code, "edge.no-origin");
    const auto page = co_await get(&ground, "/a.html");
    EXPECT_EQ(page.body, "/a.html of us-east-1");
}

ASYNC_TEST(EdgeLive, RefreshesAPageWhoseNameHasToBeEncoded) {
    Ground ground(co_await boost::asio::this_coro::executor);
    auto& pages = ground.primary.behaviour.pages;
    pages["/what%3F%20100%25.html"] = "old";
    ground.start();
    co_await get(&ground, "/what%3F%20100%25.html");
    pages["/what%3F%20100%25.html"] = "new";
    const auto done =
        co_await refresh(&ground.client, ground.at, "www.cloudshelf.com", "/what%3F%20100%25.html", secret, soon());
    REQUIRE(done);
    const auto page = co_await get(&ground, "/what%3F%20100%25.html");
    EXPECT_EQ(page.body, "new");
    EXPECT_EQ(page.cache, "HIT");
}

ASYNC_TEST(EdgeLive, NeverAsksTheReplicaToChangeAnything) {
    Ground ground(co_await boost::asio::this_coro::executor);
    ground.start();
    ground.primary.behaviour.status = 503;
    const auto refused = co_await get(&ground, "/a.html", "POST");
    EXPECT_EQ(refused.status, 503);
    ground.primary.behaviour.status = 0;
    const auto not_allowed = co_await get(&ground, "/a.html", "POST");
    EXPECT_EQ(not_allowed.status, 405);
    co_await ground.primary.stop();
    const auto away = co_await get(&ground, "/a.html", "POST");
    EXPECT_EQ(away.status, 502);
    EXPECT_TRUE(ground.replica.behaviour.asked.empty());
    const auto options = co_await get(&ground, "/a.html", "OPTIONS");
    EXPECT_EQ(options.status, 200) << "asks, and changes nothing";
    EXPECT_EQ(options.origin, "replica");
}

ASYNC_TEST(EdgeLive, SpeaksTls) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Ground ground(executor);
    const io::CertificateFiles authority{ground.folder / "ca.crt", ground.folder / "ca.key"};
    const io::CertificateFiles files{ground.folder / "www.crt", ground.folder / "www.key"};
    REQUIRE(io::make_authority(authority, "test", io::Validity::days(1)));
    io::CertificateRequest request{
        .name = "www", .dns_names = {"www.cloudshelf.com"}, .addresses = {}, .validity = io::Validity::days(1)
    };
    REQUIRE(io::issue_certificate(authority, std::move(request), files));
    auto options = ground.options();
    options.certificate = EdgeCertificate{files.certificate, files.key};
    options.tls_port = free_port(ground.at.address);
    ground.start(options);
    const io::Endpoint tls{ground.at.address, options.tls_port};
    const auto context = io::TlsContext::open({.identity = {files.certificate, files.key, authority.certificate}});
    REQUIRE(context);
    io::HttpClient client(executor, {.tls = *context, .names = {{tls, "www.cloudshelf.com"}}});
    io::HttpRequest asked{.method = "GET", .target = "/a.html", .headers = {}, .body = {}};
    asked.headers = {{"Host", "www.cloudshelf.com"}};
    const auto answer = co_await client.send(tls, std::move(asked), soon());
    REQUIRE(answer);
    EXPECT_EQ(answer->body, "/a.html of us-east-1");
    EXPECT_TRUE(answer->header("Strict-Transport-Security").starts_with("max-age=31536000"));
}

ASYNC_TEST(EdgeLive, RefusesAWrongValueInNginxsWordsAndKeepsTheOld) {
    Ground ground(co_await boost::asio::this_coro::executor);
    auto wrong = ground.options();
    wrong.cache_size = "lots";
    Edge never(wrong);
    const auto refused = never.start(soon());
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "edge.bad-configuration");
    EXPECT_TRUE(refused.error().message.contains("invalid max_size value")) << refused.error().message;
    EXPECT_FALSE(never.running());

    ground.start();
    const auto in_use = [&] {
        std::map<std::string, std::string> files;
        for (const char* file : {"nginx.conf", "refresh.map", "unavailable.html"})
            files[file] = io::read_file(ground.folder / "edge" / file).value_or("(none)");
        return files;
    };
    const auto before = in_use();
    auto changed = ground.options();
    changed.cache_size = "lots";
    changed.server_name = "other.cloudshelf.com";
    changed.refresh_secret_file = ground.folder / "other-secret";
    REQUIRE(io::replace_file(changed.refresh_secret_file, std::string(40, 'o'), 0600));
    const auto bad = ground.edge->reload(changed, soon());
    REQUIRE(!bad);
    EXPECT_EQ(bad.error().code, "edge.bad-configuration");
    EXPECT_EQ(in_use(), before);
    const auto page = co_await get(&ground, "/a.html");
    EXPECT_EQ(page.status, 200);
    // Nor would an nginx that dies now come back with a half of it.
    ground.edge->stop(soon());
    const auto as_before = ground.edge->start(soon());
    REQUIRE(as_before);
    const auto known = co_await refresh(&ground.client, ground.at, "www.cloudshelf.com", "/a.html", secret, soon());
    EXPECT_TRUE(known);

    // Good options are taken over without a lost request: the replica becomes the primary.
    auto turned = ground.options();
    std::swap(turned.primary, turned.replica);
    const auto good = ground.edge->reload(turned, soon());
    EXPECT_TRUE(good) << good.error().message;
    std::string body;
    int asked = 0;
    for (const auto deadline = soon(); !deadline.passed() && body != "west";) {
        const auto path = fmt::format("/r{}.html", ++asked);
        ground.primary.behaviour.pages[path] = "east";
        ground.replica.behaviour.pages[path] = "west";
        const auto now = co_await get(&ground, path);
        EXPECT_EQ(now.status, 200);
        body = now.body;
    }
    EXPECT_EQ(body, "west");
    const auto pid = ground.edge->pid();
    EXPECT_TRUE(ground.edge->reopen_logs());
    EXPECT_TRUE(ground.edge->running());
    EXPECT_EQ(ground.edge->pid(), pid);
}

ASYNC_TEST(EdgeLive, SaysWhoHasItsPortAndStartsAgainAfterAKill) {
    Ground ground(co_await boost::asio::this_coro::executor);
    ground.start();
    auto second = ground.options();
    second.folder = ground.folder / "second";
    Edge other(second);
    const auto taken = other.start(soon());
    REQUIRE(!taken);
    EXPECT_EQ(taken.error().code, "io.address-in-use");
    EXPECT_TRUE(taken.error().message.contains("nginx")) << taken.error().message;
    ground.edge->stop(io::Deadline::after(Duration::zero()));  // no time: it is killed, and leaves its sockets
    EXPECT_FALSE(ground.edge->running());
    const auto again = ground.edge->start(soon());
    EXPECT_TRUE(again) << again.error().message;
    ::kill(ground.edge->pid(), SIGKILL);  // the master alone: its workers would go on
    while (ground.edge->running()) co_await io::wait_for(1ms);
    const auto third = ground.edge->start(soon());
    EXPECT_TRUE(third) << third.error().message;
    const auto page = co_await get(&ground, "/a.html");
    EXPECT_EQ(page.status, 200);
}

}  // namespace
}  // namespace cloudshelf::edge

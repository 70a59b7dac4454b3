// Looks under TLS, at servers of this process that speak it as they are told to.
#include "drivers/probe/looker_test.hpp"
#include "io/background.hpp"
#include "support/authority.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

namespace cloudshelf::probe {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using core::CheckType;
using core::Observation;
using testing::Authority;
using namespace std::chrono_literals;
using io::Task;

constexpr const char* address = "127.77.0.44";
constexpr const char* api = "api.cloudshelf.internal";
const std::string good = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nall ok";
constexpr Limits short_limits{.connect = 500ms, .status = 500ms, .body = 500ms};

const Authority& ours() {
    static const Authority authority;
    return authority;
}

/// Answers each request with the same text, under TLS up to a version, after a hello in the clear where one is set.
class Imposter {
public:
    struct Options {
        io::TlsIdentity identity;
        int version_max = TLS1_3_VERSION;
        std::string answer = good;
        bool as_postgres = false;  // "S" to eight bytes, first
        bool keeps = true;
    };
    Imposter(io::Executor executor, Options options)
        : options_(std::move(options)),
          context_(asio::ssl::context::tls_server),
          acceptor_(executor, tcp::endpoint(asio::ip::make_address(address), 0)) {
        context_.use_certificate_chain_file(options_.identity.certificate_file);
        context_.use_private_key_file(options_.identity.key_file, asio::ssl::context::pem);
        SSL_CTX_set_max_proto_version(context_.native_handle(), options_.version_max);
        io::run_in_background(executor, accept());
    }
    io::Endpoint endpoint() const { return {.address = address, .port = acceptor_.local_endpoint().port()}; }
    void close() { acceptor_.close(); }

    int connections = 0;
    std::string server_name;
    std::string version;
    std::vector<std::string> requests;

private:
    Task<void> accept() {
        for (;;) {
            boost::system::error_code problem;
            tcp::socket socket(acceptor_.get_executor());
            co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, problem));
            if (problem) co_return;
            ++connections;
            io::run_in_background(acceptor_.get_executor(), serve(std::move(socket)));
        }
    }
    Task<void> serve(tcp::socket socket) {
        boost::system::error_code problem;
        if (options_.as_postgres) {
            std::string asked(8, '\0');
            co_await asio::async_read(socket, asio::buffer(asked), asio::redirect_error(asio::use_awaitable, problem));
            co_await asio::async_write(
                socket, asio::buffer("S", 1), asio::redirect_error(asio::use_awaitable, problem)
            );
        }
        asio::ssl::stream<tcp::socket> stream(std::move(socket), context_);
        co_await stream.async_handshake(
            asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, problem)
        );
        if (problem) co_return;
        const char* name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
        server_name = name == nullptr ? "" : name;
        version = SSL_get_version(stream.native_handle());
        std::string received;
        do {
            if (options_.as_postgres) {
                received.resize(8);
                co_await asio::async_read(
                    stream, asio::buffer(received), asio::redirect_error(asio::use_awaitable, problem)
                );
            } else {
                const std::size_t size = co_await asio::async_read_until(
                    stream,
                    asio::dynamic_buffer(received),
                    "\r\n\r\n",
                    asio::redirect_error(asio::use_awaitable, problem)
                );
                if (!problem) requests.push_back(received.substr(0, size));
                received.clear();
            }
            if (problem) co_return;
            for (std::size_t at = 0; at < options_.answer.size(); at += 10) {
                const std::string slice = options_.answer.substr(at, 10);
                co_await asio::async_write(
                    stream, asio::buffer(slice), asio::redirect_error(asio::use_awaitable, problem)
                );
            }
        } while (!problem && options_.keeps);
    }

    Options options_;
    asio::ssl::context context_;
    tcp::acceptor acceptor_;
};

Target at(const io::Endpoint& endpoint) {
    return {.type = CheckType::https, .endpoint = endpoint, .host = api, .search = "ok", .limits = short_limits};
}

ASYNC_TEST(Https, PassesAndTellsHowLongTheCertificateLasts) {
    const auto executor = co_await asio::this_coro::executor;
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        Imposter imposter(
            executor, {.identity = ours().issue("api", {}, io::Validity::days(40)), .version_max = version}
        );
        const auto result = co_await look_once(at(imposter.endpoint()));
        EXPECT_EQ(result.observation, Observation::passed) << core::name(result.observation);
        EXPECT_EQ(result.status, 200);
        EXPECT_GT(result.connected, 0ns);
        EXPECT_GT(result.secured, result.connected);
        EXPECT_GT(result.first_answer, result.secured);
        REQUIRE(result.expires_in);
        EXPECT_LE(*result.expires_in, 24h * 40);
        EXPECT_GT(*result.expires_in, 24h * 40 - 10min);
        EXPECT_EQ(imposter.server_name, api);
        EXPECT_EQ(imposter.version, version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
        REQUIRE(imposter.requests.size() == 1);
        EXPECT_TRUE(imposter.requests[0].starts_with("GET / HTTP/1.1\r\nHost: api.cloudshelf.internal:"));
        imposter.close();
    }
}

ASYNC_TEST(Https, KeepsAConnectionAndReplacesOneThatWasClosed) {
    const auto executor = co_await asio::this_coro::executor;
    for (const bool keeps : {true, false}) {
        Imposter imposter(executor, {.identity = ours().issue("api"), .keeps = keeps});
        Looker looker(executor);
        Target target = at(imposter.endpoint());
        target.connections = Connections::kept;
        const auto id = looker.prober().add(std::move(target));
        REQUIRE(id);
        for (int i = 0; i < 4; ++i) {
            const auto result = co_await looker.look(*id);
            EXPECT_EQ(result.observation, Observation::passed) << core::name(result.observation);
            EXPECT_EQ(result.reused, keeps && i > 0);
            EXPECT_EQ(result.secured > 0ns, !result.reused);
            EXPECT_TRUE(result.expires_in);
        }
        EXPECT_EQ(imposter.connections, keeps ? 1 : 4);
        imposter.close();
    }
}

// Goal: as with Route 53 a certificate is not judged, unless a CA is named. Method: certificates with one fault each.
ASYNC_TEST(Https, VerifiesOnlyWhereACaIsNamed) {
    const auto executor = co_await asio::this_coro::executor;
    const Authority theirs;
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const struct {
        io::TlsIdentity identity;
        std::string host;
        Observation expected;
    } cases[] = {
        {ours().issue("api", {address}), api, Observation::passed},
        {ours().issue("api", {address}), "", Observation::passed},
        {ours().issue("no-address"), "", Observation::certificate_bad},
        {ours().issue("other"), api, Observation::certificate_bad},
        {ours().issue("ended", {}, {now - 2h, now - 1h}), "ended.cloudshelf.internal", Observation::certificate_bad},
        {theirs.issue("api"), api, Observation::certificate_bad},
    };
    for (const auto& [identity, host, expected] : cases) {
        Imposter imposter(executor, {.identity = identity});
        Target target = at(imposter.endpoint());
        target.host = host;
        const auto unverified = co_await look_once(target);
        EXPECT_EQ(unverified.observation, Observation::passed) << core::name(unverified.observation);
        EXPECT_EQ(imposter.server_name, host);
        target.ca_file = ours().files("ca").certificate;
        const auto verified = co_await look_once(target);
        EXPECT_EQ(verified.observation, expected) << core::name(verified.observation);
        EXPECT_EQ(verified.expires_in.has_value(), expected == Observation::passed);
        imposter.close();
    }
    Imposter ended(executor, {.identity = ours().issue("ended", {}, {now - 2h, now - 1h})});
    const auto result = co_await look_once(at(ended.endpoint()));
    REQUIRE(result.expires_in);
    EXPECT_LE(*result.expires_in, -1h);
    EXPECT_GT(*result.expires_in, -1h - 10min);
    ended.close();
}

ASYNC_TEST(Https, SaysWhatWasWrong) {
    const auto executor = co_await asio::this_coro::executor;
    const struct {
        std::string answer;
        Observation expected;
    } cases[] = {
        {"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", Observation::bad_status},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad", Observation::search_missing},
        {"HTTP/1.1 200 OK\r\n\r\nall ok", Observation::passed},  // up to the end of the connection
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall ok", Observation::closed},
        {"", Observation::closed},
    };
    for (const auto& [answer, expected] : cases) {
        Imposter imposter(executor, {.identity = ours().issue("api"), .answer = answer, .keeps = false});
        const auto result = co_await look_once(at(imposter.endpoint()));
        EXPECT_EQ(result.observation, expected) << answer << core::name(result.observation);
        imposter.close();
    }
    Imposter silent(executor, {.identity = ours().issue("api"), .answer = ""});
    const auto late = co_await look_once(at(silent.endpoint()));
    EXPECT_EQ(late.observation, Observation::answer_timed_out) << core::name(late.observation);
    silent.close();
}

/// Accepts, says something at once, and then nothing more; or ends the connection.
Task<void> say(tcp::acceptor* acceptor, std::string words, bool ends) {
    boost::system::error_code problem;
    tcp::socket socket(acceptor->get_executor());
    co_await acceptor->async_accept(socket, asio::redirect_error(asio::use_awaitable, problem));
    if (problem) co_return;
    std::string hello(1, '\0');
    co_await asio::async_read(socket, asio::buffer(hello), asio::redirect_error(asio::use_awaitable, problem));
    co_await asio::async_write(socket, asio::buffer(words), asio::redirect_error(asio::use_awaitable, problem));
    if (ends) co_return;
    std::string rest(64 << 10, '\0');  // until the prober goes
    co_await asio::async_read(socket, asio::buffer(rest), asio::redirect_error(asio::use_awaitable, problem));
}

ASYNC_TEST(Https, TellsWhereNoTlsIsSpoken) {
    const auto executor = co_await asio::this_coro::executor;
    const struct {
        std::string words;
        bool ends;
        Observation expected;
    } cases[] = {
        {"HTTP/1.1 400 Bad Request\r\n\r\n", false, Observation::tls_failed},
        {"", true, Observation::closed},
        {"", false, Observation::answer_timed_out},
    };
    for (const auto& [words, ends, expected] : cases) {
        tcp::acceptor acceptor(executor, tcp::endpoint(asio::ip::make_address(address), 0));
        io::run_in_background(executor, say(&acceptor, words, ends));
        const io::Endpoint there{.address = address, .port = acceptor.local_endpoint().port()};
        const auto result = co_await look_once(at(there));
        EXPECT_EQ(result.observation, expected) << core::name(result.observation);
        EXPECT_FALSE(result.expires_in);
        acceptor.close();
    }
}

/// What a service of functions was asked, and what it says to it.
struct Invoked {
    std::vector<std::string> calls;
    std::string error;
    int status = 200;

    Task<io::HttpResponse> answer(io::HttpRequest request) {
        calls.push_back(request.method + " " + request.target + " " + request.body);
        auto response = io::HttpResponse::json(status, R"({"ok": true})");
        if (!error.empty()) response.headers.emplace_back("X-Amz-Function-Error", error);
        co_return response;
    }
};

// Goal: a function is invoked as Lambda's API has it, in the clear and under TLS, and its own error counts.
ASYNC_TEST(FunctionCheck, InvokesOverHttpAndHttps) {
    const auto executor = co_await asio::this_coro::executor;
    Invoked invoked;
    for (const auto secured : {Secured::no, Secured::yes}) {
        io::HttpServer::Options options{.listen = {address, 0}};
        if (secured == Secured::yes) {
            io::TlsContext::Options tls{.identity = ours().issue("api")};
            tls.client_certificate = io::TlsContext::ClientCertificate::not_asked;
            options.tls = io::TlsContext::open(std::move(tls)).value();
        }
        io::HttpServer server(executor, std::move(options), [&](io::HttpRequest request) {
            return invoked.answer(std::move(request));
        });
        REQUIRE(server.start());
        Looker looker(executor);
        const auto id = looker.prober().add({
            .type = CheckType::function,
            .endpoint = {address, server.port()},
            .connections = Connections::kept,
            .secured = secured,
            .function = {.name = "cloudshelf-auth", .payload = R"({"warmup": true})"},
        });
        REQUIRE(id);
        invoked = {};
        const auto passed = co_await looker.look(*id);
        EXPECT_EQ(passed.observation, Observation::passed) << core::name(passed.observation);
        EXPECT_EQ(passed.expires_in.has_value(), secured == Secured::yes);
        invoked.error = "Unhandled";
        const auto failed = co_await looker.look(*id);
        EXPECT_EQ(failed.observation, Observation::function_failed) << core::name(failed.observation);
        EXPECT_TRUE(failed.reused);
        invoked.status = 429;
        const auto throttled = co_await looker.look(*id);
        EXPECT_EQ(throttled.observation, Observation::bad_status) << core::name(throttled.observation);
        EXPECT_EQ(throttled.status, 429);
        const std::string call = R"(POST /2015-03-31/functions/cloudshelf-auth/invocations {"warmup": true})";
        EXPECT_EQ(invoked.calls, std::vector<std::string>(3, call));
        looker.prober().remove(*id);
        const auto deadline = io::Deadline::after(1s);
        co_await server.stop(deadline);
    }
}

// Goal: PostgreSQL is asked whether it speaks TLS, and its certificate is seen. Method: a server that says so, and asks
// for a password.
ASYNC_TEST(PostgresCheck, GoesUnderTlsWhereAsked) {
    const auto executor = co_await asio::this_coro::executor;
    const std::string password{"R\0\0\0\x08\0\0\0\3", 9};
    Imposter imposter(executor, {.identity = ours().issue("api"), .answer = password, .as_postgres = true});
    Target target = at(imposter.endpoint());
    target.type = CheckType::postgres;
    target.secured = Secured::yes;
    target.ca_file = ours().files("ca").certificate;
    const auto result = co_await look_once(target);
    EXPECT_EQ(result.observation, Observation::passed) << core::name(result.observation);
    EXPECT_TRUE(result.expires_in);
    target.host = "other.example";
    const auto other = co_await look_once(target);
    EXPECT_EQ(other.observation, Observation::certificate_bad) << core::name(other.observation);
    imposter.close();
}

}  // namespace
}  // namespace cloudshelf::probe

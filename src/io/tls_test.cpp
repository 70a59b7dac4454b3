// Who is believed, who is not, and what is said about it. Client and server of this process talk over loopback.
#include "io/tls.hpp"

#include "io/background.hpp"
#include "io/channel.hpp"
#include "io/file.hpp"
#include "io/http.hpp"
#include "io/openssl.hpp"
#include "support/async.hpp"
#include "support/authority.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <map>

namespace cloudshelf::io {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::Authority;
using Tls = std::shared_ptr<TlsContext>;

constexpr const char* address = "127.46.0.2";

Task<HttpResponse> hello(HttpRequest) {
    co_return HttpResponse::text(200, "hello");
}

Tls open(const TlsIdentity& identity, Duration patience = 1s) {
    auto opened = TlsContext::open({.identity = identity, .patience = patience});
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
    return opened.value_or(nullptr);
}

struct Outcome {
    int status = 0;
    std::string code;
    std::string message;
    Certainty certainty = Certainty::not_done;
};

/// One GET from a client of this identity, who expects a server of that name, to a server of the other identity.
Task<Outcome> ask(Tls server_tls, Tls client_tls, std::string expected) {
    const auto executor = co_await asio::this_coro::executor;
    HttpServer server(executor, {.listen = {address, 0}, .tls = std::move(server_tls)}, hello);
    const auto started = server.start();
    EXPECT_TRUE(started);
    const Endpoint endpoint{address, server.port()};
    HttpClient::Options options{.tls = std::move(client_tls)};
    if (!expected.empty()) options.names[endpoint] = expected;
    HttpClient client(executor, std::move(options));
    HttpRequest request;
    const auto answer = co_await client.send(endpoint, std::move(request), Deadline::after(3s));
    if (answer) co_return Outcome{.status = answer->status};
    co_return Outcome{
        .code = answer.error().code, .message = answer.error().message, .certainty = answer.error().certainty
    };
}

const Authority& ours() {
    static const Authority authority;
    return authority;
}

bool mentions(const std::string& text, const char* what) {
    return text.find(what) != std::string::npos;
}

ASYNC_TEST(Tls, BelievesItsOwn) {
    const auto east = open(ours().issue("us-east-1", {address}));
    const auto west = open(ours().issue("us-west-2"));
    const auto by_name = co_await ask(east, west, "us-east-1.cloudshelf.internal");
    EXPECT_EQ(by_name.status, 200) << by_name.message;
    const auto by_address = co_await ask(east, west, "");
    EXPECT_EQ(by_address.status, 200) << by_address.message;
}

// Goal: each way in which a server may not be the right one is refused, before a byte of the request was sent.
ASYNC_TEST(Tls, RefusesServers) {
    const Authority theirs;
    const auto me = open(ours().issue("me"));
    const auto past = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto issue = [](const Authority& authority, const char* name, Validity validity, CertificateUse use) {
        auto identity = authority.issue(name, {}, validity, use);
        identity.ca_file = ours().files("ca").certificate;  // so that it believes us
        return open(identity);
    };
    const struct {
        Tls server;
        const char* expected;
        const char* why;
    } cases[] = {
        {issue(theirs, "other-ca", Validity::days(1), CertificateUse::site), "other-ca", "unable to get local issuer"},
        {issue(ours(), "ended", {past - 2h, past - 1h}, CertificateUse::site), "ended", "expired"},
        {issue(ours(), "not-yet", {past + 1h, past + 2h}, CertificateUse::site), "not-yet", "not yet valid"},
        {issue(ours(), "another", Validity::days(1), CertificateUse::site), "us-east-1", "hostname mismatch"},
        {issue(ours(), "person", Validity::days(1), CertificateUse::person), "person", "purpose"},
    };
    for (const auto& [server, expected, why] : cases) {
        auto name = site_host_name(expected);
        const auto outcome = co_await ask(server, me, std::move(name));
        EXPECT_EQ(outcome.code, "io.tls") << why;
        EXPECT_TRUE(mentions(outcome.message, why)) << outcome.message;
        EXPECT_EQ(outcome.certainty, Certainty::not_done);
    }
    const auto elsewhere = co_await ask(open(ours().issue("away", {"127.46.0.3"})), me, "");
    EXPECT_TRUE(mentions(elsewhere.message, "IP address mismatch")) << elsewhere.message;
}

// Goal: without a certificate of our CA nothing is answered, and the caller learns why and that nothing was done.
ASYNC_TEST(Tls, RefusesClients) {
    const Authority theirs;
    const auto east = open(ours().issue("us-east-1"));
    const auto past = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
    auto stranger = theirs.issue("stranger");
    stranger.ca_file = ours().files("ca").certificate;
    const struct {
        Tls client;
        const char* why;
    } cases[] = {
        {open(stranger), "unknown ca"},
        {open(ours().issue("late", {}, {past - 2h, past - 1h})), "certificate expired"},
    };
    for (const auto& [client, why] : cases) {
        const auto outcome = co_await ask(east, client, "us-east-1.cloudshelf.internal");
        EXPECT_EQ(outcome.code, "io.tls") << why;
        EXPECT_TRUE(mentions(outcome.message, why)) << outcome.message;
        EXPECT_EQ(outcome.certainty, Certainty::not_done);
    }
    const auto person = open(ours().issue("operator", {}, Validity::days(1), CertificateUse::person));
    const auto operator_outcome = co_await ask(east, person, "us-east-1.cloudshelf.internal");
    EXPECT_EQ(operator_outcome.status, 200) << operator_outcome.message;
}

/// What a client without a certificate gets of this server, as OpenSSL says it; empty: an answer.
Task<std::string> ask_bare(std::uint16_t port, long newest_version) {
    const openssl::Context context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(context.get(), newest_version);
    Channel channel(co_await asio::this_coro::executor);
    const asio::ip::tcp::endpoint server(asio::ip::make_address(address), port);
    co_await channel.plain().async_connect(server, asio::use_awaitable);
    TlsSession session(SSL_new(context.get()));
    const auto unequal = co_await channel.shake_hands(std::move(session), Channel::Side::connecting);
    if (unequal) co_return unequal.message();
    const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    co_await asio::async_write(channel, asio::buffer(request), asio::use_awaitable);
    std::string answer(8, ' ');
    boost::system::error_code problem;
    co_await asio::async_read(channel, asio::buffer(answer), asio::redirect_error(asio::use_awaitable, problem));
    EXPECT_EQ(problem.failed(), is_refusal_of_certificate(problem));
    co_return problem ? problem.message() : "";
}

// Goal: no certificate, no answer, except from a server that asks for none; and no TLS older than 1.3.
ASYNC_TEST(Tls, AsksForACertificate) {
    const auto executor = co_await asio::this_coro::executor;
    const auto identity = ours().issue("us-east-1");
    HttpServer strict(executor, {.listen = {address, 0}, .tls = open(identity)}, hello);
    const auto easy_tls =
        TlsContext::open({.identity = identity, .client_certificate = TlsContext::ClientCertificate::not_asked});
    REQUIRE(easy_tls);
    HttpServer easy(executor, {.listen = {address, 0}, .tls = *easy_tls}, hello);
    const auto strict_started = strict.start();
    const auto easy_started = easy.start();
    REQUIRE(strict_started && easy_started);
    const auto refused = co_await ask_bare(strict.port(), TLS1_3_VERSION);
    EXPECT_TRUE(mentions(refused, "certificate required")) << refused;
    const auto answered = co_await ask_bare(easy.port(), TLS1_3_VERSION);
    EXPECT_EQ(answered, "");
    const auto old = co_await ask_bare(easy.port(), TLS1_2_VERSION);
    EXPECT_TRUE(mentions(old, "protocol version")) << old;
}

/// Sends these bytes without TLS, and reads until the other side closes.
Task<std::string> plain_talk(std::uint16_t port, std::string bytes) {
    asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
    const asio::ip::tcp::endpoint server(asio::ip::make_address(address), port);
    co_await socket.async_connect(server, asio::use_awaitable);
    if (!bytes.empty()) co_await asio::async_write(socket, asio::buffer(bytes), asio::use_awaitable);
    std::string answer;
    boost::system::error_code ended;
    co_await asio::async_read(socket, asio::dynamic_buffer(answer), asio::redirect_error(asio::use_awaitable, ended));
    co_return answer;
}

// Goal: a TLS port tells a plain client nothing; one who says nothing is sent away after the limit, and meanwhile
// others are served.
ASYNC_TEST(Tls, SendsAwayWhoSpeaksNoTls) {
    const auto executor = co_await asio::this_coro::executor;
    const auto tls = open(ours().issue("us-east-1", {address}));
    HttpServer server(executor, {.listen = {address, 0}, .tls = tls, .handshake_timeout = 300ms}, hello);
    const auto started = server.start();
    REQUIRE(started);
    const auto told = co_await plain_talk(server.port(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_FALSE(mentions(told, "HTTP")) << told;

    const TimePoint began = now();
    bool sent_away = false;
    asio::co_spawn(executor, plain_talk(server.port(), ""), [&](std::exception_ptr, const std::string&) {
        sent_away = true;
    });
    HttpClient client(executor, {.tls = tls});
    const Endpoint endpoint{address, server.port()};
    HttpRequest request;
    const auto answer = co_await client.send(endpoint, std::move(request), Deadline::after(3s));
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
    EXPECT_FALSE(sent_away);
    for (const auto limit = Deadline::after(5s); !sent_away && !limit.passed();) co_await wait_for(5ms);
    EXPECT_TRUE(sent_away);
    EXPECT_GE(now() - began, 250ms);

    // And the other way round: a client with TLS sends nothing to a server without.
    HttpServer plain(executor, {.listen = {address, 0}}, hello);
    const auto plain_started = plain.start();
    REQUIRE(plain_started);
    HttpRequest secret;
    const Endpoint elsewhere{address, plain.port()};
    const auto refused = co_await client.send(elsewhere, std::move(secret), Deadline::after(3s));
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "io.tls");
    EXPECT_EQ(refused.error().certainty, Certainty::not_done);
}

// Goal: a handshake that never ends costs the caller no more than its deadline, and is known not to have done anything.
ASYNC_TEST(Tls, GivesUpOnASilentServer) {
    const auto executor = co_await asio::this_coro::executor;
    asio::ip::tcp::acceptor silent(
        executor, {asio::ip::make_address(address), 0}
    );  // the kernel accepts, nobody answers
    HttpClient client(executor, {.tls = open(ours().issue("me"))});
    const Endpoint endpoint{address, silent.local_endpoint().port()};
    HttpRequest request;
    const auto late = co_await client.send(endpoint, std::move(request), Deadline::after(100ms));
    REQUIRE(!late);
    EXPECT_EQ(late.error().code, "io.timeout");
    EXPECT_EQ(late.error().certainty, Certainty::not_done);
}

Task<void> ask_silent(HttpClient* client, Endpoint endpoint, Deadline deadline, std::map<std::string, int>* outcomes) {
    HttpRequest request;
    const auto late = co_await client->send(endpoint, std::move(request), deadline);
    const bool no_turn = !late && mentions(late.error().message, "no turn");
    ++(*outcomes)[late ? "answered" : no_turn ? "no turn" : late.error().code];
}

// Goal: a client begins no more handshakes at once than it can end; who gets no turn is told so in time.
ASYNC_TEST(Tls, HandshakesTakeTurns) {
    const auto executor = co_await asio::this_coro::executor;
    asio::ip::tcp::acceptor silent(executor, {asio::ip::make_address(address), 0});
    HttpClient client(executor, {.tls = open(ours().issue("me"))});
    const Endpoint endpoint{address, silent.local_endpoint().port()};
    std::map<std::string, int> outcomes;
    const auto deadline = Deadline::after(300ms);
    for (int i = 0; i < 100; ++i) run_in_background(executor, ask_silent(&client, endpoint, deadline, &outcomes));
    const auto count = [&] { return outcomes["no turn"] + outcomes["io.timeout"] + outcomes["answered"]; };
    for (const auto patience = Deadline::after(5s); count() < 100 && !patience.passed();) co_await wait_for(1ms);
    EXPECT_EQ(count(), 100);
    EXPECT_EQ(outcomes["answered"], 0);
    EXPECT_GE(outcomes["no turn"], 1);
    EXPECT_GE(outcomes["io.timeout"], 1);
}

// Goal: new files are taken by the next request, on both sides, without a restart and though the connection was kept.
ASYNC_TEST(Tls, TakesNewFiles) {
    const auto executor = co_await asio::this_coro::executor;
    const Authority authority;
    const auto identity = authority.issue("us-east-1", {address}, Validity::days(1));
    const auto tls = open(identity);
    HttpServer server(executor, {.listen = {address, 0}, .tls = tls}, hello);
    const auto started = server.start();
    REQUIRE(started);
    const auto mine = open(authority.issue("me"));
    HttpClient client(executor, {.tls = mine});
    const Endpoint endpoint{address, server.port()};
    HttpRequest first;
    const auto before = co_await client.send(endpoint, std::move(first), Deadline::after(3s));
    REQUIRE(before);
    EXPECT_NE(before->header("Connection"), "close");

    // A new certificate of the server: the kept connection ends with its next answer.
    const auto ends_before = tls->expires();
    authority.issue("us-east-1", {address}, Validity::days(30));
    HttpRequest second;
    const auto during = co_await client.send(endpoint, std::move(second), Deadline::after(3s));
    REQUIRE(during);
    EXPECT_EQ(during->header("Connection"), "close");
    EXPECT_EQ(tls->generation(), 2u);
    // By the second in which each was issued.
    EXPECT_GE(tls->expires() - ends_before, std::chrono::days(29));
    EXPECT_LT(tls->expires() - ends_before, std::chrono::days(29) + 1min);
    HttpRequest third;
    const auto after = co_await client.send(endpoint, std::move(third), Deadline::after(3s));
    REQUIRE(after);

    // A new CA, which has not signed the client's certificate: nothing more for that client, kept connection or not.
    const Authority another;
    another.issue("us-east-1", {address});
    for (const char* file : {"us-east-1.key", "us-east-1.crt", "ca.crt"}) {
        const auto text = read_file(another.folder / file);
        REQUIRE(text);
        const auto copied = replace_file(authority.folder / file, *text, 0600);
        REQUIRE(copied);
    }
    EXPECT_EQ(tls->generation(), 3u);
    HttpRequest fourth;
    const auto refused = co_await client.send(endpoint, std::move(fourth), Deadline::after(3s));
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "io.tls");
    // The client's own CA file is the same one, so it has changed too: its certificate is renewed by the new CA.
    const auto renewed = another.issue("me");
    for (const char* file : {"me.key", "me.crt"}) {
        const auto copied = replace_file(authority.folder / file, *read_file(another.folder / file), 0600);
        REQUIRE(copied);
    }
    HttpRequest fifth;
    const auto welcome = co_await client.send(endpoint, std::move(fifth), Deadline::after(3s));
    EXPECT_TRUE(welcome) << (welcome ? "" : welcome.error().message);
}

// Goal: while one CA takes over from another, both are believed: no step of the change leaves anybody outside.
ASYNC_TEST(Tls, BelievesTwoAuthoritiesMeanwhile) {
    const Authority before;
    const Authority next;
    auto server = before.issue("us-east-1");
    auto client = next.issue("me");
    const auto old_ca = read_file(server.ca_file);
    const auto new_ca = read_file(client.ca_file);
    REQUIRE(old_ca && new_ca);
    const auto both = replace_file(before.folder / "both.crt", *old_ca + *new_ca);
    REQUIRE(both);
    server.ca_file = client.ca_file = before.folder / "both.crt";
    const auto outcome = co_await ask(open(server), open(client), "us-east-1.cloudshelf.internal");
    EXPECT_EQ(outcome.status, 200) << outcome.message;
}

// Goal: files that cannot be used leave the old ones in place; that is said once, and not before the files had a moment
// to become whole.
TEST(TlsFiles, BrokenOnesAreNotTaken) {
    const Authority authority;
    const auto identity = authority.issue("us-east-1", {address});
    const auto key = read_file(identity.key_file);
    ASSERT_TRUE(key);
    const auto patient = open(identity, 1h);
    const auto hasty = open(identity, Duration::zero());
    ASSERT_TRUE(patient && hasty);
    const auto said = [](const Tls& tls) {
        ::testing::internal::CaptureStderr();
        for (int i = 0; i < 3; ++i) EXPECT_EQ(tls->generation(), 1u);
        EXPECT_TRUE(tls->accepting());
        const std::string text = ::testing::internal::GetCapturedStderr();
        std::size_t count = 0;
        for (auto at = text.find("tls.reload-failed"); at != std::string::npos;
             at = text.find("tls.reload-failed", at + 1))
            ++count;
        return count;
    };
    authority.issue("other");
    ASSERT_TRUE(replace_file(identity.key_file, *read_file(authority.files("other").key), 0600));
    EXPECT_EQ(said(patient), 0u);
    EXPECT_EQ(said(hasty), 1u);
    EXPECT_EQ(said(hasty), 0u);
    ASSERT_TRUE(replace_file(identity.certificate_file, "nonsense"));
    EXPECT_EQ(said(hasty), 1u);
    std::filesystem::remove(identity.ca_file);
    EXPECT_EQ(said(hasty), 1u);
    EXPECT_EQ(said(patient), 0u);
    const auto gone = TlsContext::open({.identity = identity});
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, "tls.files");
    EXPECT_TRUE(mentions(gone.error().message, "us-east-1.crt")) << gone.error().message;
    std::filesystem::remove(identity.certificate_file);
    const auto missing = TlsContext::open({.identity = identity});
    ASSERT_FALSE(missing);
    EXPECT_TRUE(mentions(missing.error().message, "No such file")) << missing.error().message;
}

}  // namespace
}  // namespace cloudshelf::io

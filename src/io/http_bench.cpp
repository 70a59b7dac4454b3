// What bodies over HTTP cost: a server on a loop and thread of its own, clients on another. The figures are the
// processor time of the server's thread alone, kernel's part included, so that they hold beside other work too.
//
//   io_http_bench [--seconds 2]
#include "io/background.hpp"
#include "io/certificates.hpp"
#include "io/clock.hpp"
#include "io/http.hpp"
#include "io/tls.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>

namespace cloudshelf::io {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::size_t object_bytes = 1 << 20;
constexpr std::size_t connections = 4;

/// Processor time of a thread, in seconds.
double processor_seconds(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

const std::string& object() {
    static const std::string bytes(object_bytes, 'x');
    return bytes;
}

Task<void> write_object(std::size_t piece_bytes, HttpResponse::Writer write) {
    bool open = true;
    for (std::size_t at = 0; at < object_bytes && open; at += piece_bytes) {
        open = co_await write(object().substr(at, piece_bytes));
    }
}

Task<HttpResponse> answer(HttpRequest request) {
    HttpResponse response{.status = 200};
    if (request.incoming) {
        for (;;) {
            const auto piece = co_await request.incoming->next();
            if (!piece) co_return HttpResponse::text(400, piece.error().message);
            if (piece->empty()) co_return response;
        }
    }
    if (request.target == "/small") co_return HttpResponse::text(200, "small");
    if (request.target == "/whole") co_return HttpResponse::text(200, object());
    const std::size_t piece_bytes = request.target == "/streamed/64" ? 64 << 10 : 256 << 10;
    response.content_length = object_bytes;
    response.stream = [piece_bytes](HttpResponse::Writer write) { return write_object(piece_bytes, std::move(write)); };
    co_return response;
}

bool puts(const HttpRequest& head) {
    return head.method == "PUT";
}

/// A server with its own thread, gone with this.
class Server {
public:
    explicit Server(std::shared_ptr<TlsContext> tls)
        : server_(loop_.get_executor(), {.listen = {"127.46.0.2", 0}, .tls = std::move(tls), .streams = puts}, answer) {
        if (const auto started = server_.start(); !started) {
            fmt::print(stderr, "{}\n", started.error().message);
            std::exit(EXIT_FAILURE);
        }
        thread_ = std::thread([this] { loop_.run(); });
        ::pthread_getcpuclockid(thread_.native_handle(), &clock_);
    }
    ~Server() {
        loop_.stop();
        thread_.join();
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    Endpoint at() const { return {"127.46.0.2", server_.port()}; }
    double seconds() const { return processor_seconds(clock_); }

private:
    boost::asio::io_context loop_{1};
    HttpServer server_;
    std::thread thread_;
    clockid_t clock_{};
};

/// What clients have done so far.
struct Done {
    bool failed = false;
    std::uint64_t requests = 0;
    std::size_t running = 0;
};

Task<Result<void>> drop(std::string) {
    co_return Result<void>();
}
Task<Result<std::string>> give(std::shared_ptr<std::size_t> at) {
    auto piece = object().substr(*at, 256 << 10);
    *at += piece.size();
    co_return piece;
}

Task<void> ask_again(
    std::shared_ptr<HttpClient> client, Endpoint at, HttpRequest request, Deadline until, std::shared_ptr<Done> done
) {
    while (!until.passed() && !done->failed) {
        const auto limit = Deadline::after(20s);
        Result<HttpResponse> answer = fail("", "");
        if (request.method == "PUT") {
            const auto given = std::make_shared<std::size_t>(0);
            Upload upload{.length = object_bytes, .source = [given] { return give(given); }};
            answer = co_await client->upload(at, request, std::move(upload), limit);
        } else {
            answer = co_await client->download(at, request, drop, limit);
        }
        if (!answer || answer->status != 200) {
            done->failed = true;
            fmt::print(stderr, "{}\n", answer ? answer->body : answer.error().message);
        }
        ++done->requests;
    }
    --done->running;
}

void measure(const char* what, std::shared_ptr<TlsContext> tls, HttpRequest request, std::chrono::seconds during) {
    Server server(tls);
    boost::asio::io_context loop(1);
    const auto client = std::make_shared<HttpClient>(loop.get_executor(), HttpClient::Options{.tls = tls});
    const auto done = std::make_shared<Done>();
    const auto began = now();
    const auto until = Deadline::after(during);
    done->running = connections;
    for (std::size_t i = 0; i < connections; ++i) {
        run_in_background(loop.get_executor(), ask_again(client, server.at(), request, until, done));
    }
    while (done->running > 0) loop.run_one();
    const double wall = std::chrono::duration<double>(now() - began).count();
    const auto count = static_cast<double>(done->requests);
    const double used = server.seconds();
    const bool is_small = request.target == "/small";
    const double mb = is_small ? 0 : count * object_bytes / 1e6;
    fmt::print(
        "{:<34} {:<5} {:>9.1f} us/request {:>9.0f} MB/s per core {:>9.0f} MB/s\n",
        what,
        tls ? "TLS" : "plain",
        used * 1e6 / count,
        mb / used,
        mb / wall
    );
}

std::shared_ptr<TlsContext> make_tls(const fs::path& folder) {
    const CertificateFiles authority{.certificate = folder / "ca.crt", .key = folder / "ca.key"};
    const CertificateFiles files{.certificate = folder / "me.crt", .key = folder / "me.key"};
    const auto made = make_authority(authority, "bench CA", Validity::days(1));
    const CertificateRequest wish{
        .name = "me", .dns_names = {site_host_name("me")}, .addresses = {"127.46.0.2"}, .validity = Validity::days(1)
    };
    const auto issued = issue_certificate(authority, wish, files);
    const TlsIdentity identity{
        .certificate_file = files.certificate, .key_file = files.key, .ca_file = authority.certificate
    };
    if (!made || !issued) return nullptr;
    return TlsContext::open({.identity = identity}).value_or(nullptr);
}

}  // namespace
}  // namespace cloudshelf::io

int main(int count, char** words) {
    using namespace cloudshelf::io;
    const bool told = count == 3 && std::string_view(words[1]) == "--seconds";
    const std::chrono::seconds during(told ? std::atoi(words[2]) : 2);
    std::string name = (std::filesystem::temp_directory_path() / "http-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return EXIT_FAILURE;
    const auto tls = make_tls(name);
    for (const auto& secured : {std::shared_ptr<TlsContext>(), tls}) {
        measure("GET of 5 bytes, whole", secured, {.target = "/small"}, during);
        measure("GET of 1 MiB, whole", secured, {.target = "/whole"}, during);
        measure("GET of 1 MiB in pieces of 64 KiB", secured, {.target = "/streamed/64"}, during);
        measure("GET of 1 MiB in pieces of 256 KiB", secured, {.target = "/streamed/256"}, during);
        measure("PUT of 1 MiB, streamed", secured, {.method = "PUT", .target = "/"}, during);
    }
    std::filesystem::remove_all(name);
    return tls ? EXIT_SUCCESS : EXIT_FAILURE;
}

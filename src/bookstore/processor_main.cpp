// bookstore-processor: a simulated payment processor, with failures on request.
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/http.hpp"
#include "io/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <string>

namespace {

namespace io = cloudshelf::io;
namespace json = boost::json;
using namespace std::chrono_literals;

struct Charged {
    std::string charge_id;
    std::int64_t cents = 0;
    std::string token;
    std::string status;  // captured, declined
};

/// Everything it knows. One thread.
struct Book {
    std::map<std::string, Charged> charges;
    io::AppendFile file;
    std::string fail = "none";
    std::int64_t fail_count = 0;  // negative: until told otherwise

    bool fails_with(std::string_view how) {
        if (fail != how || fail_count == 0) return false;
        if (fail_count > 0) --fail_count;
        return true;
    }
};

std::optional<std::string> text(const json::object& body, std::string_view name) {
    const auto* value = body.if_contains(name);
    if (value == nullptr || !value->is_string() || value->as_string().empty() || value->as_string().size() > 200) {
        return {};
    }
    return std::string(value->as_string());
}

std::string shown(const std::string& key, const Charged& charged) {
    return json::serialize(json::object{
        {"charge_id", charged.charge_id}, {"key", key}, {"amount_cents", charged.cents}, {"status", charged.status}
    });
}

io::HttpResponse answer(const std::string& key, const Charged& charged) {
    return io::HttpResponse::json(charged.status == "captured" ? 201 : 402, shown(key, charged));
}

io::HttpResponse control(Book& book, const json::object& body) {
    const auto how = text(body, "fail");
    if (!how || (*how != "none" && *how != "error" && *how != "timeout" && *how != "decline")) {
        return io::HttpResponse::error(400, "bad-body", "\"fail\" has to be none, error, timeout or decline");
    }
    const auto* count = body.if_contains("count");
    if (count != nullptr && !count->is_int64()) {
        return io::HttpResponse::error(400, "bad-body", "\"count\" has to be a whole number");
    }
    book.fail = *how;
    book.fail_count = count != nullptr ? count->as_int64() : -1;
    return io::HttpResponse::json(200, json::serialize(json::object{{"fail", book.fail}, {"count", book.fail_count}}));
}

io::Task<io::HttpResponse> charge(Book* book, json::object body) {
    const auto key = text(body, "key");
    const auto token = text(body, "token");
    const auto* amount = body.if_contains("amount_cents");
    if (!key || !token || amount == nullptr || !amount->is_int64() || amount->as_int64() <= 0) {
        co_return io::HttpResponse::error(
            400, "bad-body", "expected \"key\", \"token\" and a positive \"amount_cents\""
        );
    }
    if (book->fails_with("error"))
        co_return io::HttpResponse::error(500, "internal", "told to fail; nothing was charged");
    auto known = book->charges.find(*key);
    if (known != book->charges.end()) {
        if (known->second.cents != amount->as_int64()) {
            co_return io::HttpResponse::error(422, "key-reused", "this key charged another amount before");
        }
        co_return answer(*key, known->second);
    }
    const bool declined = token->starts_with("tok_decline") || book->fails_with("decline");
    const Charged charged{
        .charge_id = fmt::format("ch_{}", book->charges.size() + 1),
        .cents = amount->as_int64(),
        .token = *token,
        .status = declined ? "declined" : "captured"
    };
    const auto kept = book->file.append(shown(*key, charged) + "\n", io::AppendFile::Sync::no);
    if (!kept) co_return io::HttpResponse::error(500, "internal", "the file of charges can't be written");
    book->charges.emplace(*key, charged);
    if (book->fails_with("timeout")) co_await io::wait_for(30s);
    co_return answer(*key, charged);
}

io::Task<io::HttpResponse> handle(Book* book, io::HttpRequest request) {
    const std::string path(request.path());
    if (request.method == "GET" && path == "/health") co_return io::HttpResponse::json(200, R"({"status":"ok"})");
    constexpr std::string_view charges = "/charges/";
    if (request.method == "GET" && path.starts_with(charges)) {
        const auto known = book->charges.find(path.substr(charges.size()));
        if (known == book->charges.end()) co_return io::HttpResponse::error(404, "not-found", "no such charge");
        co_return io::HttpResponse::json(200, shown(known->first, known->second));
    }
    if (request.method == "POST" && (path == "/charges" || path == "/control")) {
        boost::system::error_code bad;
        const auto body = json::parse(request.body, bad);
        if (bad || !body.is_object()) co_return io::HttpResponse::error(400, "bad-body", "expected a JSON object");
        if (path == "/control") co_return control(*book, body.as_object());
        auto answered = co_await charge(book, body.as_object());
        co_return answered;
    }
    co_return io::HttpResponse::error(404, "not-found", "POST /charges, GET /charges/{key}, POST /control");
}

io::Task<void> end(io::HttpServer* server, boost::asio::io_context* loop) {
    co_await server->stop(io::Deadline::after(1s));
    loop->stop();
}

bool load(Book& book, const std::string& path) {
    const auto content = io::read_file(path);
    if (!content) return content.error().code == "io.no-file";
    for (std::string_view rest = *content; !rest.empty();) {
        const auto end = rest.find('\n');
        if (end == std::string_view::npos) break;  // cut by a crash: it was never answered
        boost::system::error_code bad;
        const auto line = json::parse(rest.substr(0, end), bad);
        rest.remove_prefix(end + 1);
        if (bad || !line.is_object()) return false;
        const auto& object = line.as_object();
        const auto key = text(object, "key");
        const auto id = text(object, "charge_id");
        const auto status = text(object, "status");
        const auto* amount = object.if_contains("amount_cents");
        if (!key || !id || !status || amount == nullptr || !amount->is_int64()) return false;
        book.charges[*key] = {.charge_id = *id, .cents = amount->as_int64(), .token = "", .status = *status};
    }
    return true;
}

int usage() {
    fmt::print(stderr, "bookstore-processor: expected --listen ADDRESS:PORT --data FILE\n");
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    std::map<std::string, std::string> options;
    for (int i = 1; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
    if (argc != 5 || !options.contains("--listen") || !options.contains("--data")) return usage();
    io::log_identity({{"program", "bookstore-processor"}});
    const auto listen = io::Endpoint::parse(options["--listen"]);
    if (!listen) {
        fmt::print(stderr, "bookstore-processor: --listen: {}\n", listen.error().message);
        return 2;
    }
    Book book;
    if (!load(book, options["--data"])) {
        fmt::print(stderr, "bookstore-processor: {} can't be read as a file of charges\n", options["--data"]);
        return 1;
    }
    auto file = io::AppendFile::open(options["--data"]);
    if (!file) {
        fmt::print(stderr, "bookstore-processor: {}\n", file.error().message);
        return 1;
    }
    book.file = std::move(*file);

    boost::asio::io_context loop(1);
    io::HttpServer::Options server_options;
    server_options.listen = *listen;
    server_options.body_bytes_max = 64 << 10;
    server_options.server_name = "bookstore-processor";
    Book* const shared = &book;
    io::HttpServer server(loop.get_executor(), server_options, [shared](io::HttpRequest request) {
        return handle(shared, std::move(request));
    });
    const auto started = server.start();
    if (!started) {
        fmt::print(stderr, "bookstore-processor: {}\n", started.error().message);
        return 1;
    }
    boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
    signals.async_wait([&](boost::system::error_code failed, int) {
        if (!failed) boost::asio::co_spawn(loop, end(&server, &loop), boost::asio::detached);
    });
    loop.run();
    return 0;
}

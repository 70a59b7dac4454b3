// What tables cost over HTTP: the real program, signed requests on 32 kept connections, its processor time from /proc.
// Signatures are made ahead and asked again and again: what the client costs is not in the figures. Beside it, when it
// is there, dynalite (npm), which keeps everything in one process and checks no signature.
//
//   tables_service_bench [--seconds 5] [--items 10000000] [--dynalite FILE] [--sdk FOLDER]
#include "base/digest.hpp"
#include "base/random.hpp"
#include "io/background.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/http.hpp"
#include "io/process.hpp"
#include "io/signals.hpp"
#include "wire/sigv4/sign.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace cloudshelf::tables {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t connections = 32;
const sigv4::Credentials key{.access_key_id = "AKIABENCH", .secret_access_key = "bench"};

struct Wanted {
    int seconds = 5;
    std::uint64_t items = 10'000'000;
    std::string dynalite;
    std::string sdk;  // where npm installed the AWS SDK for JavaScript
};

double seconds_since(Clock::time_point began) {
    return std::chrono::duration<double>(Clock::now() - began).count();
}

/// A program that answers DynamoDB's API, gone when this is.
class Server {
public:
    Server(io::Endpoint at, std::string region, io::SpawnOptions options)
        : endpoint(std::move(at)), region_(std::move(region)), options_(std::move(options)) {
        start();
    }
    ~Server() { end(SIGKILL); }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    void start() { pid_ = io::spawn(options_).value_or(0); }
    void end(int signal) {
        if (pid_ <= 0) return;
        ::kill(pid_, signal);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    /// Processor time of all its threads so far, in microseconds.
    double processor_us() const {
        const auto text = io::read_file(fmt::format("/proc/{}/stat", pid_)).value_or("");
        const auto rest = text.substr(text.rfind(')') + 2);
        unsigned long user = 0;
        unsigned long system = 0;
        std::sscanf(rest.c_str(), "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
        return static_cast<double>(user + system) * 1e6 / static_cast<double>(::sysconf(_SC_CLK_TCK));
    }
    double resident_mib() const {
        const auto text = io::read_file(fmt::format("/proc/{}/statm", pid_)).value_or("0 0");
        return std::strtod(text.c_str() + text.find(' '), nullptr) * static_cast<double>(::sysconf(_SC_PAGESIZE)) /
               (1 << 20);
    }
    io::HttpRequest request(std::string_view operation, std::string body) const {
        io::HttpRequest made{.method = "POST", .target = "/", .headers = {}, .body = std::move(body)};
        made.headers = {
            {"Host", endpoint.text()},
            {"Content-Type", "application/x-amz-json-1.0"},
            {"X-Amz-Target", fmt::format("DynamoDB_20120810.{}", operation)},
        };
        const auto digest = sha256_hex(made.body);
        const sigv4::Request signing{
            .method = made.method, .target = made.target, .headers = made.headers, .body_sha256 = digest
        };
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        for (auto& header : sigv4::sign(signing, key, {.region = region_, .service = "dynamodb"}, now))
            made.headers.push_back(std::move(header));
        return made;
    }

    const io::Endpoint endpoint;

private:
    std::string region_;
    io::SpawnOptions options_;
    pid_t pid_ = 0;
};

/// One request that has to succeed.
io::Task<std::string> ask(io::HttpClient* client, const Server* server, std::string operation, std::string body) {
    const auto deadline = io::Deadline::after(60s);
    for (;;) {
        auto request = server->request(operation, body);
        const auto answer = co_await client->send(server->endpoint, std::move(request), deadline);
        if (answer && answer->status == 200) co_return answer->body;
        if (answer && answer->status != 503) throw std::runtime_error(answer->body);
        if (deadline.passed()) throw std::runtime_error(server->endpoint.text() + " does not answer");
        co_await io::wait_for(5ms);
    }
}

struct Load {
    std::uint64_t requests = 0;
    double seconds = 0;
    std::vector<float> latencies_ms;

    double percentile(double part) {
        if (latencies_ms.empty()) return 0;
        const auto at =
            latencies_ms.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(latencies_ms.size() - 1));
        std::ranges::nth_element(latencies_ms, at);
        return static_cast<double>(*at);
    }
};

/// Asks with 32 connections, one of `next()` after the other, until it gives nothing more.
io::Task<Load> drive(io::HttpClient* client, const Server* server, std::function<const io::HttpRequest*()> next) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Load load;
    std::size_t running = connections;
    std::string wrong;
    const auto began = Clock::now();
    auto one = [&]() -> io::Task<void> {
        while (const auto* request = wrong.empty() ? next() : nullptr) {
            const auto sent = Clock::now();
            const auto answer = co_await client->send(server->endpoint, *request, io::Deadline::after(30s));
            if (!answer || answer->status != 200) wrong = answer ? answer->body : answer.error().message;
            load.latencies_ms.push_back(static_cast<float>(seconds_since(sent) * 1000));
            ++load.requests;
        }
        --running;
    };
    for (std::size_t i = 0; i < connections; ++i) io::run_in_background(executor, one());
    while (running > 0) co_await io::wait_for(1ms);
    if (!wrong.empty()) throw std::runtime_error(wrong);
    load.seconds = seconds_since(began);
    co_return load;
}

std::string create_table(std::string_view name, bool sorted) {
    return fmt::format(
        R"({{"TableName":"{}","BillingMode":"PAY_PER_REQUEST","KeySchema":[{{"AttributeName":"h","KeyType":"HASH"}}{}],)"
        R"("AttributeDefinitions":[{{"AttributeName":"h","AttributeType":"S"}}{}]}})",
        name,
        sorted ? R"(,{"AttributeName":"s","KeyType":"RANGE"})" : "",
        sorted ? R"(,{"AttributeName":"s","AttributeType":"N"})" : ""
    );
}

io::Task<void> made(io::HttpClient* client, const Server* server, std::string name, bool sorted) {
    co_await ask(client, server, "CreateTable", create_table(name, sorted));
    for (;;) {
        const auto told = co_await ask(client, server, "DescribeTable", fmt::format(R"({{"TableName":"{}"}})", name));
        if (told.contains(R"("TableStatus":"ACTIVE")")) co_return;
        co_await io::wait_for(10ms);
    }
}

/// GetItem and PutItem of 1 KiB.
io::Task<void> single_items(const Wanted& wanted, const Server& server, std::string_view what) {
    constexpr std::size_t distinct = 4096;
    io::HttpClient client(co_await boost::asio::this_coro::executor);
    co_await made(&client, &server, "Items", false);
    std::vector<io::HttpRequest> puts;
    std::vector<io::HttpRequest> gets;
    const std::string filler(980, 'x');
    for (std::size_t i = 0; i < distinct; ++i) {
        const auto at = fmt::format(R"("h":{{"S":"customer-{:08}"}})", i);
        puts.push_back(server.request(
            "PutItem", fmt::format(R"({{"TableName":"Items","Item":{{{},"data":{{"S":"{}"}}}}}})", at, filler)
        ));
        gets.push_back(server.request("GetItem", fmt::format(R"({{"TableName":"Items","Key":{{{}}}}})", at)));
    }
    for (const auto& [name, requests] : {std::pair("PutItem", &puts), {"GetItem", &gets}}) {
        std::size_t at = 0;
        // Each once, unmeasured: connections are made, every item is there.
        const auto each = [&]() { return at < distinct ? &(*requests)[at++] : nullptr; };
        co_await drive(&client, &server, each);
        const auto until = Clock::now() + std::chrono::seconds(wanted.seconds);
        const double before = server.processor_us();
        const auto again = [&]() { return Clock::now() < until ? &(*requests)[at++ % distinct] : nullptr; };
        auto load = co_await drive(&client, &server, again);
        const double used = server.processor_us() - before;
        fmt::print(
            "{:<34} {:<8} {:>8.0f}/s {:>7.1f} us/request {:>8.0f}/s per core   p50 {:.2f} ms  p99 {:.2f} ms  n={}\n",
            what,
            name,
            static_cast<double>(load.requests) / load.seconds,
            used / static_cast<double>(load.requests),
            static_cast<double>(load.requests) / used * 1e6,
            load.percentile(0.5),
            load.percentile(0.99),
            load.requests
        );
        std::fflush(stdout);
    }
}

io::SpawnOptions tables_at(
    const fs::path& folder, const std::string& region, const io::Endpoint& at, std::vector<std::string> more
) {
    std::vector<std::string> argv{
        TABLES, "--listen", at.text(), "--region", region, "--data", folder / region, "--credentials", folder / "keys"
    };
    argv.insert(argv.end(), more.begin(), more.end());
    return {.argv = std::move(argv), .output = folder / (region + ".log"), .death_signal = SIGKILL};
}

/// Two regions: how much one sends, and how old a change is when the other shows it while both write.
io::Task<void> replication(const Wanted& wanted, const fs::path& folder) {
    constexpr int writes_per_second = 2000;
    const io::Endpoint east_at{"127.66.3.1", 8000};
    const io::Endpoint west_at{"127.66.3.2", 8000};
    const Server east(
        east_at, "us-east-1", tables_at(folder, "us-east-1", east_at, {"--peer", "us-west-2=http://" + west_at.text()})
    );
    const Server west(
        west_at, "us-west-2", tables_at(folder, "us-west-2", west_at, {"--peer", "us-east-1=http://" + east_at.text()})
    );
    const auto executor = co_await boost::asio::this_coro::executor;
    io::HttpClient client(executor);
    co_await made(&client, &east, "Items", false);
    co_await ask(
        &client,
        &east,
        "UpdateTable",
        R"({"TableName":"Items","ReplicaUpdates":[{"Create":{"RegionName":"us-west-2"}}]})"
    );
    const auto count = [&](const Server* server) -> io::Task<std::string> {
        auto text = co_await ask(&client, server, "DescribeTable", R"({"TableName":"Items"})");
        const auto at = text.find(R"("ItemCount":)") + 12;
        co_return text.substr(at, text.find(',', at) - at);
    };
    for (;;) {
        const auto told = co_await ask(&client, &east, "DescribeTable", R"({"TableName":"Items"})");
        if (told.contains(R"("ReplicaStatus":"ACTIVE")")) break;
        co_await io::wait_for(10ms);
    }
    {
        std::vector<io::HttpRequest> batches;
        std::uint64_t items = 0;
        const std::uint64_t total = static_cast<std::uint64_t>(wanted.seconds) * 25'000;
        const std::string filler(160, 'x');
        while (items < total) {
            std::string body = R"({"RequestItems":{"Items":[)";
            for (int i = 0; i < 25; ++i, ++items)
                body += fmt::format(
                    R"({}{{"PutRequest":{{"Item":{{"h":{{"S":"item-{:010}"}},"d":{{"S":"{}"}}}}}}}})",
                    i ? "," : "",
                    items,
                    filler
                );
            batches.push_back(east.request("BatchWriteItem", body + "]}}"));
        }
        std::size_t at = 0;
        const auto began = Clock::now();
        const double before = west.processor_us();
        const auto each = [&]() { return at < batches.size() ? &batches[at++] : nullptr; };
        co_await drive(&client, &east, each);
        const double accepted = seconds_since(began);
        const std::string all = fmt::to_string(items);
        for (;;) {
            const auto there = co_await count(&west);
            if (there == all) break;
            co_await io::wait_for(2ms);
        }
        const double there = seconds_since(began);
        fmt::print(
            "replication one way: {} items of 200 bytes accepted in {:.2f} s, all there after {:.2f} s: {:.0f} "
            "items/s, "
            "{:.1f} us of the receiver's processor each\n",
            items,
            accepted,
            there,
            static_cast<double>(items) / there,
            (west.processor_us() - before) / static_cast<double>(items)
        );
    }
    // Both write at 2,000/s; beside that, markers: written here, looked for there.
    std::atomic<bool> ending = false;
    std::size_t running = 0;
    std::uint64_t written = 0;
    auto pace = [&](const Server* server, int part) -> io::Task<void> {
        constexpr int writers = 8;
        const auto gap = std::chrono::microseconds(1'000'000 * writers / writes_per_second);
        std::vector<io::HttpRequest> requests;
        for (int i = 0; i < 512; ++i)
            requests.push_back(server->request(
                "PutItem",
                fmt::format(
                    R"({{"TableName":"Items","Item":{{"h":{{"S":"load-{}-{}"}},"d":{{"S":"{}"}}}}}})",
                    part,
                    i,
                    std::string(160, 'x')
                )
            ));
        auto due = Clock::now() + part % writers * (gap / writers);
        for (std::size_t i = 0; !ending; ++i, due += gap) {
            const auto ahead = due - Clock::now();
            if (ahead > Clock::duration::zero()) co_await io::wait_for(ahead);
            const auto answer =
                co_await client.send(server->endpoint, requests[i % requests.size()], io::Deadline::after(10s));
            if (answer && answer->status == 200) ++written;
        }
        --running;
    };
    for (int part = 0; part < 16; ++part, ++running)
        io::run_in_background(executor, pace(part < 8 ? &east : &west, part));
    std::vector<float> lags;
    const auto began = Clock::now();
    for (int i = 0; seconds_since(began) < 2.0 * wanted.seconds; ++i) {
        const Server* from = i % 2 == 0 ? &east : &west;
        const Server* to = i % 2 == 0 ? &west : &east;
        const auto marker = fmt::format(R"("h":{{"S":"marker-{}"}})", i);
        co_await ask(&client, from, "PutItem", fmt::format(R"({{"TableName":"Items","Item":{{{}}}}})", marker));
        const auto acknowledged = Clock::now();
        for (;;) {
            const auto seen =
                co_await ask(&client, to, "GetItem", fmt::format(R"({{"TableName":"Items","Key":{{{}}}}})", marker));
            if (seen.size() > 2) break;
            co_await io::wait_for(1ms);
        }
        lags.push_back(static_cast<float>(seconds_since(acknowledged) * 1000));
        co_await io::wait_for(10ms);
    }
    const double lasted = seconds_since(began);
    ending = true;
    while (running > 0) co_await io::wait_for(1ms);
    Load of_lags{.latencies_ms = lags};
    fmt::print(
        "replication both ways at {:.0f} writes/s in all: acknowledged here, read there after p50 {:.1f} ms, p99 "
        "{:.1f} ms, n={}\n",
        static_cast<double>(written) / lasted,
        of_lags.percentile(0.5),
        of_lags.percentile(0.99),
        lags.size()
    );
}

io::Task<double> query_ms(io::HttpClient* client, const Server* server, std::string table, std::uint64_t hashes) {
    Random random(hashes);
    std::vector<float> times;
    for (int i = 0; i < 2000; ++i) {
        const auto body = fmt::format(
            R"({{"TableName":"{}","KeyConditionExpression":"h = :h","ExpressionAttributeValues":{{":h":{{"S":"h{:07}"}}}}}})",
            table,
            random.below(hashes)
        );
        const auto sent = Clock::now();
        co_await ask(client, server, "Query", body);
        times.push_back(static_cast<float>(seconds_since(sent) * 1000));
    }
    Load load{.latencies_ms = times};
    co_return load.percentile(0.5);
}

/// Many items: start, memory, and a Query beside that of a small table.
io::Task<void> many_items(const Wanted& wanted, const fs::path& folder) {
    constexpr std::uint64_t per_hash = 20;
    const io::Endpoint at{"127.66.4.1", 8000};
    Server server(at, "us-east-1", tables_at(folder, "us-east-1", at, {"--sync", "off"}));
    io::HttpClient client(co_await boost::asio::this_coro::executor);
    for (const auto& [table, total] :
         {std::pair<std::string, std::uint64_t>("Small", 10'000), {"Large", wanted.items}}) {
        co_await made(&client, &server, table, true);
        std::uint64_t item = 0;
        io::HttpRequest batches[connections * 2];
        std::size_t slot = 0;
        const std::string filler(150, 'x');
        const auto began = Clock::now();
        const auto next = [&]() -> const io::HttpRequest* {
            if (item >= total) return nullptr;
            std::string body = fmt::format(R"({{"RequestItems":{{"{}":[)", table);
            for (int i = 0; i < 25 && item < total; ++i, ++item)
                body += fmt::format(
                    R"({}{{"PutRequest":{{"Item":{{"h":{{"S":"h{:07}"}},"s":{{"N":"{}"}},"d":{{"S":"{}"}}}}}}}})",
                    i ? "," : "",
                    item / per_hash,
                    item % per_hash,
                    filler
                );
            auto& request = batches[slot++ % std::size(batches)];
            request = server.request("BatchWriteItem", body + "]}}");
            return &request;
        };
        co_await drive(&client, &server, next);
        fmt::print("{} items of 200 bytes written in {:.1f} s\n", total, seconds_since(began));
        std::fflush(stdout);
    }
    server.end(SIGTERM);
    const auto began = Clock::now();
    server.start();
    co_await ask(&client, &server, "DescribeTable", R"({"TableName":"Large"})");
    const double start = seconds_since(began);
    const double small = co_await query_ms(&client, &server, "Small", 10'000 / per_hash);
    const double large = co_await query_ms(&client, &server, "Large", wanted.items / per_hash);
    fmt::print(
        "{} items: first answer {:.2f} s after the start; Query of 20 items p50 {:.2f} ms, of 10,000 items' table "
        "{:.2f} ms ({:.2f} x), n=2000; {:.0f} MiB resident afterwards\n",
        wanted.items,
        start,
        large,
        small,
        large / small,
        server.resident_mib()
    );
}

/// The same items through the AWS SDK for JavaScript, which has a process of its own.
void through_sdk(const Wanted& wanted, const Server& server) {
    for (const std::string operation : {"PutItem", "GetItem"}) {
        const double before = server.processor_us();
        const std::vector<std::string> argv{
            "node", SDK_BENCH, wanted.sdk, "http://" + server.endpoint.text(), operation, fmt::to_string(wanted.seconds)
        };
        const auto ran = io::run({.argv = argv}, std::chrono::seconds(wanted.seconds) + 30s);
        if (!ran || ran->status != 0) throw std::runtime_error(ran ? ran->err : ran.error().message);
        const auto told = boost::json::parse(ran->out);
        const auto number = [&](const char* name) { return told.at(name).to_number<double>(); };
        fmt::print(
            "{:<34} {:<8} {:>8.0f}/s {:>7.1f} us/request of the client (server, warm-up included: {:.1f})   "
            "p50 {:.2f} ms  p99 {:.2f} ms  n={:.0f}\n",
            "cloudshelf, through the AWS SDK",
            operation,
            number("requests") / number("seconds"),
            number("client_us"),
            (server.processor_us() - before) / number("requests"),
            number("p50"),
            number("p99"),
            number("requests")
        );
        std::fflush(stdout);
    }
}

io::Task<int> bench(Wanted wanted, fs::path folder) {
    try {
        for (const std::string sync : {"on", "off"}) {
            const auto data = folder / sync;
            fs::create_directories(data);
            fs::copy_file(folder / "keys", data / "keys");
            const io::Endpoint at{"127.66.1.1", 8000};
            const Server server(at, "us-east-1", tables_at(data, "us-east-1", at, {"--sync", sync}));
            co_await single_items(wanted, server, fmt::format("cloudshelf, sync {}", sync));
            if (sync == "on" && !wanted.sdk.empty()) through_sdk(wanted, server);
        }
        if (wanted.dynalite.empty()) {
            fmt::print("dynalite is not there: left out (make bench-tables installs it)\n");
        } else {
            for (const bool disk : {false, true}) {
                const io::Endpoint at{"127.66.2.1", static_cast<std::uint16_t>(disk ? 8002 : 8001)};
                std::vector<std::string> argv{
                    "node",
                    wanted.dynalite,
                    "--host",
                    at.address,
                    "--port",
                    fmt::to_string(at.port),
                    "--createTableMs",
                    "0"
                };
                if (disk) argv.insert(argv.end(), {"--path", folder / "dynalite"});
                const Server server(
                    at, "us-east-1", {.argv = argv, .output = folder / "dynalite.log", .death_signal = SIGKILL}
                );
                const std::string_view name = disk ? "dynalite on disk" : "dynalite in memory";
                co_await single_items(wanted, server, name);
            }
        }
        fs::create_directories(folder / "two");
        fs::copy_file(folder / "keys", folder / "two" / "keys");
        co_await replication(wanted, folder / "two");
        if (wanted.items > 0) {
            fs::create_directories(folder / "many");
            fs::copy_file(folder / "keys", folder / "many" / "keys");
            co_await many_items(wanted, folder / "many");
        }
    } catch (const std::exception& failed) {
        fmt::print(stderr, "tables_service_bench: {}\n", failed.what());
        co_return 1;
    }
    co_return 0;
}

}  // namespace
}  // namespace cloudshelf::tables

int main(int argc, char** argv) {
    using namespace cloudshelf;
    tables::Wanted wanted;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        if (name == "--seconds") wanted.seconds = std::atoi(argv[i + 1]);
        if (name == "--items") wanted.items = std::strtoull(argv[i + 1], nullptr, 10);
        if (name == "--sdk" && std::filesystem::exists(std::filesystem::path(argv[i + 1]) / "node_modules"))
            wanted.sdk = argv[i + 1];
        if (name == "--dynalite" && std::filesystem::exists(argv[i + 1])) wanted.dynalite = argv[i + 1];
    }
    std::string folder = "/var/tmp/cloudshelf-bench-tables-XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) return 1;
    (void)io::replace_file(
        std::filesystem::path(folder) / "keys",
        "[bench]\naws_access_key_id = AKIABENCH\naws_secret_access_key = bench\n",
        0600
    );
    const int status = io::run_program(tables::bench(wanted, folder));
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    return status;
}

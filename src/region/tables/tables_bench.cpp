#include "region/tables/item_store.hpp"
#include "region/tables/service.hpp"
#include "wire/dynamodb/json.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <fmt/format.h>

#include <benchmark/benchmark.h>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

/// The operation path without HTTP and SigV4: from the body's text to the answer's. `CPU` is the loop's thread alone;
/// a put's decision and commit run on the log's.
namespace cloudshelf::tables {
namespace {

namespace asio = boost::asio;

constexpr int callers = 32;

struct Bench {
    explicit Bench(changelog::Sync sync) : folder(std::filesystem::temp_directory_path() / "cloudshelf-tables-bench") {
        std::filesystem::remove_all(folder);
        service = std::make_unique<Service>(
            loop.get_executor(),
            ServiceOptions{.listen = {"127.62.0.1", 0}, .region = RegionName("us-east-1"), .data = folder, .sync = sync}
        );
        run([](Service* started) -> io::Task<void> {
            const auto ready = co_await started->start();
            if (!ready) std::abort();
            Catalogue::Change make = [catalogue = &started->catalogue(
                                      )](const Table*, changelog::Batch& batch) -> Result<std::optional<Table>> {
                Table table{.name = "Bench", .id = "bench"};
                table.number = catalogue->next_number(batch).value();
                table.key.hash = {.name = "p"};
                return table;
            };
            co_await started->catalogue().change("Bench", std::move(make));
        }(service.get()));
    }
    ~Bench() {
        run([](Service* stopped) -> io::Task<void> {
            co_await stopped->stop(io::Deadline::after(std::chrono::seconds(5)));
        }(service.get()));
        service.reset();
        std::filesystem::remove_all(folder);
    }

    void run(io::Task<void> task) {
        asio::co_spawn(loop, std::move(task), [this](std::exception_ptr) { loop.stop(); });
        loop.restart();
        loop.run();
    }
    io::Task<void> ask(const Operation* operation, std::string text) {
        boost::json::monotonic_resource memory(text.size() * 2);
        const auto body = dynamodb::parse_body(text, &memory);
        const Call call{.service = *service, .body = body->get_object(), .caller = caller};
        const auto answer = co_await operation->handler(call);
        if (!answer) std::abort();
        benchmark::DoNotOptimize(answer->size());
    }
    /// One request of each of the callers, at once.
    void round(const Operation* operation, const auto& text_of) {
        int left = callers;
        for (int i = 0; i < callers; ++i) {
            asio::co_spawn(loop, ask(operation, text_of(i)), [this, &left](std::exception_ptr) {
                if (--left == 0) loop.stop();
            });
        }
        loop.restart();
        loop.run();
    }

    std::filesystem::path folder;
    asio::io_context loop;
    sigv4::Credentials caller;
    std::unique_ptr<Service> service;
    Operations operations = all_operations();
};

std::string put(int key) {
    return fmt::format(
        R"({{"TableName":"Bench","Item":{{"p":{{"S":"key-{}"}},"n":{{"N":"{}"}},"x":{{"S":"{}"}}}}}})",
        key,
        key,
        std::string(1000, 'x')
    );
}
std::string get(int key) {
    return fmt::format(R"({{"TableName":"Bench","Key":{{"p":{{"S":"key-{}"}}}}}})", key);
}

void puts(benchmark::State& state) {
    Bench bench(state.range(0) != 0 ? changelog::Sync::on : changelog::Sync::off);
    const auto* operation = &bench.operations.at("PutItem");
    int key = 0;
    for (auto _ : state) {
        bench.round(operation, [&](int i) { return put(key + i); });
        key = (key + callers) % 10'000;
    }
    state.SetItemsProcessed(state.iterations() * callers);
}

void gets(benchmark::State& state) {
    Bench bench(changelog::Sync::off);
    for (int key = 0; key < 3200; key += callers)
        bench.round(&bench.operations.at("PutItem"), [&](int i) { return put(key + i); });
    const auto* operation = &bench.operations.at("GetItem");
    int key = 0;
    for (auto _ : state) {
        bench.round(operation, [&](int i) { return get(key + i); });
        key = (key + callers) % 3200;
    }
    state.SetItemsProcessed(state.iterations() * callers);
}

BENCHMARK(gets)->MeasureProcessCPUTime()->UseRealTime();
BENCHMARK(puts)->ArgName("sync")->Arg(0)->Arg(1)->MeasureProcessCPUTime()->UseRealTime();

}  // namespace
}  // namespace cloudshelf::tables

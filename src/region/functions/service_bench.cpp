// What functions cost over HTTP, as clients of Lambda's API meet them: the real program, signed requests on kept
// connections, an empty C++ function. Signatures are made ahead, so that the client's are in no figure, the service's
// are.
//
//   functions_service_bench [--seconds 5]
#include "base/digest.hpp"
#include "base/statistics.hpp"
#include "io/background.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/http.hpp"
#include "io/process.hpp"
#include "io/signals.hpp"
#include "support/temporary_folder.hpp"
#include "wire/sigv4/sign.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <sys/wait.h>
#include <vector>

namespace cloudshelf::functions {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const sigv4::Credentials key{.access_key_id = "AKIABENCH", .secret_access_key = "bench"};
const io::Endpoint at{"127.66.6.1", 9001};
Duration measured = 5s;

io::HttpRequest signed_request(std::string method, std::string target, std::string body) {
    io::HttpRequest request{.method = std::move(method), .target = std::move(target)};
    request.headers = {{"Host", at.text()}, {"Content-Type", "application/json"}};
    request.body = std::move(body);
    const auto digest = sha256_hex(request.body);
    const sigv4::Request to_sign{
        .method = request.method, .target = request.target, .headers = request.headers, .body_sha256 = digest
    };
    const sigv4::SigningOptions as{.region = "us-east-1", .service = "lambda"};
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto signature = sigv4::sign(to_sign, key, as, now);
    request.headers.insert(request.headers.end(), signature.begin(), signature.end());
    return request;
}

struct Samples {
    std::vector<double> microseconds;
    std::size_t open = 0;
};
struct Bench {
    explicit Bench(const io::Executor& executor) : client(executor, {.idle_connections_per_endpoint_max = 256}) {}
    io::HttpClient client;
    std::string function = "bench";
};

void line(std::string_view what, std::vector<double> microseconds, Duration took) {
    const auto sum = summarize(std::move(microseconds));
    const double per_second = static_cast<double>(sum.n) / std::chrono::duration<double>(took).count();
    fmt::print(
        "{:<44} {:>8} {:>9.0f} {:>9.0f} {:>9.0f} {:>9.0f}\n", what, sum.n, per_second, sum.median, sum.p99, sum.max
    );
}

io::Task<void> ask(Bench* bench, io::HttpRequest request) {
    const auto answer = co_await bench->client.send(at, std::move(request), io::Deadline::after(20s));
    const bool good = answer && answer->status / 100 == 2 && answer->header("X-Amz-Function-Error").empty();
    if (!good) throw std::runtime_error(answer ? answer->body : answer.error().message);
}

io::Task<void> invoke(Bench* bench, io::HttpRequest request, Samples* samples) {
    const auto began = io::now();
    co_await ask(bench, std::move(request));
    samples->microseconds.push_back(std::chrono::duration<double, std::micro>(io::now() - began).count());
    --samples->open;
}

io::HttpRequest invocation(const std::string& function) {
    return signed_request("POST", fmt::format("/2015-03-31/functions/{}/invocations", function), R"({"key":"value"})");
}

/// Begins one each millisecond, whether the ones before have ended or not.
io::Task<void> at_a_rate(Bench* bench) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto request = invocation("bench");
    Samples samples;
    const auto begin = io::now();
    boost::asio::steady_timer timer(executor, std::chrono::steady_clock::now());
    while (io::now() - begin < measured) {
        ++samples.open;
        io::run_in_background(executor, invoke(bench, request, &samples));
        timer.expires_at(timer.expiry() + 1ms);
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
    while (samples.open > 0) co_await io::wait_for(1ms);
    line("warm, 1,000 a second", std::move(samples.microseconds), io::now() - begin);
}

io::Task<void> one_after_another(Bench* bench, TimePoint end, Samples* samples, int* left) {
    const auto request = invocation("bench");
    while (io::now() < end) {
        ++samples->open;
        co_await invoke(bench, request, samples);
    }
    --*left;
}

io::Task<void> as_fast_as_it_goes(Bench* bench, int callers) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Samples samples;
    const auto begin = io::now();
    int left = callers;
    for (int i = 0; i < callers; ++i) {
        io::run_in_background(executor, one_after_another(bench, begin + measured, &samples, &left));
    }
    while (left > 0) co_await io::wait_for(1ms);
    line(fmt::format("warm, {} callers without a pause", callers), std::move(samples.microseconds), io::now() - begin);
}

std::string create_body(const std::string& name, const std::string& package) {
    return fmt::format(
        R"({{"FunctionName":"{}","Runtime":"provided.al2023","Role":"arn:aws:iam::000000000000:role/r","Handler":"x","Code":{{"ZipFile":"{}"}}}})",
        name,
        package
    );
}

io::Task<void> cold(Bench* bench, std::string package) {
    Samples samples;
    const auto begin = io::now();
    for (int i = 0; i < 50; ++i) {
        const auto name = fmt::format("cold-{}", i);
        auto creation = signed_request("POST", "/2015-03-31/functions", create_body(name, package));
        co_await ask(bench, std::move(creation));
        ++samples.open;
        auto first = invocation(name);
        co_await invoke(bench, std::move(first), &samples);
    }
    line("cold, one after another", std::move(samples.microseconds), io::now() - begin);
}

io::Task<int> run(std::string package) {
    Bench bench(co_await boost::asio::this_coro::executor);
    for (const auto limit = io::Deadline::after(20s); !limit.passed();) {
        io::HttpRequest health{.target = "/-/health"};
        const auto answer = co_await bench.client.send(at, std::move(health), io::Deadline::after(1s));
        if (answer) break;
        co_await io::wait_for(10ms);
    }
    fmt::print("{:<44} {:>8} {:>9} {:>9} {:>9} {:>9}\n", "", "n", "1/s", "median us", "p99 us", "max us");
    co_await cold(&bench, package);
    auto creation = signed_request("POST", "/2015-03-31/functions", create_body("bench", package));
    co_await ask(&bench, std::move(creation));
    auto first = invocation("bench");
    co_await ask(&bench, std::move(first));
    co_await at_a_rate(&bench);
    for (const int callers : {1, 4, 16}) co_await as_fast_as_it_goes(&bench, callers);
    co_return 0;
}

}  // namespace
}  // namespace cloudshelf::functions

int main(int argc, char** argv) {
    using namespace cloudshelf;
    using namespace cloudshelf::functions;
    if (argc == 3 && std::string_view(argv[1]) == "--seconds") measured = std::chrono::seconds(std::atoi(argv[2]));
    const testing::TemporaryFolder folder;
    fs::permissions(folder.path(), fs::perms(0755));
    const auto packed = io::run(
        {.argv =
             {"python3",
              "-c",
              "import base64,sys,zipfile,io\n"
              "b=io.BytesIO(); z=zipfile.ZipFile(b,'w'); e=zipfile.ZipInfo('bootstrap'); e.external_attr=0o100755<<16\n"
              "z.writestr(e,open(sys.argv[1],'rb').read()); z.close(); "
              "print(base64.b64encode(b.getvalue()).decode(),end='')",
              PROBE}},
        30s
    );
    const auto credentials = fmt::format(
        "[bench]\naws_access_key_id = {}\naws_secret_access_key = {}\n", key.access_key_id, key.secret_access_key
    );
    if (!packed || packed->status != 0 || !io::replace_file(folder / "keys", credentials, 0600)) return 1;
    const auto pid = io::spawn({
        .argv =
            {FUNCTIONS,
             "functions",
             "--listen",
             at.text(),
             "--region",
             "us-east-1",
             "--data",
             folder / "data",
             "--credentials",
             folder / "keys"},
        .output = folder / "log",
        .death_signal = SIGKILL,
    });
    if (!pid) return 1;
    const int status = io::run_program(run(packed->out));
    ::kill(*pid, SIGTERM);
    ::waitpid(*pid, nullptr, 0);
    return status;
}

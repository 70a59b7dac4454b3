// What objects cost over HTTP: two real programs that replicate, signed requests on 32 kept connections, processor time
// and memory from /proc. Signatures are made ahead, in the query, so that they are in no figure. Beside each figure,
// where it is there, what does the same without us, in the same run: rclone and cp between folders, nginx.
//
//   objects_service_bench [--objects 10000] [--large 20] [--seconds 5] [--huge-mib 5120] [--listed 0] [--folder DIR]
#include "base/random.hpp"
#include "io/background.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/http.hpp"
#include "io/process.hpp"
#include "io/signals.hpp"
#include "region/objects/service.hpp"
#include "region/objects/version_store.hpp"
#include "wire/sigv4/sign.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace cloudshelf::objects {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t connections = 32;
constexpr std::size_t small_bytes = 10 << 10;
constexpr std::size_t large_bytes = 50 << 20;
const sigv4::Credentials key{.access_key_id = "AKIABENCH", .secret_access_key = "bench"};

struct Wanted {
    std::size_t objects = 10'000;
    std::size_t large = 20;
    int seconds = 5;
    std::uint64_t huge_mib = 5 << 10;
    std::uint64_t listed = 0;
    fs::path folder = fs::temp_directory_path();
};

double seconds_since(Clock::time_point began) {
    return std::chrono::duration<double>(Clock::now() - began).count();
}

void row(std::string_view what, std::string_view figure) {
    fmt::print("| {:<58} | {} |\n", what, figure);
    std::fflush(stdout);
}

/// A program, gone when this is.
class Program {
public:
    explicit Program(io::SpawnOptions options) : options_(std::move(options)) { options_.death_signal = SIGKILL; }
    ~Program() { end(SIGKILL); }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    void start() { pid_ = io::spawn(options_).value_or(0); }
    void end(int signal) {
        if (pid_ <= 0) return;
        ::kill(pid_, signal);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    /// Until it ends; answers how long it took, nothing where it failed.
    std::optional<double> run() {
        const auto began = Clock::now();
        start();
        int status = -1;
        if (pid_ > 0) ::waitpid(pid_, &status, 0);
        pid_ = 0;
        if (status != 0) return std::nullopt;
        return seconds_since(began);
    }
    /// Processor time of all its threads, and those of its children that ended, in seconds.
    double processor_seconds() const {
        const auto text = io::read_file(fmt::format("/proc/{}/stat", pid_)).value_or(") ");
        const auto rest = text.substr(text.rfind(')') + 2);
        unsigned long user = 0;
        unsigned long system = 0;
        std::sscanf(rest.c_str(), "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
        return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    }
    /// The most memory it ever had.
    std::string peak() const {
        const auto text = io::read_file(fmt::format("/proc/{}/status", pid_)).value_or("");
        const auto at = text.find("VmHWM:");
        if (at == std::string::npos) return "?";
        return fmt::format("{:.0f} MiB", std::strtod(text.c_str() + at + 6, nullptr) / 1024);
    }

private:
    io::SpawnOptions options_;
    pid_t pid_ = 0;
};

/// One of two regions.
struct Region {
    Region(const fs::path& folder, std::string region, int number)
        : name(std::move(region)),
          data(folder / name),
          at{fmt::format("127.66.5.{}", number), 8000},
          program(how(folder, number)) {}

    io::SpawnOptions how(const fs::path& folder, int number) const {
        const std::string peer = number == 1 ? "us-west-2" : "us-east-1";
        return {
            .argv =
                {OBJECTS,
                 "--listen",
                 at.text(),
                 "--region",
                 name,
                 "--data",
                 data,
                 "--credentials",
                 folder / "credentials",
                 "--peer",
                 fmt::format("{}=http://127.66.5.{}:8000", peer, 3 - number)},
            .output = folder / (name + ".log"),
        };
    }
    /// A request whose signature is in its target, so that it may be sent again and again.
    io::HttpRequest request(std::string method, const std::string& target, std::string body = {}) const {
        const io::Headers headers{{"Host", at.text()}};
        const sigv4::Request signing{
            .method = method, .target = target, .headers = headers, .body_sha256 = "UNSIGNED-PAYLOAD"
        };
        const sigv4::SigningOptions as{.region = name, .service = "s3", .dialect = sigv4::Dialect::s3};
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        std::string presigned = sigv4::presign(signing, key, as, now, 24h);
        io::HttpRequest made{.method = std::move(method), .target = std::move(presigned), .headers = headers};
        made.body = std::move(body);
        return made;
    }

    std::string name;
    fs::path data;
    io::Endpoint at;
    Program program;
};

/// Fills the region's folder before its program has it.
io::Task<void> prepare(const Region& region, std::uint64_t listed) {
    ServiceOptions options{.listen = {region.at.address, 0}, .region = RegionName(region.name), .data = region.data};
    options.keys = region.data / "keys";
    options.keyring = {{key.access_key_id, key}};
    options.sync = changelog::Sync::off;
    Service service(co_await boost::asio::this_coro::executor, options);
    const auto started = co_await service.start();
    if (!started) throw std::runtime_error(started.error().message);
    const auto owner = service.accounts().of(key).canonical_id;
    for (const auto* name : {"books", "listed"}) {
        const Buckets::Change change = [&](const Bucket*, changelog::Batch&) -> Result<std::optional<Bucket>> {
            Bucket bucket{.name = name, .owner = owner, .versioning = Versioning::enabled};
            if (bucket.name == "books" && region.name == "us-east-1") {
                bucket.documents["replication"] =
                    "<ReplicationConfiguration><Role>arn:aws:iam::000000000000:role/r</Role><Rule><ID>r</ID><Priority>1"
                    "</Priority><Status>Enabled</Status><Filter></Filter><DeleteMarkerReplication><Status>Enabled"
                    "</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::books</Bucket></Destination>"
                    "</Rule></ReplicationConfiguration>";
            }
            return std::optional(std::move(bucket));
        };
        const auto made = co_await service.buckets().change(name, change);
        if (!made) throw std::runtime_error(made.error().message);
    }
    for (std::uint64_t done = 0; done < listed;) {
        changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
            const auto bucket = service.buckets().decided("listed");
            Freed freed;
            for (int i = 0; i < 1000 && done < listed; ++i, ++done) {
                Version version{.key = fmt::format("shelf/{:09}", done), .stamp = batch.stamp()};
                version.changed = version.stamp;
                version.id = version_id(version.stamp);
                version.modified_ms = batch.wall_ms();
                version.etag = std::string(32, 'e');
                version.owner = owner;
                const auto added = add_version(batch, service.storage(), bucket->number, version, freed);
                if (!added) return added;
            }
            return {};
        };
        const auto written = co_await service.log().write(std::move(decision));
        if (!written) throw std::runtime_error(written.error().message);
    }
    co_await service.stop(io::Deadline::after(10s));
}

io::Task<io::HttpResponse> ask(io::HttpClient* client, const Region* region, io::HttpRequest request) {
    const auto deadline = io::Deadline::after(60s);
    for (;;) {
        const auto answer = co_await client->send(region->at, request, deadline);
        if (answer && answer->status < 500) co_return *answer;
        if (deadline.passed()) throw std::runtime_error(region->name + " does not answer");
        co_await io::wait_for(5ms);
    }
}

io::Task<std::uint64_t> metric(io::HttpClient* client, const Region* region, std::string name) {
    io::HttpRequest request{.target = "/-/metrics"};
    const auto page = co_await ask(client, region, std::move(request));
    const auto at = page.body.find("\ncloudshelf_objects_" + name);
    if (at == std::string::npos) co_return 0;
    co_return std::strtoull(page.body.c_str() + page.body.find(' ', at), nullptr, 10);
}

/// Until the region has taken in so many, since it started.
io::Task<void> arrived(io::HttpClient* client, const Region* region, std::uint64_t count) {
    for (const auto deadline = io::Deadline::after(600s); !deadline.passed(); co_await io::wait_for(10ms)) {
        const auto there = co_await metric(client, region, "replicas_received_total");
        if (there >= count) co_return;
    }
    throw std::runtime_error("not replicated within ten minutes");
}

struct Times {
    double seconds = 0;
    std::vector<double> each_ms;
    double percentile(double part) {
        if (each_ms.empty()) return 0;
        std::ranges::sort(each_ms);
        return each_ms[static_cast<std::size_t>(part * static_cast<double>(each_ms.size() - 1))];
    }
};

struct Drive {
    io::HttpClient* client;
    const Region* region;
    const std::vector<io::HttpRequest>* requests;
    std::size_t next = 0;
    std::size_t running = 0;
    Times times;
    std::string wrong;
};

io::Task<void> drive_on(Drive* drive) {
    while (drive->next < drive->requests->size() && drive->wrong.empty()) {
        const auto& request = (*drive->requests)[drive->next++];
        const auto sent = Clock::now();
        const auto answer = co_await drive->client->send(drive->region->at, request, io::Deadline::after(60s));
        if (!answer || answer->status != 200) drive->wrong = answer ? answer->body : answer.error().message;
        drive->times.each_ms.push_back(seconds_since(sent) * 1000);
    }
    --drive->running;
}

/// All of these, over so many connections.
io::Task<Times> drive(
    io::HttpClient* client, const Region* region, const std::vector<io::HttpRequest>* requests, std::size_t at_once
) {
    Drive all{.client = client, .region = region, .requests = requests, .running = at_once, .times = {}, .wrong = {}};
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto began = Clock::now();
    for (std::size_t i = 0; i < at_once; ++i) io::run_in_background(executor, drive_on(&all));
    while (all.running > 0) co_await io::wait_for(1ms);
    if (!all.wrong.empty()) throw std::runtime_error(all.wrong);
    all.times.seconds = seconds_since(began);
    co_return std::move(all.times);
}

std::string noise(Random& random, std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t i = 0; i + 8 <= bytes; i += 8) {
        const std::uint64_t drawn = random.next();
        std::copy_n(reinterpret_cast<const char*>(&drawn), 8, text.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return text;
}

std::string beside(std::optional<double> seconds, double amount, std::string_view unit, double ours) {
    if (!seconds) return "not there: left out";
    return fmt::format("{:.0f} {} (we: {:.2f} x)", amount / *seconds, unit, ours / (amount / *seconds));
}

/// Small objects: PUT after fsync, end to end, and what a region that was away catches up with.
io::Task<void> small_objects(const Wanted& wanted, Region& east, Region& west) {
    io::HttpClient client(co_await boost::asio::this_coro::executor);
    Random random(1);
    fs::create_directories(wanted.folder / "from");
    std::vector<io::HttpRequest> puts;
    for (std::size_t i = 0; i < wanted.objects; ++i) {
        auto bytes = noise(random, small_bytes);
        std::ofstream(wanted.folder / "from" / fmt::format("{:06}", i), std::ios::binary) << bytes;
        puts.push_back(east.request("PUT", fmt::format("/books/small/{:06}", i), std::move(bytes)));
    }
    const auto n = static_cast<double>(wanted.objects);
    const double before = east.program.processor_seconds() + west.program.processor_seconds();
    const auto began = Clock::now();
    auto times = co_await drive(&client, &east, &puts, connections);
    co_await arrived(&client, &west, wanted.objects);
    const double end_to_end = n / seconds_since(began);
    const double used = east.program.processor_seconds() + west.program.processor_seconds() - before;
    row(fmt::format("PUT 10 KiB, fsynced, replicating, {} connections", connections),
        fmt::format(
            "{:.0f}/s, p50 {:.1f} ms, p99 {:.1f} ms, n={}",
            n / times.seconds,
            times.percentile(0.5),
            times.percentile(0.99),
            wanted.objects
        ));
    row(fmt::format("{} objects of 10 KiB, first PUT to last replica", wanted.objects),
        fmt::format("{:.0f}/s, both regions' processor {:.0f} us each", end_to_end, used / n * 1e6));

    west.program.end(SIGTERM);
    for (auto& put : puts) {
        auto bytes = noise(random, small_bytes);
        const auto path = put.target.substr(0, put.target.find('?'));
        put = east.request("PUT", path, std::move(bytes));
    }
    times = co_await drive(&client, &east, &puts, connections);
    row("PUT 10 KiB, fsynced, the other region away",
        fmt::format(
            "{:.0f}/s, p50 {:.1f} ms, p99 {:.1f} ms", n / times.seconds, times.percentile(0.5), times.percentile(0.99)
        ));
    west.program.start();
    const auto again = Clock::now();
    co_await arrived(&client, &west, wanted.objects);
    const double caught_up = n / seconds_since(again);
    row("the same, the other region comes back and catches up", fmt::format("{:.0f}/s", caught_up));
    Program rclone({.argv = {"rclone", "copy", wanted.folder / "from", wanted.folder / "to"}});
    const auto took = rclone.run();
    row("rclone copy of such files between two folders", beside(took, n, "/s", end_to_end));
}

/// cp, and every file durable.
std::optional<double> copy_durably(const fs::path& from, const fs::path& to) {
    const auto began = Clock::now();
    Program cp({.argv = {"cp", "-r", from, to}});
    if (!cp.run()) return std::nullopt;
    for (const auto& file : fs::recursive_directory_iterator(to)) {
        const int descriptor = ::open(file.path().c_str(), O_RDONLY);
        ::fsync(descriptor);
        ::close(descriptor);
    }
    return seconds_since(began);
}

io::Task<void> large_objects(const Wanted& wanted, Region& east, Region& west) {
    if (wanted.large == 0) co_return;
    io::HttpClient client(co_await boost::asio::this_coro::executor);
    Random random(2);
    fs::create_directories(wanted.folder / "large");
    west.program.end(SIGTERM);
    const double mib = static_cast<double>(wanted.large) * 50;
    double put_seconds = 0;
    for (std::size_t i = 0; i < wanted.large; ++i) {
        auto bytes = noise(random, large_bytes);
        std::ofstream(wanted.folder / "large" / std::to_string(i), std::ios::binary) << bytes;
        std::vector<io::HttpRequest> one;
        one.push_back(east.request("PUT", fmt::format("/books/large/{}", i), std::move(bytes)));
        const auto times = co_await drive(&client, &east, &one, 1);
        put_seconds += times.seconds;
    }
    row(fmt::format("PUT of {} x 50 MiB, one at a time, fsynced", wanted.large),
        fmt::format("{:.0f} MiB/s", mib / put_seconds));
    ::sync();
    west.program.start();
    const auto began = Clock::now();
    co_await arrived(&client, &west, wanted.large);
    const double rate = mib / seconds_since(began);
    row("the other region comes back and takes them in", fmt::format("{:.0f} MiB/s", rate));
    const auto took = copy_durably(wanted.folder / "large", wanted.folder / "large-copy");
    row("cp and fsync of such files between two folders", beside(took, mib, "MiB/s", rate));
}

/// What wrk says of requests per second, in "Requests/sec: 1234.56".
std::optional<double> wrk(const Wanted& wanted, const std::string& url) {
    const fs::path report = wanted.folder / "wrk.txt";
    fs::remove(report);
    Program program({.argv = {"wrk", "-t1", "-c8", fmt::format("-d{}s", wanted.seconds), url}, .output = report});
    if (!program.run()) return std::nullopt;
    const auto text = io::read_file(report).value_or("");
    const auto at = text.find("Requests/sec:");
    if (at == std::string::npos || text.contains("Non-2xx")) return std::nullopt;
    return std::strtod(text.c_str() + at + 13, nullptr);
}

io::Task<void> reads(const Wanted& wanted, Region& east) {
    io::HttpClient client(co_await boost::asio::this_coro::executor);
    Random random(3);
    const auto bytes = noise(random, 1 << 20);
    fs::create_directories(wanted.folder / "www");
    std::ofstream(wanted.folder / "www" / "file", std::ios::binary) << bytes;
    const auto put = co_await ask(&client, &east, east.request("PUT", "/listed/file", bytes));
    if (put.status != 200) throw std::runtime_error(put.body);
    const auto get = east.request("GET", "/listed/file");
    const double before = east.program.processor_seconds();
    const auto ours = wrk(wanted, "http://" + east.at.text() + get.target);
    const double used = (east.program.processor_seconds() - before) / wanted.seconds;
    if (!ours) {
        row("GET of 1 MiB", "wrk is not there: left out");
        co_return;
    }
    row("GET of 1 MiB, wrk with 8 connections",
        fmt::format("{:.0f}/s, {:.2f} processors, {:.0f}/s per processor", *ours, used, *ours / used));
    const auto configuration = wanted.folder / "nginx.conf";
    std::ofstream(configuration) << fmt::format(
        "daemon off; worker_processes 1; user root; pid {0}/nginx.pid; error_log {0}/nginx.log;\n"
        "events {{}}\nhttp {{ access_log off; sendfile on; server {{ listen 127.66.5.9:8000; root {0}/www; }} }}\n",
        wanted.folder.string()
    );
    Program nginx({.argv = {"nginx", "-c", configuration, "-p", wanted.folder}});
    nginx.start();
    co_await io::wait_for(300ms);
    const auto theirs = wrk(wanted, "http://127.66.5.9:8000/file");
    nginx.end(SIGTERM);
    row("nginx, one worker, the same file and client",
        theirs ? fmt::format("{:.0f}/s (we: {:.2f} x)", *theirs, *ours / *theirs) : "not there: left out");
}

/// One object of gigabytes goes in, across and out again.
io::Task<void> huge_object(const Wanted& wanted, Region& east, Region& west) {
    if (wanted.huge_mib == 0) co_return;
    io::HttpClient client(co_await boost::asio::this_coro::executor);
    east.program.end(SIGTERM);
    west.program.end(SIGTERM);
    east.program.start();
    west.program.start();
    co_await ask(&client, &east, east.request("HEAD", "/books"));
    const auto piece = std::make_shared<std::string>();
    Random random(4);
    *piece = noise(random, 1 << 20);
    const auto began = Clock::now();
    std::uint64_t number = 0;
    const io::BodySource source = [piece, &number]() -> io::Task<Result<std::string>> {
        std::string next = *piece;
        std::copy_n(reinterpret_cast<const char*>(&number), sizeof number, next.begin());
        ++number;
        co_return next;
    };
    io::Upload upload{.length = wanted.huge_mib << 20, .source = source};
    const auto put = co_await client.upload(
        east.at, east.request("PUT", "/books/huge"), std::move(upload), io::Deadline::after(3600s)
    );
    if (!put || put->status != 200) throw std::runtime_error(put ? put->body : put.error().message);
    const double put_seconds = seconds_since(began);
    co_await arrived(&client, &west, 1);
    const double across = seconds_since(began);
    std::uint64_t came = 0;
    const io::BodySink sink = [&came](std::string bytes) -> io::Task<Result<void>> {
        came += bytes.size();
        co_return Result<void>();
    };
    const auto read = Clock::now();
    const auto got =
        co_await client.download(west.at, west.request("GET", "/books/huge"), sink, io::Deadline::after(3600s));
    if (!got || came != wanted.huge_mib << 20) throw std::runtime_error("the huge object did not come back whole");
    const auto mib = static_cast<double>(wanted.huge_mib);
    row(fmt::format("an object of {} MiB: PUT, to the other region, GET there", wanted.huge_mib),
        fmt::format(
            "{:.0f} MiB/s, {:.0f} MiB/s after, {:.0f} MiB/s",
            mib / put_seconds,
            mib / (across - put_seconds),
            mib / seconds_since(read)
        ));
    row("the most memory meanwhile, source and destination", east.program.peak() + ", " + west.program.peak());
}

io::Task<void> listing(const Wanted& wanted, Region& east) {
    if (wanted.listed == 0) co_return;
    io::HttpClient client(co_await boost::asio::this_coro::executor);
    std::vector<double> pages_ms;
    std::string after;
    for (;;) {
        const auto target = "/listed?list-type=2&prefix=shelf%2F" + (after.empty() ? "" : "&start-after=" + after);
        const auto began = Clock::now();
        const auto page = co_await ask(&client, &east, east.request("GET", target));
        pages_ms.push_back(seconds_since(began) * 1000);
        const auto last = page.body.rfind("<Key>");
        if (last == std::string::npos || !page.body.contains("<IsTruncated>true")) break;
        const auto name = page.body.substr(last + 5, page.body.find("</Key>", last) - last - 5);
        after = "shelf%2F" + name.substr(name.find('/') + 1);
    }
    const auto mean = [&](std::size_t from, std::size_t count) {
        double sum = 0;
        for (std::size_t i = from; i < from + count; ++i) sum += pages_ms[i];
        return sum / static_cast<double>(count);
    };
    const std::size_t tenth = std::max<std::size_t>(1, pages_ms.size() / 10);
    row(fmt::format("ListObjectsV2 of {} objects, a page of 1,000", wanted.listed),
        fmt::format(
            "first tenth {:.2f} ms, last tenth {:.2f} ms, n={}",
            mean(0, tenth),
            mean(pages_ms.size() - tenth, tenth),
            pages_ms.size()
        ));
}

io::Task<int> bench(Wanted wanted) {
    std::string name = (wanted.folder / "cloudshelf-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) co_return 1;
    wanted.folder = name;
    std::ofstream(wanted.folder / "credentials")
        << "[bench]\naws_access_key_id = AKIABENCH\naws_secret_access_key = bench\n";
    int status = 0;
    try {
        double load[3]{};
        ::getloadavg(load, 3);
        Region east(wanted.folder, "us-east-1", 1);
        Region west(wanted.folder, "us-west-2", 2);
        co_await prepare(east, wanted.listed);
        co_await prepare(west, 0);
        east.program.start();
        west.program.start();
        fmt::print("{} processors, load {:.1f} when it began\n\n", ::sysconf(_SC_NPROCESSORS_ONLN), load[0]);
        row("what", "figure");
        fmt::print("| {:-<58} | --- |\n", "");
        co_await small_objects(wanted, east, west);
        co_await large_objects(wanted, east, west);
        co_await reads(wanted, east);
        co_await listing(wanted, east);
        co_await huge_object(wanted, east, west);
    } catch (const std::exception& problem) {
        fmt::print(stderr, "objects_service_bench: {}; {} is left\n", problem.what(), wanted.folder.string());
        status = 1;
    }
    if (status == 0) fs::remove_all(wanted.folder);
    co_return status;
}

}  // namespace
}  // namespace cloudshelf::objects

int main(int argc, char** argv) {
    cloudshelf::objects::Wanted wanted;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string name = argv[i];
        const auto number = std::strtoull(argv[i + 1], nullptr, 10);
        if (name == "--objects") wanted.objects = number;
        if (name == "--large") wanted.large = number;
        if (name == "--seconds") wanted.seconds = static_cast<int>(number);
        if (name == "--huge-mib") wanted.huge_mib = number;
        if (name == "--listed") wanted.listed = number;
        if (name == "--folder") wanted.folder = argv[i + 1];
    }
    return cloudshelf::io::run_program(cloudshelf::objects::bench(std::move(wanted)));
}

// Goal: a region killed at any moment loses no object that it acknowledged, and both regions hold all of them, whole,
// when they have met again; no file is left that nobody refers to. Method: two real programs that replicate one bucket
// to each other; in each region writers that put and delete; SIGKILL at random moments.
// CLOUDSHELF_CRASHES: how many (10), CLOUDSHELF_SEED.
#include "base/random.hpp"
#include "io/background.hpp"
#include "io/file.hpp"
#include "io/process.hpp"
#include "region/objects/pair_test.hpp"
#include "region/objects/references.hpp"

#include <csignal>
#include <cstdlib>
#include <random>
#include <sys/wait.h>

namespace cloudshelf::objects::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t crash_port = 8652;
constexpr std::string_view key_file = "[test]\naws_access_key_id = AKID\naws_secret_access_key = secret\n";
const sigv4::Credentials credentials{.access_key_id = "AKID", .secret_access_key = "secret"};

/// One region's program, which can be killed and started again.
class Region {
public:
    Region(const cloudshelf::testing::TemporaryFolder& folder, std::string name, int number)
        : name_(std::move(name)),
          data_(folder / name_),
          endpoint_{.address = fmt::format("127.65.50.{}", number), .port = crash_port} {
        const io::Endpoint other{.address = fmt::format("127.65.50.{}", 3 - number), .port = crash_port};
        const std::string peer = number == 1 ? "us-west-2" : "us-east-1";
        options_.argv = {OBJECTS, "--listen", endpoint_.text(), "--region", name_, "--data", data_.string()};
        options_.argv.insert(
            options_.argv.end(),
            {"--credentials",
             (folder / "credentials").string(),
             "--peer",
             fmt::format("{}=http://{}", peer, other.text())}
        );
        options_.output = folder / (name_ + ".log");
        options_.death_signal = SIGKILL;
    }
    ~Region() { end(SIGKILL); }
    Region(const Region&) = delete;
    Region& operator=(const Region&) = delete;

    void start() { pid_ = io::spawn(options_).value_or(0); }
    void end(int signal) {
        if (pid_ <= 0) return;
        ::kill(pid_, signal);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    const std::string& name() const { return name_; }

    /// The service on this folder, within this process, while the program does not run.
    std::unique_ptr<Service> open(const io::Executor& executor) const {
        ServiceOptions options{.listen = {endpoint_.address, 0}, .region = RegionName(name_), .data = data_};
        options.keys = data_ / "keys";
        options.keyring = {{"AKID", credentials}};
        return std::make_unique<Service>(executor, std::move(options));
    }

    io::Task<Result<io::HttpResponse>> ask(
        io::HttpClient* client, std::string method, std::string target, std::string body = {}
    ) const {
        io::HttpRequest made{.method = std::move(method), .target = std::move(target)};
        made.headers = {{"Host", endpoint_.text()}};
        made.body = std::move(body);
        const auto digest = sha256_hex(made.body);
        const sigv4::Request signing{
            .method = made.method, .target = made.target, .headers = made.headers, .body_sha256 = digest
        };
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        const sigv4::SigningOptions as{.region = name_, .service = "s3", .dialect = sigv4::Dialect::s3};
        for (auto& header : sigv4::sign(signing, credentials, as, now)) made.headers.push_back(std::move(header));
        auto answer = co_await client->send(endpoint_, std::move(made), io::Deadline::after(10s));
        co_return answer;
    }
    io::Task<bool> answers(io::HttpClient* client) const {
        for (const auto deadline = io::Deadline::after(20s); !deadline.passed(); co_await io::wait_for(5ms)) {
            const auto health = co_await ask(client, "HEAD", "/books");
            if (health && health->status == 200) co_return true;
        }
        ADD_FAILURE() << name_ << " does not answer";
        co_return false;
    }

private:
    std::string name_;
    std::filesystem::path data_;
    io::Endpoint endpoint_;
    io::SpawnOptions options_;
    pid_t pid_ = 0;
};

/// A bucket that replicates to its namesake in the other region.
io::Task<void> make_bucket(const Region* region) {
    const auto service = region->open(co_await boost::asio::this_coro::executor);
    const auto started = co_await service->start();
    EXPECT_TRUE(started) << (started ? "" : started.error().message);
    const Buckets::Change change = [](const Bucket*, changelog::Batch& batch) -> Result<std::optional<Bucket>> {
        const Accounts accounts({{"AKID", credentials}});
        Bucket made{.name = "books", .owner = accounts.of(credentials).canonical_id, .created_ms = batch.wall_ms()};
        made.versioning = Versioning::enabled;
        made.documents["replication"] = rules_to("books");
        return std::optional(std::move(made));
    };
    const auto made = co_await service->buckets().change("books", change);
    EXPECT_TRUE(made);
    co_await service->stop(io::Deadline::after(10s));
}

struct Load {
    Random random;
    bool ending = false;
    int running = 0;
    std::map<std::string, std::string> puts;     // "key?versionId=…", of what was acknowledged: SHA-256
    std::map<std::string, std::string> markers;  // the same: the key
};

io::Task<void> write_on(io::HttpClient* client, const Region* region, Load* load) {
    while (!load->ending) {
        const auto key = fmt::format("/books/{}", load->random.below(40));
        if (load->random.below(8) == 0) {
            const auto hidden = co_await region->ask(client, "DELETE", key);
            if (hidden && hidden->status == 204)
                load->markers[key + "?versionId=" + std::string(hidden->header("x-amz-version-id"))] = key;
            continue;
        }
        const std::size_t size = load->random.below(20) == 0 ? 2'500'000 : load->random.below(20'000);
        std::string body(size, static_cast<char>('a' + load->random.below(26)));
        for (std::size_t i = 0; i < size; i += 97) body[i] = static_cast<char>(load->random.below(256));
        const auto digest = sha256_hex(body);
        const auto put = co_await region->ask(client, "PUT", key, std::move(body));
        if (put && put->status == 200)
            load->puts[key + "?versionId=" + std::string(put->header("x-amz-version-id"))] = digest;
        if (!put) co_await io::wait_for(5ms);
    }
    --load->running;
}

/// What of the acknowledged is not as it was, in one region.
io::Task<std::vector<std::string>> missing(io::HttpClient* client, const Region* region, const Load* load) {
    std::vector<std::string> wrong;
    for (const auto& [target, digest] : load->puts) {
        const auto read = co_await region->ask(client, "GET", target);
        if (!read || read->status != 200 || sha256_hex(read->body) != digest) wrong.push_back(target);
    }
    for (const auto& [target, key] : load->markers) {
        const auto read = co_await region->ask(client, "HEAD", target);
        if (!read || read->status != 405) wrong.push_back(target);
    }
    co_return wrong;
}

/// Files that nobody refers to, when the collector has looked.
io::Task<std::size_t> orphans(const Region* region) {
    const auto service = region->open(co_await boost::asio::this_coro::executor);
    const auto started = co_await service->start();
    EXPECT_TRUE(started) << (started ? "" : started.error().message);
    std::size_t left = 1;
    for (const auto deadline = io::Deadline::after(20s); left > 0 && !deadline.passed();) {
        co_await io::wait_for(20ms);
        left = 0;
        const auto visit = [&](const contents::ContentName& name, std::uint64_t) {
            const auto referenced = is_referenced(*service, name);
            left += referenced && *referenced ? 0 : 1;
            return true;
        };
        EXPECT_TRUE(service->contents().for_each(visit));
    }
    co_await service->stop(io::Deadline::after(10s));
    co_return left;
}

io::Task<void> crash(int crashes, std::uint64_t seed) {
    const cloudshelf::testing::TemporaryFolder folder;
    REQUIRE(io::replace_file(folder / "credentials", key_file, 0600));
    const auto executor = co_await boost::asio::this_coro::executor;
    io::HttpClient client(executor);
    Region east(folder, "us-east-1", 1);
    Region west(folder, "us-west-2", 2);
    for (Region* region : {&east, &west}) {
        co_await make_bucket(region);
        region->start();
        REQUIRE(co_await region->answers(&client));
    }
    Random random(seed);
    Load load{.random = Random(seed + 1), .puts = {}, .markers = {}};
    for (int i = 0; i < 3; ++i) {
        for (const Region* region : {&east, &west}) {
            ++load.running;
            io::run_in_background(executor, write_on(&client, region, &load));
        }
    }
    for (int i = 0; i < crashes; ++i) {
        co_await io::wait_for(std::chrono::milliseconds(50 + random.below(400)));
        Region& victim = random.below(2) == 0 ? east : west;
        victim.end(SIGKILL);
        if (random.below(3) == 0) co_await io::wait_for(std::chrono::milliseconds(random.below(300)));
        victim.start();
        REQUIRE(co_await victim.answers(&client));
    }
    load.ending = true;
    for (const auto ended_by = io::Deadline::after(30s); load.running > 0; co_await io::wait_for(5ms))
        REQUIRE(!ended_by.passed());
    EXPECT_GT(load.puts.size(), static_cast<std::size_t>(crashes)) << "hardly anything was written";

    for (const Region* region : {&east, &west}) {
        std::vector<std::string> wrong{"not looked yet"};
        for (const auto deadline = io::Deadline::after(60s); !wrong.empty() && !deadline.passed();) {
            co_await io::wait_for(50ms);
            wrong = co_await missing(&client, region, &load);
        }
        EXPECT_TRUE(wrong.empty()) << region->name() << " lacks " << wrong.size() << ", the first is "
                                   << (wrong.empty() ? "" : wrong[0]);
    }
    for (Region* region : {&east, &west}) {
        region->end(SIGTERM);
        const auto left = co_await orphans(region);
        EXPECT_EQ(left, 0u) << "files in " << region->name();
    }
    fmt::print("{} crashes, {} objects and {} markers acknowledged\n", crashes, load.puts.size(), load.markers.size());
}

TEST(ObjectCrash, LosesNothingAndLeavesNothing) {
    const char* given_seed = std::getenv("CLOUDSHELF_SEED");
    const char* given_crashes = std::getenv("CLOUDSHELF_CRASHES");
    const std::uint64_t seed = given_seed ? std::strtoull(given_seed, nullptr, 10) : std::random_device{}();
    const int crashes = given_crashes ? std::atoi(given_crashes) : 10;
    SCOPED_TRACE(fmt::format("CLOUDSHELF_SEED={}", seed));
    cloudshelf::testing::run(crash(crashes, seed), std::chrono::seconds(180 + 5 * crashes));
}

}  // namespace
}  // namespace cloudshelf::objects::testing

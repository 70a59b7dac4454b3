// Goal: a site whose clock runs at another speed is found by everybody who talks to it, and deadlines are tightened.
// Method: the controller and three agents as processes of their own, without databases, on addresses of this test
// alone; one of them gets a faster clock (CLOUDSHELF_CLOCK_PPM). The test asks them what they think of each other.
#include "base/digest.hpp"
#include "io/file.hpp"
#include "io/http.hpp"
#include "io/process.hpp"
#include "support/async.hpp"
#include "support/authority.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace cloudshelf {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

const std::string token = "a token for this test only";
const std::string first = "us-east-1";
const std::string second = "us-west-2";
const std::string witness = "us-east-2";

class Clocks : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(io::replace_file(folder() / "token", token + "\n", 0600));
        ASSERT_TRUE(io::replace_file(folder() / "tsig", "c2VjcmV0\n", 0600));
        const json::array tokens{
            {{"token_sha256", sha256_hex(token)}, {"role", "site"}, {"name", "sites"}},
            {{"token_sha256", sha256_hex("viewer")}, {"role", "viewer"}, {"name", "viewer"}}
        };
        ASSERT_TRUE(io::replace_file(folder() / "tokens.json", json::serialize(tokens), 0600));
        auto opened = io::TlsContext::open({.identity = authority.issue("operator")});
        ASSERT_TRUE(opened);
        tls = std::move(*opened);
    }
    void TearDown() override {
        for (const pid_t pid : started) ::kill(pid, SIGKILL);
        for (const pid_t pid : started) ::waitpid(pid, nullptr, 0);
        if (!HasFailure()) return;
        for (const char* log : {"controller.log", "us-east-1.log", "us-west-2.log", "us-east-2.log"})
            fmt::print("--- {}\n{}\n", log, io::read_file(folder() / log).value_or("none"));
    }

    const fs::path& folder() const { return authority.folder.path(); }
    static std::string address(const std::string& site) {
        const int number = site == first ? 1 : site == second ? 2 : 3;
        return fmt::format("127.231.{}.{}", ::getpid() % 250, number);
    }
    static std::string agent_of(const std::string& site) { return address(site) + ":7400"; }

    json::object identity(const std::string& site) {
        // Once: the controller and the agent of a site share it, and one may be reading it already.
        if (!identities.contains(site)) identities[site] = authority.issue(site, {address(site)});
        const io::TlsIdentity& own = identities[site];
        return {
            {"certificate_file", own.certificate_file.string()},
            {"key_file", own.key_file.string()},
            {"ca_file", own.ca_file.string()},
        };
    }
    static json::object timing() {
        return {
            {"lease_ms", 600},
            {"beat_ms", 100},
            {"drift_ppm", 200},
            {"probe_interval_ms", 50},
            {"probe_timeout_ms", 300},
            {"failure_threshold", 3},
            {"hold_down_ms", 600},
            {"dns_ttl_s", 1},
        };
    }

    void start(std::vector<std::string> argv, const std::string& log, std::map<std::string, std::string> env) {
        const auto pid = io::spawn(
            {.argv = std::move(argv), .env = std::move(env), .output = folder() / log, .death_signal = SIGKILL}
        );
        ASSERT_TRUE(pid);
        started.push_back(*pid);
    }
    void start_agent(const std::string& site, std::map<std::string, std::string> env = {}) {
        json::object config{
            {"application", "cloudshelf"},
            {"region", site},
            {"witness", site == witness},
            {"listen", agent_of(site)},
            {"controllers", {{{"site", witness}, {"endpoint", address(witness) + ":7300"}}}},
            {"tls", identity(site)},
            {"site_token_file", (folder() / "token").string()},
            {"timing", timing()},
            {"sync_policy", "degrade"},
            {"data_dir", (folder() / site).string()},
            {"gateways", json::object{}},
            {"dns",
             {{"server", address(site) + ":5300"},
              {"zone", "cloudshelf.com"},
              {"key_name", "cloudshelf"},
              {"key_file", (folder() / "tsig").string()},
              {"serving", json::array{"api.cloudshelf.com"}},
              {"away", "127.0.0.1"},
              {"ttl_s", 1}}},
        };
        if (site != witness) {
            const std::string& peer = site == first ? second : first;
            config["peer"] =
                json::object{{"region", peer}, {"agent", agent_of(peer)}, {"postgres", address(peer) + ":5432"}};
            config["lease_page"] = (folder() / (site + ".page")).string();
            config["fencer_socket"] = (folder() / (site + ".sock")).string();
            config["postgres"] = json::object{
                {"bin", "/usr/lib/postgresql/15/bin"},
                {"pgdata", (folder() / site / "pgdata").string()},
                {"pgconf", (folder() / site / "pgconf").string()},
                {"socket_dir", (folder() / site).string()},
                {"address", address(site)},
                {"port", 5432},
                {"user", ""},
                {"secrets", folder().string()},
            };
        }
        const fs::path file = folder() / (site + ".json");
        ASSERT_TRUE(io::replace_file(file, json::serialize(config), 0600));
        start({BIN "/cloudshelf-region", "agent", "--config", file.string()}, site + ".log", std::move(env));
    }
    void start_controller(std::map<std::string, std::string> env = {}) {
        json::array sites;
        for (const std::string& site : {first, second, witness}) {
            json::object entry{
                {"region", site},
                {"witness", site == witness},
                {"agent", agent_of(site)},
                {"nameserver", address(site) + ":5300"}
            };
            if (site != witness) entry["gateway"] = entry["front"] = address(site) + ":8080";
            sites.push_back(std::move(entry));
        }
        const auto procedure = [](const char* name, const char* mode) {
            return json::object{{"name", name}, {"mode", mode}, {"steps", json::array{}}};
        };
        const json::object application{
            {"name", "cloudshelf"},
            {"sites", std::move(sites)},
            {"home", first},
            {"checks", json::array{}},
            {"timing", timing()},
            {"rules",
             {{"decided_by", "witness"},
              {"lag_bytes_max", 1 << 20},
              {"lag_seconds_max", 60},
              {"automatic_moves_max", 3},
              {"acknowledge_before_next", false},
              {"window_ms", 3'600'000}}},
            {"procedures",
             {{"failover", procedure("failover", "disaster")}, {"failback", procedure("failback", "planned")}}},
            {"traffic",
             {{"zone", "cloudshelf.com"},
              {"serving", json::array{"api.cloudshelf.com"}},
              {"standby", json::array{"api-dr.cloudshelf.com"}}}},
        };
        const json::object config{
            {"site", witness},
            {"listen", address(witness) + ":7300"},
            {"data", (folder() / "controller").string()},
            {"tls", identity(witness)},
            {"site_token_file", (folder() / "token").string()},
            {"tokens_file", (folder() / "tokens.json").string()},
            {"store", {{"kind", "sqlite"}}},
            {"controllers", json::array{}},
            {"applications", {application}},
        };
        fs::create_directories(folder() / "controller");
        const fs::path file = folder() / "controller.json";
        ASSERT_TRUE(io::replace_file(file, json::serialize(config), 0600));
        start({BIN "/cloudshelf", "controller", "--config", file.string()}, "controller.log", std::move(env));
    }

    static io::Task<Result<io::HttpResponse>> send(
        std::shared_ptr<io::TlsContext> tls, std::string site, io::Endpoint to, std::string target, std::string bearer
    ) {
        const auto executor = co_await boost::asio::this_coro::executor;
        io::HttpClient client(executor, {.tls = std::move(tls), .names = {{to, io::site_host_name(site)}}});
        io::HttpRequest request{.target = std::move(target), .headers = {{"Authorization", "Bearer " + bearer}}};
        const auto answer = co_await client.send(to, std::move(request), io::Deadline::after(1s));
        co_return answer;
    }
    /// The body of an answer, or nothing.
    std::string get(const std::string& site, std::uint16_t port, const std::string& target, const std::string& bearer) {
        const auto answer =
            testing::value_of(send(tls, site, {.address = address(site), .port = port}, target, bearer));
        return answer && answer->status == 200 ? answer->body : "";
    }
    /// What the controller thinks of the sites' clocks.
    json::object clocks() {
        const std::string body = get(witness, 7300, "/v1/status", "viewer");
        if (body.empty()) return {};
        return json::parse(body).at("clocks").as_object();
    }
    std::string verdict(const std::string& site) {
        const json::object all = clocks();
        return all.contains(site) ? std::string(all.at(site).at("verdict").as_string()) : "";
    }
    /// A metric of an agent; nothing while it has none.
    std::optional<double> metric(const std::string& agent, const std::string& name) {
        const std::string all = "\n" + get(agent, 7400, "/metrics", "");
        const auto at = all.find("\n" + name + " ");
        if (at == std::string::npos) return std::nullopt;
        return std::strtod(all.c_str() + at + 1 + name.size(), nullptr);
    }
    std::optional<double> rate_at_least(const std::string& agent, const std::string& of) {
        return metric(agent, fmt::format("cloudshelf_clock_rate_ppm_lower{{site=\"{}\"}}", of));
    }
    std::optional<double> rate_at_most(const std::string& agent, const std::string& of) {
        return metric(agent, fmt::format("cloudshelf_clock_rate_ppm_upper{{site=\"{}\"}}", of));
    }
    static bool becomes_true(Duration limit, const std::function<bool()>& holds) {
        for (const auto deadline = io::Deadline::after(limit); !deadline.passed(); std::this_thread::sleep_for(50ms)) {
            if (holds()) return true;
        }
        return holds();
    }

    testing::Authority authority;
    std::map<std::string, io::TlsIdentity> identities;
    std::shared_ptr<io::TlsContext> tls;
    std::vector<pid_t> started;
};

TEST_F(Clocks, OneSiteRunsFasterAndEverybodyNotices) {
    start_controller();
    start_agent(first);
    start_agent(second, {{"CLOUDSHELF_CLOCK_PPM", "500"}});
    start_agent(witness);
    const TimePoint begun = io::now();
    ASSERT_TRUE(becomes_true(60s, [&] { return verdict(second) == "beyond"; }));
    fmt::print("found by the controller after {} ms\n", (io::now() - begun) / 1ms);
    // The agents found it as well: its peer sees it run faster, and it sees the others run slower.
    ASSERT_TRUE(becomes_true(60s, [&] {
        return rate_at_least(first, second).value_or(0) > 200 && rate_at_most(second, first).value_or(0) < -200;
    }));
    EXPECT_GT(metric(first, "cloudshelf_lease_drift_ppm").value_or(0), 400);
    EXPECT_GT(metric(second, "cloudshelf_lease_drift_ppm").value_or(0), 400);
    // The others' clocks are the same machine's. Nobody accuses them; in time it is known that they are right.
    ASSERT_TRUE(becomes_true(120s, [&] { return verdict(first) == "within" && verdict(witness) == "within"; }));
    const json::object known = clocks();
    EXPECT_LE(known.at(second).at("rate_ppm").at("lower").as_double(), 500);
    EXPECT_GE(known.at(second).at("rate_ppm").at("upper").as_double(), 500);
    EXPECT_EQ(known.at(second).at("jumps").as_int64(), 0);
    EXPECT_FALSE(known.at(second).at("wall_apart").as_bool());
    const std::string log = io::read_file(folder() / "controller.log").value_or("");
    EXPECT_NE(log.find(R"("event":"clock.beyond")"), std::string::npos);
}

// The controller's own clock is the odd one: everybody differs from it by the same.
TEST_F(Clocks, ItsOwnClockRunsSlower) {
    start_controller({{"CLOUDSHELF_CLOCK_PPM", "-1000"}});
    start_agent(first);
    start_agent(second);
    start_agent(witness);
    ASSERT_TRUE(becomes_true(60s, [&] {
        return verdict(first) == "beyond" && verdict(second) == "beyond" && verdict(witness) == "beyond";
    }));
    EXPECT_GT(clocks().at(first).at("rate_ppm").at("lower").as_double(), 200);  // they are faster than it
}

}  // namespace
}  // namespace cloudshelf

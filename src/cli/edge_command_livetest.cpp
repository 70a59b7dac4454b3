// Goal: an edge is kept running, takes over what changes while it runs, and ends without a rest. Method: the program
// itself with a real nginx; what it did stands in its log. Its origins are away throughout.
#include "drivers/edge/edge.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/process.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;

class EdgeCommand : public ::testing::Test {
protected:
    EdgeCommand() { ::chmod(folder_.path().c_str(), 0755); }  // workers have another user when we are root
    ~EdgeCommand() override {
        if (pid_ != 0) io::kill_tree(pid_, io::AndRoot::yes, 5s);
        if (HasFailure()) fmt::print("{}\n", log());
    }

    void configure(const std::string& cache_size) const {
        const json::object origin{{"endpoint", address_ + ":1"}, {"host", "bucket.s3-website.cloudshelf.com"}};
        const json::object config{
            {"folder", (folder_ / "edge").string()},
            {"address", address_},
            {"http_port", port_},
            {"server_name", "www.cloudshelf.com"},
            {"primary", origin},
            {"replica", origin},
            {"failover_statuses", {404, 503}},
            {"connect_timeout_ms", 500},
            {"read_timeout_ms", 500},
            {"dead_for_ms", 1000},
            {"cache_size", cache_size},
        };
        ASSERT_TRUE(io::replace_file(folder_ / "edge.json", json::serialize(config)));
    }
    void start() {
        const auto started = io::spawn(
            {.argv = {BIN "/cloudshelf", "edge", "--config", folder_ / "edge.json"},
             .env = {},
             .run_as = {},
             .directory = {},
             .output = folder_ / "log"}
        );
        ASSERT_TRUE(started);
        pid_ = *started;
        ASSERT_TRUE(logs("edge.listening"));
    }
    /// Its exit status, once it has ended.
    int end(int signal) {
        ::kill(pid_, signal);
        int status = 0;
        const bool ended = eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; });
        EXPECT_TRUE(ended);
        if (ended) pid_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    template <class Condition>
    static bool eventually(Condition condition) {
        for (const auto deadline = io::Deadline::after(20s); !deadline.passed(); std::this_thread::sleep_for(5ms)) {
            if (condition()) return true;
        }
        return false;
    }
    std::string log() const { return io::read_file(folder_ / "log").value_or(""); }
    std::size_t count(const std::string& event) const {
        const auto text = log();
        std::size_t found = 0;
        for (auto at = text.find('"' + event + '"'); at != std::string::npos; at = text.find('"' + event + '"', at + 1))
            ++found;
        return found;
    }
    bool logs(const std::string& event, std::size_t times = 1) const {
        return eventually([&] { return count(event) >= times; });
    }
    std::string nginx_conf() const { return io::read_file(folder_ / "edge/nginx.conf").value_or(""); }
    pid_t nginx() const {
        const auto text = io::read_file(folder_ / "edge/nginx.pid").value_or("");
        pid_t pid = 0;
        std::from_chars(text.data(), text.data() + text.size(), pid);
        return pid;
    }
    std::optional<std::string> who() const { return io::who_listens(address_, port_); }

    testing::TemporaryFolder folder_;
    std::string address_ = fmt::format("127.73.{}.1", ::getpid() % 250);
    int port_ = 8081;
    pid_t pid_ = 0;
};

TEST_F(EdgeCommand, ReadsItsConfigurationAgainWhenAskedTo) {
    configure("100m");
    start();
    const auto master = nginx();
    configure("200m");
    ::kill(pid_, SIGHUP);
    ASSERT_TRUE(logs("edge.reloaded"));
    EXPECT_TRUE(nginx_conf().contains("max_size=200m"));
    for (const char* wrong : {"lots", "1g; }"}) {
        configure(wrong);
        const auto before = count("edge.not-reloaded");
        ::kill(pid_, SIGHUP);
        ASSERT_TRUE(logs("edge.not-reloaded", before + 1));
        EXPECT_TRUE(nginx_conf().contains("max_size=200m"));
    }
    EXPECT_EQ(nginx(), master);
    EXPECT_EQ(end(SIGTERM), 0);
    EXPECT_FALSE(who());
}

TEST_F(EdgeCommand, StartsAnNginxThatDiedAndSaysOnceWhatIsInItsWay) {
    configure("100m");
    start();
    ::kill(nginx(), SIGKILL);
    ASSERT_TRUE(logs("edge.started-anew"));
    EXPECT_EQ(count("edge.ended"), 1U);
    EXPECT_TRUE(who());

    // Somebody takes the port between two lives.
    const auto master = nginx();
    ::kill(pid_, SIGSTOP);
    ::kill(master, SIGTERM);
    ASSERT_TRUE(eventually([&] { return !who(); }));
    boost::asio::io_context loop;
    std::optional<tcp::acceptor> other;
    other.emplace(loop, tcp::endpoint(boost::asio::ip::make_address(address_), static_cast<std::uint16_t>(port_)));
    ::kill(pid_, SIGCONT);
    ASSERT_TRUE(logs("edge.not-started"));
    other.reset();
    ASSERT_TRUE(logs("edge.started-anew", 2));
    EXPECT_EQ(count("edge.not-started"), 1U) << "said once";
    EXPECT_EQ(end(SIGINT), 0);
    EXPECT_FALSE(who()) << *who();
}

}  // namespace
}  // namespace cloudshelf::cli

// Goal: the client's contract with a real server. Method: `cloudshelf-region tables` in a folder of its own, or, with
// CLOUDSHELF_TABLES=ADDRESS:PORT, whatever speaks the DynamoDB API there with any key (dynalite, Alternator).
#include "drivers/tables/contract_test.hpp"
#include "io/file.hpp"
#include "io/process.hpp"
#include "support/async.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

namespace cloudshelf::tables_client {
namespace {

namespace fs = std::filesystem;
using contract::code;
using contract::soon;

const sigv4::Credentials key{.access_key_id = "AKIDEXAMPLE", .secret_access_key = "a-secret-of-this-test"};

/// A server that is gone when this is.
class Server {
public:
    Server() {
        if (const char* given = std::getenv("CLOUDSHELF_TABLES")) {
            endpoint_ = io::Endpoint::parse(given).value();
            return;
        }
        std::string name = "/tmp/cloudshelf-tables-XXXXXX";
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        folder_ = name;
        endpoint_ = {fmt::format("127.60.{}.7", ::getpid() % 250), 8000};
        const auto credentials = fmt::format(
            "[test]\naws_access_key_id = {}\naws_secret_access_key = {}\n", key.access_key_id, key.secret_access_key
        );
        EXPECT_TRUE(io::replace_file(folder_ / "credentials", credentials, 0600));
        const auto pid = io::spawn({
            .argv =
                {PROGRAMS "/cloudshelf-region",
                 "tables",
                 "--listen",
                 endpoint_.text(),
                 "--region",
                 "us-east-1",
                 "--data",
                 folder_ / "data",
                 "--credentials",
                 folder_ / "credentials"},
            .output = folder_ / "log",
            .death_signal = SIGKILL,
        });
        if (!pid) throw std::runtime_error(pid.error().message);
        pid_ = *pid;
    }
    ~Server() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        std::error_code ignored;
        if (::testing::Test::HasFailure()) fmt::print("{}\n", io::read_file(folder_ / "log").value_or("(no log)"));
        fs::remove_all(folder_, ignored);
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    Client::Options options(const sigv4::Credentials& credentials) const {
        return {.endpoint = endpoint_, .region = "us-east-1", .credentials = credentials};
    }

private:
    fs::path folder_;
    io::Endpoint endpoint_;
    pid_t pid_ = 0;
};

/// Begins to listen within the deadline, or the tests that follow say why not.
io::Task<void> answers(Client& client) {
    for (const auto deadline = soon(); !deadline.passed(); co_await io::wait_for(std::chrono::milliseconds(5))) {
        const auto described = co_await client.describe("nothing", io::Deadline::after(std::chrono::seconds(1)));
        if (!described && described.error().code == "ResourceNotFoundException") co_return;
    }
}

ASYNC_TEST(TablesClientLive, KeepsTheContract) {
    Server server;
    const auto executor = co_await boost::asio::this_coro::executor;
    Client client(executor, server.options(key));
    co_await answers(client);
    const auto table = fmt::format("contract-{}", ::getpid());
    co_await contract::make_table(client, table);
    co_await contract::items_come_and_go(client, table);
    co_await contract::conditions_hold(client, table);
}

ASYNC_TEST(TablesClientLive, ExpiresSessionsAndKnowsAWrongKey) {
    if (std::getenv("CLOUDSHELF_TABLES") != nullptr) co_return;  // stand-ins check no signature
    Server server;
    const auto executor = co_await boost::asio::this_coro::executor;
    Client client(executor, server.options(key));
    co_await answers(client);
    co_await contract::make_table(client, "sessions");
    for (int i = 0; i < 2; ++i) {
        const auto set = co_await client.expire_by("sessions", "expiresAt", soon());
        EXPECT_TRUE(set) << code(set);
    }
    auto forged = key;
    forged.secret_access_key = "another";
    Client stranger(executor, server.options(forged));
    const auto refused = co_await stranger.describe("sessions", soon());
    EXPECT_EQ(code(refused), "InvalidSignatureException");
}

}  // namespace
}  // namespace cloudshelf::tables_client

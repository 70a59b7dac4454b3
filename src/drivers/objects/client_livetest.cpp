// Goal: the client's contract with a real service. Method: `cloudshelf-region objects` in a folder of its own, or, with
// CLOUDSHELF_OBJECTS=ADDRESS:PORT, whatever speaks S3's API there with the key in AWS_ACCESS_KEY_ID and
// AWS_SECRET_ACCESS_KEY.
#include "drivers/objects/contract_test.hpp"
#include "io/file.hpp"
#include "io/process.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>

namespace cloudshelf::objects_client {
namespace {

std::string variable(const char* name, std::string_view otherwise) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string(otherwise) : std::string(value);
}

/// A service that is gone when this is.
class Server {
public:
    Server() {
        if (const char* given = std::getenv("CLOUDSHELF_OBJECTS")) {
            endpoint_ = io::Endpoint::parse(given).value();
            return;
        }
        endpoint_ = {fmt::format("127.61.{}.7", ::getpid() % 250), 9000};
        const auto credentials = fmt::format(
            "[test]\naws_access_key_id = {}\naws_secret_access_key = {}\n", key_.access_key_id, key_.secret_access_key
        );
        EXPECT_TRUE(io::replace_file(folder_ / "credentials", credentials, 0600));
        const auto pid = io::spawn({
            .argv =
                {PROGRAMS "/cloudshelf-region",
                 "objects",
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
        if (::testing::Test::HasFailure()) fmt::print("{}\n", io::read_file(folder_ / "log").value_or("(no log)"));
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    Client::Options options() const {
        return {.endpoint = endpoint_, .region = variable("AWS_REGION", "us-east-1"), .credentials = key_};
    }

private:
    testing::TemporaryFolder folder_;
    sigv4::Credentials key_{
        .access_key_id = variable("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        .secret_access_key = variable("AWS_SECRET_ACCESS_KEY", "a-secret-of-this-test"),
    };
    io::Endpoint endpoint_;
    pid_t pid_ = 0;
};

/// Listens within the deadline, or the tests that follow say why not.
io::Task<void> answers(Client& client) {
    for (const auto deadline = contract::soon(); !deadline.passed();
         co_await io::wait_for(std::chrono::milliseconds(5))) {
        const auto asked = co_await client.head("nothing", "nothing", io::Deadline::after(std::chrono::seconds(1)));
        if (asked || asked.error().code != "objects.unavailable") co_return;
    }
}

ASYNC_TEST(ObjectsClientLive, KeepsTheContract) {
    const Server server;
    const auto executor = co_await boost::asio::this_coro::executor;
    Client client(executor, server.options());
    co_await answers(client);
    const auto bucket = fmt::format("contract-{}", ::getpid());
    co_await contract::make_bucket(client, bucket);
    co_await contract::objects_come_and_go(client, bucket);
    const auto head = co_await client.head(bucket, "p/1", contract::soon());
    EXPECT_TRUE(head && *head && (*head)->size == 3) << "the length of what HEAD leaves out";
    co_await contract::conditions_hold(client, bucket);
    co_await contract::documents_are_kept(client, bucket);
}

}  // namespace
}  // namespace cloudshelf::objects_client

// Goal: the client's contract with a real service. Method: whatever speaks S3's API at CLOUDSHELF_OBJECTS=ADDRESS:PORT
// (`cloudshelf-region objects`), with the key in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; skipped without.
#include "drivers/objects/contract_test.hpp"
#include "support/async.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <unistd.h>

namespace cloudshelf::objects_client {
namespace {

std::string variable(const char* name, std::string_view otherwise) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string(otherwise) : std::string(value);
}

io::Task<void> keep_the_contract() {
    const auto endpoint = io::Endpoint::parse(variable("CLOUDSHELF_OBJECTS", ""));
    REQUIRE(endpoint);
    const auto executor = co_await boost::asio::this_coro::executor;
    Client client(
        executor,
        {.endpoint = *endpoint,
         .region = variable("AWS_REGION", "us-east-1"),
         .credentials =
             {.access_key_id = variable("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
              .secret_access_key = variable("AWS_SECRET_ACCESS_KEY", "a-secret-of-this-test")}}
    );
    const auto bucket = fmt::format("contract-{}", ::getpid());
    co_await contract::make_bucket(client, bucket);
    co_await contract::objects_come_and_go(client, bucket);
    const auto head = co_await client.head(bucket, "p/1", contract::soon());
    EXPECT_TRUE(head && *head && (*head)->size == 3) << "the length of what HEAD leaves out";
    co_await contract::conditions_hold(client, bucket);
    co_await contract::documents_are_kept(client, bucket);
}

TEST(ObjectsClientLive, KeepsTheContract) {
    if (std::getenv("CLOUDSHELF_OBJECTS") == nullptr) {
        GTEST_SKIP() << "CLOUDSHELF_OBJECTS=ADDRESS:PORT names no service to ask";
    }
    testing::run(keep_the_contract());
}

}  // namespace
}  // namespace cloudshelf::objects_client

#include "wire/s3/encryption_headers.hpp"

#include "base/base64.hpp"
#include "wire/s3/checksum.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace cloudshelf::s3 {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

const std::string key(32, 'k');
const std::string algorithm = "x-amz-server-side-encryption-customer-algorithm";
const std::string key_header = "x-amz-server-side-encryption-customer-key";
const std::string md5_header = "x-amz-server-side-encryption-customer-key-MD5";

std::string md5_of(std::string_view bytes) {
    return base64(Digest::of(ChecksumAlgorithm::md5, bytes));
}

Pairs customer(const std::string& named, const std::string& secret, const std::string& md5) {
    return {{algorithm, named}, {key_header, secret}, {md5_header, md5}};
}

std::string refused(const Pairs& headers) {
    const auto read = customer_key(headers);
    return read ? "good" : read.error().code;
}

std::string encrypted(const Pairs& headers) {
    const auto read = server_side_encryption(headers);
    return read ? read->algorithm : read.error().code;
}

TEST(EncryptionHeaders, KeysOfCustomers) {
    EXPECT_FALSE(customer_key(Pairs{}).value());
    const Pairs good = customer("AES256", base64(key), md5_of(key));
    EXPECT_EQ(customer_key(good).value().value().key, key);
    EXPECT_EQ(customer_key(good).value().value().md5_base64, md5_of(key));
    EXPECT_FALSE(copy_source_customer_key(good).value());
    Pairs source = good;
    for (auto& [name, value] : source) name = "X-Amz-Copy-Source" + name.substr(5);
    EXPECT_EQ(copy_source_customer_key(source).value().value().key, key);
    EXPECT_FALSE(customer_key(source).value());

    for (std::size_t missing = 0; missing < good.size(); ++missing) {
        Pairs headers = good;
        headers.erase(headers.begin() + static_cast<std::ptrdiff_t>(missing));
        EXPECT_EQ(refused(headers), "InvalidArgument") << missing;
    }
    EXPECT_EQ(refused(customer("AES128", base64(key), md5_of(key))), "InvalidEncryptionAlgorithmError");
    const std::string shorter(31, 'k');
    EXPECT_EQ(refused(customer("AES256", base64(shorter), md5_of(shorter))), "InvalidArgument");
    EXPECT_EQ(refused(customer("AES256", "not base64", md5_of(key))), "InvalidArgument");
    EXPECT_EQ(refused(customer("AES256", base64(key), md5_of("x"))), "InvalidArgument");
    EXPECT_EQ(refused(customer("AES256", base64(key), "")), "InvalidArgument");
}

TEST(EncryptionHeaders, KeysOfTheServer) {
    const std::string sse = "x-amz-server-side-encryption";
    EXPECT_EQ(server_side_encryption(Pairs{}).value(), ServerSideEncryption{});
    EXPECT_EQ(encrypted({{sse, "AES256"}}), "AES256");
    const auto kms = server_side_encryption(Pairs{
        {sse, "aws:kms"},
        {sse + "-aws-kms-key-id", "id"},
        {sse + "-context", base64(R"({"a": "b"})")},
        {sse + "-bucket-key-enabled", "true"},
    });
    ASSERT_TRUE(kms);
    EXPECT_EQ(kms->kms_key_id, "id");
    EXPECT_EQ(kms->kms_context, R"({"a": "b"})");
    EXPECT_EQ(kms->bucket_key_enabled, true);

    EXPECT_EQ(encrypted({{sse, "aws:kms:dsse"}}), "NotImplemented");
    EXPECT_EQ(encrypted({{sse, ""}}), "InvalidArgument");
    EXPECT_EQ(encrypted({{sse, "aes256"}}), "InvalidArgument");
    EXPECT_EQ(encrypted({{sse + "-aws-kms-key-id", "id"}}), "InvalidArgument");
    EXPECT_EQ(encrypted({{sse, "AES256"}, {sse + "-aws-kms-key-id", "id"}}), "InvalidArgument");
    EXPECT_EQ(encrypted({{sse, "AES256"}, {sse + "-customer-algorithm", "AES256"}}), "InvalidArgument");
    EXPECT_EQ(encrypted({{sse, "aws:kms"}, {sse + "-bucket-key-enabled", "1"}}), "InvalidArgument");
    for (const char* context : {"", "[]", "{", R"({"a": 1})", "null"}) {
        EXPECT_EQ(encrypted({{sse, "aws:kms"}, {sse + "-context", base64(context)}}), "InvalidArgument") << context;
    }
    EXPECT_EQ(encrypted({{sse, "aws:kms"}, {sse + "-context", "{}"}}), "InvalidArgument");
}

}  // namespace
}  // namespace cloudshelf::s3

#include "base/digest.hpp"
#include "wire/dynamodb/evaluate.hpp"
#include "wire/dynamodb/json.hpp"
#include "wire/dynamodb/key.hpp"
#include "wire/dynamodb/limits.hpp"
#include "wire/dynamodb/parser.hpp"
#include "wire/dynamodb/stored_item.hpp"
#include "wire/sigv4/sign.hpp"
#include "wire/sigv4/verify.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <fmt/format.h>

#include <chrono>
#include <string>

/// What one request costs in formats alone, in microseconds of this thread: the mean of many, best of five rounds.
namespace {

using namespace cloudshelf;

bool good = true;

void measure(std::string_view what, auto&& once) {
    constexpr int count = 5000;
    double best = 1e9;
    for (int round = 0; round < 5; ++round) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < count; ++i) good = once() && good;
        const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count() / count);
    }
    fmt::print("{:<44} {:>7.2f} µs\n", what, best);
}

}  // namespace

int main() {
    const std::string item =
        R"({"pk":{"S":"customer#12345"},"sk":{"S":"cart#2026-11-23"},"count":{"N":"3"},"total":{"N":"129.95"},"open":{"BOOL":)"
        R"(true},"tags":{"SS":["a","b","c"]},"lines":{"L":[{"M":{"isbn":{"S":"9780131103627"},"price":{"N":"49.99"}}},{"M":)"
        R"({"isbn":{"S":"9780201633610"},"price":{"N":"79.96"}}}]},"note":{"S":")" +
        std::string(600, 'x') + R"("}})";
    const std::string put = R"({"TableName":"carts","Item":)" + item + "}";
    const dynamodb::KeySchema schema{.hash = {"pk"}, .sort = dynamodb::KeyAttribute{"sk"}};

    const sigv4::Credentials key{"AKIDEXAMPLE", "secret", "", sigv4::Permission::admin, "p"};
    const sigv4::Keyring keyring{{key.access_key_id, key}};
    const sigv4::Time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23);
    const std::string digest = sha256_hex(put);
    sigv4::Headers headers{
        {"Host", "127.1.0.1:8000"},
        {"Content-Type", "application/x-amz-json-1.0"},
        {"X-Amz-Target", "DynamoDB_20120810.PutItem"},
        {"Content-Length", std::to_string(put.size())},
    };
    sigv4::Request request{.method = "POST", .target = "/", .headers = headers, .body_sha256 = digest};
    for (auto& header : sigv4::sign(request, key, {.region = "us-east-1", .service = "dynamodb"}, now)) {
        headers.push_back(std::move(header));
    }
    request.headers = headers;
    sigv4::SigningKeys keys;

    fmt::print("an item of {} bytes of JSON\n", item.size());
    measure("digest of the body", [&] { return sha256_hex(put).size() == 64; });
    measure("verify", [&] {
        return sigv4::verify(request, keyring, {.region = "us-east-1", .service = "dynamodb"}, now, keys).has_value();
    });
    measure("body, item, checks, key, stored (Put)", [&] {
        boost::json::monotonic_resource memory;
        const auto body = dynamodb::parse_body(put, &memory);
        const auto read = dynamodb::read_item(body->as_object().at("Item"));
        if (!read || !check_item_key(*read, schema) || !check_item_size(*read)) return false;
        std::string bytes;
        dynamodb::append_key(bytes, *read->find("pk"));
        dynamodb::append_key(bytes, *read->find("sk"));
        dynamodb::append_item(bytes, *read);
        return bytes.size() > 100;
    });
    const auto whole = dynamodb::read_item(*dynamodb::parse_body(item));
    const std::string stored = dynamodb::encode_item(*whole);
    measure("stored item to JSON (Get)", [&] {
        const auto read = dynamodb::decode_item(stored);
        return dynamodb::to_json(*read).size() > 100;
    });
    measure("one attribute of a stored item", [&] { return dynamodb::decode_attribute(stored, "pk").has_value(); });
    measure("condition and update, read and applied", [&] {
        dynamodb::Placeholders placeholders;
        placeholders.add_name("#c", "count");
        placeholders.add_name("#l", "lines");
        placeholders.add_value(":one", dynamodb::Number(1));
        const auto condition =
            parse_condition("attribute_exists(pk) AND #c < :one", "ConditionExpression", placeholders);
        const auto update = parse_update("SET #c = #c + :one, #l[0].price = :one REMOVE note", placeholders);
        return condition && update && !matches(*condition, *whole) && apply(*update, *whole).has_value();
    });
    return good ? 0 : 1;
}

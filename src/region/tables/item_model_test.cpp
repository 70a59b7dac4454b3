#include "base/random.hpp"
#include "region/tables/item_store.hpp"
#include "region/tables/service_test.hpp"
#include "wire/dynamodb/json.hpp"
#include "wire/dynamodb/limits.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <string>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;

/// Items as a client sees them, by their key, which is the text of "p" and "s".
using Model = std::map<std::string, json::object>;

std::uint64_t seed() {
    if (const char* given = std::getenv("CLOUDSHELF_SEED")) return std::strtoull(given, nullptr, 10);
    return std::random_device{}();
}

json::object text(std::string_view value) {
    return {{"S", value}};
}
json::object number(std::int64_t value) {
    return {{"N", std::to_string(value)}};
}

struct Step {
    std::string key;
    json::object key_json;
    json::object item;
};

Step random_step(Random& random) {
    Step step;
    const auto hash = fmt::format("h{}", random.below(4));
    const auto sort = static_cast<std::int64_t>(random.below(4)) - 2;
    step.key = fmt::format("{}/{}", hash, sort);
    step.key_json = {{"p", text(hash)}, {"s", number(sort)}};
    step.item = step.key_json;
    if (random.below(3) > 0) step.item["g"] = text(fmt::format("g{}", random.below(3)));
    if (random.below(2) > 0) step.item["n"] = number(static_cast<std::int64_t>(random.below(5)));
    if (random.below(3) == 0) step.item["t"] = number(2'000'000'000 + static_cast<std::int64_t>(random.below(3)));
    return step;
}

std::string table_request() {
    return R"({"TableName":"Model","BillingMode":"PAY_PER_REQUEST",
        "KeySchema":[{"AttributeName":"p","KeyType":"HASH"},{"AttributeName":"s","KeyType":"RANGE"}],
        "AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"},{"AttributeName":"s","AttributeType":"N"},
            {"AttributeName":"g","AttributeType":"S"},{"AttributeName":"n","AttributeType":"N"}],
        "LocalSecondaryIndexes":[{"IndexName":"by-n","KeySchema":[{"AttributeName":"p","KeyType":"HASH"},
            {"AttributeName":"n","KeyType":"RANGE"}],"Projection":{"ProjectionType":"KEYS_ONLY"}}],
        "GlobalSecondaryIndexes":[{"IndexName":"by-g","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],
            "Projection":{"ProjectionType":"ALL"}}]})";
}

json::object request(json::object more) {
    more["TableName"] = "Model";
    return more;
}

/// One random operation on both. Answers what is wrong; empty: nothing.
io::Task<std::string> do_one(Region* region, Model* model, Random* random) {
    const auto step = random_step(*random);
    const auto found = model->find(step.key);
    const bool there = found != model->end();
    const bool conditional = random->below(3) == 0;
    json::object body = request({{"ReturnValues", "ALL_OLD"}});
    if (conditional) body["ConditionExpression"] = "attribute_not_exists(p)";
    std::string operation = "PutItem";
    std::optional<json::object> after = step.item;
    switch (random->below(4)) {
        case 0:
            body["Item"] = step.item;
            break;
        case 1:
            operation = "DeleteItem";
            body["Key"] = step.key_json;
            after.reset();
            break;
        case 2: {
            operation = "UpdateItem";
            body["Key"] = step.key_json;
            body["UpdateExpression"] = "ADD n :one REMOVE t";
            body["ExpressionAttributeValues"] = json::object{{":one", number(1)}};
            after = there ? found->second : step.key_json;
            const auto* n = after->if_contains("n");
            const auto before = n ? std::stoll(std::string(n->at("N").as_string())) : 0;
            (*after)["n"] = number(before + 1);
            after->erase("t");
            break;
        }
        default: {
            operation = "TransactWriteItems";
            json::object put{{"TableName", "Model"}, {"Item", step.item}};
            if (conditional) put["ConditionExpression"] = "attribute_not_exists(p)";
            json::array items;
            items.push_back(json::object{{"Put", put}});
            body = {{"TransactItems", items}};
        }
    }
    auto asked = region->ask(operation, json::serialize(body));
    const auto answer = co_await std::move(asked);
    if (conditional && there) {
        const auto* type = answer.as_object().if_contains("__type");
        co_return type ? "" : fmt::format("{}: the condition held though the item is there", operation);
    }
    if (answer.as_object().contains("__type")) co_return operation + ": " + json::serialize(answer);
    const auto* old = answer.as_object().if_contains("Attributes");
    if (operation != "TransactWriteItems" && there != (old != nullptr)) co_return operation + ": ALL_OLD is wrong";
    if (old && old->as_object() != found->second) co_return operation + ": ALL_OLD: " + json::serialize(*old);
    if (after)
        (*model)[step.key] = *after;
    else
        model->erase(step.key);

    auto get = region->ask("GetItem", json::serialize(request({{"Key", step.key_json}})));
    const auto got = co_await std::move(get);
    const auto* item = got.as_object().if_contains("Item");
    if ((item != nullptr) != after.has_value() || (item && item->as_object() != *after))
        co_return operation + ", then GetItem: " + json::serialize(got);
    co_return "";
}

std::int64_t entries_in(const Region& region, changelog::Family family, StorageNumber number) {
    std::int64_t count = 0;
    const auto add = [&count](std::string_view, std::string_view) { return ++count > 0; };
    EXPECT_TRUE(region.service->log().view().scan(family, changelog::KeyRange::prefix(storage_prefix(number)), add));
    return count;
}

// What a table holds is what a map would hold, after any operations; and what is kept beside the items (indexes,
// counts) is what follows from them.
ASYNC_TEST(Items, AreThoseOfAMap) {
    const auto first_seed = seed();
    SCOPED_TRACE(fmt::format("CLOUDSHELF_SEED={}", first_seed));
    Random random(first_seed);
    Region region(co_await boost::asio::this_coro::executor);
    const auto started = co_await region.start();
    REQUIRE(started);
    const auto created = co_await region.ask("CreateTable", table_request());
    REQUIRE(created.as_object().contains("TableDescription"));
    Model model;
    for (int i = 0; i < 400; ++i) {
        const auto wrong = co_await do_one(&region, &model, &random);
        EXPECT_EQ(wrong, "");
        REQUIRE(wrong.empty());
    }

    const auto table = region.service->catalogue().find("Model");
    REQUIRE(table);
    std::int64_t bytes = 0;
    std::int64_t with_g = 0;
    std::int64_t with_n = 0;
    for (const auto& [key, item] : model) {
        bytes += static_cast<std::int64_t>(dynamodb::size_of(dynamodb::read_item(item).value()));
        with_g += item.contains("g") ? 1 : 0;
        with_n += item.contains("n") ? 1 : 0;
    }
    const auto& storage = region.service->storage();
    const auto view = region.service->log().view();
    const auto count = count_of(view, storage, table->number).value();
    EXPECT_EQ(count.items, static_cast<std::int64_t>(model.size()));
    EXPECT_EQ(count.bytes, bytes);
    EXPECT_EQ(entries_in(region, storage.data, table->number), count.items);
    EXPECT_EQ(entries_in(region, storage.index, table->index("by-g")->number), with_g);
    EXPECT_EQ(entries_in(region, storage.index, table->index("by-n")->number), with_n);
    EXPECT_EQ(count_of(view, storage, table->index("by-g")->number).value().items, with_g);
    co_await region.stop();
}

}  // namespace
}  // namespace cloudshelf::tables

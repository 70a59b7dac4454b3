#pragma once

#include "drivers/tables/client.hpp"
#include "io/clock.hpp"

#include <gtest/gtest.h>

#include <chrono>

/// What the client promises, whichever service answers.
namespace cloudshelf::tables_client::contract {

using dynamodb::AttributeValue;
using dynamodb::Item;
using dynamodb::Number;

inline io::Deadline soon() {
    return io::Deadline::after(std::chrono::seconds(10));
}
inline std::string code(const auto& result) {
    return result ? "" : result.error().code;
}
inline Item key(std::string_view user, std::string_view book) {
    Item item;
    item.set("userId", user);
    item.set("bookId", book);
    return item;
}
inline Item line(std::string_view user, std::string_view book, int quantity) {
    auto item = key(user, book);
    item.set("quantity", Number(quantity));
    return item;
}

inline io::Task<void> make_table(Client& client, std::string table) {
    const auto missing = co_await client.describe(table, soon());
    EXPECT_EQ(code(missing), "ResourceNotFoundException");
    const TableDefinition definition{.name = table, .partition_key = "userId", .sort_key = "bookId"};
    const auto created = co_await client.create(definition, soon());
    EXPECT_TRUE(created) << code(created);
    const auto again = co_await client.create(definition, soon());
    EXPECT_EQ(code(again), "ResourceInUseException");
    for (const auto deadline = soon(); !deadline.passed(); co_await io::wait_for(std::chrono::milliseconds(2))) {
        const auto described = co_await client.describe(table, soon());
        if (described && described->status == "ACTIVE") co_return;
    }
    ADD_FAILURE() << table << " does not become active";
}

inline io::Task<void> items_come_and_go(Client& client, std::string table) {
    const auto nothing = co_await client.get(table, key("u", "1"), Freshness::newest, soon());
    EXPECT_TRUE(nothing && !*nothing) << code(nothing);
    for (int book = 1; book <= 5; ++book) {
        Put put{.table = table, .item = line("u", std::to_string(book), book)};
        const auto stored = co_await client.put(std::move(put), soon());
        EXPECT_TRUE(stored) << code(stored);
    }
    Put other{.table = table, .item = line("v", "1", 9)};
    const auto stored = co_await client.put(std::move(other), soon());
    EXPECT_TRUE(stored) << code(stored);
    const auto found = co_await client.get(table, key("u", "3"), Freshness::newest, soon());
    EXPECT_TRUE(found && *found && **found == line("u", "3", 3)) << code(found);

    Query question{.table = table, .key_condition = "userId = :u", .values = {{":u", AttributeValue("u")}}};
    const auto lines = co_await client.query(std::move(question), soon());
    EXPECT_TRUE(lines && lines->size() == 5 && lines->front() == line("u", "1", 1)) << code(lines);
    const auto counted = co_await client.count(table, soon());
    EXPECT_TRUE(counted && *counted == 6) << code(counted);

    Delete gone{.table = table, .key = key("u", "3")};
    const auto removed = co_await client.remove(gone, soon());
    EXPECT_TRUE(removed) << code(removed);
    const auto again = co_await client.remove(gone, soon());
    EXPECT_TRUE(again) << "what is not there may be removed: " << code(again);
}

inline io::Task<void> conditions_hold(Client& client, std::string table) {
    Update change{
        .table = table,
        .key = key("c", "1"),
        .expression = "SET quantity = :n",
        .condition = "attribute_exists(userId)",
        .values = {{":n", Number(4)}}
    };
    const auto missing = co_await client.update(change, soon());
    EXPECT_EQ(code(missing), "ConditionalCheckFailedException");
    Put first{.table = table, .item = line("c", "1", 1), .condition = "attribute_not_exists(userId)"};
    const auto stored = co_await client.put(first, soon());
    EXPECT_TRUE(stored) << code(stored);
    const auto twice = co_await client.put(first, soon());
    EXPECT_EQ(code(twice), "ConditionalCheckFailedException");
    const auto changed = co_await client.update(change, soon());
    EXPECT_TRUE(changed && *changed == line("c", "1", 4)) << code(changed);
}

}  // namespace cloudshelf::tables_client::contract

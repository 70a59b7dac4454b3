#include "region/tables/capacity.hpp"
#include "region/tables/collection_metrics.hpp"
#include "region/tables/item_request.hpp"
#include "region/tables/item_store.hpp"
#include "region/tables/item_write.hpp"
#include "region/tables/operation.hpp"
#include "region/tables/service.hpp"
#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/evaluate.hpp"
#include "wire/dynamodb/json.hpp"
#include "wire/dynamodb/key.hpp"
#include "wire/dynamodb/limits.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;
namespace errors = dynamodb::errors;

constexpr std::size_t keys_max = 100;
constexpr std::size_t writes_max = 25;
constexpr std::size_t answer_bytes_max = 16 << 20;

/// RequestItems, which has one member at least.
Result<const json::object*> request_items(const json::object& request, MemberCheck&& check) {
    const auto items = object_member(request, "RequestItems");
    if (!items) return items;
    check.one_of("ReturnConsumedCapacity", {"INDEXES", "TOTAL", "NONE"}).required("RequestItems");
    if (*items && (*items)->empty())
        check.broken("'{}'", "requestItems", "Member must have length greater than or equal to 1");
    if (auto met = check.met(); !met) return fail(std::move(met.error()));
    return items;
}

Error duplicates() {
    return errors::validation("Provided list of item keys contains duplicates");
}

void append_capacities(
    JsonObject& answer, const std::vector<ConsumedCapacity>& consumed, ReturnConsumedCapacity wanted
) {
    if (wanted == ReturnConsumedCapacity::none) return;
    auto& to = answer.member("ConsumedCapacity");
    to += '[';
    for (const auto& each : consumed) {
        if (&each != &consumed.front()) to += ',';
        append_json(to, each, wanted);
    }
    to += ']';
}

// ------------------------------------------------------------------------------------------------- BatchGetItem

/// What is wanted of one table.
struct TableKeys {
    std::string given_name;
    const json::object* request = nullptr;
    const json::array* keys_json = nullptr;
    dynamodb::Projection projection;
    bool consistent = false;
    std::vector<dynamodb::Item> keys;
    TablePtr table;
};

Result<TableKeys> read_table_keys(std::string_view name, const json::value& value) {
    const auto* request = value.if_object();
    if (!request) return fail(errors::serialization("Unexpected field type"));
    TableKeys wanted{.given_name = std::string(name), .request = request};
    const auto keys = array_member(*request, "Keys");
    if (!keys) return fail(keys.error());
    MemberCheck check(*request, fmt::format("requestItems.{}.member.", name));
    check.required("Keys");
    const auto keys_at = fmt::format("requestItems.{}.member.keys", name);
    if (*keys && (*keys)->empty()) check.broken("'[]'", keys_at, "Member must have length greater than or equal to 1");
    if (*keys && (*keys)->size() > keys_max)
        check.broken("'[...]'", keys_at, fmt::format("Member must have length less than or equal to {}", keys_max));
    if (auto met = check.met(); !met) return fail(std::move(met.error()));
    wanted.keys_json = *keys;
    const auto consistent = bool_member(*request, "ConsistentRead");
    if (!consistent) return fail(consistent.error());
    wanted.consistent = *consistent;
    auto projection = read_projection(*request);
    if (!projection) return fail(std::move(projection.error()));
    wanted.projection = std::move(*projection);
    for (const auto& each : **keys) {
        auto key = dynamodb::read_item(each);
        if (!key) return fail(std::move(key.error()));
        if (std::ranges::find(wanted.keys, *key) != wanted.keys.end()) return fail(duplicates());
        wanted.keys.push_back(std::move(*key));
    }
    return wanted;
}

Result<std::vector<TableKeys>> read_batch_get(const Catalogue& catalogue, const json::object& request) {
    const auto items = request_items(request, MemberCheck(request));
    if (!items) return fail(items.error());
    std::vector<TableKeys> all;
    std::size_t keys = 0;
    for (const auto& member : **items) {
        auto wanted = read_table_keys({member.key().data(), member.key().size()}, member.value());
        if (!wanted) return fail(std::move(wanted.error()));
        keys += wanted->keys.size();
        all.push_back(std::move(*wanted));
    }
    if (keys > keys_max) return fail(errors::validation("Too many items requested for the BatchGetItem call"));
    for (auto& each : all) {
        auto table = find_table(catalogue, table_name_of(each.given_name));
        if (!table) return fail(std::move(table.error()));
        each.table = std::move(*table);
        for (const auto& key : each.keys) {
            if (auto fits = dynamodb::check_key(key, each.table->key); !fits) return fail(std::move(fits.error()));
        }
    }
    return all;
}

Result<std::string> batch_get(Service& service, const json::object& request) {
    const auto all = read_batch_get(service.catalogue(), request);
    if (!all) return fail(all.error());
    const auto view = service.log().view();
    std::vector<ConsumedCapacity> consumed;
    std::string responses = "{";
    json::object unprocessed;
    std::size_t bytes = 0;
    for (const auto& wanted : *all) {
        auto& capacity = consumed.emplace_back(ConsumedCapacity{.table = wanted.table->name});
        if (responses.size() > 1) responses += ',';
        dynamodb::append_json_string(responses, wanted.given_name);
        responses += ":[";
        bool first = true;
        for (std::size_t i = 0; i < wanted.keys.size(); ++i) {
            if (bytes > answer_bytes_max) {
                json::object rest = *wanted.request;
                rest["Keys"] =
                    json::array(wanted.keys_json->begin() + static_cast<std::ptrdiff_t>(i), wanted.keys_json->end());
                unprocessed[wanted.given_name] = std::move(rest);
                break;
            }
            const auto stored = find_item(view, service.storage(), item_key(*wanted.table, wanted.keys[i]));
            if (!stored) return fail(stored.error());
            std::size_t item_bytes = 0;
            if (*stored) {
                const auto item = (*stored)->item();
                if (!item) return fail(item.error());
                item_bytes = dynamodb::size_of(*item);
                if (!first) responses += ',';
                first = false;
                dynamodb::append_json(responses, dynamodb::project(wanted.projection, *item));
            }
            bytes += item_bytes;
            capacity.table_units += read_units(item_bytes, wanted.consistent);
        }
        responses += ']';
    }
    JsonObject answer;
    answer.member("Responses") += responses + '}';
    answer.member("UnprocessedKeys") += json::serialize(unprocessed);
    append_capacities(answer, consumed, read_return_consumed_capacity(request).value_or(ReturnConsumedCapacity::none));
    return answer.take();
}

io::Task<Answer> answer_batch_get(Call call) {
    auto answer = batch_get(call.service, call.body);
    if (!answer) co_return std::unexpected(answer.error());
    co_return std::move(*answer);
}

// ----------------------------------------------------------------------------------------------- BatchWriteItem

Result<ItemWrite> read_batched_write(std::string_view table, const json::value& value) {
    const auto* request = value.if_object();
    if (!request) return fail(errors::serialization("Unexpected field type"));
    const auto put = object_member(*request, "PutRequest");
    const auto remove = object_member(*request, "DeleteRequest");
    if (!put) return fail(put.error());
    if (!remove) return fail(remove.error());
    if (*put && *remove) {
        return fail(
            errors::validation("Supplied AttributeValue has more than one datatypes set, must contain exactly one of "
                               "the supported datatypes")
        );
    }
    if (!*put && !*remove) {
        return fail(
            errors::validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
        );
    }
    const auto kind = *put ? ItemWrite::Kind::put : ItemWrite::Kind::remove;
    const auto at = fmt::format("requestItems.{}.member.1.member.{}.", table, *put ? "putRequest" : "deleteRequest");
    const auto& action = *put ? **put : **remove;
    if (auto met = MemberCheck(action, at).required(*put ? "Item" : "Key").met(); !met)
        return fail(std::move(met.error()));
    auto write = read_item_write(kind, action);
    if (write) write->table_name = std::string(table_name_of(table));
    return write;
}

Result<std::vector<ItemWrite>> read_batch_write(const Catalogue& catalogue, const json::object& request) {
    MemberCheck check(request);
    check.one_of("ReturnItemCollectionMetrics", {"SIZE", "NONE"});
    const auto items = request_items(request, std::move(check));
    if (!items) return fail(items.error());
    std::vector<ItemWrite> writes;
    std::size_t count = 0;
    for (const auto& member : **items) {
        const auto* list = member.value().if_array();
        if (!list) return fail(errors::serialization("Unexpected field type"));
        if (list->empty() || list->size() > writes_max) {
            return fail(errors::validation(fmt::format(
                "1 validation error detected: Value '{{{}=[{}]}}' at 'requestItems' failed to satisfy constraint: Map "
                "value must satisfy constraint: [Member must have length less than or equal to {}, Member must have "
                "length greater than or equal to 1]",
                std::string_view(member.key()),
                list->empty() ? "" : "...",
                writes_max
            )));
        }
        count += list->size();
        for (const auto& each : *list) {
            auto write = read_batched_write({member.key().data(), member.key().size()}, each);
            if (!write) return fail(std::move(write.error()));
            writes.push_back(std::move(*write));
        }
    }
    if (count > writes_max) return fail(errors::validation("Too many items requested for the BatchWriteItem call"));
    std::set<std::string_view> keys;
    for (auto& write : writes) {
        if (auto found = find_table(write, catalogue); !found) return fail(std::move(found.error()));
        if (auto placed = place(write); !placed) return fail(std::move(placed.error()));
        if (!keys.insert(write.key).second) return fail(duplicates());
    }
    return writes;
}

Result<std::vector<ConsumedCapacity>> used_by(const std::vector<ItemWrite>& writes, const std::vector<Judged>& judged) {
    std::vector<ConsumedCapacity> consumed;
    for (std::size_t i = 0; i < writes.size(); ++i) {
        const auto& name = judged[i].table->name;
        if (consumed.empty() || consumed.back().table != name) consumed.push_back({.table = name});
        std::optional<dynamodb::Item> was;
        if (judged[i].was) {
            auto item = judged[i].was->item();
            if (!item) return fail(std::move(item.error()));
            was = std::move(*item);
        }
        const auto* now = judged[i].now(writes[i]);
        add_write_units(consumed.back(), *judged[i].table, was ? &*was : nullptr, now ? &now->item : nullptr);
    }
    return consumed;
}

io::Task<Answer> answer_batch_write(Call call) {
    auto& service = call.service;
    const auto writes = read_batch_write(service.catalogue(), call.body);
    if (!writes) co_return std::unexpected(writes.error());
    std::vector<Judged> judged;
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        for (const auto& write : *writes) {
            std::optional<dynamodb::Item> existing;
            auto decided = judge(batch, service.storage(), service.catalogue(), write, existing);
            if (!decided) return fail(std::move(decided.error()));
            judged.push_back(std::move(*decided));
        }
        for (std::size_t i = 0; i < writes->size(); ++i) {
            auto done = carry_out(batch, service.storage(), (*writes)[i], judged[i]);
            if (!done) return done;
        }
        return {};
    };
    const auto written = co_await service.log().write(std::move(decision));
    if (!written) co_return std::unexpected(written.error());
    JsonObject answer;
    answer.member("UnprocessedItems") += "{}";
    const auto capacity = read_return_consumed_capacity(call.body).value_or(ReturnConsumedCapacity::none);
    if (capacity != ReturnConsumedCapacity::none) {
        const auto consumed = used_by(*writes, judged);
        if (!consumed) co_return std::unexpected(consumed.error());
        append_capacities(answer, *consumed, capacity);
    }
    append_collection_metrics(answer, call.body, *writes);
    co_return answer.take();
}

}  // namespace

void add_batch_operations(Operations& to) {
    to["BatchGetItem"] = {sigv4::Permission::read, answer_batch_get};
    to["BatchWriteItem"] = {sigv4::Permission::write, answer_batch_write};
}

}  // namespace cloudshelf::tables

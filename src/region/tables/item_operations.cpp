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

#include <algorithm>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;
namespace errors = dynamodb::errors;

Result<void> check_write_request(ItemWrite::Kind kind, const json::object& request) {
    return MemberCheck(request)
        .one_of("ReturnConsumedCapacity", {"INDEXES", "TOTAL", "NONE"})
        .table_name()
        .required(kind == ItemWrite::Kind::put ? "Item" : "Key")
        .one_of("ConditionalOperator", {"OR", "AND"})
        .one_of("ReturnValues", {"ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"})
        .one_of("ReturnItemCollectionMetrics", {"SIZE", "NONE"})
        .one_of("ReturnValuesOnConditionCheckFailure", {"ALL_OLD", "NONE"})
        .met();
}

/// What ReturnValues names; nothing where it names nothing, or there is nothing.
std::optional<dynamodb::Item> attributes_for(
    std::string_view wanted, const dynamodb::Item* was, const dynamodb::Item* now, const dynamodb::Projection& touched
) {
    if (wanted == "ALL_OLD" && was) return *was;
    if (wanted == "ALL_NEW" && now) return *now;
    const auto* of = wanted == "UPDATED_OLD" ? was : wanted == "UPDATED_NEW" ? now : nullptr;
    if (!of) return std::nullopt;
    auto part = dynamodb::project_only(touched.paths, *of);
    if (part.empty()) return std::nullopt;
    return part;
}

Result<std::string> write_answer(const json::object& request, const ItemWrite& write, const Judged& judged) {
    JsonObject answer;
    const auto wanted = text_member(request, "ReturnValues").value_or(std::string_view());
    const auto capacity = read_return_consumed_capacity(request).value_or(ReturnConsumedCapacity::none);
    const bool tells_capacity = capacity != ReturnConsumedCapacity::none;
    const bool needs_old = wanted == "ALL_OLD" || wanted == "UPDATED_OLD" || tells_capacity;
    std::optional<dynamodb::Item> was;
    if (needs_old && judged.was) {
        auto decoded = judged.was->item();
        if (!decoded) return fail(std::move(decoded.error()));
        was = std::move(*decoded);
    }
    const auto* new_item = judged.now(write);
    const auto* now = new_item ? &new_item->item : nullptr;
    if (!wanted.empty() && wanted != "NONE") {
        const auto attributes = attributes_for(wanted, was ? &*was : nullptr, now, judged.touched);
        if (attributes) dynamodb::append_json(answer.member("Attributes"), *attributes);
    }
    if (tells_capacity) {
        ConsumedCapacity consumed{.table = judged.table->name};
        add_write_units(consumed, *judged.table, was ? &*was : nullptr, now);
        append_json(answer.member("ConsumedCapacity"), consumed, capacity);
    }
    append_collection_metrics(answer, request, write);
    return answer.take();
}

/// PutItem, UpdateItem and DeleteItem.
io::Task<Answer> answer_write(ItemWrite::Kind kind, Call call) {
    if (auto checked = check_write_request(kind, call.body); !checked) co_return std::unexpected(checked.error());
    auto write = read_item_write(kind, call.body);
    if (!write) co_return std::unexpected(write.error());
    const auto wanted = text_member(call.body, "ReturnValues").value_or(std::string_view());
    if (kind != ItemWrite::Kind::update && !wanted.empty() && wanted != "NONE" && wanted != "ALL_OLD")
        co_return std::unexpected(errors::validation("ReturnValues can only be ALL_OLD or NONE"));
    auto& service = call.service;
    if (auto found = find_table(*write, service.catalogue()); !found) co_return std::unexpected(found.error());
    if (auto placed = place(*write); !placed) co_return std::unexpected(placed.error());

    Judged judged;
    std::optional<dynamodb::Item> existing;
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        auto decided = judge(batch, service.storage(), service.catalogue(), *write, existing);
        if (!decided) return fail(std::move(decided.error()));
        judged = std::move(*decided);
        return carry_out(batch, service.storage(), *write, judged);
    };
    const auto written = co_await service.log().write(std::move(decision));
    if (!written) {
        Refusal refusal(written.error());
        refusal.item = std::move(existing);
        co_return std::unexpected(std::move(refusal));
    }
    auto answer = write_answer(call.body, *write, judged);
    if (!answer) co_return std::unexpected(answer.error());
    co_return std::move(*answer);
}

Result<std::string> get_item(Service& service, const json::object& request) {
    const auto checked = MemberCheck(request)
                             .one_of("ReturnConsumedCapacity", {"INDEXES", "TOTAL", "NONE"})
                             .table_name()
                             .required("Key")
                             .met();
    if (!checked) return fail(checked.error());
    const auto consistent = bool_member(request, "ConsistentRead");
    if (!consistent) return fail(consistent.error());
    // DynamoDB looks at the key's values after it saw whether parameters are mixed; read_projection begins with that.
    const auto projection = read_projection(request);
    const auto key = dynamodb::read_item(request.at("Key"));
    const bool key_first = !key && key.error().code == "SerializationException";
    if (key_first) return fail(key.error());
    if (!projection) return fail(projection.error());
    if (!key) return fail(key.error());
    const auto table = find_table(service.catalogue(), table_name_of(request));
    if (!table) return fail(table.error());
    if (auto fits = dynamodb::check_key(*key, (*table)->key); !fits) return fail(std::move(fits.error()));

    const auto stored = find_item(service.log().view(), service.storage(), item_key(**table, *key));
    if (!stored) return fail(stored.error());
    JsonObject answer;
    std::size_t bytes = 0;
    const auto capacity = read_return_consumed_capacity(request).value_or(ReturnConsumedCapacity::none);
    if (*stored) {
        const auto item = (*stored)->item();
        if (!item) return fail(item.error());
        if (capacity != ReturnConsumedCapacity::none) bytes = dynamodb::size_of(*item);
        auto& to = answer.member("Item");
        to.reserve((*stored)->encoded.size() * 2);
        if (projection->paths.empty())
            dynamodb::append_json(to, *item);
        else
            dynamodb::append_json(to, dynamodb::project(*projection, *item));
    }
    if (capacity != ReturnConsumedCapacity::none) {
        const ConsumedCapacity consumed{.table = (*table)->name, .table_units = read_units(bytes, *consistent)};
        append_json(answer.member("ConsumedCapacity"), consumed, capacity);
    }
    return answer.take();
}

io::Task<Answer> answer_get(Call call) {
    auto answer = get_item(call.service, call.body);
    if (!answer) co_return std::unexpected(answer.error());
    co_return std::move(*answer);
}

}  // namespace

void add_item_operations(Operations& to) {
    using Kind = ItemWrite::Kind;
    const auto writes = sigv4::Permission::write;
    to["PutItem"] = {writes, [](Call call) { return answer_write(Kind::put, call); }};
    to["UpdateItem"] = {writes, [](Call call) { return answer_write(Kind::update, call); }};
    to["DeleteItem"] = {writes, [](Call call) { return answer_write(Kind::remove, call); }};
    to["GetItem"] = {sigv4::Permission::read, answer_get};
}

}  // namespace cloudshelf::tables

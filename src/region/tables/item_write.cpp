#include "region/tables/item_write.hpp"

#include "region/tables/item_request.hpp"
#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/evaluate.hpp"
#include "wire/dynamodb/json.hpp"
#include "wire/dynamodb/key.hpp"
#include "wire/dynamodb/legacy.hpp"
#include "wire/dynamodb/limits.hpp"
#include "wire/dynamodb/parser.hpp"
#include "wire/dynamodb/placeholders.hpp"

#include <algorithm>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;
namespace errors = dynamodb::errors;

Result<void> check_not_mixed(ItemWrite::Kind kind, const json::object& request) {
    if (kind != ItemWrite::Kind::update) {
        return dynamodb::check_not_mixed(request, {"ConditionExpression"}, {"Expected", "ConditionalOperator"});
    }
    return dynamodb::check_not_mixed(
        request, {"UpdateExpression", "ConditionExpression"}, {"AttributeUpdates", "Expected", "ConditionalOperator"}
    );
}

/// Update and condition, from expressions or the older parameters.
Result<void> read_expressions(ItemWrite& write, const json::object& request) {
    if (write.kind == ItemWrite::Kind::update) {
        auto older = dynamodb::read_attribute_updates(request);
        if (!older) return fail(std::move(older.error()));
        write.update = std::move(*older);
    }
    auto expected = dynamodb::read_expected(request);
    if (!expected) return fail(std::move(expected.error()));
    write.condition = std::move(*expected);

    const bool updates = write.kind == ItemWrite::Kind::update && member(request, "UpdateExpression");
    const bool conditional = member(request, "ConditionExpression");
    if (!updates && !conditional) return {};
    auto placeholders = dynamodb::Placeholders::read(
        member(request, "ExpressionAttributeNames"), member(request, "ExpressionAttributeValues")
    );
    if (!placeholders) return fail(std::move(placeholders.error()));
    if (updates) {
        const auto text = text_member(request, "UpdateExpression");
        if (!text) return fail(text.error());
        auto update = dynamodb::parse_update(*text, *placeholders);
        if (!update) return fail(std::move(update.error()));
        write.update = std::move(*update);
    }
    if (conditional) {
        const auto text = text_member(request, "ConditionExpression");
        if (!text) return fail(text.error());
        auto condition = dynamodb::parse_condition(*text, "ConditionExpression", *placeholders);
        if (!condition) return fail(std::move(condition.error()));
        write.condition = std::move(*condition);
    }
    return placeholders->all_used();
}

/// Removing from what isn't there does not make it.
bool only_removes(const dynamodb::Update& update) {
    return !update.actions.empty() && std::ranges::all_of(update.actions, [](const dynamodb::Action& action) {
        return std::holds_alternative<dynamodb::Remove>(action) || std::holds_alternative<dynamodb::Delete>(action);
    });
}

Result<void> check_index_keys(const Table& table, const dynamodb::Item& item) {
    for (const auto& index : table.indexes) {
        auto fits = dynamodb::check_index_key(item, index.key, index.name);
        if (!fits) return fits;
    }
    return {};
}

}  // namespace

Result<ItemWrite> read_item_write(ItemWrite::Kind kind, const json::object& request) {
    ItemWrite write{.kind = kind, .table_name = std::string(table_name_of(request))};
    if (auto not_mixed = check_not_mixed(kind, request); !not_mixed) return fail(std::move(not_mixed.error()));
    auto item = dynamodb::read_item(request.at(kind == ItemWrite::Kind::put ? "Item" : "Key"));
    if (!item) return fail(std::move(item.error()));
    if (kind == ItemWrite::Kind::put) {
        if (auto fits = dynamodb::check_item_size(*item); !fits) return fail(std::move(fits.error()));
        write.item.emplace(std::move(*item));
    } else {
        write.key_given = std::move(*item);
    }
    if (auto read = read_expressions(write, request); !read) return fail(std::move(read.error()));
    const auto on_failure = text_member(request, "ReturnValuesOnConditionCheckFailure");
    if (!on_failure) return fail(on_failure.error());
    write.return_existing = *on_failure == "ALL_OLD";
    return write;
}

Result<void> find_table(ItemWrite& write, const Catalogue& catalogue) {
    auto table = find_table(catalogue, write.table_name);
    if (!table) return fail(std::move(table.error()));
    write.table = std::move(*table);
    return {};
}

Result<void> place(ItemWrite& write) {
    auto fits = write.item ? dynamodb::check_item_key(write.item->item, write.table->key)
                           : dynamodb::check_key(write.key_given, write.table->key);
    if (!fits) return fits;
    if (write.update) {
        auto untouched = dynamodb::check_key_untouched(*write.update, write.table->key);
        if (!untouched) return untouched;
    }
    write.key = item_key(*write.table, write.item_or_key());
    return {};
}

const NewItem* Judged::now(const ItemWrite& write) const {
    if (write.item) return &*write.item;
    return updated ? &*updated : nullptr;
}

Result<Judged> judge(
    changelog::Batch& batch,
    const Storage& storage,
    const Catalogue& catalogue,
    const ItemWrite& write,
    std::optional<dynamodb::Item>& existing
) {
    Judged judged{.table = catalogue.decided(write.table_name), .was = {}, .updated = {}, .touched = {}};
    if (!takes_items(judged.table) || judged.table->number != write.table->number)
        return fail(errors::resource_not_found());
    auto found = find_item(batch, storage, write.key);
    if (!found) return fail(std::move(found.error()));
    judged.was = std::move(*found);

    dynamodb::Item item;
    if (judged.was && (write.condition || write.kind == ItemWrite::Kind::update)) {
        auto decoded = judged.was->item();
        if (!decoded) return fail(std::move(decoded.error()));
        item = std::move(*decoded);
    }
    if (write.condition && !dynamodb::matches(*write.condition, item)) {
        if (write.return_existing && judged.was) existing = std::move(item);
        return fail(errors::conditional_check_failed());
    }
    if (write.kind == ItemWrite::Kind::check) judged.changes = false;
    if (write.kind == ItemWrite::Kind::update) {
        const dynamodb::Update nothing;
        const auto& update = write.update ? *write.update : nothing;
        judged.changes = judged.was || !only_removes(update);
        if (!judged.changes) return judged;
        auto updated = dynamodb::apply(update, judged.was ? std::move(item) : write.key_given);
        if (!updated) return fail(std::move(updated.error()));
        judged.touched = std::move(updated->touched);
        judged.updated.emplace(std::move(updated->item));
    }
    if (const auto* now = judged.now(write)) {
        auto fits = check_index_keys(*judged.table, now->item);
        if (!fits) return fail(std::move(fits.error()));
    }
    return judged;
}

Result<void> carry_out(changelog::Batch& batch, const Storage& storage, const ItemWrite& write, const Judged& judged) {
    if (!judged.changes) return {};
    return write_item(batch, storage, *judged.table, write.key, judged.was, judged.now(write));
}

}  // namespace cloudshelf::tables

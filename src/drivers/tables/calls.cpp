#include "drivers/tables/calls.hpp"

#include "wire/dynamodb/json.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace cloudshelf::tables_client {
namespace {

namespace json = boost::json;

/// A request's body, member by member: items are written by wire/dynamodb, which knows their form.
class Body {
public:
    explicit Body(const std::string& table) { text("TableName", table); }

    void text(std::string_view name, std::string_view value) {
        if (value.empty()) return;
        begin(name);
        dynamodb::append_json_string(text_, value);
    }
    void flag(std::string_view name, bool value) {
        begin(name);
        text_ += value ? "true" : "false";
    }
    void item(std::string_view name, const dynamodb::Item& item) {
        begin(name);
        dynamodb::append_json(text_, item);
    }
    void raw(std::string_view name, std::string_view json) {
        begin(name);
        text_ += json;
    }
    void placeholders(const Names& names, const Values& values) {
        if (!names.empty()) {
            json::object object;
            for (const auto& [placeholder, name] : names) object[placeholder] = name;
            raw("ExpressionAttributeNames", json::serialize(object));
        }
        if (values.empty()) return;
        dynamodb::Item item;
        for (const auto& [placeholder, value] : values) item.set(placeholder, value);
        this->item("ExpressionAttributeValues", item);
    }
    std::string end() { return std::move(text_) + "}"; }

private:
    void begin(std::string_view name) {
        text_ += text_.empty() ? '{' : ',';
        dynamodb::append_json_string(text_, name);
        text_ += ':';
    }
    std::string text_;
};

Error wrong_shape(std::string_view what) {
    return {
        .code = "tables.bad-answer",
        .message = "the answer is not one of DynamoDB's: " + std::string(what),
        .certainty = Certainty::unknown
    };
}

std::string text_of(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

}  // namespace

std::string body_of(const Put& put) {
    Body body(put.table);
    body.item("Item", put.item);
    body.text("ConditionExpression", put.condition);
    body.placeholders(put.names, put.values);
    return body.end();
}

std::string body_of(const Update& update) {
    Body body(update.table);
    body.item("Key", update.key);
    body.text("UpdateExpression", update.expression);
    body.text("ConditionExpression", update.condition);
    body.placeholders(update.names, update.values);
    body.text("ReturnValues", "ALL_NEW");
    return body.end();
}

std::string body_of(const Delete& remove) {
    Body body(remove.table);
    body.item("Key", remove.key);
    body.text("ConditionExpression", remove.condition);
    body.placeholders(remove.names, remove.values);
    return body.end();
}

std::string body_of(const Query& query, const dynamodb::Item& after) {
    Body body(query.table);
    body.text("KeyConditionExpression", query.key_condition);
    body.placeholders(query.names, query.values);
    body.flag("ConsistentRead", query.freshness == Freshness::newest);
    if (!after.empty()) body.item("ExclusiveStartKey", after);
    return body.end();
}

std::string body_of(const TableDefinition& table) {
    json::array attributes{{{"AttributeName", table.partition_key}, {"AttributeType", "S"}}};
    json::array schema{{{"AttributeName", table.partition_key}, {"KeyType", "HASH"}}};
    if (!table.sort_key.empty()) {
        attributes.push_back({{"AttributeName", table.sort_key}, {"AttributeType", "S"}});
        schema.push_back({{"AttributeName", table.sort_key}, {"KeyType", "RANGE"}});
    }
    return json::serialize(json::object{
        {"TableName", table.name},
        {"AttributeDefinitions", std::move(attributes)},
        {"KeySchema", std::move(schema)},
        {"BillingMode", "PAY_PER_REQUEST"},
        {"StreamSpecification", {{"StreamEnabled", true}, {"StreamViewType", "NEW_AND_OLD_IMAGES"}}},
    });
}

Result<std::vector<dynamodb::Item>> items_of(const json::object& answer) {
    const auto* list = answer.if_contains("Items");
    if (list == nullptr || !list->is_array()) return fail(wrong_shape("Items is not a list"));
    std::vector<dynamodb::Item> items;
    for (const auto& entry : list->as_array()) {
        auto item = dynamodb::read_item(entry);
        if (!item) return fail(wrong_shape(item.error().message));
        items.push_back(std::move(*item));
    }
    return items;
}

Result<std::optional<dynamodb::Item>> item_of(const json::object& answer, std::string_view member) {
    const auto* entry = answer.if_contains(member);
    if (entry == nullptr) return std::optional<dynamodb::Item>();
    auto item = dynamodb::read_item(*entry);
    if (!item) return fail(wrong_shape(item.error().message));
    return std::optional(std::move(*item));
}

TableDescription description_of(const json::object& answer) {
    TableDescription description;
    const auto* table = answer.if_contains("Table");
    if (table == nullptr) table = answer.if_contains("TableDescription");
    if (table == nullptr || !table->is_object()) return description;
    const auto& members = table->as_object();
    description.name = text_of(members, "TableName");
    description.status = text_of(members, "TableStatus");
    if (const auto* count = members.if_contains("ItemCount"); count != nullptr && count->is_int64()) {
        description.item_count = count->as_int64();
    }
    const auto* replicas = members.if_contains("Replicas");
    if (replicas == nullptr || !replicas->is_array()) return description;
    for (const auto& replica : replicas->as_array()) {
        if (replica.is_object()) description.replicas.push_back(text_of(replica.as_object(), "RegionName"));
    }
    std::ranges::sort(description.replicas);
    return description;
}

}  // namespace cloudshelf::tables_client

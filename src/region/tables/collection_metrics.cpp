#include "region/tables/collection_metrics.hpp"

#include "region/tables/item_request.hpp"
#include "wire/dynamodb/json.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace cloudshelf::tables {
namespace {

bool wanted(const boost::json::object& request) {
    return text_member(request, "ReturnItemCollectionMetrics").value_or(std::string_view()) == "SIZE";
}

bool has_collections(const Table& table) {
    return std::ranges::any_of(table.indexes, [](const Index& index) { return !index.global; });
}

std::string collection_of(const ItemWrite& write) {
    const std::string& hash = write.table->key.hash.name;
    dynamodb::Item key;
    key.set(hash, *write.item_or_key().find(hash));
    std::string told = R"({"ItemCollectionKey":)";
    dynamodb::append_json(told, key);
    return told + R"(,"SizeEstimateRangeGB":[0.0,1.0]})";
}

}  // namespace

void append_collection_metrics(JsonObject& answer, const boost::json::object& request, const ItemWrite& write) {
    if (wanted(request) && has_collections(*write.table))
        answer.member("ItemCollectionMetrics") += collection_of(write);
}

void append_collection_metrics(
    JsonObject& answer, const boost::json::object& request, const std::vector<ItemWrite>& writes
) {
    if (!wanted(request)) return;
    std::map<std::string, std::set<std::string>> by_table;
    for (const auto& write : writes) {
        if (write.kind == ItemWrite::Kind::check || !has_collections(*write.table)) continue;
        by_table[write.table->name].insert(collection_of(write));
    }
    if (by_table.empty()) return;
    std::string& to = answer.member("ItemCollectionMetrics");
    for (char separator = '{'; const auto& [table, collections] : by_table) {
        to += separator;
        separator = ',';
        dynamodb::append_json_string(to, table);
        for (char before = ':'; const auto& collection : collections) {
            to += before == ':' ? ":[" : ",";
            before = ',';
            to += collection;
        }
        to += ']';
    }
    to += '}';
}

}  // namespace cloudshelf::tables

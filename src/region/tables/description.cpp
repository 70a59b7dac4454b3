#include "region/tables/description.hpp"

#include "region/tables/item_store.hpp"
#include "wire/dynamodb/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace cloudshelf::tables {
namespace {

using dynamodb::append_json_string;

void append_key_element(std::string& to, const dynamodb::KeyAttribute& attribute, std::string_view role) {
    to += R"({"AttributeName":)";
    append_json_string(to, attribute.name);
    fmt::format_to(std::back_inserter(to), R"(,"KeyType":"{}"}})", role);
}

void append_throughput(std::string& to, std::int64_t read, std::int64_t write) {
    fmt::format_to(
        std::back_inserter(to),
        R"("ProvisionedThroughput":{{"NumberOfDecreasesToday":0,"ReadCapacityUnits":{},"WriteCapacityUnits":{}}})",
        read,
        write
    );
}

/// Everything of a description that needs to know where we are.
struct Scene {
    const Table& table;
    const RegionName& region;
    const changelog::View& view;
    const Storage& storage;

    Count count(StorageNumber number) const {
        return count_of(view, storage, number).value_or(Count{});  // what the disk does not tell is told as none
    }
};

void append_index(std::string& to, const Index& index, const Scene& scene) {
    to += R"({"IndexName":)";
    append_json_string(to, index.name);
    to += R"(,"KeySchema":)";
    append_key_schema(to, index.key);
    to += R"(,"Projection":)";
    append_projection(to, index);
    if (index.global) {
        to += index.backfilling ? R"(,"IndexStatus":"CREATING","Backfilling":true,)" : R"(,"IndexStatus":"ACTIVE",)";
        append_throughput(to, index.read_units, index.write_units);
    }
    const Count count = scene.count(index.number);
    fmt::format_to(
        std::back_inserter(to), R"(,"IndexSizeBytes":{},"ItemCount":{},"IndexArn":)", count.bytes, count.items
    );
    append_json_string(to, index_arn(scene.region, scene.table.name, index.name));
    to += '}';
}

void append_indexes(std::string& to, bool global, const Scene& scene) {
    bool any = false;
    for (const auto& index : scene.table.indexes) {
        if (index.global != global) continue;
        to += any ? "," : (global ? R"(,"GlobalSecondaryIndexes":[)" : R"(,"LocalSecondaryIndexes":[)");
        any = true;
        append_index(to, index, scene);
    }
    if (any) to += ']';
}

void append_streams(std::string& to, const Scene& scene) {
    if (const auto* stream = scene.table.stream()) {
        fmt::format_to(
            std::back_inserter(to),
            R"(,"StreamSpecification":{{"StreamEnabled":true,"StreamViewType":"{}"}})",
            to_string(stream->view)
        );
    }
    if (scene.table.streams.empty()) return;
    const auto& latest = scene.table.streams.back();
    fmt::format_to(
        std::back_inserter(to),
        R"(,"LatestStreamLabel":"{}","LatestStreamArn":"{}")",
        latest.label,
        stream_arn(scene.region, scene.table.name, latest.label)
    );
}

void append_replicas(std::string& to, const Scene& scene) {
    if (!scene.table.replicated()) return;
    to += R"(,"GlobalTableVersion":"2019.11.21","Replicas":[)";
    for (bool first = true; const auto& replica : scene.table.replicas) {
        if (!std::exchange(first, false)) to += ',';
        to += R"({"RegionName":)";
        append_json_string(to, replica.region.value());
        fmt::format_to(std::back_inserter(to), R"(,"ReplicaStatus":"{}"}})", to_string(replica.status));
    }
    to += R"(],"MultiRegionConsistency":"EVENTUAL")";
}

TableStatus told_status(const Table& table) {
    const bool filling = std::ranges::any_of(table.indexes, &Index::backfilling);
    return table.status == TableStatus::active && filling ? TableStatus::updating : table.status;
}

}  // namespace

void append_seconds(std::string& to, std::int64_t milliseconds) {
    fmt::format_to(std::back_inserter(to), "{}.{:03}", milliseconds / 1000, milliseconds % 1000);
}

void append_key_schema(std::string& to, const dynamodb::KeySchema& key) {
    to += '[';
    append_key_element(to, key.hash, "HASH");
    if (key.sort) {
        to += ',';
        append_key_element(to, *key.sort, "RANGE");
    }
    to += ']';
}

void append_projection(std::string& to, const Index& index) {
    fmt::format_to(std::back_inserter(to), R"({{"ProjectionType":"{}")", to_string(index.projected));
    if (index.projected == Projected::include) {
        to += R"(,"NonKeyAttributes":[)";
        for (bool first = true; const auto& name : index.included) {
            if (!std::exchange(first, false)) to += ',';
            append_json_string(to, name);
        }
        to += ']';
    }
    to += '}';
}

void append_table_description(
    std::string& to, const Table& table, const RegionName& region, const changelog::View& view, const Storage& storage
) {
    const Scene scene{.table = table, .region = region, .view = view, .storage = storage};
    to += R"({"AttributeDefinitions":[)";
    for (bool first = true; const auto& attribute : table.attributes) {
        if (!std::exchange(first, false)) to += ',';
        to += R"({"AttributeName":)";
        append_json_string(to, attribute.name);
        fmt::format_to(std::back_inserter(to), R"(,"AttributeType":"{}"}})", to_string(attribute.type));
    }
    to += R"(],"TableName":)";
    append_json_string(to, table.name);
    to += R"(,"KeySchema":)";
    append_key_schema(to, table.key);
    fmt::format_to(std::back_inserter(to), R"(,"TableStatus":"{}","CreationDateTime":)", to_string(told_status(table)));
    append_seconds(to, table.created_ms);
    to += ',';
    append_throughput(to, table.read_units, table.write_units);
    const Count count = scene.count(table.number);
    fmt::format_to(
        std::back_inserter(to),
        R"(,"TableSizeBytes":{},"ItemCount":{},"TableArn":"{}","TableId":"{}")",
        count.bytes,
        count.items,
        table_arn(region, table.name),
        table.id
    );
    if (table.on_demand) {
        to += R"(,"BillingModeSummary":{"BillingMode":"PAY_PER_REQUEST","LastUpdateToPayPerRequestDateTime":)";
        append_seconds(to, table.created_ms);
        to += '}';
    }
    append_indexes(to, false, scene);
    append_indexes(to, true, scene);
    append_streams(to, scene);
    append_replicas(to, scene);
    fmt::format_to(
        std::back_inserter(to),
        R"(,"TableClassSummary":{{"TableClass":"{}"}},"DeletionProtectionEnabled":{})",
        table.table_class,
        table.deletion_protected
    );
    // `extras` is an object of ours: its members go on where ours end.
    if (table.extras.size() > 2) to.append(",").append(table.extras, 1, table.extras.size() - 2);
    to += '}';
}

}  // namespace cloudshelf::tables

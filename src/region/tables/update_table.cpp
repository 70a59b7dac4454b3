#include "region/tables/update_table.hpp"

#include "region/tables/backfill.hpp"
#include "region/tables/constraints.hpp"
#include "region/tables/description.hpp"
#include "region/tables/dropped.hpp"
#include "region/tables/replica_updates.hpp"
#include "region/tables/service.hpp"
#include "region/tables/table_request.hpp"
#include "region/tables/table_streams.hpp"
#include "wire/dynamodb/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;
namespace errors = dynamodb::errors;
using dynamodb::errors::invalid_parameter;

constexpr std::array<std::string_view, 2> billing_modes{"PROVISIONED", "PAY_PER_REQUEST"};
constexpr std::array<std::string_view, 2> table_classes{"STANDARD", "STANDARD_INFREQUENT_ACCESS"};

enum class IndexAction : std::uint8_t { none, create, update, erase };

struct IndexUpdate {
    IndexAction action = IndexAction::none;
    IndexWish wish;  // of update and erase the name only, and the throughput
};

/// What UpdateTable asks for.
struct TableUpdate {
    std::string name;
    std::vector<dynamodb::KeyAttribute> attributes;
    std::optional<std::string> billing;
    std::optional<Throughput> throughput;
    std::vector<IndexUpdate> indexes;
    std::optional<StreamWish> stream;
    std::optional<std::string> table_class;
    std::optional<bool> deletion_protected;
    const json::array* replicas = nullptr;
    bool others = false;  // members that are taken and change nothing here
};

IndexUpdate read_index_update(Constraints& constraints, const json::object& from, std::string_view path) {
    IndexUpdate update;
    const Constraints::Text index_name{.length_min = 3, .length_max = 255, .name = true};
    if (const auto* create = constraints.structure(from, path, "Create", Needed::no)) {
        update.action = IndexAction::create;
        update.wish = read_index_wish(constraints, *create, fmt::format("{}create.", path), true);
    }
    if (const auto* change = constraints.structure(from, path, "Update", Needed::no)) {
        const auto inside = fmt::format("{}update.", path);
        update.action = IndexAction::update;
        update.wish.name = constraints.text(*change, inside, "IndexName", Needed::yes, index_name).value_or("");
        update.wish.throughput = read_throughput(constraints, *change, inside);
    }
    if (const auto* erase = constraints.structure(from, path, "Delete", Needed::no)) {
        const auto inside = fmt::format("{}delete.", path);
        update.action = IndexAction::erase;
        update.wish.name = constraints.text(*erase, inside, "IndexName", Needed::yes, index_name).value_or("");
    }
    return update;
}

Result<void> check_index_updates(const std::vector<IndexUpdate>& updates) {
    std::set<std::string_view> names;
    std::size_t online = 0;
    for (const auto& update : updates) {
        if (update.action == IndexAction::none) {
            return fail(
                invalid_parameter("One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                                  "GlobalSecondaryIndexUpdate.Delete must not be null")
            );
        }
        if (!names.insert(update.wish.name).second) {
            return fail(invalid_parameter(
                "Only one global secondary index update per index is allowed simultaneously. Index: " + update.wish.name
            ));
        }
        if (update.action != IndexAction::update) ++online;
    }
    if (online > 1) {
        return fail(errors::limit_exceeded(
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
        ));
    }
    return {};
}

Result<TableUpdate> read_update(const json::object& request) {
    auto name = read_table_name(request);
    if (!name) return fail(name.error());
    Constraints constraints;
    TableUpdate update{.name = std::move(*name)};
    update.attributes = read_attributes(constraints, request, Needed::no);
    update.billing = constraints.text(request, "", "BillingMode", Needed::no, {.words = billing_modes});
    update.throughput = read_throughput(constraints, request, "");
    const auto* indexes = constraints.list(request, "", "GlobalSecondaryIndexUpdates", Needed::no);
    for (std::size_t i = 0; indexes != nullptr && i < indexes->size(); ++i) {
        const auto* index = constraints.member((*indexes)[i]);
        const auto path = fmt::format("globalSecondaryIndexUpdates.{}.member.", i + 1);
        if (index != nullptr) update.indexes.push_back(read_index_update(constraints, *index, path));
    }
    update.stream = read_stream_wish(constraints, request);
    update.table_class = constraints.text(request, "", "TableClass", Needed::no, {.words = table_classes});
    update.deletion_protected = constraints.flag(request, "", "DeletionProtectionEnabled", Needed::no);
    update.replicas = constraints.list(request, "", "ReplicaUpdates", Needed::no, 1);
    for (const std::string_view other :
         {"SSESpecification",
          "OnDemandThroughput",
          "WarmThroughput",
          "MultiRegionConsistency",
          "GlobalTableSettingsReplicationMode"}) {
        update.others = update.others || request.contains(other);
    }
    if (auto verdict = constraints.verdict(); !verdict) return fail(verdict.error());

    const bool any = update.billing || update.throughput || !update.indexes.empty() || update.stream ||
                     update.table_class || update.deletion_protected || update.replicas != nullptr || update.others;
    if (!any) {
        return fail(errors::validation(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
            "SSESpecification or ReplicaUpdates is required"
        ));
    }
    if (auto checked = check_index_updates(update.indexes); !checked) return fail(checked.error());
    if (update.stream) {
        if (auto checked = check(*update.stream); !checked) return fail(checked.error());
    }
    return update;
}

Result<void> apply_throughput(Table& table, const TableUpdate& update) {
    const bool was_on_demand = table.on_demand;
    if (update.billing) table.on_demand = *update.billing == "PAY_PER_REQUEST";
    if (table.on_demand) {
        if (update.throughput) {
            return fail(invalid_parameter(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
            ));
        }
        table.read_units = table.write_units = 0;
        for (auto& index : table.indexes) index.read_units = index.write_units = 0;
        return {};
    }
    if (!update.throughput) {
        if (!was_on_demand) return {};
        return fail(invalid_parameter(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        ));
    }
    const auto [read, write] = *update.throughput;
    if (!was_on_demand && read == table.read_units && write == table.write_units) {
        return fail(errors::validation(fmt::format(
            "The provisioned throughput for the table will not change. The requested value equals the current value. "
            "Current ReadCapacityUnits provisioned for the table: {0}. Requested ReadCapacityUnits: {0}. Current "
            "WriteCapacityUnits provisioned for the table: {1}. Requested WriteCapacityUnits: {1}. Refer to the Amazon "
            "DynamoDB Developer Guide for current limits and how to request higher limits.",
            read,
            write
        )));
    }
    table.read_units = read;
    table.write_units = write;
    return {};
}

/// Definitions a request adds; one that is there already must stay as it is.
Result<void> add_attributes(Table& table, const std::vector<dynamodb::KeyAttribute>& attributes) {
    for (const auto& attribute : attributes) {
        const auto found = std::ranges::find(table.attributes, attribute.name, &dynamodb::KeyAttribute::name);
        if (found == table.attributes.end()) {
            table.attributes.push_back(attribute);
        } else if (found->type != attribute.type) {
            return fail(invalid_parameter(
                fmt::format("Attribute {} is already defined with type {}", attribute.name, to_string(found->type))
            ));
        }
    }
    return {};
}

Error no_such_index(std::string_view index, std::string_view table) {
    return errors::resource_not_found(
        fmt::format("Requested resource not found: Index: {} of table: {} not found", index, table)
    );
}

Result<void> create_index(Table& table, const IndexWish& wish, Catalogue& catalogue, changelog::Batch& batch) {
    if (table.index(wish.name) != nullptr) {
        return fail(errors::validation("Attempting to create an index which already exists"));
    }
    if (std::ranges::any_of(table.indexes, &Index::backfilling)) {
        return fail(errors::resource_in_use(
            "Attempt to change a resource which is still in use: Table is being updated: " + table.name
        ));
    }
    if (std::ranges::count(table.indexes, true, &Index::global) >= static_cast<std::ptrdiff_t>(global_indexes_max)) {
        return fail(errors::limit_exceeded(fmt::format(
            "Subscriber limit exceeded: GlobalSecondaryIndex count exceeds the per-table limit of {}",
            global_indexes_max
        )));
    }
    auto index = make_global_index(wish, table.attributes, table.on_demand);
    if (!index) return fail(index.error());
    const auto number = catalogue.next_number(batch);
    if (!number) return fail(number.error());
    index->number = *number;
    index->backfilling = true;
    table.indexes.push_back(std::move(*index));
    return {};
}

Result<void> apply_index(Table& table, const IndexUpdate& update, Service& service, changelog::Batch& batch) {
    if (update.action == IndexAction::create) return create_index(table, update.wish, service.catalogue(), batch);
    const auto found = std::ranges::find_if(table.indexes, [&](const Index& index) {
        return index.global && index.name == update.wish.name;
    });
    if (found == table.indexes.end()) return fail(no_such_index(update.wish.name, table.name));
    if (update.action == IndexAction::erase) {
        drop(batch, service.storage(), found->number);
        table.indexes.erase(found);
        return {};
    }
    if (table.on_demand && update.wish.throughput) {
        return fail(invalid_parameter(fmt::format(
            "ProvisionedThroughput should not be specified for index: {} when BillingMode is PAY_PER_REQUEST",
            update.wish.name
        )));
    }
    if (update.wish.throughput) {
        found->read_units = update.wish.throughput->read;
        found->write_units = update.wish.throughput->write;
    }
    return {};
}

Result<void> apply_stream(Table& table, const StreamWish& wish, Catalogue& catalogue, changelog::Batch& batch) {
    if (wish.enabled) return enable_stream(table, *wish.view, catalogue, batch);
    if (table.replicated()) {
        return fail(errors::validation("The stream of a table with replicas cannot be disabled: " + table.name));
    }
    return disable_stream(table, batch);
}

Result<Table> updated(const Table& current, const TableUpdate& update, Service& service, changelog::Batch& batch) {
    Table table = current;
    if (auto applied = apply_throughput(table, update); !applied) return fail(applied.error());
    if (auto added = add_attributes(table, update.attributes); !added) return fail(added.error());
    for (const auto& index : update.indexes) {
        if (auto applied = apply_index(table, index, service, batch); !applied) return fail(applied.error());
    }
    table.attributes = used_attributes(table);
    if (update.stream) {
        auto applied = apply_stream(table, *update.stream, service.catalogue(), batch);
        if (!applied) return fail(applied.error());
    }
    if (update.table_class) table.table_class = *update.table_class;
    if (update.deletion_protected) table.deletion_protected = *update.deletion_protected;
    return table;
}

}  // namespace

void fill_new_indexes(Service& service, const Table& table) {
    for (const auto& index : table.indexes) {
        if (index.backfilling) service.run_behind(backfill_index(service, table.id, index.name));
    }
}

io::Task<Answer> update_table(Call call) {
    auto update = read_update(call.body);
    if (!update) co_return std::unexpected(update.error());
    Service& service = call.service;
    Catalogue::Change change = [&](const Table* current, changelog::Batch& batch) -> Result<std::optional<Table>> {
        if (current == nullptr) {
            return fail(errors::resource_not_found(
                fmt::format("Requested resource not found: Table: {} not found", update->name)
            ));
        }
        auto next = updated(*current, *update, service, batch);
        if (!next) return fail(next.error());
        return std::move(*next);
    };
    auto table = co_await service.catalogue().change(update->name, std::move(change));
    if (!table) co_return std::unexpected(table.error());
    if (*table != nullptr && update->replicas != nullptr) {
        table = co_await update_replicas(service, *table, *update->replicas);
        if (!table) co_return std::unexpected(table.error());
    }
    if (*table == nullptr) co_return std::unexpected(errors::resource_not_found());  // deleted meanwhile
    const auto any = [&](IndexAction action) {
        return std::ranges::find(update->indexes, action, &IndexUpdate::action) != update->indexes.end();
    };
    if (any(IndexAction::erase)) service.run_behind(erase_dropped(service));
    if (any(IndexAction::create)) fill_new_indexes(service, **table);

    Table told = **table;
    told.status = TableStatus::updating;
    std::string body = R"({"TableDescription":)";
    append_table_description(body, told, service.region(), service.log().view(), service.storage());
    co_return body + '}';
}

}  // namespace cloudshelf::tables

#include "region/tables/table.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;
using dynamodb::KeyAttribute;
using dynamodb::KeySchema;

constexpr int format_version = 2;

constexpr std::array<std::string_view, 4> table_statuses{"CREATING", "ACTIVE", "UPDATING", "DELETING"};
constexpr std::array<std::string_view, 3> projections{"ALL", "KEYS_ONLY", "INCLUDE"};
constexpr std::array<std::string_view, 4> stream_views{"KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"};
constexpr std::array<std::string_view, 3> replica_statuses{"CREATING", "ACTIVE", "DELETING"};

/// The opposite of `to_string`. Throws: decode_table answers for it.
template <class Word>
Word word(std::span<const std::string_view> words, const json::value& value) {
    const auto found = std::ranges::find(words, std::string_view(value.as_string()));
    if (found == words.end()) throw std::invalid_argument("an unknown word");
    return static_cast<Word>(found - words.begin());
}

std::string text(const json::value& value) {
    return std::string(value.as_string());
}

json::object write(const KeyAttribute& attribute) {
    return {{"name", attribute.name}, {"type", to_string(attribute.type)}};
}
KeyAttribute read_attribute(const json::value& value) {
    const auto type = dynamodb::type_named(value.at("type").as_string());
    if (!type) throw std::invalid_argument("an unknown type");
    return {.name = text(value.at("name")), .type = *type};
}

json::array write(const KeySchema& key) {
    json::array written{write(key.hash)};
    if (key.sort) written.push_back(write(*key.sort));
    return written;
}
KeySchema read_key(const json::value& value) {
    KeySchema key{.hash = read_attribute(value.at(0)), .sort = {}};
    if (value.as_array().size() > 1) key.sort = read_attribute(value.at(1));
    return key;
}

json::object write(const Index& index) {
    return {
        {"name", index.name},
        {"number", index.number.value()},
        {"global", index.global},
        {"key", write(index.key)},
        {"projected", to_string(index.projected)},
        {"included", json::value_from(index.included)},
        {"backfilling", index.backfilling},
        {"read_units", index.read_units},
        {"write_units", index.write_units},
    };
}
Index read_index(const json::value& value) {
    return {
        .name = text(value.at("name")),
        .number = StorageNumber(value.at("number").to_number<std::uint32_t>()),
        .global = value.at("global").as_bool(),
        .key = read_key(value.at("key")),
        .projected = word<Projected>(projections, value.at("projected")),
        .included = json::value_to<std::vector<std::string>>(value.at("included")),
        .backfilling = value.at("backfilling").as_bool(),
        .read_units = value.at("read_units").to_number<std::int64_t>(),
        .write_units = value.at("write_units").to_number<std::int64_t>(),
    };
}

json::object write(const Stream& stream) {
    return {
        {"number", stream.number.value()},
        {"label", stream.label},
        {"view", to_string(stream.view)},
        {"enabled_ms", stream.enabled_ms},
        {"disabled_ms", stream.disabled_ms},
    };
}
Stream read_stream(const json::value& value) {
    return {
        .number = StorageNumber(value.at("number").to_number<std::uint32_t>()),
        .label = text(value.at("label")),
        .view = word<StreamView>(stream_views, value.at("view")),
        .enabled_ms = value.at("enabled_ms").to_number<std::int64_t>(),
        .disabled_ms = value.at("disabled_ms").to_number<std::int64_t>(),
    };
}

json::object write(const Replica& replica) {
    return {{"region", replica.region.value()}, {"status", to_string(replica.status)}, {"round", replica.round}};
}
Replica read_replica(const json::value& value) {
    return {
        .region = RegionName(text(value.at("region"))),
        .status = word<ReplicaStatus>(replica_statuses, value.at("status")),
        .round = value.at("round").to_number<std::uint32_t>(),
    };
}

json::array write(const core::HybridStamp& stamp) {
    return {stamp.wall_ms, stamp.counter, stamp.site};
}
core::HybridStamp read_stamp(const json::value& value) {
    return {
        .wall_ms = value.at(0).to_number<std::int64_t>(),
        .counter = value.at(1).to_number<std::uint32_t>(),
        .site = value.at(2).to_number<std::uint16_t>()
    };
}

json::array write(const std::pair<std::string, std::string>& tag) {
    return {tag.first, tag.second};
}
std::pair<std::string, std::string> read_tag(const json::value& value) {
    return {text(value.at(0)), text(value.at(1))};
}

template <class Element>
json::array write_all(const std::vector<Element>& elements) {
    json::array written;
    for (const auto& element : elements) written.push_back(write(element));
    return written;
}
template <class Read>
auto read_all(const json::value& value, Read read) {
    std::vector<std::invoke_result_t<Read, const json::value&>> elements;
    for (const auto& element : value.as_array()) elements.push_back(read(element));
    return elements;
}

Table read_table(const json::value& value) {
    if (value.at("format").to_number<int>() != format_version) throw std::invalid_argument("an unknown format");
    Table table;
    table.name = text(value.at("name"));
    table.id = text(value.at("id"));
    table.number = StorageNumber(value.at("number").to_number<std::uint32_t>());
    table.status = word<TableStatus>(table_statuses, value.at("status"));
    table.created_ms = value.at("created_ms").to_number<std::int64_t>();
    table.key = read_key(value.at("key"));
    table.attributes = read_all(value.at("attributes"), read_attribute);
    table.indexes = read_all(value.at("indexes"), read_index);
    table.on_demand = value.at("on_demand").as_bool();
    table.read_units = value.at("read_units").to_number<std::int64_t>();
    table.write_units = value.at("write_units").to_number<std::int64_t>();
    table.deletion_protected = value.at("deletion_protected").as_bool();
    table.table_class = text(value.at("table_class"));
    table.streams = read_all(value.at("streams"), read_stream);
    if (const auto& attribute = value.at("ttl_attribute"); !attribute.is_null()) table.ttl_attribute = text(attribute);
    table.replicas = read_all(value.at("replicas"), read_replica);
    table.shared_changed = read_stamp(value.at("shared_changed"));
    table.point_in_time = value.at("point_in_time").as_bool();
    table.point_in_time_since_ms = value.at("point_in_time_since_ms").to_number<std::int64_t>();
    table.recovery_days = value.at("recovery_days").to_number<int>();
    table.tags = read_all(value.at("tags"), read_tag);
    table.extras = text(value.at("extras"));
    return table;
}

}  // namespace

std::string_view to_string(TableStatus status) {
    return table_statuses[static_cast<std::size_t>(status)];
}
std::string_view to_string(Projected projected) {
    return projections[static_cast<std::size_t>(projected)];
}
std::string_view to_string(StreamView view) {
    return stream_views[static_cast<std::size_t>(view)];
}
std::string_view to_string(ReplicaStatus status) {
    return replica_statuses[static_cast<std::size_t>(status)];
}

bool Index::same_definition(const Index& other) const {
    return name == other.name && global == other.global && key == other.key && projected == other.projected &&
           included == other.included;
}

bool Table::same_shared(const Table& other) const {
    return attributes == other.attributes && ttl_attribute == other.ttl_attribute &&
           std::ranges::equal(indexes, other.indexes, &Index::same_definition);
}

const Index* Table::index(std::string_view index_name) const {
    const auto found = std::ranges::find(indexes, index_name, &Index::name);
    return found == indexes.end() ? nullptr : &*found;
}

const Stream* Table::stream() const {
    return !streams.empty() && streams.back().disabled_ms == 0 ? &streams.back() : nullptr;
}

std::string encode_table(const Table& table) {
    return json::serialize(json::object{
        {"format", format_version},
        {"name", table.name},
        {"id", table.id},
        {"number", table.number.value()},
        {"status", to_string(table.status)},
        {"created_ms", table.created_ms},
        {"key", write(table.key)},
        {"attributes", write_all(table.attributes)},
        {"indexes", write_all(table.indexes)},
        {"on_demand", table.on_demand},
        {"read_units", table.read_units},
        {"write_units", table.write_units},
        {"deletion_protected", table.deletion_protected},
        {"table_class", table.table_class},
        {"streams", write_all(table.streams)},
        {"ttl_attribute", table.ttl_attribute ? json::value(*table.ttl_attribute) : json::value()},
        {"replicas", write_all(table.replicas)},
        {"shared_changed", write(table.shared_changed)},
        {"point_in_time", table.point_in_time},
        {"point_in_time_since_ms", table.point_in_time_since_ms},
        {"recovery_days", table.recovery_days},
        {"tags", write_all(table.tags)},
        {"extras", table.extras},
    });
}

Result<Table> decode_table(std::string_view text) {
    // Boost.JSON throws where a member is missing or of another kind; that ends here.
    try {
        return read_table(json::parse(text));
    } catch (const std::exception& problem) {
        return fail("tables.bad-record", fmt::format("the record of a table: {}", problem.what()));
    }
}

std::string table_arn(const RegionName& region, std::string_view table) {
    return fmt::format("arn:aws:dynamodb:{}:{}:table/{}", region.value(), account_id, table);
}
std::string index_arn(const RegionName& region, std::string_view table, std::string_view index) {
    return fmt::format("{}/index/{}", table_arn(region, table), index);
}
std::string stream_arn(const RegionName& region, std::string_view table, std::string_view label) {
    return fmt::format("{}/stream/{}", table_arn(region, table), label);
}

}  // namespace cloudshelf::tables

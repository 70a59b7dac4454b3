#include "region/tables/table_request.hpp"

#include "wire/dynamodb/errors.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;
using dynamodb::KeyAttribute;
using dynamodb::KeySchema;
using dynamodb::errors::invalid_parameter;
using dynamodb::errors::validation;

constexpr std::array<std::string_view, 2> billing_modes{"PROVISIONED", "PAY_PER_REQUEST"};
constexpr std::array<std::string_view, 2> key_roles{"HASH", "RANGE"};
constexpr std::array<std::string_view, 3> key_types{"B", "N", "S"};
constexpr std::array<std::string_view, 3> projection_types{"ALL", "INCLUDE", "KEYS_ONLY"};
constexpr std::array<std::string_view, 4> stream_views{"NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY"};
constexpr std::array<std::string_view, 2> table_classes{"STANDARD", "STANDARD_INFREQUENT_ACCESS"};

constexpr std::size_t attribute_name_max = 255;
constexpr std::size_t included_per_index_max = 20;
constexpr std::size_t included_per_table_max = 100;
constexpr std::size_t tags_max = 50;
constexpr std::int64_t units_max = 1'000'000'000'000;

using Names = std::vector<std::string>;

std::vector<IndexWish::Element> read_key_schema(
    Constraints& constraints, const json::object& from, std::string_view path
) {
    std::vector<IndexWish::Element> elements;
    const auto* list = constraints.list(from, path, "KeySchema", Needed::yes, 1, 2);
    if (list == nullptr) return elements;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const auto* element = constraints.member((*list)[i]);
        if (element == nullptr) continue;
        const auto inside = fmt::format("{}keySchema.{}.member.", path, i + 1);
        const auto name = constraints.text(
            *element, inside, "AttributeName", Needed::yes, {.length_min = 1, .length_max = attribute_name_max}
        );
        const auto role = constraints.text(*element, inside, "KeyType", Needed::yes, {.words = key_roles});
        elements.push_back({.attribute = name.value_or(""), .role = role.value_or("")});
    }
    return elements;
}

Names names_of(const std::vector<KeyAttribute>& attributes) {
    Names names;
    for (const auto& attribute : attributes) names.push_back(attribute.name);
    return names;
}

const KeyAttribute* find(const std::vector<KeyAttribute>& attributes, std::string_view name) {
    const auto found = std::ranges::find(attributes, name, &KeyAttribute::name);
    return found == attributes.end() ? nullptr : &*found;
}

Result<KeySchema> make_key(
    const std::vector<IndexWish::Element>& elements, const std::vector<KeyAttribute>& attributes
) {
    Names names;
    for (const auto& element : elements) names.push_back(element.attribute);
    const bool defined =
        std::ranges::all_of(names, [&](const auto& name) { return find(attributes, name) != nullptr; });
    if (!defined) {
        return fail(invalid_parameter(fmt::format(
            "Some index key attributes are not defined in AttributeDefinitions. Keys: [{}], AttributeDefinitions: [{}]",
            fmt::join(names, ", "),
            fmt::join(names_of(attributes), ", ")
        )));
    }
    if (elements.size() == 2 && names[0] == names[1]) {
        return fail(validation("Both the Hash Key and the Range Key element in the KeySchema have the same name"));
    }
    if (elements[0].role != "HASH") {
        return fail(validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type"));
    }
    if (elements.size() == 2 && elements[1].role != "RANGE") {
        return fail(validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"));
    }
    KeySchema key{.hash = *find(attributes, names[0]), .sort = {}};
    if (elements.size() == 2) key.sort = *find(attributes, names[1]);
    return key;
}

Result<void> check_units(const Throughput& throughput) {
    const std::pair<std::string_view, std::int64_t> both[]{
        {"ReadCapacityUnits", throughput.read}, {"WriteCapacityUnits", throughput.write}
    };
    for (const auto& [name, units] : both) {
        if (units <= units_max) continue;
        return fail(validation(fmt::format("Given value {} for {} is out of bounds", units, name)));
    }
    return {};
}

Result<Index> make_index(const IndexWish& wish, const std::vector<KeyAttribute>& attributes) {
    const auto key = make_key(wish.key, attributes);
    if (!key) return fail(key.error());
    if (!wish.projection) return fail(invalid_parameter("Unknown ProjectionType: null"));
    if (wish.included && *wish.projection != "INCLUDE") {
        return fail(
            invalid_parameter(fmt::format("ProjectionType is {}, but NonKeyAttributes is specified", *wish.projection))
        );
    }
    if (!wish.included && *wish.projection == "INCLUDE") {
        return fail(invalid_parameter("ProjectionType is INCLUDE, but NonKeyAttributes is not specified"));
    }
    Index index;
    index.name = wish.name;
    index.key = *key;
    for (const auto projected : {Projected::all, Projected::keys_only, Projected::include}) {
        if (to_string(projected) == *wish.projection) index.projected = projected;
    }
    if (wish.included) index.included = *wish.included;
    const std::set<std::string> different(index.included.begin(), index.included.end());
    if (different.size() != index.included.size()) {
        return fail(invalid_parameter("NonKeyAttributes has the same attribute twice in index: " + wish.name));
    }
    return index;
}

Result<Index> make_local_index(
    const IndexWish& wish, const std::vector<KeyAttribute>& attributes, const KeySchema& table_key
) {
    auto index = make_index(wish, attributes);
    if (!index) return index;
    if (!index->key.sort) {
        return fail(invalid_parameter("Index KeySchema does not have a range key for index: " + wish.name));
    }
    if (index->key.hash.name != table_key.hash.name) {
        return fail(invalid_parameter(fmt::format(
            "Index KeySchema does not have the same leading hash key as table KeySchema for index: {}. index hash key: "
            "{}, table hash key: {}",
            wish.name,
            index->key.hash.name,
            table_key.hash.name
        )));
    }
    return index;
}

std::vector<IndexWish> read_indexes(Constraints& constraints, const json::object& request, bool global, bool* listed) {
    const std::string_view name = global ? "GlobalSecondaryIndexes" : "LocalSecondaryIndexes";
    const auto* list = constraints.list(request, "", name, Needed::no);
    *listed = list != nullptr;
    std::vector<IndexWish> wishes;
    if (list == nullptr) return wishes;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const auto* index = constraints.member((*list)[i]);
        if (index == nullptr) continue;
        const auto path =
            fmt::format("{}.{}.member.", global ? "globalSecondaryIndexes" : "localSecondaryIndexes", i + 1);
        wishes.push_back(read_index_wish(constraints, *index, path, global));
    }
    return wishes;
}

/// Members that are only told again (Table::extras).
std::string read_extras(Constraints& constraints, const json::object& request) {
    json::object extras;
    if (const auto* encryption = constraints.structure(request, "", "SSESpecification", Needed::no)) {
        if (constraints.flag(*encryption, "sSESpecification.", "Enabled", Needed::no).value_or(false)) {
            json::object told{{"Status", "ENABLED"}, {"SSEType", "KMS"}};
            if (const auto* key = encryption->if_contains("KMSMasterKeyId")) told["KMSMasterKeyArn"] = *key;
            extras["SSEDescription"] = std::move(told);
        }
    }
    if (const auto* limits = constraints.structure(request, "", "OnDemandThroughput", Needed::no)) {
        extras["OnDemandThroughput"] = *limits;
    }
    return json::serialize(extras);
}

Result<void> check_indexes_together(const Table& table) {
    std::set<std::string_view> names;
    std::size_t included = 0;
    for (const auto& index : table.indexes) {
        if (!names.insert(index.name).second) return fail(invalid_parameter("Duplicate index name: " + index.name));
        included += index.included.size();
    }
    if (included > included_per_table_max) {
        return fail(invalid_parameter(fmt::format(
            "Number of NonKeyAttributes of all indexes exceeds the per-table limit of {}", included_per_table_max
        )));
    }
    return {};
}

Result<void> check_all_used(const Table& table) {
    const auto used = used_attributes(table);
    if (used.size() == table.attributes.size()) return {};
    if (table.indexes.empty()) {
        return fail(invalid_parameter(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        ));
    }
    return fail(invalid_parameter(fmt::format(
        "Some AttributeDefinitions are not used. AttributeDefinitions: [{}], keys used: [{}]",
        fmt::join(names_of(table.attributes), ", "),
        fmt::join(names_of(used), ", ")
    )));
}

Result<void> check_billing(const Table& table, const std::optional<Throughput>& throughput) {
    if (table.on_demand && throughput) {
        return fail(invalid_parameter(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
        ));
    }
    if (!table.on_demand && !throughput) {
        return fail(invalid_parameter(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        ));
    }
    return throughput ? check_units(*throughput) : Result<void>{};
}

Result<void> add_local_indexes(Table& table, const std::vector<IndexWish>& wishes, bool listed) {
    if (!listed) return {};
    if (wishes.empty()) return fail(invalid_parameter("List of LocalSecondaryIndexes is empty"));
    if (!table.key.sort) {
        return fail(invalid_parameter(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
        ));
    }
    for (const auto& wish : wishes) {
        auto index = make_local_index(wish, table.attributes, table.key);
        if (!index) return fail(index.error());
        table.indexes.push_back(std::move(*index));
    }
    if (wishes.size() > local_indexes_max) {
        return fail(invalid_parameter(
            fmt::format("Number of LocalSecondaryIndexes exceeds per-table limit of {}", local_indexes_max)
        ));
    }
    return {};
}

Result<void> add_global_indexes(Table& table, const std::vector<IndexWish>& wishes, bool listed) {
    if (!listed) return {};
    if (wishes.empty()) return fail(invalid_parameter("List of GlobalSecondaryIndexes is empty"));
    for (const auto& wish : wishes) {
        auto index = make_global_index(wish, table.attributes, table.on_demand);
        if (!index) return fail(index.error());
        table.indexes.push_back(std::move(*index));
    }
    if (wishes.size() > global_indexes_max) {
        return fail(invalid_parameter(
            fmt::format("GlobalSecondaryIndex count exceeds the per-table limit of {}", global_indexes_max)
        ));
    }
    return {};
}

}  // namespace

std::optional<Throughput> read_throughput(Constraints& constraints, const json::object& from, std::string_view path) {
    const auto* given = constraints.structure(from, path, "ProvisionedThroughput", Needed::no);
    if (given == nullptr) return std::nullopt;
    const auto inside = fmt::format("{}provisionedThroughput.", path);
    const auto write = constraints.number(*given, inside, "WriteCapacityUnits", Needed::yes, 1);
    const auto read = constraints.number(*given, inside, "ReadCapacityUnits", Needed::yes, 1);
    return Throughput{.read = read.value_or(0), .write = write.value_or(0)};
}

std::optional<StreamWish> read_stream_wish(Constraints& constraints, const json::object& from) {
    const auto* given = constraints.structure(from, "", "StreamSpecification", Needed::no);
    if (given == nullptr) return std::nullopt;
    constexpr std::string_view inside = "streamSpecification.";
    StreamWish wish;
    wish.enabled = constraints.flag(*given, inside, "StreamEnabled", Needed::yes).value_or(false);
    const auto view = constraints.text(*given, inside, "StreamViewType", Needed::no, {.words = stream_views});
    for (const auto known :
         {StreamView::keys_only, StreamView::new_image, StreamView::old_image, StreamView::new_and_old_images}) {
        if (view == to_string(known)) wish.view = known;
    }
    return wish;
}

Result<void> check(const StreamWish& wish) {
    if (wish.enabled && !wish.view) {
        return fail(invalid_parameter("StreamViewType must be specified when StreamEnabled is true"));
    }
    if (!wish.enabled && wish.view) {
        return fail(invalid_parameter("StreamViewType must not be specified when StreamEnabled is false"));
    }
    return {};
}

std::vector<KeyAttribute> read_attributes(Constraints& constraints, const json::object& from, Needed needed) {
    std::vector<KeyAttribute> attributes;
    const auto* list = constraints.list(from, "", "AttributeDefinitions", needed);
    if (list == nullptr) return attributes;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const auto* definition = constraints.member((*list)[i]);
        if (definition == nullptr) continue;
        const auto inside = fmt::format("attributeDefinitions.{}.member.", i + 1);
        const auto name = constraints.text(
            *definition, inside, "AttributeName", Needed::yes, {.length_min = 1, .length_max = attribute_name_max}
        );
        const auto type = constraints.text(*definition, inside, "AttributeType", Needed::yes, {.words = key_types});
        const auto known = type ? dynamodb::type_named(*type) : std::nullopt;
        attributes.push_back({.name = name.value_or(""), .type = known.value_or(dynamodb::Type::S)});
    }
    return attributes;
}

Tags read_tags(Constraints& constraints, const json::object& from, Needed needed) {
    Tags tags;
    const auto* list = constraints.list(from, "", "Tags", needed);
    if (list == nullptr) return tags;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const auto* tag = constraints.member((*list)[i]);
        if (tag == nullptr) continue;
        const auto inside = fmt::format("tags.{}.member.", i + 1);
        auto key = constraints.text(*tag, inside, "Key", Needed::yes, {.length_min = 1, .length_max = 128});
        auto value = constraints.text(*tag, inside, "Value", Needed::yes, {.length_max = 256});
        tags.emplace_back(std::move(key).value_or(""), std::move(value).value_or(""));
    }
    return tags;
}

Result<void> merge_tags(Tags& into, Tags more) {
    std::set<std::string> keys;
    for (auto& [key, value] : more) {
        if (!keys.insert(key).second) return fail(invalid_parameter("Duplicate tag key: " + key));
        if (key.starts_with("aws:")) {
            return fail(invalid_parameter("Tag keys must not begin with aws:, which is reserved: " + key));
        }
        const auto found = std::ranges::find(into, key, &std::pair<std::string, std::string>::first);
        if (found == into.end()) {
            into.emplace_back(std::move(key), std::move(value));
        } else {
            found->second = std::move(value);
        }
    }
    if (into.size() > tags_max) {
        return fail(invalid_parameter(fmt::format("A resource cannot have more than {} tags", tags_max)));
    }
    return {};
}

IndexWish read_index_wish(Constraints& constraints, const json::object& from, std::string_view path, bool global) {
    IndexWish wish;
    const auto name =
        constraints.text(from, path, "IndexName", Needed::yes, {.length_min = 3, .length_max = 255, .name = true});
    wish.name = name.value_or("");
    wish.key = read_key_schema(constraints, from, path);
    if (const auto* projection = constraints.structure(from, path, "Projection", Needed::yes)) {
        const auto inside = fmt::format("{}projection.", path);
        wish.projection =
            constraints.text(*projection, inside, "ProjectionType", Needed::no, {.words = projection_types});
        const auto* included =
            constraints.list(*projection, inside, "NonKeyAttributes", Needed::no, 1, included_per_index_max);
        if (included != nullptr) wish.included.emplace();
        for (std::size_t i = 0; included != nullptr && i < included->size(); ++i) {
            // A list of texts has members without names; each is read as the only one of an object.
            const json::object alone{{"Member", (*included)[i]}};
            const auto each = fmt::format("{}nonKeyAttributes.{}.", inside, i + 1);
            const auto attribute = constraints.text(
                alone, each, "Member", Needed::yes, {.length_min = 1, .length_max = attribute_name_max}
            );
            wish.included->push_back(attribute.value_or(""));
        }
    }
    if (global) wish.throughput = read_throughput(constraints, from, path);
    return wish;
}

Result<Index> make_global_index(const IndexWish& wish, const std::vector<KeyAttribute>& attributes, bool on_demand) {
    auto index = make_index(wish, attributes);
    if (!index) return index;
    index->global = true;
    if (on_demand && wish.throughput) {
        return fail(invalid_parameter(fmt::format(
            "ProvisionedThroughput should not be specified for index: {} when BillingMode is PAY_PER_REQUEST", wish.name
        )));
    }
    if (!on_demand && !wish.throughput) {
        return fail(invalid_parameter(fmt::format(
            "ProvisionedThroughput must be specified for index: {} when BillingMode is PROVISIONED", wish.name
        )));
    }
    if (wish.throughput) {
        if (auto checked = check_units(*wish.throughput); !checked) return fail(checked.error());
        index->read_units = wish.throughput->read;
        index->write_units = wish.throughput->write;
    }
    return index;
}

std::vector<KeyAttribute> used_attributes(const Table& table) {
    std::set<std::string_view> used;
    const auto use = [&used](const KeySchema& key) {
        used.insert(key.hash.name);
        if (key.sort) used.insert(key.sort->name);
    };
    use(table.key);
    for (const auto& index : table.indexes) use(index.key);
    std::vector<KeyAttribute> attributes;
    for (const auto& attribute : table.attributes) {
        if (used.contains(attribute.name)) attributes.push_back(attribute);
    }
    return attributes;
}

Result<TableWish> read_table_wish(const json::object& request) {
    auto name = read_table_name(request);
    if (!name) return fail(name.error());
    Constraints constraints;
    TableWish wish;
    Table& table = wish.table;
    table.name = std::move(*name);
    table.attributes = read_attributes(constraints, request, Needed::yes);
    const auto billing = constraints.text(request, "", "BillingMode", Needed::no, {.words = billing_modes});
    const auto throughput = read_throughput(constraints, request, "");
    const auto key = read_key_schema(constraints, request, "");
    bool has_locals = false;
    bool has_globals = false;
    const auto locals = read_indexes(constraints, request, false, &has_locals);
    const auto globals = read_indexes(constraints, request, true, &has_globals);
    wish.stream = read_stream_wish(constraints, request);
    const auto table_class = constraints.text(request, "", "TableClass", Needed::no, {.words = table_classes});
    table.deletion_protected = constraints.flag(request, "", "DeletionProtectionEnabled", Needed::no).value_or(false);
    auto tags = read_tags(constraints, request, Needed::no);
    table.extras = read_extras(constraints, request);
    if (auto verdict = constraints.verdict(); !verdict) return fail(verdict.error());

    table.on_demand = billing == "PAY_PER_REQUEST";
    if (auto checked = check_billing(table, throughput); !checked) return fail(checked.error());
    if (throughput) {
        table.read_units = throughput->read;
        table.write_units = throughput->write;
    }
    std::set<std::string_view> defined;
    for (const auto& attribute : table.attributes) {
        if (defined.insert(attribute.name).second) continue;
        return fail(validation("Cannot have two attributes with the same name"));
    }
    auto made_key = make_key(key, table.attributes);
    if (!made_key) return fail(made_key.error());
    table.key = std::move(*made_key);
    if (auto added = add_local_indexes(table, locals, has_locals); !added) return fail(added.error());
    if (auto added = add_global_indexes(table, globals, has_globals); !added) return fail(added.error());
    if (auto checked = check_indexes_together(table); !checked) return fail(checked.error());
    if (auto checked = check_all_used(table); !checked) return fail(checked.error());
    if (wish.stream) {
        if (auto checked = check(*wish.stream); !checked) return fail(checked.error());
    }
    if (table_class) table.table_class = *table_class;
    if (auto merged = merge_tags(table.tags, std::move(tags)); !merged) return fail(merged.error());
    return wish;
}

}  // namespace cloudshelf::tables

#include "region/tables/query_request.hpp"

#include "region/tables/item_request.hpp"
#include "region/tables/storage.hpp"
#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/json.hpp"
#include "wire/dynamodb/key.hpp"
#include "wire/dynamodb/legacy.hpp"
#include "wire/dynamodb/parser.hpp"
#include "wire/dynamodb/placeholders.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;
namespace errors = dynamodb::errors;

constexpr std::int64_t segments_max = 1'000'000;
constexpr std::uint32_t places = 65'536;  // of spread_of
constexpr std::size_t head_bytes = sizeof(std::uint32_t) + sizeof(std::uint16_t);

bool contains(const auto& names, std::string_view name) {
    return std::ranges::find(names, name) != std::ranges::end(names);
}

/// A whole number that is there. Errors: SerializationException.
Result<std::optional<std::int64_t>> number_member(const json::object& request, std::string_view name) {
    const auto* found = member(request, name);
    if (!found) return std::optional<std::int64_t>();
    boost::system::error_code bad;
    const auto number = found->is_number() ? found->to_number<std::int64_t>(bad) : 0;
    if (!found->is_number() || bad) return fail(errors::serialization("Unexpected field type"));
    return std::optional(number);
}

Error must(std::string_view at, std::int64_t value, std::string_view rule) {
    return errors::validation(fmt::format(
        "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member must have value {}",
        value,
        at,
        rule
    ));
}

/// A Scan's segment. Errors: ValidationException.
struct Segment {
    std::int64_t number = 0;
    std::int64_t total = 1;
};
Result<Segment> read_segment(const json::object& request) {
    const auto total = number_member(request, "TotalSegments");
    const auto segment = number_member(request, "Segment");
    if (!total) return fail(total.error());
    if (!segment) return fail(segment.error());
    if (*total && **total < 1) return fail(must("totalSegments", **total, "greater than or equal to 1"));
    if (*total && **total > segments_max) return fail(must("totalSegments", **total, "less than or equal to 1000000"));
    if (*segment && **segment < 0) return fail(must("segment", **segment, "greater than or equal to 0"));
    if (*segment && **segment >= segments_max) return fail(must("segment", **segment, "less than or equal to 999999"));
    const auto missing = [](std::string_view wanted, std::string_view present) {
        return fail(errors::validation(fmt::format(
            "The {0} parameter is required but was not present in the request when {1} parameter is present",
            wanted,
            present
        )));
    };
    if (*segment && !*total) return missing("TotalSegments", "Segment");
    if (*total && !*segment) return missing("Segment", "parameter TotalSegments");
    if (!*total) return Segment();
    if (**segment >= **total) {
        return fail(errors::validation(fmt::format(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: {} is not "
            "less than TotalSegments: {}",
            **segment,
            **total
        )));
    }
    return Segment{.number = **segment, .total = **total};
}

const dynamodb::KeySchema& key_of_page(const PageRequest& page) {
    return page.index ? page.index->key : page.table->key;
}

std::vector<std::string_view> key_names(const dynamodb::KeySchema& key) {
    std::vector<std::string_view> names{key.hash.name};
    if (key.sort) names.push_back(key.sort->name);
    return names;
}

bool is_projected(const Table& table, const Index& index, std::string_view name) {
    if (index.projected == Projected::all) return true;
    const auto is_key = [&](const dynamodb::KeySchema& key) { return contains(key_names(key), name); };
    if (is_key(table.key) || is_key(index.key)) return true;
    return index.projected == Projected::include && contains(index.included, name);
}

/// FilterExpression, or QueryFilter or ScanFilter.
Result<void> read_filter(
    Reads reads, const json::object& request, dynamodb::Placeholders& placeholders, PageRequest& page
) {
    const auto text = text_member(request, "FilterExpression");
    if (!text) return fail(text.error());
    const std::string_view older = reads == Reads::query ? "QueryFilter" : "ScanFilter";
    if (member(request, "FilterExpression")) {
        auto filter = dynamodb::parse_condition(*text, "FilterExpression", placeholders);
        if (!filter) return fail(std::move(filter.error()));
        page.filter = std::move(*filter);
    } else {
        auto filter = dynamodb::read_filter(request, older);
        if (!filter) return fail(std::move(filter.error()));
        page.filter = std::move(*filter);
    }
    if (!page.filter || reads == Reads::scan) return {};
    const auto keys = key_names(key_of_page(page));
    for (const auto& path : dynamodb::paths_of(*page.filter)) {
        if (!contains(keys, dynamodb::top_of(path))) continue;
        return fail(errors::validation(fmt::format(
            "{} can only contain non-primary key attributes: Primary key attribute: {}",
            member(request, "FilterExpression") ? "Filter Expression" : std::string(older),
            dynamodb::top_of(path)
        )));
    }
    return {};
}

Result<void> read_what_is_shown(const json::object& request, dynamodb::Placeholders& placeholders, PageRequest& page) {
    auto older = dynamodb::read_attributes_to_get(request);
    if (!older) return fail(std::move(older.error()));
    if (*older) page.projection = std::move(**older);
    const auto text = text_member(request, "ProjectionExpression");
    if (!text) return fail(text.error());
    if (member(request, "ProjectionExpression")) {
        auto projection = dynamodb::parse_projection(*text, placeholders);
        if (!projection) return fail(std::move(projection.error()));
        page.projection = std::move(*projection);
    }
    const auto select = text_member(request, "Select").value_or(std::string_view());
    page.count_only = select == "COUNT";
    const Index* index = page.index;
    if (!index || index->projected == Projected::all) return {};
    const bool wants_all = select == "ALL_ATTRIBUTES";
    if (wants_all && index->global) {
        return fail(errors::invalid_parameter(fmt::format(
            "Select type ALL_ATTRIBUTES is not supported for global secondary index {} because its projection type is "
            "not ALL",
            index->name
        )));
    }
    std::vector<dynamodb::Path> looked_at = page.projection.paths;
    if (page.filter) std::ranges::move(dynamodb::paths_of(*page.filter), std::back_inserter(looked_at));
    page.fetches = wants_all;
    for (const auto& path : looked_at) {
        if (is_projected(*page.table, *index, dynamodb::top_of(path))) continue;
        if (index->global) {
            return fail(errors::invalid_parameter(
                fmt::format("Global secondary index {} does not project [{}]", index->name, dynamodb::top_of(path))
            ));
        }
        page.fetches = true;
    }
    return {};
}

/// Where a Query or Scan reads, before ExclusiveStartKey.
Result<void> read_range(
    Reads reads, const json::object& request, dynamodb::Placeholders& placeholders, PageRequest& page
) {
    const StorageNumber number = page.index ? page.index->number : page.table->number;
    const std::string prefix = storage_prefix(number);
    if (reads == Reads::scan) {
        const auto segment = read_segment(request);
        if (!segment) return fail(segment.error());
        const auto place = [&](std::int64_t of) {
            const auto at = static_cast<std::uint32_t>(places * of / segment->total);
            return prefix + static_cast<char>(at >> 8) + static_cast<char>(at);
        };
        page.from = place(segment->number);
        page.until = segment->number + 1 == segment->total ? changelog::KeyRange::prefix(prefix).until
                                                           : place(segment->number + 1);
        return {};
    }
    const auto& schema = key_of_page(page);
    const auto text = text_member(request, "KeyConditionExpression");
    if (!text) return fail(text.error());
    std::optional<dynamodb::KeyCondition> condition;
    if (member(request, "KeyConditionExpression")) {
        auto parsed = dynamodb::parse_key_condition(*text, schema, placeholders);
        if (!parsed) return fail(std::move(parsed.error()));
        condition = std::move(*parsed);
    } else {
        auto older = dynamodb::read_key_conditions(request, schema);
        if (!older) return fail(std::move(older.error()));
        condition = std::move(*older);
    }
    if (!condition) {
        return fail(errors::validation(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
        ));
    }
    const auto range = dynamodb::range_of(*condition, storage_prefix(number, condition->hash).substr(0, head_bytes));
    page.from = range.first;
    page.until = range.end.value_or("");
    return {};
}

/// Begins behind ExclusiveStartKey.
Result<void> skip_to_start(Reads reads, const json::object& request, PageRequest& page) {
    const auto* json = member(request, "ExclusiveStartKey");
    if (!json) return {};
    const auto start = dynamodb::read_item(*json);
    if (!start) return fail(start.error());
    const Table& table = *page.table;
    const auto wanted = [&] {
        std::vector<dynamodb::KeyAttribute> attributes{table.key.hash};
        if (table.key.sort) attributes.push_back(*table.key.sort);
        if (!page.index) return attributes;
        for (const auto& each : {std::optional(page.index->key.hash), page.index->key.sort}) {
            const bool is_new =
                each && !(std::ranges::find(attributes, each->name, &dynamodb::KeyAttribute::name) != attributes.end());
            if (is_new) attributes.push_back(*each);
        }
        return attributes;
    }();
    const bool fits = start->size() == wanted.size() && std::ranges::all_of(wanted, [&](const auto& attribute) {
                          const auto* value = start->find(attribute.name);
                          return value && value->is(attribute.type);
                      });
    if (!fits) {
        return fail(errors::validation(
            page.index && reads == Reads::query
                ? "The provided starting key is invalid"
                : "The provided starting key is invalid: The provided key element does not match the schema"
        ));
    }
    if (auto checked = dynamodb::check_item_key(*start, table.key); !checked) return fail(std::move(checked.error()));
    const auto key = page.index ? index_entry_key(table, *page.index, *start) : item_key(table, *start);
    if (!key) return fail(errors::validation("The provided starting key is invalid"));
    const bool inside = *key >= page.from && (page.until.empty() || *key < page.until);
    if (!inside) {
        return fail(errors::validation(
            reads == Reads::query
                ? "The provided starting key is outside query boundaries based on provided conditions"
                : "The provided starting key is invalid: Exclusive start key must lie within the segment"
        ));
    }
    if (page.descending) {
        page.until = *key;
    } else {
        page.from = *key + '\0';
    }
    return {};
}

Result<void> check_select(const json::object& request) {
    const auto select = text_member(request, "Select").value_or(std::string_view());
    const bool has_expression = member(request, "ProjectionExpression") != nullptr;
    const bool projects = has_expression || member(request, "AttributesToGet");
    if (select == "SPECIFIC_ATTRIBUTES" && !projects) {
        return fail(errors::validation(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
        ));
    }
    if (select.empty() || select == "SPECIFIC_ATTRIBUTES" || !projects) {
        if (select == "ALL_PROJECTED_ATTRIBUTES" && !member(request, "IndexName")) {
            return fail(
                errors::invalid_parameter("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
            );
        }
        return {};
    }
    return fail(errors::validation(fmt::format(
        "Cannot specify the {} when choosing to get {}",
        has_expression ? "ProjectionExpression" : "AttributesToGet",
        select == "COUNT" ? "only the Count" : select
    )));
}

}  // namespace

Result<void> check_page_request(Reads reads, const json::object& request) {
    MemberCheck check(request);
    check.one_of("Select", {"SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"});
    check.one_of("ReturnConsumedCapacity", {"INDEXES", "TOTAL", "NONE"}).table_name();
    const auto limit = number_member(request, "Limit");
    if (!limit) return fail(limit.error());
    if (*limit && **limit < 1) {
        check.broken(fmt::format("'{}'", **limit), "limit", "Member must have value greater than or equal to 1");
    }
    if (auto met = check.met(); !met) return met;
    for (const auto* name : {"ConsistentRead", "ScanIndexForward"}) {
        if (const auto flag = bool_member(request, name); !flag) return fail(flag.error());
    }
    auto mixed = reads == Reads::query ? dynamodb::check_not_mixed(
                                             request,
                                             {"ProjectionExpression", "FilterExpression", "KeyConditionExpression"},
                                             {"AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"}
                                         )
                                       : dynamodb::check_not_mixed(
                                             request,
                                             {"ProjectionExpression", "FilterExpression"},
                                             {"AttributesToGet", "ScanFilter", "ConditionalOperator"}
                                         );
    if (!mixed) return mixed;
    return check_select(request);
}

Result<PageRequest> read_page_request(Reads reads, const json::object& request, TablePtr table) {
    PageRequest page{.table = std::move(table)};
    page.consistent = bool_member(request, "ConsistentRead").value_or(false);
    page.limit = static_cast<std::size_t>(number_member(request, "Limit").value().value_or(0));
    if (reads == Reads::query && member(request, "ScanIndexForward"))
        page.descending = !bool_member(request, "ScanIndexForward").value_or(true);
    const auto capacity = read_return_consumed_capacity(request);
    if (!capacity) return fail(capacity.error());
    page.capacity = *capacity;
    const auto index = text_member(request, "IndexName");
    if (!index) return fail(index.error());
    if (member(request, "IndexName")) {
        page.index = page.table->index(*index);
        if (!page.index)
            return fail(errors::validation(fmt::format("The table does not have the specified index: {}", *index)));
        if (page.index->global && page.consistent)
            return fail(errors::validation("Consistent reads are not supported on global secondary indexes"));
        if (page.index->backfilling) {
            return fail(errors::validation(
                fmt::format("Cannot read from backfilling global secondary index: {}", page.index->name)
            ));
        }
    }
    auto placeholders = dynamodb::Placeholders::read(
        member(request, "ExpressionAttributeNames"), member(request, "ExpressionAttributeValues")
    );
    if (!placeholders) return fail(std::move(placeholders.error()));
    if (auto read = read_filter(reads, request, *placeholders, page); !read) return fail(std::move(read.error()));
    if (auto read = read_what_is_shown(request, *placeholders, page); !read) return fail(std::move(read.error()));
    if (auto read = read_range(reads, request, *placeholders, page); !read) return fail(std::move(read.error()));
    if (auto used = placeholders->all_used(); !used) return fail(std::move(used.error()));
    if (auto skipped = skip_to_start(reads, request, page); !skipped) return fail(std::move(skipped.error()));
    return page;
}

dynamodb::Item position_of(const Table& table, const Index* index, const dynamodb::Item& item) {
    dynamodb::Item position = dynamodb::key_of(item, table.key);
    if (!index) return position;
    position.set(index->key.hash.name, *item.find(index->key.hash.name));
    if (index->key.sort) position.set(index->key.sort->name, *item.find(index->key.sort->name));
    return position;
}

}  // namespace cloudshelf::tables

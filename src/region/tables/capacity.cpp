#include "region/tables/capacity.hpp"

#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace cloudshelf::tables {
namespace {

double units(std::size_t bytes, std::size_t unit) {
    return static_cast<double>(std::max<std::size_t>(1, (bytes + unit - 1) / unit));
}

using Indexes = std::map<std::string, double, std::less<>>;

double sum(const Indexes& indexes) {
    double all = 0;
    for (const auto& [name, used] : indexes) all += used;
    return all;
}

void append_indexes(std::string& to, std::string_view member, const Indexes& indexes) {
    if (indexes.empty()) return;
    fmt::format_to(std::back_inserter(to), R"(,"{}":{{)", member);
    bool first = true;
    for (const auto& [name, used] : indexes) {
        if (!first) to += ',';
        first = false;
        dynamodb::append_json_string(to, name);
        fmt::format_to(std::back_inserter(to), R"(:{{"CapacityUnits":{:.1f}}})", used);
    }
    to += '}';
}

}  // namespace

double read_units(std::size_t bytes, bool consistent) {
    return units(bytes, 4096) * (consistent ? 1 : 0.5);
}

double write_units(std::size_t bytes) {
    return units(bytes, 1024);
}

Result<ReturnConsumedCapacity> read_return_consumed_capacity(const boost::json::object& request) {
    const auto* wanted = request.if_contains("ReturnConsumedCapacity");
    if (!wanted || wanted->is_null()) return ReturnConsumedCapacity::none;
    const auto* text = wanted->if_string();
    if (!text) return fail(dynamodb::errors::serialization("Unexpected field type"));
    if (*text == "NONE") return ReturnConsumedCapacity::none;
    if (*text == "TOTAL") return ReturnConsumedCapacity::total;
    if (*text == "INDEXES") return ReturnConsumedCapacity::indexes;
    return fail(dynamodb::errors::validation(fmt::format(
        "1 validation error detected: Value '{}' at 'returnConsumedCapacity' failed to satisfy constraint: Member must "
        "satisfy enum value set: [INDEXES, TOTAL, NONE]",
        std::string_view(*text)
    )));
}

void append_json(std::string& to, const ConsumedCapacity& consumed, ReturnConsumedCapacity wanted) {
    const auto all = consumed.table_units + sum(consumed.local_indexes) + sum(consumed.global_indexes);
    const auto append_parts = [&] {
        if (consumed.split && consumed.read > 0)
            fmt::format_to(std::back_inserter(to), R"(,"ReadCapacityUnits":{:.1f})", consumed.read);
        if (consumed.split && consumed.write > 0)
            fmt::format_to(std::back_inserter(to), R"(,"WriteCapacityUnits":{:.1f})", consumed.write);
    };
    to += R"({"TableName":)";
    dynamodb::append_json_string(to, consumed.table);
    fmt::format_to(std::back_inserter(to), R"(,"CapacityUnits":{:.1f})", all);
    append_parts();
    if (wanted == ReturnConsumedCapacity::indexes) {
        fmt::format_to(std::back_inserter(to), R"(,"Table":{{"CapacityUnits":{:.1f})", consumed.table_units);
        append_parts();
        to += '}';
        append_indexes(to, "LocalSecondaryIndexes", consumed.local_indexes);
        append_indexes(to, "GlobalSecondaryIndexes", consumed.global_indexes);
    }
    to += '}';
}

}  // namespace cloudshelf::tables

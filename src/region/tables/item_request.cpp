#include "region/tables/item_request.hpp"

#include "region/tables/item_store.hpp"
#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/json.hpp"
#include "wire/dynamodb/legacy.hpp"
#include "wire/dynamodb/limits.hpp"
#include "wire/dynamodb/parser.hpp"
#include "wire/dynamodb/placeholders.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <iterator>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;
namespace errors = dynamodb::errors;

Error unexpected(const json::value& found, std::string_view wanted) {
    if (found.is_array()) return errors::serialization("Start of list found where not expected");
    if (found.is_object()) return errors::serialization("Start of structure or map found where not expected");
    if (found.is_string()) return errors::serialization(fmt::format("STRING_VALUE cannot be converted to {}", wanted));
    if (found.is_bool()) {
        const auto* token = found.get_bool() ? "TRUE_VALUE" : "FALSE_VALUE";
        return errors::serialization(fmt::format("{} cannot be converted to {}", token, wanted));
    }
    const auto* token = found.is_double() ? "DECIMAL_VALUE" : "NUMBER_VALUE";
    return errors::serialization(fmt::format("{} cannot be converted to {}", token, wanted));
}

bool in_table_names(char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_' || letter == '.' || letter == '-';
}

}  // namespace

const json::value* member(const json::object& object, std::string_view name) {
    const json::value* found = object.if_contains({name.data(), name.size()});
    return found && !found->is_null() ? found : nullptr;
}

Result<std::string_view> text_member(const json::object& object, std::string_view name) {
    const auto* found = member(object, name);
    if (!found) return std::string_view();
    const auto* text = found->if_string();
    if (!text) return fail(unexpected(*found, "String"));
    return std::string_view(text->data(), text->size());
}

Result<bool> bool_member(const json::object& object, std::string_view name) {
    const auto* found = member(object, name);
    if (!found) return false;
    if (const auto* value = found->if_bool()) return *value;
    return fail(unexpected(*found, "Boolean"));
}

Result<const json::object*> object_member(const json::object& object, std::string_view name) {
    const auto* found = member(object, name);
    if (!found) return nullptr;
    if (const auto* map = found->if_object()) return map;
    return fail(
        errors::serialization(found->is_array() ? "Start of list found where not expected" : "Unexpected field type")
    );
}

Result<const json::array*> array_member(const json::object& object, std::string_view name) {
    const auto* found = member(object, name);
    if (!found) return nullptr;
    if (const auto* list = found->if_array()) return list;
    return fail(errors::serialization(
        found->is_object() ? "Start of structure or map found where not expected" : "Unexpected field type"
    ));
}

std::string MemberCheck::place_of(std::string_view name) const {
    std::string place = within_ + std::string(name);
    auto& first = place[within_.size()];
    first = static_cast<char>(std::tolower(static_cast<unsigned char>(first)));
    return place;
}

MemberCheck& MemberCheck::required(std::string_view name) {
    if (member(request_, name)) return *this;
    return broken("null", place_of(name), "Member must not be null");
}

MemberCheck& MemberCheck::table_name() {
    const auto name = text_member(request_, "TableName");
    if (!name) {
        malformed_ = name.error();
        return *this;
    }
    if (!member(request_, "TableName")) return required("TableName");
    const auto bare = table_name_of(*name);
    const auto quoted = [&] { return fmt::format("'{}'", *name); };
    if (bare.empty() || !std::ranges::all_of(bare, in_table_names))
        broken(quoted(), place_of("TableName"), "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
    if (bare.size() < 3) broken(quoted(), place_of("TableName"), "Member must have length greater than or equal to 3");
    if (bare.size() > 255) broken(quoted(), place_of("TableName"), "Member must have length less than or equal to 255");
    return *this;
}

MemberCheck& MemberCheck::one_of(std::string_view name, std::initializer_list<std::string_view> words) {
    const auto text = text_member(request_, name);
    if (!text) {
        malformed_ = text.error();
        return *this;
    }
    if (!member(request_, name) || std::ranges::find(words, *text) != words.end()) return *this;
    std::string at(name);
    at[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(at[0])));
    return broken(
        fmt::format("'{}'", *text), at, fmt::format("Member must satisfy enum value set: [{}]", fmt::join(words, ", "))
    );
}

MemberCheck& MemberCheck::broken(std::string_view value, std::string_view at, std::string_view must) {
    fmt::format_to(
        std::back_inserter(texts_),
        "{}Value {} at '{}' failed to satisfy constraint: {}",
        count_ > 0 ? "; " : "",
        value,
        at,
        must
    );
    ++count_;
    return *this;
}

Result<void> MemberCheck::met() const {
    if (malformed_) return fail(*malformed_);
    if (count_ == 0) return {};
    return fail(
        errors::validation(fmt::format("{} validation error{} detected: {}", count_, count_ > 1 ? "s" : "", texts_))
    );
}

std::string_view table_name_of(std::string_view name_or_arn) {
    constexpr std::string_view table_part = ":table/";
    const auto at = name_or_arn.starts_with("arn:") ? name_or_arn.find(table_part) : std::string_view::npos;
    return at == std::string_view::npos ? name_or_arn : name_or_arn.substr(at + table_part.size());
}

std::string_view table_name_of(const json::object& request) {
    const auto name = text_member(request, "TableName");
    return name ? table_name_of(*name) : std::string_view();
}

bool takes_items(const TablePtr& table) {
    return table && (table->status == TableStatus::active || table->status == TableStatus::updating);
}

Result<TablePtr> find_table(const Catalogue& catalogue, std::string_view name) {
    auto table = catalogue.find(name);
    if (!takes_items(table)) return fail(errors::resource_not_found());
    return table;
}

Result<dynamodb::Projection> read_projection(const json::object& request) {
    auto not_mixed = dynamodb::check_not_mixed(request, {"ProjectionExpression"}, {"AttributesToGet"});
    if (!not_mixed) return fail(std::move(not_mixed.error()));
    auto older = dynamodb::read_attributes_to_get(request);
    if (!older) return fail(std::move(older.error()));
    if (*older) return std::move(**older);
    if (!member(request, "ProjectionExpression")) return dynamodb::Projection();
    auto placeholders = dynamodb::Placeholders::read(member(request, "ExpressionAttributeNames"), nullptr);
    if (!placeholders) return fail(std::move(placeholders.error()));
    const auto text = text_member(request, "ProjectionExpression");
    if (!text) return fail(text.error());
    auto projection = dynamodb::parse_projection(*text, *placeholders);
    if (!projection) return projection;
    if (auto used = placeholders->all_used(); !used) return fail(std::move(used.error()));
    return projection;
}

void add_write_units(
    ConsumedCapacity& consumed, const Table& table, const dynamodb::Item* was, const dynamodb::Item* now
) {
    const auto bytes = std::max(was ? dynamodb::size_of(*was) : 0, now ? dynamodb::size_of(*now) : 0);
    consumed.table_units += write_units(bytes);
    for (const auto& index : table.indexes) {
        const auto units = index_write_units(table, index, was, now);
        if (units > 0) (index.global ? consumed.global_indexes : consumed.local_indexes)[index.name] += units;
    }
}

std::string& JsonObject::member(std::string_view name) {
    if (text_.size() > 1) text_ += ',';
    dynamodb::append_json_string(text_, name);
    return text_ += ':';
}

std::string JsonObject::take() {
    text_ += '}';
    return std::move(text_);
}

}  // namespace cloudshelf::tables

#include "region/tables/conflict.hpp"
#include "region/tables/constraints.hpp"
#include "region/tables/description.hpp"
#include "region/tables/item_request.hpp"
#include "region/tables/operation.hpp"
#include "region/tables/service.hpp"
#include "region/tables/storage.hpp"
#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/json.hpp"
#include "wire/dynamodb/stored_item.hpp"

#include <fmt/format.h>

#include <charconv>

namespace cloudshelf::tables {
namespace {

namespace errors = dynamodb::errors;

constexpr std::int64_t page_conflicts_max = 1000;
constexpr std::size_t page_bytes_max = 1 << 20;

/// Where a page ended: a table's id and the last key of it, in hexadecimal digits.
std::string encode_token(std::string_view table_id, std::string_view key) {
    std::string token(table_id);
    token += '.';
    for (const char byte : key) fmt::format_to(std::back_inserter(token), "{:02x}", static_cast<unsigned char>(byte));
    return token;
}

struct Token {
    std::string table_id;
    std::string key;
};
std::optional<Token> decode_token(std::string_view text) {
    const auto dot = text.find('.');
    if (dot == std::string_view::npos || (text.size() - dot) % 2 == 0) return std::nullopt;
    Token token{.table_id = std::string(text.substr(0, dot)), .key = {}};
    for (auto at = dot + 1; at < text.size(); at += 2) {
        std::uint8_t byte = 0;
        const char* const from = text.data() + at;
        if (const auto [end, bad] = std::from_chars(from, from + 2, byte, 16); bad != std::errc() || end != from + 2)
            return std::nullopt;
        token.key += static_cast<char>(byte);
    }
    return token;
}

Result<void> append_side(std::string& to, const Conflict::Side& side, const RegionName& here) {
    to += R"({"RegionName":)";
    dynamodb::append_json_string(to, side.origin.value().empty() ? here.value() : side.origin.value());
    to += R"(,"WrittenDateTime":)";
    append_seconds(to, side.version.stamp.wall_ms);
    if (side.item) {
        const auto item = dynamodb::decode_item(*side.item);
        if (!item) return fail(item.error());
        to += R"(,"Item":)";
        dynamodb::append_json(to, *item);
    }
    to += '}';
    return {};
}

Result<void> append_conflict(std::string& to, const Table& table, std::string_view value, const RegionName& here) {
    const auto conflict = Conflict::decode(value);
    if (!conflict) return fail(conflict.error());
    const auto keys = key_attributes(table, storage_prefix(table.number) + conflict->key);
    if (!keys) return fail(keys.error());
    to += R"({"TableName":)";
    dynamodb::append_json_string(to, table.name);
    to += R"(,"Key":)";
    dynamodb::append_json(to, *keys);
    to += R"(,"FoundDateTime":)";
    append_seconds(to, conflict->at_ms);
    to += R"(,"Won":)";
    if (auto won = append_side(to, conflict->won, here); !won) return won;
    to += R"(,"Lost":)";
    if (auto lost = append_side(to, conflict->lost, here); !lost) return lost;
    to += '}';
    return {};
}

/// What is asked: these tables, behind what was told last.
struct Page {
    std::vector<TablePtr> tables;
    std::optional<Token> after;
    std::size_t limit = 0;
};

Result<std::string> read_conflicts(
    const changelog::View& view, const Storage& storage, const RegionName& here, const Page& page
) {
    std::string list;
    std::size_t count = 0;
    std::string token;
    for (const auto& table : page.tables) {
        if (!token.empty()) break;
        auto range = changelog::KeyRange::prefix(storage_prefix(table->number));
        if (page.after && page.after->table_id == table->id) range.from = page.after->key + '\0';
        Result<void> outcome;
        const auto take = [&](std::string_view key, std::string_view value) {
            if (count > 0) list += ',';
            outcome = append_conflict(list, *table, value, here);
            if (++count == page.limit || list.size() >= page_bytes_max) token = encode_token(table->id, key);
            return outcome && token.empty();
        };
        const auto scanned = view.scan(storage.conflicts, range, take);
        if (!scanned) return fail(scanned.error());
        if (!outcome) return fail(outcome.error());
    }
    std::string body = R"({"Conflicts":[)" + list + ']';
    if (!token.empty()) body += R"(,"NextToken":")" + token + '"';
    return body + '}';
}

/// ListConflicts (TableName, Limit, NextToken; all optional): the versions that lost here to a write of another region
/// which had not seen them, with the one that won, table by table, the oldest first. A deletion has no Item.
io::Task<Answer> list_conflicts(Call call) {
    Constraints constraints;
    const auto limit = constraints.number(call.body, "", "Limit", Needed::no, 1, page_conflicts_max);
    const auto token = constraints.text(call.body, "", "NextToken", Needed::no, {.length_min = 1, .length_max = 8192});
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());
    Service& service = call.service;
    Page page{.tables = service.catalogue().all(), .after = {}, .limit = 0};
    page.limit = static_cast<std::size_t>(limit.value_or(100));
    if (member(call.body, "TableName")) {
        const auto name = read_table_name(call.body);
        if (!name) co_return std::unexpected(name.error());
        auto table = find_table(service.catalogue(), *name);
        if (!table) co_return std::unexpected(table.error());
        page.tables = {std::move(*table)};
    }
    if (token) {
        page.after = decode_token(*token);
        if (!page.after) co_return std::unexpected(errors::validation("Invalid NextToken"));
        while (!page.tables.empty() && page.tables.front()->id != page.after->table_id)
            page.tables.erase(page.tables.begin());
    }
    auto work = [view = service.log().view(), storage = service.storage(), here = service.region(), &page] {
        return read_conflicts(view, storage, here, page);
    };
    auto read = co_await service.reading().run(std::move(work));
    if (!read) co_return std::unexpected(read.error());
    co_return std::move(*read);
}

}  // namespace

void add_conflict_operations(Operations& to) {
    to["ListConflicts"] = {.permission = sigv4::Permission::read, .handler = list_conflicts};
}

}  // namespace cloudshelf::tables

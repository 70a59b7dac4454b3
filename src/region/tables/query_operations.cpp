#include "region/tables/item_request.hpp"
#include "region/tables/item_store.hpp"
#include "region/tables/operation.hpp"
#include "region/tables/query_request.hpp"
#include "region/tables/service.hpp"
#include "wire/dynamodb/evaluate.hpp"
#include "wire/dynamodb/json.hpp"
#include "wire/dynamodb/limits.hpp"
#include "wire/dynamodb/stored_item.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>

namespace cloudshelf::tables {
namespace {

constexpr std::size_t page_bytes_max = 1 << 20;

/// What one page read, and the JSON of what it shows.
struct Page {
    std::string items = "[";
    std::size_t count = 0;
    std::size_t scanned = 0;
    std::size_t bytes = 0;          // looked at, in the table or the index
    std::size_t fetched_bytes = 0;  // of the table, for an index that lacks them
    std::optional<dynamodb::Item> last;
};

/// The entry as an item: of the table behind its version, of an index as it is.
Result<dynamodb::Item> item_of(const PageRequest& page, std::string_view value) {
    if (page.index) return dynamodb::decode_item(value);
    if (auto head = VersionHead::take(value); !head) return fail(head.error());
    return dynamodb::decode_item(value);
}

Result<dynamodb::Item> fetch(
    const changelog::View& view, const Storage& storage, const PageRequest& page, dynamodb::Item entry, Page& read
) {
    const auto stored = find_item(view, storage, item_key(*page.table, entry));
    if (!stored) return fail(stored.error());
    if (!*stored) return entry;
    auto item = (*stored)->item();
    if (item) read.fetched_bytes += dynamodb::size_of(*item);
    return item;
}

Result<Page> read_page(const changelog::View& view, const Storage& storage, const PageRequest& page) {
    Page read;
    Result<void> outcome;
    const auto visit = [&](std::string_view, std::string_view value) -> bool {
        auto entry = item_of(page, value);
        if (entry) {
            ++read.scanned;
            read.bytes += dynamodb::size_of(*entry);
            const bool full = read.scanned == page.limit || read.bytes >= page_bytes_max;
            if (full) read.last = position_of(*page.table, page.index, *entry);
            if (page.fetches) entry = fetch(view, storage, page, std::move(*entry), read);
        }
        if (!entry) {
            outcome = fail(entry.error());
            return false;
        }
        if (!page.filter || dynamodb::matches(*page.filter, *entry)) {
            ++read.count;
            if (!page.count_only) {
                if (read.items.size() > 1) read.items += ',';
                const bool whole = page.projection.paths.empty();
                dynamodb::append_json(read.items, whole ? *entry : dynamodb::project(page.projection, *entry));
            }
        }
        return !read.last;
    };
    const auto family = page.index ? storage.index : storage.data;
    const auto order = page.descending ? changelog::Order::descending : changelog::Order::ascending;
    const auto scanned = view.scan(family, {.from = page.from, .until = page.until}, visit, order);
    if (!scanned) return fail(scanned.error());
    if (!outcome) return fail(outcome.error());
    read.items += ']';
    return read;
}

std::string answer_of(const PageRequest& page, Page read) {
    JsonObject answer;
    if (!page.count_only) answer.member("Items") += read.items;
    answer.member("Count") += fmt::to_string(read.count);
    answer.member("ScannedCount") += fmt::to_string(read.scanned);
    if (read.last) dynamodb::append_json(answer.member("LastEvaluatedKey"), *read.last);
    if (page.capacity != ReturnConsumedCapacity::none) {
        ConsumedCapacity consumed{.table = page.table->name};
        const double units = read_units(read.bytes, page.consistent);
        if (!page.index) {
            consumed.table_units = units;
        } else {
            (page.index->global ? consumed.global_indexes : consumed.local_indexes)[page.index->name] = units;
            if (page.fetches) consumed.table_units = read_units(read.fetched_bytes, page.consistent);
        }
        append_json(answer.member("ConsumedCapacity"), consumed, page.capacity);
    }
    return answer.take();
}

io::Task<Answer> answer_page(Reads reads, Call call) {
    if (auto checked = check_page_request(reads, call.body); !checked) co_return std::unexpected(checked.error());
    Service& service = call.service;
    auto table = find_table(service.catalogue(), table_name_of(call.body));
    if (!table) co_return std::unexpected(table.error());
    auto page = read_page_request(reads, call.body, std::move(*table));
    if (!page) co_return std::unexpected(page.error());
    // Off the loop, and of one moment: a page may be a megabyte from the disk, while writes go on.
    auto work = [view = service.log().snapshot(), storage = service.storage(), &page] {
        return read_page(view, storage, *page);
    };
    auto read = co_await service.reading().run(std::move(work));
    if (!read) co_return std::unexpected(read.error());
    co_return answer_of(*page, std::move(*read));
}

io::Task<Answer> query(Call call) {
    return answer_page(Reads::query, call);
}
io::Task<Answer> scan(Call call) {
    return answer_page(Reads::scan, call);
}

}  // namespace

void add_query_operations(Operations& to) {
    to.emplace("Query", Operation{.permission = sigv4::Permission::read, .handler = query});
    to.emplace("Scan", Operation{.permission = sigv4::Permission::read, .handler = scan});
}

}  // namespace cloudshelf::tables

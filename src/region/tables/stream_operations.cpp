#include "region/tables/constraints.hpp"
#include "region/tables/description.hpp"
#include "region/tables/item_request.hpp"
#include "region/tables/item_store.hpp"
#include "region/tables/operation.hpp"
#include "region/tables/service.hpp"
#include "region/tables/stream_record.hpp"
#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <limits>

namespace cloudshelf::tables {
namespace {

namespace errors = dynamodb::errors;
using changelog::Position;
using namespace std::chrono_literals;

constexpr std::int64_t page_streams_max = 100;
constexpr std::int64_t page_records_max = 1000;
constexpr std::size_t page_bytes_max = 1 << 20;
constexpr std::int64_t iterator_ms = std::chrono::milliseconds(15min).count();
constexpr std::array<std::string_view, 4> iterator_types{
    "TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"
};

Error no_such_stream(std::string_view arn) {
    return errors::resource_not_found(fmt::format("Requested resource not found: Stream: {} not found", arn));
}

/// A stream and its table.
struct Found {
    TablePtr table;
    const Stream* stream = nullptr;
};

Result<Found> find_stream(Service& service, std::string_view arn) {
    const auto table = service.catalogue().find_stream(arn);
    if (!table) return fail(no_such_stream(arn));
    for (const auto& stream : table->streams) {
        if (stream_arn(service.region(), table->name, stream.label) == arn)
            return Found{.table = table, .stream = &stream};
    }
    return fail(no_such_stream(arn));
}

std::optional<std::string> read_arn(Constraints& constraints, const boost::json::object& body) {
    return constraints.text(body, "", "StreamArn", Needed::yes, {.length_min = 37, .length_max = 1024});
}

changelog::KeyRange records_after(const Stream& stream, Position position) {
    auto range = changelog::KeyRange::prefix(storage_prefix(stream.number));
    range.from = stream_key(stream.number, Position(position.value() + 1));
    return range;
}

Position position_in(std::string_view key) {
    std::uint64_t value = 0;
    for (const char byte : key.substr(key.size() - sizeof(value))) value = value << 8 | static_cast<std::uint8_t>(byte);
    return Position(value);
}

/// The first or the last record there is.
Result<std::optional<Position>> record_at(
    const changelog::View& view, const Storage& storage, const Stream& stream, Position after, changelog::Order order
) {
    std::optional<Position> found;
    const auto take = [&](std::string_view key, std::string_view) {
        found = position_in(key);
        return false;
    };
    const auto read = view.scan(storage.streams, records_after(stream, after), take, order);
    if (!read) return fail(read.error());
    return found;
}

// ListStreams

io::Task<Answer> list_streams(Call call) {
    Constraints constraints;
    const auto limit = constraints.number(call.body, "", "Limit", Needed::no, 1, page_streams_max);
    const auto after = constraints.text(call.body, "", "ExclusiveStartStreamArn", Needed::no, {.length_min = 37});
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());
    std::optional<std::string> only;
    if (member(call.body, "TableName")) {
        const auto name = read_table_name(call.body);
        if (!name) co_return std::unexpected(name.error());
        only = *name;
    }

    Service& service = call.service;
    struct Line {
        std::string arn;
        std::string_view label;
        std::string_view table;
    };
    std::vector<Line> lines;
    const auto tables = service.catalogue().all();
    for (const auto& table : tables) {
        if (only && table->name != *only) continue;
        for (const auto& stream : table->streams) {
            lines.push_back({stream_arn(service.region(), table->name, stream.label), stream.label, table->name});
        }
    }
    std::ranges::sort(lines, {}, &Line::arn);
    if (after) std::erase_if(lines, [&](const Line& line) { return line.arn <= *after; });
    const auto shown = std::min(lines.size(), static_cast<std::size_t>(limit.value_or(page_streams_max)));

    std::string body = R"({"Streams":[)";
    for (std::size_t i = 0; i < shown; ++i) {
        if (i > 0) body += ',';
        fmt::format_to(
            std::back_inserter(body),
            R"({{"StreamArn":"{}","StreamLabel":"{}","TableName":"{}"}})",
            lines[i].arn,
            lines[i].label,
            lines[i].table
        );
    }
    body += ']';
    if (shown < lines.size()) body += fmt::format(R"(,"LastEvaluatedStreamArn":"{}")", lines[shown - 1].arn);
    co_return body + "}";
}

// DescribeStream

/// Where a stream's one shard begins and, of a stream that is disabled, ends.
struct ShardRange {
    Position from;
    std::optional<Position> until;
};

Result<ShardRange> range_of(Service& service, const Stream& stream) {
    const auto& log = service.log();
    // Before the index is read: what is written meanwhile stands behind it.
    const Position empty(std::max(log.last().value(), log.low_water().value() + 1));
    const auto view = log.view();
    const auto first = record_at(view, service.storage(), stream, log.low_water(), changelog::Order::ascending);
    if (!first) return fail(first.error());
    ShardRange range{.from = first->value_or(empty), .until = {}};
    if (stream.disabled_ms != 0) {
        const auto last = record_at(view, service.storage(), stream, log.low_water(), changelog::Order::descending);
        if (!last) return fail(last.error());
        range.until = last->value_or(range.from);
    }
    return range;
}

io::Task<Answer> describe_stream(Call call) {
    Constraints constraints;
    const auto arn = read_arn(constraints, call.body);
    constraints.number(call.body, "", "Limit", Needed::no, 1, page_streams_max);
    const auto after =
        constraints.text(call.body, "", "ExclusiveStartShardId", Needed::no, {.length_min = 28, .length_max = 65});
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());
    Service& service = call.service;
    const auto found = find_stream(service, *arn);
    if (!found) co_return std::unexpected(found.error());
    const auto& [table, stream] = *found;

    std::string body = fmt::format(
        R"({{"StreamDescription":{{"StreamArn":"{}","StreamLabel":"{}","StreamStatus":"{}","StreamViewType":"{}",)"
        R"("CreationRequestDateTime":)",
        *arn,
        stream->label,
        stream->disabled_ms == 0 ? "ENABLED" : "DISABLED",
        to_string(stream->view)
    );
    append_seconds(body, stream->enabled_ms);
    body += fmt::format(R"(,"TableName":"{}","KeySchema":)", table->name);
    append_key_schema(body, table->key);
    body += R"(,"Shards":[)";
    if (!after || *after < shard_id(*stream)) {
        const auto range = range_of(service, *stream);
        if (!range) co_return std::unexpected(range.error());
        fmt::format_to(
            std::back_inserter(body),
            R"({{"ShardId":"{}","SequenceNumberRange":{{"StartingSequenceNumber":"{}")",
            shard_id(*stream),
            sequence_number(range->from)
        );
        if (range->until) body += fmt::format(R"(,"EndingSequenceNumber":"{}")", sequence_number(*range->until));
        body += "}}";
    }
    co_return body + "]}}";
}

// Iterators: `ARN|1|` and in hexadecimal digits the position that was read last and the moment it was given out.

std::string encode_iterator(std::string_view arn, Position after, std::int64_t now_ms) {
    return fmt::format("{}|1|{:016x}{:016x}", arn, after.value(), now_ms);
}

struct Iterator {
    std::string_view arn;
    Position after;
    std::int64_t made_ms = 0;
};

std::optional<Iterator> decode_iterator(std::string_view text) {
    constexpr std::string_view middle = "|1|";
    const auto at = text.find(middle);
    if (at == std::string_view::npos) return std::nullopt;
    const auto digits = text.substr(at + middle.size());
    if (digits.size() != 32) return std::nullopt;
    const auto number = [](std::string_view hex) -> std::optional<std::uint64_t> {
        std::uint64_t value = 0;
        const auto [end, bad] = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
        if (bad != std::errc() || end != hex.data() + hex.size()) return std::nullopt;
        return value;
    };
    const auto after = number(digits.substr(0, 16));
    const auto made = number(digits.substr(16));
    if (!after || !made || *made > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    return Iterator{.arn = text.substr(0, at), .after = Position(*after), .made_ms = static_cast<std::int64_t>(*made)};
}

Error trimmed() {
    return errors::trimmed_data("The operation attempted to read past the oldest stream record in a shard.");
}

/// Where an iterator of that type begins: the position before.
Result<Position> begin_of(
    Service& service, std::string_view type, const std::optional<std::string>& sequence, std::string_view shard
) {
    const auto& log = service.log();
    if (type == "TRIM_HORIZON") return log.low_water();
    if (type == "LATEST") return log.last();
    if (!sequence) {
        return fail(errors::validation(
            "SequenceNumber is required when the ShardIteratorType is AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER"
        ));
    }
    const auto position = position_of(*sequence);
    if (!position || position->value() == 0) {
        return fail(errors::validation(fmt::format("Invalid SequenceNumber {}: not one of shard {}", *sequence, shard))
        );
    }
    const Position after(type == "AT_SEQUENCE_NUMBER" ? position->value() - 1 : position->value());
    if (after < log.low_water()) return fail(trimmed());
    return after;
}

io::Task<Answer> get_shard_iterator(Call call) {
    Constraints constraints;
    const auto arn = read_arn(constraints, call.body);
    const auto shard = constraints.text(call.body, "", "ShardId", Needed::yes, {.length_min = 28, .length_max = 65});
    const auto type = constraints.text(call.body, "", "ShardIteratorType", Needed::yes, {.words = iterator_types});
    const auto sequence =
        constraints.text(call.body, "", "SequenceNumber", Needed::no, {.length_min = 21, .length_max = 40});
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());
    Service& service = call.service;
    const auto found = find_stream(service, *arn);
    if (!found) co_return std::unexpected(found.error());
    if (*shard != shard_id(*found->stream)) {
        co_return std::unexpected(errors::resource_not_found(
            fmt::format("Requested resource not found: Shard: {} in Stream: {} not found", *shard, *arn)
        ));
    }
    const auto begin = begin_of(service, *type, sequence, *shard);
    if (!begin) co_return std::unexpected(begin.error());
    co_return fmt::format(R"({{"ShardIterator":"{}"}})", encode_iterator(*arn, *begin, service.wall_ms()));
}

// GetRecords

struct Records {
    std::string json;
    Position reached;
    bool more = false;  // the page was full
};

Result<Records> read_records(
    const changelog::ChangeLog& log, const Storage& storage, const Found& from, Position after, std::size_t limit
) {
    // Before the index is read: a record that is not in it yet stands behind this.
    Records read{.json = {}, .reached = std::max(after, log.last())};
    std::vector<Position> positions;
    const auto take = [&](std::string_view key, std::string_view) {
        positions.push_back(position_in(key));
        return positions.size() < limit;
    };
    const auto scanned = log.view().scan(storage.streams, records_after(*from.stream, after), take);
    if (!scanned) return fail(scanned.error());
    read.more = positions.size() == limit;
    if (!positions.empty()) read.reached = read.more ? positions.back() : std::max(read.reached, positions.back());
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < positions.size(); ++i) {
        const auto entry = log.entry(positions[i]);
        if (!entry) return fail(entry.error().code == "log.trimmed" ? trimmed() : entry.error());
        const auto begin = read.json.size();
        if (begin > 0) read.json += ',';
        const auto appended = append_record(read.json, *entry, *from.table, *from.stream, log.options().region);
        if (!appended) return fail(appended.error());
        bytes += read.json.size() - begin;
        if (bytes > page_bytes_max && i > 0) {
            read.json.resize(begin);
            read.more = true;
            read.reached = positions[i - 1];
            break;
        }
    }
    return read;
}

io::Task<Answer> get_records(Call call) {
    Constraints constraints;
    const auto text =
        constraints.text(call.body, "", "ShardIterator", Needed::yes, {.length_min = 1, .length_max = 2048});
    const auto limit = constraints.number(call.body, "", "Limit", Needed::no, 1, page_records_max);
    if (auto verdict = constraints.verdict(); !verdict) co_return std::unexpected(verdict.error());
    Service& service = call.service;
    const auto iterator = decode_iterator(*text);
    if (!iterator) co_return std::unexpected(errors::validation("Invalid ShardIterator"));
    const auto found = find_stream(service, iterator->arn);
    if (!found) co_return std::unexpected(found.error());
    if (service.wall_ms() - iterator->made_ms > iterator_ms) {
        co_return std::unexpected(
            errors::expired_iterator("The provided iterator exceeds the maximum age allowed: 15 minutes")
        );
    }
    if (iterator->after < service.log().low_water()) co_return std::unexpected(trimmed());
    const auto records_max = static_cast<std::size_t>(limit.value_or(page_records_max));
    auto work = [log = &service.log(), storage = service.storage(), &found, &iterator, records_max] {
        return read_records(*log, storage, *found, iterator->after, records_max);
    };
    const auto read = co_await service.reading().run(std::move(work));
    if (!read) co_return std::unexpected(read.error());
    std::string body = fmt::format(R"({{"Records":[{}])", read->json);
    // A shard that was closed ends; one that is open goes on for as long as its stream does.
    if (read->more || found->stream->disabled_ms == 0) {
        body += R"(,"NextShardIterator":")";
        body += encode_iterator(iterator->arn, read->reached, service.wall_ms());
        body += '"';
    }
    co_return body + "}";
}

}  // namespace

void add_stream_operations(Operations& to) {
    to["ListStreams"] = {.permission = sigv4::Permission::read, .handler = list_streams};
    to["DescribeStream"] = {.permission = sigv4::Permission::read, .handler = describe_stream};
    to["GetShardIterator"] = {.permission = sigv4::Permission::read, .handler = get_shard_iterator};
    to["GetRecords"] = {.permission = sigv4::Permission::read, .handler = get_records};
}

}  // namespace cloudshelf::tables

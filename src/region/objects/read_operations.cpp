// GetObject, HeadObject.
#include "region/objects/find_version.hpp"
#include "region/objects/lifecycle.hpp"
#include "region/objects/new_version.hpp"
#include "region/objects/object_reader.hpp"
#include "region/objects/operation.hpp"
#include "region/objects/repairs.hpp"
#include "region/objects/replication.hpp"
#include "region/objects/service.hpp"
#include "wire/s3/conditions.hpp"
#include "wire/s3/date.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/headers.hpp"
#include "wire/s3/range.hpp"

#include <charconv>
#include <chrono>
#include <memory>

namespace cloudshelf::objects {
namespace {

constexpr std::size_t piece_bytes = 1 << 20;  // that is read, decrypted and sent at a time
constexpr int attempts_max = 3;               // to read an object that others replace all the time

/// Which of an object's bytes are asked for.
struct Extent {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    bool partial = false;  // answered with 206
};

/// ?partNumber=: a part as it was uploaded.
Result<Extent> numbered_part(const Version& version, std::string_view text) {
    std::uint16_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || number < 1)
        return fail(s3::errors::invalid_argument("Part number must be an integer between 1 and 10000, inclusive"));
    Extent part{.partial = true};
    if (version.parts.empty() && number == 1) {
        part.length = version.size;
        return part;
    }
    for (const auto& each : version.parts) {
        part.length = each.size;
        if (each.number == number) return part;
        part.offset += each.size;
    }
    return fail(s3::errors::invalid_part_number());
}

Result<Extent> wanted_part(const Call& call, const Version& version) {
    if (call.asks_for("partNumber")) return numbered_part(version, call.parameter("partNumber"));
    const Extent whole{.length = version.size};
    const auto range = call.header("Range");
    if (range.empty()) return whole;
    const std::string if_range(call.header("If-Range"));
    const auto bound = if_range.empty() ? std::nullopt : std::optional<std::string_view>(if_range);
    if (!s3::range_applies(bound, '"' + version.etag + '"', modified(version))) return whole;
    const auto parsed = s3::parse_range(range, version.size);
    if (!parsed) return fail(parsed.error());
    if (!*parsed) return whole;
    return Extent{.offset = (*parsed)->offset, .length = (*parsed)->length, .partial = true};
}

io::Headers headers_of(const Call& call, const Version& version) {
    io::Headers headers = version.headers;
    headers.emplace_back("ETag", '"' + version.etag + '"');
    headers.emplace_back("Last-Modified", s3::http_date(modified(version)));
    headers.emplace_back("Accept-Ranges", "bytes");
    append_version_headers(headers, version, call.bucket->versioning);
    if (!version.storage_class.empty() && version.storage_class != "STANDARD")
        headers.emplace_back("x-amz-storage-class", version.storage_class);
    if (!version.tags.empty()) headers.emplace_back("x-amz-tagging-count", std::to_string(version.tags.size()));
    if (version.lock.mode != core::LockMode::none) {
        const bool compliance = version.lock.mode == core::LockMode::compliance;
        const auto until = s3::Milliseconds(std::chrono::milliseconds(version.lock.until_ms));
        headers.emplace_back("x-amz-object-lock-mode", compliance ? "COMPLIANCE" : "GOVERNANCE");
        headers.emplace_back("x-amz-object-lock-retain-until-date", s3::iso_8601(until));
    }
    append_expiration_header(headers, call.service, call.bucket->settings, version);
    if (version.lock.legal_hold) headers.emplace_back("x-amz-object-lock-legal-hold", "ON");
    if (const auto status = replication_status(call.service, *call.bucket, version); !status.empty())
        headers.emplace_back("x-amz-replication-status", status);
    return headers;
}

/// The next bytes; of a content that is altered or lost after it was brought back from another region, if that has it.
io::Task<Result<std::string>> next_bytes(Service* service, std::shared_ptr<ObjectReader> reader) {
    auto read = [reader] { return reader->next(piece_bytes); };
    auto bytes = co_await service->working().run(read);
    if (bytes) co_return bytes;
    const bool is_back = co_await bring_back(*service, reader->content(), bytes.error());
    if (!is_back) co_return bytes;
    auto again = co_await service->working().run(read);
    co_return again;
}

/// Sends an object's bytes as they are read. What turns out to be corrupt ends the connection: the client sees that
/// something is missing.
io::Task<void> send(
    Service* service, std::shared_ptr<ObjectReader> reader, std::string first, io::HttpResponse::Writer write
) {
    bool taken = co_await write(std::move(first));
    while (taken) {
        auto bytes = co_await next_bytes(service, reader);
        if (!bytes) {
            report_unreadable(*service, bytes.error());
            co_return;
        }
        if (bytes->empty()) co_return;
        taken = co_await write(std::move(*bytes));
    }
}

/// What GetObject and HeadObject have in common: all but the bytes.
Answer describe(const Call& call, const Version& version, Extent& part) {
    const auto verdict =
        s3::check_read(s3::request_conditions(call.request.headers), '"' + version.etag + '"', modified(version));
    if (verdict == s3::Precondition::failed) return std::unexpected(s3::errors::precondition_failed());
    io::HttpResponse answer{.status = 200, .headers = headers_of(call, version)};
    if (verdict == s3::Precondition::not_modified) {
        answer.status = 304;
        return answer;
    }
    const auto wanted = wanted_part(call, version);
    if (!wanted) {
        Refusal refusal(wanted.error());
        refusal.headers.emplace_back("Content-Range", s3::unsatisfied_range(version.size));
        if (refusal.error.code == "InvalidRange") {
            refusal.details.emplace_back("RangeRequested", call.header("Range"));
            refusal.details.emplace_back("ActualObjectSize", std::to_string(version.size));
        }
        return std::unexpected(std::move(refusal));
    }
    part = *wanted;
    if (part.partial && part.length > 0) {
        answer.status = 206;
        const s3::ByteRange range{.offset = part.offset, .length = part.length};
        answer.headers.emplace_back("Content-Range", range.content_range(version.size));
    }
    if (call.asks_for("partNumber") && !version.parts.empty())
        answer.headers.emplace_back("x-amz-mp-parts-count", std::to_string(version.parts.size()));
    const bool whole = part.length == version.size;
    if (whole && call.header("x-amz-checksum-mode") == "ENABLED")
        append_checksum_headers(answer.headers, version.checksum);
    auto overrides = s3::response_overrides(call.target.query);
    if (!overrides) return std::unexpected(overrides.error());
    if (!overrides->empty() && call.caller.anonymous())
        return std::unexpected(
            s3::errors::invalid_request("Request specific response headers cannot be used for anonymous GET requests.")
        );
    s3::override_headers(answer.headers, *overrides);
    answer.content_length = part.length;
    return answer;
}

io::Task<Answer> head_object(Call call) {
    const auto version = find_asked_version(call, "s3:GetObjectVersion");
    if (!version) co_return std::unexpected(version.error());
    Extent part;
    co_return describe(call, *version, part);
}

/// Whether what was found is deleted or replaced by now, and its bytes gone with it.
bool is_gone(const Call& call, const Version& version) {
    const auto now = find_asked_version(call, "s3:GetObjectVersion");
    return !now || *now != version;
}

/// `last`: one that is gone before its first bytes are read is not looked for again, but answered as it is.
io::Task<std::optional<Answer>> try_to_get(Call call, bool last) {
    auto version = find_asked_version(call, "s3:GetObjectVersion");
    if (!version) co_return std::unexpected(version.error());
    Extent part;
    auto answer = describe(call, *version, part);
    if (!answer || answer->status == 304) co_return answer;
    const auto reader = std::make_shared<ObjectReader>(call.service.contents(), *version, part.offset, part.length);
    // The first bytes before the answer's head, so that an object that cannot be read is an error and no short answer.
    auto first = co_await next_bytes(&call.service, reader);
    if (!first && !last && is_gone(call, *version)) co_return std::nullopt;
    if (!first) {
        report_unreadable(call.service, first.error());
        co_return std::unexpected(first.error());
    }
    if (first->size() == part.length) {
        answer->content_length.reset();
        answer->body = std::move(*first);
        co_return answer;
    }
    const auto held = std::make_shared<std::string>(std::move(*first));
    answer->stream = [service = &call.service, reader, held](io::HttpResponse::Writer write) {
        return send(service, reader, std::move(*held), std::move(write));
    };
    co_return answer;
}

io::Task<Answer> get_object(Call call) {
    for (int attempt = 1;; ++attempt) {
        auto answer = co_await try_to_get(call, attempt == attempts_max);
        if (answer) co_return std::move(*answer);
    }
}

}  // namespace

void add_read_operations(Operations& to) {
    to["GetObject"] = {.action = "s3:GetObject", .on = Operation::On::object, .handler = get_object};
    to["HeadObject"] = {.action = "s3:GetObject", .on = Operation::On::object, .handler = head_object};
}

}  // namespace cloudshelf::objects

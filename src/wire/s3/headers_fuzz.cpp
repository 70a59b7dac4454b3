#include "base/assert.hpp"
#include "wire/s3/checksum_headers.hpp"
#include "wire/s3/conditions.hpp"
#include "wire/s3/copy_source.hpp"
#include "wire/s3/date.hpp"
#include "wire/s3/encryption_headers.hpp"
#include "wire/s3/headers.hpp"
#include "wire/s3/lock_headers.hpp"
#include "wire/s3/names.hpp"
#include "wire/s3/operation.hpp"
#include "wire/s3/range.hpp"
#include "wire/s3/tag_header.hpp"
#include "wire/s3/target.hpp"
#include "wire/s3/value_text.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace cloudshelf;
using namespace cloudshelf::s3;
using Pairs = std::vector<std::pair<std::string, std::string>>;

void fuzz_dates(std::string_view text) {
    if (const auto time = parse_http_date(text)) CLOUDSHELF_ASSERT(parse_http_date(http_date(*time)) == time);
    if (const auto time = parse_iso_8601(text)) CLOUDSHELF_ASSERT(parse_iso_8601(iso_8601(*time)) == time);
}

void fuzz_ranges(std::string_view text) {
    constexpr std::array<std::uint64_t, 4> sizes{0, 1, 1000, UINT64_MAX};
    for (const std::uint64_t size : sizes) {
        if (const auto range = parse_range(text, size); range && *range) {
            CLOUDSHELF_ASSERT((*range)->length > 0 && (*range)->length <= size - (*range)->offset);
        }
        if (const auto range = parse_copy_source_range(text, size)) {
            CLOUDSHELF_ASSERT(range->length > 0 && range->length <= size - range->offset);
        }
    }
}

void fuzz_values(std::string_view text) {
    fuzz_dates(text);
    fuzz_ranges(text);
    if (const auto source = parse_copy_source(text)) {
        CLOUDSHELF_ASSERT(check_bucket_name(source->bucket) && check_key(source->key));
        CLOUDSHELF_ASSERT(parse_copy_source(copy_source_header(*source)).value() == *source);
    }
    if (const auto tags = parse_tag_header(text)) {
        CLOUDSHELF_ASSERT(tags->size() <= 10 && parse_tag_header(tag_header(*tags)).value() == *tags);
    }
    if (s3::text::utf8_length(text)) static_cast<void>(encoded_words(text));
    static_cast<void>(range_applies(text, "\"abc\"", {}));
}

void fuzz_all_headers(const Pairs& headers) {
    const Conditions conditions = request_conditions(headers);
    static_cast<void>(check_read(conditions, "\"abc\"", {}));
    static_cast<void>(check_write(conditions, "\"abc\""));
    static_cast<void>(check_copy_source(copy_source_conditions(headers), "\"abc\"", {}));
    if (const auto checksum = body_checksum(headers); checksum && *checksum) {
        const auto& its = **checksum;
        CLOUDSHELF_ASSERT(its.in_trailer ? its.raw.empty() : its.raw.size() == checksum_size(its.algorithm));
    }
    static_cast<void>(upload_checksum(headers));
    static_cast<void>(content_md5(headers));
    static_cast<void>(storage_class(headers));
    static_cast<void>(canned_acl(headers));
    static_cast<void>(server_side_encryption(headers));
    static_cast<void>(copy_source_customer_key(headers));
    if (const auto key = customer_key(headers); key && *key) CLOUDSHELF_ASSERT((*key)->key.size() == 32);
    if (const auto lock = lock_headers(headers, {}); lock && lock->until) {
        CLOUDSHELF_ASSERT(lock->until->date > Milliseconds{});
    }
    const auto stored = stored_headers(headers);
    if (!stored) return;
    for (const auto& [name, value] : answer_headers(*stored)) {
        CLOUDSHELF_ASSERT(!s3::text::has_control(name) && !s3::text::has_control(value));
    }
}

void fuzz_target(std::string_view method, std::string_view of, const Pairs& headers) {
    static const std::array<std::string, 2> domains{"s3.cloudshelf.com", "s3.us-east-1.amazonaws.com"};
    const auto target = parse_target(header_or_empty(headers, "host"), of, domains);
    if (!target) return;
    CLOUDSHELF_ASSERT(!target->bucket.empty() || target->key.empty());
    const auto name = operation_name(method, *target, headers);
    CLOUDSHELF_ASSERT(name ? !name->empty() : !name.error().message.empty());
    if (const auto overrides = response_overrides(target->query)) {
        for (const auto& [header, value] : *overrides) CLOUDSHELF_ASSERT(!s3::text::has_control(value));
    }
}

}  // namespace

/// Any bytes as a request, a line of method and target and then headers; and each header's value as whatever else a
/// value can be.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    fuzz_values(rest);
    std::string_view target = s3::text::take_until(rest, '\n');
    const std::string_view method = s3::text::take_until(target, ' ');
    Pairs headers;
    while (!rest.empty()) {
        std::string_view value = s3::text::take_until(rest, '\n');
        const std::string_view name = s3::text::take_until(value, ':');
        headers.emplace_back(name, value);
        fuzz_values(s3::text::trimmed(value));
    }
    fuzz_all_headers(headers);
    fuzz_target(method, target, headers);
    return 0;
}

// GetObjectAttributes.
#include "region/objects/checksums.hpp"
#include "region/objects/find_version.hpp"
#include "region/objects/new_version.hpp"
#include "region/objects/operation.hpp"
#include "region/objects/service.hpp"
#include "wire/s3/date.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/object_answers.hpp"
#include "wire/s3/value_text.hpp"

#include <algorithm>
#include <chrono>
#include <set>

namespace cloudshelf::objects {
namespace {

constexpr int parts_max = 1000;

using Names = std::set<std::string, std::less<>>;

/// x-amz-object-attributes: one header or several, names between commas.
Result<Names> asked_attributes(const Call& call) {
    Names names;
    for (const auto& [header, value] : call.request.headers) {
        if (!s3::text::equal_ignoring_case(header, "x-amz-object-attributes")) continue;
        for (std::string_view rest = value; !rest.empty();)
            names.emplace(s3::text::trimmed(s3::text::take_until(rest, ',')));
    }
    if (names.empty()) {
        return fail(s3::errors::invalid_request(
            "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty"
        ));
    }
    const Names known{"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"};
    if (!std::ranges::includes(known, names))
        return fail(s3::errors::invalid_argument("Invalid attribute name specified."));
    return names;
}

Result<int> number_header(const Call& call, std::string_view name, int absent) {
    const auto text = call.header(name);
    if (text.empty()) return absent;
    const auto number = s3::text::digits(text);
    if (!number) return fail(s3::errors::invalid_argument(std::string(name) + " must be a number"));
    return static_cast<int>(std::min<std::uint64_t>(*number, 1'000'000));
}

/// Parts are shown one by one where they have checksums; else their number is all.
s3::ObjectParts parts_of(const Version& version, int marker, int shown_max) {
    s3::ObjectParts shown{
        .total = static_cast<int>(version.parts.size()), .part_number_marker = marker, .max_parts = shown_max
    };
    for (const auto& part : version.parts) {
        if (part.checksum.empty() || part.number <= marker) continue;
        if (shown.parts.size() == static_cast<std::size_t>(shown_max)) {
            shown.truncated = true;
            break;
        }
        const StoredChecksum checksum{.algorithm = version.checksum.algorithm, .type = {}, .value = part.checksum};
        shown.parts.push_back({
            .number = part.number,
            .size = static_cast<std::int64_t>(part.size),
            .checksums = elements_of(checksum),
        });
        shown.next_part_number_marker = part.number;
    }
    return shown;
}

io::Task<Answer> get_object_attributes(Call call) {
    const auto asked = asked_attributes(call);
    if (!asked) co_return std::unexpected(asked.error());
    const auto marker = number_header(call, "x-amz-part-number-marker", 0);
    if (!marker) co_return std::unexpected(marker.error());
    const auto shown_max = number_header(call, "x-amz-max-parts", parts_max);
    if (!shown_max) co_return std::unexpected(shown_max.error());
    const auto permitted =
        permit(call, "s3:GetObjectAttributes", sigv4::Permission::read, Operation::On::object, call.target.key);
    if (!permitted) co_return std::unexpected(permitted.error());
    const auto version = find_asked_version(call, "s3:GetObjectVersionAttributes");
    if (!version) co_return std::unexpected(version.error());
    s3::ObjectAttributes attributes;
    if (asked->contains("ETag")) attributes.etag = version->etag;
    if (asked->contains("Checksum") && !version->checksum.value.empty())
        attributes.checksums = elements_of(version->checksum);
    if (asked->contains("ObjectParts") && !version->parts.empty())
        attributes.parts = parts_of(*version, *marker, std::min(*shown_max, parts_max));
    if (asked->contains("StorageClass"))
        attributes.storage_class = version->storage_class.empty() ? "STANDARD" : version->storage_class;
    if (asked->contains("ObjectSize")) attributes.size = static_cast<std::int64_t>(version->size);
    io::HttpResponse answer = xml_answer(s3::print(attributes));
    const auto modified = s3::Milliseconds(std::chrono::milliseconds(version->modified_ms));
    answer.headers.emplace_back("Last-Modified", s3::http_date(std::chrono::floor<std::chrono::seconds>(modified)));
    if (call.bucket->versioning != Versioning::never) answer.headers.emplace_back("x-amz-version-id", version->id);
    co_return answer;
}

}  // namespace

void add_attributes_operations(Operations& to) {
    to["GetObjectAttributes"] = {
        .action = "s3:GetObject", .on = Operation::On::object, .handler = get_object_attributes
    };
}

}  // namespace cloudshelf::objects

#include "wire/s3/range.hpp"

#include "wire/s3/errors.hpp"
#include "wire/s3/value_text.hpp"

#include <algorithm>

namespace cloudshelf::s3 {
namespace {

constexpr std::string_view unit = "bytes=";

}  // namespace

std::string ByteRange::content_range(std::uint64_t object_size) const {
    return "bytes " + std::to_string(offset) + "-" + std::to_string(offset + length - 1) + "/" +
           std::to_string(object_size);
}

Result<std::optional<ByteRange>> parse_range(std::string_view header, std::uint64_t object_size) {
    std::string_view last = text::trimmed(header);
    if (!text::starts_with_ignoring_case(last, unit)) return std::nullopt;
    last.remove_prefix(unit.size());
    if (!last.contains('-')) return std::nullopt;
    const std::string_view first = text::take_until(last, '-');
    const auto from = text::digits(first);
    const auto to = text::digits(last);  // several ranges have commas, so they end here
    if ((!from && !first.empty()) || (!to && !last.empty())) return std::nullopt;
    if (!from) {  // the last so many bytes
        if (!to) return std::nullopt;
        const std::uint64_t length = std::min(*to, object_size);
        // Of an empty object not even its end can be given: no Content-Range says so.
        if (length == 0) return fail(errors::invalid_range());
        return ByteRange{.offset = object_size - length, .length = length};
    }
    if (to && *to < *from) return std::nullopt;
    if (*from >= object_size) return fail(errors::invalid_range());
    const std::uint64_t end = to ? std::min(*to, object_size - 1) : object_size - 1;
    return ByteRange{.offset = *from, .length = end - *from + 1};
}

std::string unsatisfied_range(std::uint64_t object_size) {
    return "bytes */" + std::to_string(object_size);
}

Result<ByteRange> parse_copy_source_range(std::string_view header, std::uint64_t source_size) {
    std::string_view last = text::trimmed(header);
    const bool of_bytes = last.starts_with(unit);
    last.remove_prefix(of_bytes ? unit.size() : 0);
    const auto from = text::digits(text::take_until(last, '-'));
    const auto to = text::digits(last);
    if (!of_bytes || !from || !to || *to < *from) {
        return fail(errors::invalid_argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy"
        ));
    }
    if (*to >= source_size) {
        return fail(errors::invalid_argument(
            "Range specified is not valid for source object of size: " + std::to_string(source_size)
        ));
    }
    return ByteRange{.offset = *from, .length = *to - *from + 1};
}

}  // namespace cloudshelf::s3

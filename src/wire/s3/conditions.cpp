#include "wire/s3/conditions.hpp"

#include "wire/s3/errors.hpp"
#include "wire/s3/etag.hpp"
#include "wire/s3/value_text.hpp"

#include <algorithm>

namespace cloudshelf::s3 {
namespace {

enum class Comparison : bool { strong, weak };

Conditions conditions_of(HeaderList headers, std::string_view prefix) {
    const auto header = [&](std::string_view name) -> std::optional<std::string> {
        const auto value = find_header(headers, std::string(prefix).append(name));
        return value ? std::optional<std::string>(*value) : std::nullopt;
    };
    return {
        .if_match = header("if-match"),
        .if_none_match = header("if-none-match"),
        .if_modified_since = header("if-modified-since"),
        .if_unmodified_since = header("if-unmodified-since"),
    };
}

/// The next tag of a list, with its quotes if it has any. Commas within quotes are the tag's.
std::string_view take_tag(std::string_view& list) {
    const bool weak = list.starts_with("W/");
    const std::size_t opening = weak ? 2 : 0;
    std::size_t end = opening;
    if (list.substr(opening).starts_with('"')) {
        const auto closing = list.find('"', opening + 1);
        end = closing == std::string_view::npos ? list.size() : closing + 1;
    }
    end = std::min(list.find(',', end), list.size());
    const std::string_view tag = text::trimmed(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    return tag;
}

bool is_listed(std::string_view list, std::string_view etag, Comparison comparison) {
    list = text::trimmed(list);
    if (list == "*") return true;
    for (; !list.empty(); list = text::trimmed(list)) {
        std::string_view tag = take_tag(list);
        if (tag.starts_with("W/")) {
            if (comparison == Comparison::strong) continue;
            tag.remove_prefix(2);
        }
        if (!tag.empty() && unquoted_etag(tag) == unquoted_etag(etag)) return true;
    }
    return false;
}

/// Whether the object is newer than the header's date; nothing where there is no such header, or it has no date.
std::optional<bool> modified_since(const std::optional<std::string>& header, Seconds last_modified) {
    const auto date = header ? parse_http_date(*header) : std::nullopt;
    return date ? std::optional(last_modified > *date) : std::nullopt;
}

}  // namespace

Conditions request_conditions(HeaderList headers) {
    return conditions_of(headers, "");
}

Conditions copy_source_conditions(HeaderList headers) {
    return conditions_of(headers, "x-amz-copy-source-");
}

Precondition check_read(const Conditions& conditions, std::string_view etag, Seconds last_modified) {
    if (conditions.if_match) {
        if (!is_listed(*conditions.if_match, etag, Comparison::strong)) return Precondition::failed;
    } else if (modified_since(conditions.if_unmodified_since, last_modified) == true) {
        return Precondition::failed;
    }
    if (conditions.if_none_match) {
        if (is_listed(*conditions.if_none_match, etag, Comparison::weak)) return Precondition::not_modified;
    } else if (modified_since(conditions.if_modified_since, last_modified) == false) {
        return Precondition::not_modified;
    }
    return Precondition::proceed;
}

Result<void> check_copy_source(const Conditions& conditions, std::string_view etag, Seconds last_modified) {
    if (check_read(conditions, etag, last_modified) == Precondition::proceed) return {};
    return fail(errors::precondition_failed());
}

Result<void> check_write(const Conditions& conditions, std::optional<std::string_view> etag) {
    const bool dated = conditions.if_modified_since || conditions.if_unmodified_since;
    const bool both = conditions.if_match && conditions.if_none_match;
    if (dated || both) return fail(errors::not_implemented());
    if (conditions.if_none_match) {
        if (*conditions.if_none_match != "*") return fail(errors::not_implemented());
        if (etag) return fail(errors::precondition_failed());
    }
    if (conditions.if_match) {
        if (!etag) return fail(errors::no_such_key());
        if (!is_listed(*conditions.if_match, *etag, Comparison::strong)) {
            return fail(errors::precondition_failed());
        }
    }
    return {};
}

bool range_applies(std::optional<std::string_view> if_range, std::string_view etag, Seconds last_modified) {
    if (!if_range) return true;
    if (const auto date = parse_http_date(*if_range)) return *date == last_modified;
    return unquoted_etag(*if_range) == unquoted_etag(etag);
}

}  // namespace cloudshelf::s3

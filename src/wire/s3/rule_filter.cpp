#include "wire/s3/rule_filter.hpp"

#include <algorithm>

namespace cloudshelf::s3 {
namespace {

constexpr std::size_t prefix_bytes_max = 1024;

/// Returns how many predicates there are.
std::size_t read_predicates(Fields& fields, RuleFilter& filter, FilterSizes sizes) {
    std::size_t count = 0;
    if (auto prefix = fields.text("Prefix")) {
        check_prefix(fields, *prefix);
        filter.prefix = std::move(*prefix);
        ++count;
    }
    filter.tags = read_tags(fields, rules_max);
    count += filter.tags.size();
    if (sizes == FilterSizes::taken) {
        filter.size_greater_than = fields.number("ObjectSizeGreaterThan");
        filter.size_less_than = fields.number("ObjectSizeLessThan");
        count += filter.size_greater_than ? 1 : 0;
        count += filter.size_less_than ? 1 : 0;
        if (filter.size_greater_than && *filter.size_greater_than < 0)
            fields.complain(errors::invalid_request("'ObjectSizeGreaterThan' should be a positive integer"));
        if (filter.size_less_than && *filter.size_less_than < 1)
            fields.complain(errors::invalid_request("'ObjectSizeLessThan' should be a positive integer"));
        if (filter.size_greater_than && filter.size_less_than && *filter.size_greater_than >= *filter.size_less_than) {
            fields.complain(
                errors::invalid_request("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'")
            );
        }
    }
    return count;
}

void write_predicates(XmlWriter& writer, const RuleFilter& filter) {
    writer.element_if_some("Prefix", filter.prefix);
    write_tags(writer, filter.tags);
    writer.element("ObjectSizeGreaterThan", filter.size_greater_than);
    writer.element("ObjectSizeLessThan", filter.size_less_than);
}

}  // namespace

RuleFilter read_filter(Fields& fields, FilterSizes sizes) {
    RuleFilter filter;
    const bool all = fields.inside("And", [&](Fields& predicates) {
        if (read_predicates(predicates, filter, sizes) < 2) predicates.malformed();
    });
    if (!all && read_predicates(fields, filter, sizes) > 1) fields.malformed();
    return filter;  // with an And, what stands beside it was not asked for and is complained of
}

void write_filter(XmlWriter& writer, const RuleFilter& filter) {
    writer.open("Filter");
    const std::size_t others =
        filter.tags.size() + (filter.size_greater_than ? 1 : 0) + (filter.size_less_than ? 1 : 0);
    if (others == 0) {
        writer.element("Prefix", filter.prefix);
    } else if (others == 1 && filter.prefix.empty()) {
        write_predicates(writer, filter);
    } else {
        writer.open("And");
        write_predicates(writer, filter);
        writer.close();
    }
    writer.close();
}

bool matches(const RuleFilter& filter, std::string_view key, const std::vector<Tag>& tags, std::int64_t size) {
    const auto has = [&](const Tag& tag) { return std::ranges::find(tags, tag) != tags.end(); };
    return key.starts_with(filter.prefix) && std::ranges::all_of(filter.tags, has) &&
           (!filter.size_greater_than || size > *filter.size_greater_than) &&
           (!filter.size_less_than || size < *filter.size_less_than);
}

void check_prefix(Fields& fields, std::string_view prefix) {
    if (prefix.size() > prefix_bytes_max)
        fields.complain(errors::invalid_request("The maximum size of a prefix is 1024"));
}

}  // namespace cloudshelf::s3

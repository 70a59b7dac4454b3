#pragma once

#include "wire/s3/fields.hpp"
#include "wire/s3/tagging.hpp"
#include "wire/s3/xml.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// What lifecycle and replication rules have in common: which objects they are for, and their ids.
namespace cloudshelf::s3 {

inline constexpr std::size_t rules_max = 1000;

/// All of it has to hold. Empty: every object.
struct RuleFilter {
    std::string prefix = {};
    std::vector<Tag> tags = {};
    std::optional<std::int64_t> size_greater_than = {};  // bytes
    std::optional<std::int64_t> size_less_than = {};
    bool operator==(const RuleFilter&) const = default;
};

/// Whether it says anything of objects' sizes is a matter of the document.
enum class FilterSizes : bool { refused, taken };

/// The `Filter` element: nothing, one predicate, or `And` with two or more.
RuleFilter read_filter(Fields& fields, FilterSizes sizes);
void write_filter(XmlWriter& writer, const RuleFilter& filter);

bool matches(const RuleFilter& filter, std::string_view key, const std::vector<Tag>& tags, std::int64_t size);

/// A rule's prefix, of at most 1,024 bytes.
void check_prefix(Fields& fields, std::string_view prefix);

/// Ids of rules: at most 255 characters, unique, and one that depends on nothing but the document where none is given.
template <class Rule>
void finish_ids(Fields& root, std::vector<Rule>& rules) {
    constexpr std::size_t id_characters_max = 255;
    std::set<std::string, std::less<>> taken;
    for (const auto& rule : rules) {
        if (characters(rule.id) > id_characters_max)
            root.complain(errors::invalid_argument("ID length should not exceed allowed limit of 255"));
        if (!rule.id.empty() && !taken.insert(rule.id).second)
            root.complain(errors::invalid_argument("Rule ID must be unique. Found same ID for more than one rule"));
    }
    int number = 0;
    for (auto& rule : rules) {
        ++number;
        for (int attempt = 0; rule.id.empty(); ++attempt) {
            auto id = "rule-" + std::to_string(number) + (attempt == 0 ? "" : "-" + std::to_string(attempt));
            if (taken.insert(id).second) rule.id = std::move(id);
        }
    }
}

}  // namespace cloudshelf::s3

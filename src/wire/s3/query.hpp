#pragma once

#include "base/result.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudshelf::s3 {

/// The parameters of a target, decoded, in their order. "+" is a blank here, as forms and S3 have it; a parameter
/// without "=" has an empty value.
class QueryParameters {
public:
    QueryParameters() = default;

    /// `query`: what follows the "?". Errors: InvalidURI for an invalid escape.
    static Result<QueryParameters> parse(std::string_view query);

    bool has(std::string_view name) const { return get(name).has_value(); }

    /// The first of that name; names are told apart by case.
    std::optional<std::string_view> get(std::string_view name) const;

    std::span<const std::pair<std::string, std::string>> all() const { return all_; }

private:
    std::vector<std::pair<std::string, std::string>> all_;
};

}  // namespace cloudshelf::s3

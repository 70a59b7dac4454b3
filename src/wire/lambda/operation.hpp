#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::lambda {

/// What a request is about.
struct Target {
    std::string operation;                                   // "CreateFunction"
    std::map<std::string, std::string, std::less<>> labels;  // what the path names: "FunctionName", "Name", …

    /// An empty text where the path names no such thing.
    std::string_view label(std::string_view name) const;
};

/// Nothing where the API has no such path or method. `target`: path and query, as on the wire.
std::optional<Target> read_target(std::string_view method, std::string_view target);

/// A path's or query's text without its escapes; what is no valid escape stays as it is.
std::string percent_decode(std::string_view text);

}  // namespace cloudshelf::lambda

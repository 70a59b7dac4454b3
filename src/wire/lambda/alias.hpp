#pragma once

#include "base/result.hpp"

#include <boost/json/object.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::lambda {

/// A name for a version, or for two of them by weight.
struct Alias {
    std::string name;
    std::string version;  // "$LATEST" or a number
    std::string description;
    std::map<std::string, double> additional_weights;  // by version: its share; the alias' own version has the rest
    std::string revision;
    bool operator==(const Alias&) const = default;
};

/// CreateAlias' body, without a revision. Errors: ValidationException, InvalidParameterValueException,
/// SerializationException.
Result<Alias> read_alias(const boost::json::object& request);
/// What UpdateAlias' body leaves of an alias. Errors: as read_alias.
Result<Alias> change_alias(Alias from, const boost::json::object& request);

/// An AliasConfiguration, without its ARN. `read_alias` reads it again, all but the revision.
boost::json::object print(const Alias& alias);

/// Which version an invocation goes to. `drawn`: uniform in [0, 1).
std::string_view pick_version(const Alias& alias, double drawn);

}  // namespace cloudshelf::lambda

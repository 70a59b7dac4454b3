#pragma once

#include "base/result.hpp"
#include "region/functions/function.hpp"
#include "region/functions/operation.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

/// What many operations read of their requests and write into their answers.
namespace cloudshelf::functions {

/// Which function, and which of its versions, a request is about.
struct Named {
    std::string name;
    std::string qualifier;  // or empty
    std::string arn;        // with the qualifier where there is one
};

/// From the path and `Qualifier`. Errors: ValidationException, InvalidParameterValueException (two qualifiers),
/// ResourceNotFoundException (another region's or account's).
Result<Named> named(const Call& call);
/// Out of a text in a body or a path. Errors: as named.
Result<Named> named(const Call& call, std::string_view function, std::string_view qualifier = {});

/// The function a request is about, as it is now. Errors: as named, ResourceNotFoundException.
struct Found {
    Named named;
    FunctionPtr function;
};
Result<Found> find_function(const Call& call);
/// Its version too. Errors: as find_function.
struct FoundVersion {
    Named named;
    FunctionPtr function;
    const Version* version = nullptr;  // of the function
};
Result<FoundVersion> find_version(const Call& call);

/// `RevisionId`, where it is given, is the present one. Errors: PreconditionFailedException, SerializationException.
Result<void> check_revision(const boost::json::object& body, std::string_view present);

/// Items by key, from `Marker` (an answer's, its last key) on, at most `MaxItems` or `most`. Errors:
/// ValidationException.
struct Page {
    boost::json::array items;
    std::optional<std::string> next;
};
Result<Page> page_of(const Call& call, std::map<std::string, boost::json::object> items, std::size_t most);
/// A page as answers have it: the items under `name`, NextMarker.
io::HttpResponse answer_page(std::string_view name, Page page);

io::HttpResponse answer_json(int status, const boost::json::object& body);
io::HttpResponse answer_nothing(int status = 204);

}  // namespace cloudshelf::functions

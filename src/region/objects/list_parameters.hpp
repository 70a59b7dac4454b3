#pragma once

#include "base/result.hpp"
#include "region/objects/operation.hpp"
#include "wire/s3/listing.hpp"

#include <string_view>

/// What listings of all kinds read of their query.
namespace cloudshelf::objects {

/// The most that a page has, whatever is asked for.
inline constexpr int items_max = 1000;

/// A count or a marker; `absent` where it is none. Errors: InvalidArgument.
Result<int> number_parameter(const Call& call, std::string_view name, int absent);

/// `encoding-type`. Errors: InvalidArgument.
Result<s3::KeyEncoding> encoding_parameter(const Call& call);

}  // namespace cloudshelf::objects

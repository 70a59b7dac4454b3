#pragma once

#include "wire/sigv4/request.hpp"

#include <string>
#include <string_view>
#include <vector>

/// The texts that are signed (AWS General Reference, "Create a signed AWS API request").
namespace cloudshelf::sigv4 {

inline constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

/// `signed_headers`: lower case, sorted. `payload`: the last line, a digest or one of S3's words. X-Amz-Signature in
/// the query is left out.
std::string canonical_request(
    const Request& request, const std::vector<std::string>& signed_headers, std::string_view payload, Dialect dialect
);

/// `time` as in the request: "20130524T000000Z".
std::string string_to_sign(std::string_view time, const Scope& scope, std::string_view canonical_request);

/// Percent-encoding of all but A-Z a-z 0-9 - _ . ~ (and "/" where it is kept).
std::string encode(std::string_view text, bool keep_slash);
/// The opposite; what is no valid escape stays as it is.
std::string decode(std::string_view text);

/// The pieces of a query, decoded, in their order.
std::vector<std::pair<std::string, std::string>> query_parameters(std::string_view query);

}  // namespace cloudshelf::sigv4

#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::s3 {

struct CorsRule {
    std::string id = {};
    std::vector<std::string> origins;  // each with one * at most
    std::vector<std::string> methods;
    std::vector<std::string> headers = {};  // each with one * at most
    std::vector<std::string> expose = {};
    std::optional<std::int64_t> max_age_seconds = {};
    bool operator==(const CorsRule&) const = default;
};

/// Body of PutBucketCors, answer of GetBucketCors.
struct CorsConfiguration {
    std::vector<CorsRule> rules;  // 1 to 100
    bool operator==(const CorsConfiguration&) const = default;
};
/// Errors: MalformedXML (among it for control characters), InvalidRequest (methods, wildcards), InvalidArgument (ids).
Result<CorsConfiguration> parse_cors_configuration(std::string_view body);
std::string print(const CorsConfiguration& configuration);

/// The values of the answer's headers Access-Control-Allow-Origin and so on; empty: no such header.
struct CorsAnswer {
    std::string allow_origin;
    std::string allow_methods;
    std::string allow_headers;  // those that were asked for, in lower case
    std::string expose_headers;
    std::optional<std::int64_t> max_age_seconds;
    bool allow_credentials = false;  // not where anybody may
    bool operator==(const CorsAnswer&) const = default;
};

/// The first rule that allows the origin, the method, and all the headers of Access-Control-Request-Headers (none for
/// a request that is no preflight).
std::optional<CorsAnswer> match(
    const CorsConfiguration& configuration,
    std::string_view origin,
    std::string_view method,
    std::span<const std::string> request_headers = {}
);

}  // namespace cloudshelf::s3

#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::s3 {

/// What of the location changes; what is not given stays as in the request.
struct WebsiteRedirect {
    std::string host_name = {};
    std::string protocol = {};  // http or https
    std::optional<int> status = {};
    std::optional<std::string> replace_key_prefix_with = {};  // one of the two at most
    std::optional<std::string> replace_key_with = {};
    bool operator==(const WebsiteRedirect&) const = default;
};

struct RoutingRule {
    std::optional<std::string> key_prefix = {};
    std::optional<int> error_status = {};  // the redirect is for answers with this status
    WebsiteRedirect redirect;
    bool operator==(const RoutingRule&) const = default;
};

/// Body of PutBucketWebsite, answer of GetBucketWebsite: a host to which all requests go, or the rest.
struct WebsiteConfiguration {
    std::optional<WebsiteRedirect> redirect_all = {};  // host name and protocol only
    std::string index_suffix = {};
    std::string error_key = {};  // empty: none
    std::vector<RoutingRule> rules = {};
    bool operator==(const WebsiteConfiguration&) const = default;
};
/// Errors: MalformedXML (among it for control characters), InvalidArgument (suffix, key, protocol), InvalidRequest
/// (redirects, more than 50 rules).
Result<WebsiteConfiguration> parse_website_configuration(std::string_view body);
std::string print(const WebsiteConfiguration& configuration);

/// The key that a path of a website stands for: the path without its first slash, and the index document's suffix
/// behind it where it ends with a slash or is empty. `path`: decoded.
std::string website_key(const WebsiteConfiguration& configuration, std::string_view path);

/// Where a website's request is to go instead.
struct RedirectTarget {
    std::string protocol;  // http or https
    std::string host;
    std::string key;  // not encoded
    int status = 301;
    bool operator==(const RedirectTarget&) const = default;
};

struct WebsiteRequest {
    std::string protocol = "http";
    std::string host;
    std::string path;  // decoded, begins with a slash
};

/// The first rule that applies, before the object is looked at (`error_status` empty: rules without an error status),
/// or after that failed (rules with this one).
std::optional<RedirectTarget> redirect_for(
    const WebsiteConfiguration& configuration, const WebsiteRequest& request, std::optional<int> error_status
);

}  // namespace cloudshelf::s3

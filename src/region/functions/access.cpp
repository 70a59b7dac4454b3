#include "region/functions/access.hpp"

#include "base/digest.hpp"
#include "wire/lambda/arn.hpp"
#include "wire/lambda/errors.hpp"
#include "wire/sigv4/sign.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace cloudshelf::functions {
namespace {

constexpr std::chrono::seconds link_lifetime = std::chrono::minutes(10);

sigv4::Time time_of(std::int64_t wall_ms) {
    return sigv4::Time(std::chrono::seconds(wall_ms / 1000));
}

}  // namespace

Access::Access(sigv4::Keyring keyring, RegionName region)
    : keyring_(std::move(keyring)),
      region_(std::move(region)),
      expected_{.region = region_.value(), .service = "lambda"} {}

bool Access::names_known_key(const io::HttpRequest& request) const {
    constexpr std::string_view before = "Credential=";
    const auto header = request.header("Authorization");
    const auto at = header.find(before);
    if (at == std::string_view::npos) return false;
    const auto named = header.substr(at + before.size());
    return keyring_.contains(named.substr(0, named.find('/')));
}

Result<const sigv4::Credentials*> Access::caller_of(
    const io::HttpRequest& request, std::string_view digest, std::int64_t wall_ms
) {
    const sigv4::Request signed_request{
        .method = request.method,
        .target = request.target,
        .headers = request.headers,
        .body_sha256 = digest,
    };
    const auto verified = sigv4::verify(signed_request, keyring_, expected_, time_of(wall_ms), keys_);
    if (!verified) return fail(verified.error());
    return verified->credentials;
}

Result<void> Access::permit(
    const sigv4::Credentials& caller, std::string_view operation, sigv4::Permission needed, std::string_view resource
) const {
    if (caller.permission >= needed) return {};
    return fail(lambda::errors::access_denied(fmt::format(
        "User: arn:aws:iam::{}:user/{} is not authorized to perform: lambda:{} on resource: {} because no "
        "identity-based policy allows the lambda:{} action",
        lambda::account_id,
        caller.profile,
        operation,
        resource,
        operation
    )));
}

std::string Access::presign(
    const std::string& target, std::string_view host, const sigv4::Credentials& by, std::int64_t wall_ms
) const {
    const sigv4::Headers headers{{"host", std::string(host)}};
    const auto digest = sha256_hex("");
    const sigv4::Request request{.method = "GET", .target = target, .headers = headers, .body_sha256 = digest};
    const sigv4::SigningOptions terms{.region = expected_.region, .service = expected_.service};
    return sigv4::presign(request, by, terms, time_of(wall_ms), link_lifetime);
}

}  // namespace cloudshelf::functions

#include "region/tables/access.hpp"

#include "base/digest.hpp"
#include "region/tables/table.hpp"
#include "wire/dynamodb/errors.hpp"

#include <fmt/format.h>

#include <chrono>

namespace cloudshelf::tables {

Access::Access(sigv4::Keyring keyring, RegionName region)
    : keyring_(std::move(keyring)),
      region_(std::move(region)),
      expected_{.region = region_.value(), .service = "dynamodb"} {}

Result<const sigv4::Credentials*> Access::caller_of(const io::HttpRequest& request, std::int64_t wall_ms) {
    const std::string digest = sha256_hex(request.body);
    const sigv4::Request signed_request{
        .method = request.method,
        .target = request.target,
        .headers = request.headers,
        .body_sha256 = digest,
    };
    const auto now = sigv4::Time(std::chrono::seconds(wall_ms / 1000));
    const auto verified = sigv4::verify(signed_request, keyring_, expected_, now, keys_);
    if (!verified) return fail(verified.error());
    return verified->credentials;
}

Result<void> Access::permit(
    const sigv4::Credentials& caller,
    std::string_view operation,
    sigv4::Permission needed,
    const boost::json::object& body
) const {
    if (caller.permission >= needed) return {};
    const auto* table = body.if_contains("TableName");
    const bool named = table != nullptr && table->is_string();
    const std::string resource = named && !table->get_string().starts_with("arn:")
                                     ? table_arn(region_, table->get_string())
                                     : std::string(named ? std::string_view(table->get_string()) : "*");
    return fail(dynamodb::errors::access_denied(fmt::format(
        "User: arn:aws:iam::{}:user/{} is not authorized to perform: dynamodb:{} on resource: {} because no "
        "identity-based policy allows the dynamodb:{} action",
        account_id,
        caller.profile,
        operation,
        resource,
        operation
    )));
}

}  // namespace cloudshelf::tables

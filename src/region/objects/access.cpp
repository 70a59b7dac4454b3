#include "region/objects/access.hpp"

#include "base/digest.hpp"
#include "region/objects/authorization.hpp"
#include "region/objects/service.hpp"
#include "wire/s3/errors.hpp"

#include <chrono>

namespace cloudshelf::objects {
namespace {

namespace errors = s3::errors;

/// The signature's errors have the names that AWS's JSON services give; S3 has its own.
Error outward(const Error& error, bool presigned) {
    const std::string_view message = error.message;
    if (error.code == "UnrecognizedClientException") return errors::invalid_access_key_id();
    if (error.code == "XAmzContentSHA256Mismatch") return errors::content_sha256_mismatch();
    if (error.code == "MissingAuthenticationTokenException") return errors::access_denied();
    if (error.code == "IncompleteSignatureException") {
        if (presigned) return errors::authorization_query_parameters(error.message);
        return errors::authorization_header_malformed(error.message);
    }
    if (message.starts_with("Signature expired") || message.starts_with("Signature not yet current")) {
        if (presigned) return errors::named("AccessDenied", "Request has expired");
        return errors::request_time_too_skewed();
    }
    if (message.starts_with("Credential should be scoped"))
        return errors::authorization_header_malformed(error.message);
    if (message.starts_with("There were headers present"))
        return errors::named("AccessDenied", "There were headers present in the request which were not signed");
    return errors::signature_does_not_match();
}

bool is_signed(const io::HttpRequest& request) {
    return !request.header("Authorization").empty() || request.target.contains("X-Amz-Algorithm=") ||
           request.target.contains("X-Amz-Signature=");
}

/// x-amz-expected-bucket-owner: an account's number, by which a client makes sure that the bucket is whose it believes.
/// Of a copy's source, which is what a copy reads, there is a header of its own.
Result<void> check_expected_owner(const Call& call, std::string_view action) {
    const bool source = !call.header("x-amz-copy-source").empty() && action.starts_with("s3:GetObject");
    const std::string_view expected =
        call.header(source ? "x-amz-source-expected-bucket-owner" : "x-amz-expected-bucket-owner");
    if (expected.empty()) return {};
    const auto* owner = call.service.accounts().canonical(call.bucket->owner);
    if (owner != nullptr && owner->id == expected) return {};
    return fail(errors::access_denied());
}

Result<void> decide(AccessRequest asked, sigv4::Permission needed) {
    const Call& call = asked.call;
    const Caller& caller = call.caller;
    core::AccessQuestion question{.anonymous = caller.anonymous(), .own_account = true};
    question.key_permits = caller.credentials != nullptr && caller.credentials->permission >= needed;
    if (call.bucket) {
        if (auto expected = check_expected_owner(call, asked.action); !expected) return expected;
        if (needs_version(asked)) asked.version = version_in_question(asked);
        question.own_account = owner_of(asked) == caller.canonical_id();
        question.policy = policy_verdict(asked);
        const bool settled = question.own_account && question.key_permits;
        question.acl_grants = !settled && acl_grants(asked);
    }
    if (core::may_access(question)) return {};
    return fail(errors::access_denied());
}

}  // namespace

Access::Access(const sigv4::Keyring& keyring, const Accounts& accounts, std::string region)
    : keyring_(keyring),
      accounts_(accounts),
      expected_{.region = std::move(region), .service = "s3", .dialect = sigv4::Dialect::s3} {}

Result<Caller> Access::identify(const io::HttpRequest& request, std::int64_t wall_ms) {
    if (!is_signed(request)) return Caller{};
    const std::string_view claimed = request.header("x-amz-content-sha256");
    const std::string digest = request.incoming ? std::string(claimed) : sha256_hex(request.body);
    const sigv4::Request signed_request{
        .method = request.method, .target = request.target, .headers = request.headers, .body_sha256 = digest
    };
    const auto now = sigv4::Time(std::chrono::seconds(wall_ms / 1000));
    auto verified = sigv4::verify(signed_request, keyring_, expected_, now, keys_);
    const bool presigned = request.header("Authorization").empty();
    if (!verified) return fail(outward(verified.error(), presigned));
    const sigv4::Credentials* credentials = verified->credentials;
    return Caller{.account = &accounts_.of(*credentials), .credentials = credentials, .verified = std::move(*verified)};
}

Result<void> permit(
    const Call& call, std::string_view action, sigv4::Permission needed, Operation::On on, std::string_view key
) {
    return decide({.call = call, .action = action, .on = on, .key = key}, needed);
}

Result<void> permit_for_new(const Call& call, std::string_view action) {
    AccessRequest asked{.call = call, .action = action, .on = Operation::On::object, .key = call.target.key};
    asked.of_new = true;
    return decide(std::move(asked), sigv4::Permission::write);
}

}  // namespace cloudshelf::objects

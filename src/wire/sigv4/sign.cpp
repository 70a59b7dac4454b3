#include "wire/sigv4/sign.hpp"

#include "base/hex.hpp"
#include "wire/sigv4/canonical.hpp"
#include "wire/sigv4/signing_key.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace cloudshelf::sigv4 {
namespace {

// Changed or added on the way, so that signing them would break the signature.
constexpr std::array<std::string_view, 7> never_signed{
    "authorization", "connection", "content-length", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id"
};

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return result;
}

std::vector<std::string> names_to_sign(std::span<const std::pair<std::string, std::string>> headers) {
    std::vector<std::string> names;
    for (const auto& [name, value] : headers) names.push_back(lower(name));
    std::erase_if(names, [](const std::string& name) {
        return std::ranges::find(never_signed, name) != never_signed.end();
    });
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

std::string signature_of(
    const Request& request,
    const std::vector<std::string>& names,
    std::string_view payload,
    Dialect dialect,
    std::string_view time,
    const Scope& scope,
    std::string_view secret_access_key
) {
    const std::string canonical = canonical_request(request, names, payload, dialect);
    const Mac key = signing_key(secret_access_key, scope);
    const Mac mac = hmac({key.data(), key.size()}, string_to_sign(time, scope, canonical));
    return hex({mac.data(), mac.size()});
}

}  // namespace

Headers sign(const Request& request, const Credentials& credentials, const SigningOptions& options, Time now) {
    const std::string time = iso_basic(now);
    const Scope scope{.date = time.substr(0, 8), .region = options.region, .service = options.service};
    Headers added{{"X-Amz-Date", time}};
    if (!credentials.session_token.empty()) added.emplace_back("X-Amz-Security-Token", credentials.session_token);
    std::string payload(request.header("x-amz-content-sha256"));
    if (payload.empty()) {
        payload = request.body_sha256;
        if (options.dialect == Dialect::s3) added.emplace_back("X-Amz-Content-Sha256", payload);
    }

    Headers all(request.headers.begin(), request.headers.end());
    all.insert(all.end(), added.begin(), added.end());
    Request whole = request;
    whole.headers = all;
    const auto names = names_to_sign(all);
    added.emplace_back(
        "Authorization",
        fmt::format(
            "{} Credential={}/{}, SignedHeaders={}, Signature={}",
            algorithm,
            credentials.access_key_id,
            scope.text(),
            fmt::join(names, ";"),
            signature_of(whole, names, payload, options.dialect, time, scope, credentials.secret_access_key)
        )
    );
    return added;
}

std::string presign(
    const Request& request,
    const Credentials& credentials,
    const SigningOptions& options,
    Time now,
    std::chrono::seconds lifetime
) {
    const std::string time = iso_basic(now);
    const Scope scope{.date = time.substr(0, 8), .region = options.region, .service = options.service};
    const auto names = names_to_sign(request.headers);
    std::string target(request.target);
    target += fmt::format(
        "{}X-Amz-Algorithm={}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={}&X-Amz-SignedHeaders={}",
        request.target.contains('?') ? "&" : "?",
        algorithm,
        encode(credentials.access_key_id + "/" + scope.text(), false),
        time,
        lifetime.count(),
        encode(fmt::format("{}", fmt::join(names, ";")), false)
    );
    if (!credentials.session_token.empty()) {
        target += "&X-Amz-Security-Token=" + encode(credentials.session_token, false);
    }
    Request whole = request;
    whole.target = target;
    const std::string_view payload =
        options.dialect == Dialect::s3 ? std::string_view("UNSIGNED-PAYLOAD") : request.body_sha256;
    const std::string signature =
        signature_of(whole, names, payload, options.dialect, time, scope, credentials.secret_access_key);
    return target + "&X-Amz-Signature=" + signature;
}

}  // namespace cloudshelf::sigv4

#include "wire/sigv4/verify.hpp"

#include "base/digest.hpp"
#include "base/hex.hpp"
#include "wire/sigv4/canonical.hpp"
#include "wire/sigv4/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace cloudshelf::sigv4 {
namespace {

using std::chrono::seconds;

constexpr seconds lifetime_max = std::chrono::days(7);

/// What a request says of its own signature, in its header or its query.
struct Claim {
    std::string algorithm;
    std::string credential;
    std::string signed_headers;
    std::string signature;
    std::string time;
    std::string token;
    std::optional<std::string> lifetime;  // seconds; only in a query
    bool presigned = false;
};

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> pieces;
    for (std::size_t from = 0;;) {
        const auto to = text.find(separator, from);
        pieces.push_back(text.substr(from, to - from));
        if (to == std::string_view::npos) return pieces;
        from = to + 1;
    }
}

Result<Claim> claim_in_header(const Request& request, std::string_view authorization) {
    Claim claim;
    const auto blank = std::min(authorization.find(' '), authorization.size());
    claim.algorithm = authorization.substr(0, blank);
    const std::string_view rest = trimmed(authorization.substr(blank));
    if (!rest.empty()) {
        for (const std::string_view each : split(rest, ',')) {
            const auto equals = each.find('=');
            if (equals == std::string_view::npos) {
                return fail(errors::incomplete(fmt::format(
                    "'{}' not a valid key=value pair (missing equal-sign) in Authorization header: '{}'.",
                    trimmed(each),
                    authorization
                )));
            }
            const std::string_view name = trimmed(each.substr(0, equals));
            const std::string_view value = trimmed(each.substr(equals + 1));
            if (name == "Credential") claim.credential = value;
            if (name == "SignedHeaders") claim.signed_headers = value;
            if (name == "Signature") claim.signature = value;
        }
    }
    claim.time = request.header("x-amz-date");
    if (claim.time.empty()) claim.time = request.header("date");
    claim.token = request.header("x-amz-security-token");

    std::string missing;
    const auto need = [&](const std::string& value, std::string_view name) {
        if (value.empty()) missing += fmt::format("Authorization header requires '{}' parameter. ", name);
    };
    need(claim.credential, "Credential");
    need(claim.signature, "Signature");
    need(claim.signed_headers, "SignedHeaders");
    if (claim.time.empty()) {
        missing += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
    }
    if (!missing.empty()) return fail(errors::incomplete(fmt::format("{}Authorization={}", missing, authorization)));
    return claim;
}

Result<Claim> claim_in_query(const Request& request) {
    Claim claim{.presigned = true};
    for (auto& [name, value] : query_parameters(request.query())) {
        if (name == "X-Amz-Algorithm") claim.algorithm = std::move(value);
        if (name == "X-Amz-Credential") claim.credential = std::move(value);
        if (name == "X-Amz-Signature") claim.signature = std::move(value);
        if (name == "X-Amz-SignedHeaders") claim.signed_headers = std::move(value);
        if (name == "X-Amz-Date") claim.time = std::move(value);
        if (name == "X-Amz-Security-Token") claim.token = std::move(value);
        if (name == "X-Amz-Expires") claim.lifetime = std::move(value);
    }
    std::string missing;
    const auto need = [&](const std::string& value, std::string_view name) {
        if (value.empty()) missing += fmt::format("AWS query-string parameters must include '{}'. ", name);
    };
    need(claim.algorithm, "X-Amz-Algorithm");
    need(claim.credential, "X-Amz-Credential");
    need(claim.signature, "X-Amz-Signature");
    need(claim.signed_headers, "X-Amz-SignedHeaders");
    need(claim.time, "X-Amz-Date");
    if (!missing.empty()) return fail(errors::incomplete(missing + "Re-examine the query-string parameters."));
    return claim;
}

Result<Claim> claim_of(const Request& request) {
    const std::string_view authorization = trimmed(request.header("authorization"));
    const bool presigned = request.query().contains("X-Amz-Algorithm=");
    if (presigned && !authorization.empty()) {
        return fail(errors::invalid(
            R"(Found both "X-Amz-Algorithm" as a query-string param and "Authorization" as HTTP header.)"
        ));
    }
    if (presigned) return claim_in_query(request);
    if (!authorization.starts_with("AWS4-")) return fail(errors::missing_token());
    return claim_in_header(request, authorization);
}

std::optional<Time> parse_time(std::string_view text) {  // 20130524T000000Z
    if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
    const auto number = [&](std::size_t from, std::size_t size) {
        int value = 0;
        for (const char c : text.substr(from, size)) {
            if (c < '0' || c > '9') return -1;
            value = value * 10 + (c - '0');
        }
        return value;
    };
    const int year = number(0, 4), month = number(4, 2), day = number(6, 2);
    const int hour = number(9, 2), minute = number(11, 2), second = number(13, 2);
    if (year < 0 || month < 0 || day < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
        second > 59) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date(
        std::chrono::year(year),
        std::chrono::month(static_cast<unsigned>(month)),
        std::chrono::day(static_cast<unsigned>(day))
    );
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) + seconds(second);
}

Result<void> check_time(const Claim& claim, const Expected& expected, Time now) {
    const auto time = parse_time(claim.time);
    if (!time) {
        return fail(errors::incomplete(fmt::format(
            "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601", claim.time
        )));
    }
    const auto skew_minutes = std::chrono::duration_cast<std::chrono::minutes>(expected.skew_max).count();
    if (*time > now + expected.skew_max) {
        return fail(errors::invalid(fmt::format(
            "Signature not yet current: {} is still later than {} ({} + {} min.)",
            claim.time,
            iso_basic(now + expected.skew_max),
            iso_basic(now),
            skew_minutes
        )));
    }
    if (claim.lifetime) {
        int lifetime = 0;
        const auto* end = claim.lifetime->data() + claim.lifetime->size();
        const auto read = std::from_chars(claim.lifetime->data(), end, lifetime);
        if (read.ec != std::errc() || read.ptr != end || lifetime < 1 || seconds(lifetime) > lifetime_max) {
            return fail(errors::incomplete(
                fmt::format("X-Amz-Expires must be a number of seconds from 1 to {}", lifetime_max.count())
            ));
        }
        if (now <= *time + seconds(lifetime)) return {};
        return fail(errors::invalid(fmt::format(
            "Signature expired: {} is now earlier than {} ({} - {} s.)",
            claim.time,
            iso_basic(now - seconds(lifetime)),
            iso_basic(now),
            lifetime
        )));
    }
    if (*time < now - expected.skew_max) {
        return fail(errors::invalid(fmt::format(
            "Signature expired: {} is now earlier than {} ({} - {} min.)",
            claim.time,
            iso_basic(now - expected.skew_max),
            iso_basic(now),
            skew_minutes
        )));
    }
    return {};
}

bool starts_with_x_amz(std::string_view name) {
    constexpr std::string_view prefix = "x-amz-";
    return name.size() >= prefix.size() &&
           std::ranges::equal(name.substr(0, prefix.size()), prefix, [](char a, char b) {
               return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
           });
}

Result<std::vector<std::string>> check_headers(const Claim& claim, const Request& request) {
    std::vector<std::string> names;
    for (const std::string_view name : split(claim.signed_headers, ';')) {
        names.emplace_back(name);
        for (char& c : names.back()) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    std::ranges::sort(names);
    if (!std::ranges::binary_search(names, "host")) {
        return fail(errors::invalid("'Host' must be a 'SignedHeader' in the AWS Authorization."));
    }
    for (const auto& [name, value] : request.headers) {
        if (!starts_with_x_amz(name)) continue;
        std::string lower(name);
        for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if (std::ranges::binary_search(names, lower)) continue;
        return fail(
            errors::invalid(fmt::format("There were headers present in the request which were not signed: {}", lower))
        );
    }
    return names;
}

struct Scoped {
    std::string_view access_key_id;
    Scope scope;
};

Result<Scoped> check_scope(const Claim& claim, const Expected& expected) {
    const auto parts = split(claim.credential, '/');
    if (parts.size() != 5) {
        return fail(errors::incomplete(fmt::format(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{}'",
            claim.credential
        )));
    }
    std::string wrong;
    if (parts[2] != expected.region) {
        wrong += fmt::format("Credential should be scoped to a valid region, not '{}'. ", parts[2]);
    }
    if (parts[3] != expected.service) {
        wrong += fmt::format("Credential should be scoped to correct service: '{}'. ", expected.service);
    }
    if (parts[4] != "aws4_request") {
        wrong +=
            fmt::format("Credential should be scoped with a valid terminator: 'aws4_request', not '{}'. ", parts[4]);
    }
    if (parts[1] != claim.time.substr(0, 8)) {
        wrong += fmt::format(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', "
            "from "
            "'{}'.",
            parts[1],
            claim.time.substr(0, 8),
            claim.time
        );
    }
    if (!wrong.empty()) return fail(errors::invalid(std::string(trimmed(wrong))));
    return Scoped{parts[0], {std::string(parts[1]), std::string(parts[2]), std::string(parts[3])}};
}

constexpr std::array<std::pair<std::string_view, Payload>, 4> payload_words{{
    {"UNSIGNED-PAYLOAD", Payload::unsigned_body},
    {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", Payload::signed_chunks},
    {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", Payload::signed_chunks_trailer},
    {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", Payload::unsigned_trailer},
}};

struct SignedPayload {
    Payload kind = Payload::digest;
    std::string_view line;  // the last of the canonical request
};

Result<SignedPayload> payload_of(const Claim& claim, const Request& request, Dialect dialect) {
    if (dialect != Dialect::s3) return SignedPayload{.line = request.body_sha256};
    const std::string_view header = request.header("x-amz-content-sha256");
    if (claim.presigned && header.empty()) return SignedPayload{Payload::unsigned_body, "UNSIGNED-PAYLOAD"};
    for (const auto& [word, kind] : payload_words) {
        if (header == word) return SignedPayload{kind, header};
    }
    if (header != request.body_sha256) return fail(errors::body_mismatch());
    return SignedPayload{.line = header};
}

}  // namespace

Result<Verified> verify(
    const Request& request, const Keyring& keyring, const Expected& expected, Time now, SigningKeys& keys
) {
    const auto claim = claim_of(request);
    if (!claim) return fail(claim.error());
    if (const auto checked = check_time(*claim, expected, now); !checked) return fail(checked.error());
    const auto signed_headers = check_headers(*claim, request);
    if (!signed_headers) return fail(signed_headers.error());
    if (claim->algorithm != algorithm) {
        return fail(errors::incomplete(
            fmt::format("Unsupported AWS 'algorithm': '{}' (only {} for now). ", claim->algorithm, algorithm)
        ));
    }
    const auto scoped = check_scope(*claim, expected);
    if (!scoped) return fail(scoped.error());
    const auto key = keyring.find(scoped->access_key_id);
    if (key == keyring.end()) return fail(errors::unknown_key());
    const auto payload = payload_of(*claim, request, expected.dialect);
    if (!payload) return fail(payload.error());

    const Credentials& credentials = key->second;
    const std::string canonical = canonical_request(request, *signed_headers, payload->line, expected.dialect);
    const std::string to_sign = string_to_sign(claim->time, scoped->scope, canonical);
    const Mac derived = keys.get(credentials.secret_access_key, scoped->scope);
    const Mac mac = hmac({derived.data(), derived.size()}, to_sign);
    if (!equal_in_constant_time(hex({mac.data(), mac.size()}), claim->signature)) {
        return fail(errors::mismatch(canonical, to_sign));
    }
    if (!equal_in_constant_time(credentials.session_token, claim->token)) return fail(errors::unknown_key());
    return Verified{
        .credentials = &credentials,
        .payload = payload->kind,
        .scope = scoped->scope,
        .time = claim->time,
        .signature = claim->signature,
    };
}

}  // namespace cloudshelf::sigv4

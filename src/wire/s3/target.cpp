#include "wire/s3/target.hpp"

#include "wire/s3/errors.hpp"
#include "wire/s3/value_text.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace cloudshelf::s3 {
namespace {

/// In lower case, without port and without the dot that ends a complete name.
std::string plain_host(std::string_view host) {
    const auto colon = host.rfind(':');
    const auto bracket = host.rfind(']');  // "[::1]:9000"
    if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
        host = host.substr(0, colon);
    }
    if (host.ends_with('.')) host.remove_suffix(1);
    return text::lower(host);
}

/// What stands in front of the longest domain that fits; nothing where none does, or nothing stands there.
std::optional<std::string> bucket_of_host(std::string_view host, std::span<const std::string> domains) {
    const std::string name = plain_host(host);
    std::size_t longest = 0;
    for (const std::string& domain : domains) {
        if (name == domain) return std::nullopt;
        if (name.size() > domain.size() + 1 && name.ends_with("." + domain)) longest = std::max(longest, domain.size());
    }
    if (longest == 0) return std::nullopt;
    return name.substr(0, name.size() - longest - 1);
}

/// Takes scheme and host off a target of absolute form (RFC 9112 §3.2.2).
void make_origin_form(std::string_view& host, std::string_view& target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!text::starts_with_ignoring_case(target, scheme)) continue;
        target.remove_prefix(scheme.size());
        const auto end = std::min(target.find_first_of("/?"), target.size());
        host = target.substr(0, end);
        target.remove_prefix(end);
        if (target.empty()) target = "/";
        return;
    }
}

bool is_clean(std::string_view target) {
    return std::ranges::none_of(target, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= 0x20 || byte == 0x7f;
    });
}

}  // namespace

Result<Target> parse_target(std::string_view host, std::string_view target, std::span<const std::string> domains) {
    if (!is_clean(target)) return fail(errors::invalid_uri());
    make_origin_form(host, target);
    std::string_view query = target;
    std::string_view path = text::take_until(query, '?');
    if (!path.starts_with('/')) return fail(errors::invalid_uri());
    path.remove_prefix(1);
    auto parameters = QueryParameters::parse(query);
    if (!parameters) return std::unexpected(parameters.error());

    Target result{.query = std::move(*parameters)};
    if (auto bucket = bucket_of_host(host, domains)) {
        result.bucket = std::move(*bucket);
        result.style = TargetStyle::virtual_host;
    } else {
        const bool alone = !path.contains('/');
        auto decoded = text::percent_decoded(text::take_until(path, '/'), text::Plus::stays);
        if (!decoded) return fail(errors::invalid_uri());
        if (decoded->empty() && !alone) return fail(errors::invalid_bucket_name());
        result.bucket = std::move(*decoded);
    }
    auto key = text::percent_decoded(path, text::Plus::stays);
    if (!key) return fail(errors::invalid_uri());
    result.key = std::move(*key);
    return result;
}

}  // namespace cloudshelf::s3

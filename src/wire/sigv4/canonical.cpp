#include "wire/sigv4/canonical.hpp"

#include "base/digest.hpp"

#include <algorithm>

namespace cloudshelf::sigv4 {
namespace {

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == '~';
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view take_until(std::string_view& rest, char end) {
    const auto at = std::min(rest.find(end), rest.size());
    const std::string_view piece = rest.substr(0, at);
    rest.remove_prefix(std::min(at + 1, rest.size()));
    return piece;
}

/// Without empty, "." and ".." segments (RFC 3986 §5.2.4, and runs of slashes made one).
std::string normalized(std::string_view path) {
    std::vector<std::string_view> segments;
    const bool ends_in_slash = path.ends_with('/');  // not so "/a/.", as botocore has it
    while (!path.empty()) {
        const std::string_view segment = take_until(path, '/');
        if (segment == "..") {
            if (!segments.empty()) segments.pop_back();
        } else if (!segment.empty() && segment != ".") {
            segments.push_back(segment);
        }
    }
    std::string result;
    for (const std::string_view segment : segments) result.append(1, '/').append(segment);
    if (ends_in_slash || result.empty()) result += '/';
    return result;
}

std::string canonical_path(std::string_view path, Dialect dialect) {
    if (path.empty()) return "/";
    // Elsewhere than with S3 the path is encoded a second time, as it came over the wire.
    if (dialect != Dialect::s3) return encode(normalized(path), true);
    std::string result;
    for (bool more = true; more;) {  // piece by piece, so that %2F stays one
        more = path.contains('/');
        result += encode(decode(take_until(path, '/')), false);
        if (more) result += '/';
    }
    return result;
}

std::string canonical_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> parameters;
    for (const auto& [name, value] : query_parameters(query)) {
        if (name != "X-Amz-Signature") parameters.emplace_back(encode(name, false), encode(value, false));
    }
    std::ranges::sort(parameters);
    std::string result;
    for (const auto& [name, value] : parameters) {
        if (!result.empty()) result += '&';
        result.append(name).append(1, '=').append(value);
    }
    return result;
}

/// Without blanks at its ends, and runs of blanks within made one.
void append_trimmed(std::string& to, std::string_view value) {
    const auto start = to.size();
    bool blank = false;
    for (const char c : value) {
        if (c == ' ' || c == '\t') {
            blank = true;
            continue;
        }
        if (blank && to.size() > start) to += ' ';
        blank = false;
        to += c;
    }
}

void append_header(std::string& to, const Request& request, std::string_view name) {
    to.append(name).append(1, ':');
    bool first = true;
    for (const auto& [each, value] : request.headers) {
        if (!std::ranges::equal(each, name, [](char a, char b) { return lower(a) == b; })) continue;
        if (!std::exchange(first, false)) to += ',';
        append_trimmed(to, value);
    }
    to += '\n';
}

}  // namespace

std::string encode(std::string_view text, bool keep_slash) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string result;
    result.reserve(text.size());
    for (const char c : text) {
        if (is_plain(c) || (keep_slash && c == '/')) {
            result += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        result += '%';
        result += digits[byte >> 4];
        result += digits[byte & 0xf];
    }
    return result;
}

std::string decode(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        const int high = text[at] == '%' && at + 2 < text.size() ? hex_digit(text[at + 1]) : -1;
        const int low = high >= 0 ? hex_digit(text[at + 2]) : -1;
        if (low < 0) {
            result += text[at];
            continue;
        }
        result += static_cast<char>(high << 4 | low);
        at += 2;
    }
    return result;
}

std::vector<std::pair<std::string, std::string>> query_parameters(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> parameters;
    while (!query.empty()) {
        std::string_view value = take_until(query, '&');
        if (value.empty()) continue;
        const std::string_view name = take_until(value, '=');
        parameters.emplace_back(decode(name), decode(value));
    }
    return parameters;
}

std::string canonical_request(
    const Request& request, const std::vector<std::string>& signed_headers, std::string_view payload, Dialect dialect
) {
    std::string text(request.method);
    text += '\n';
    text += canonical_path(request.path(), dialect);
    text += '\n';
    text += canonical_query(request.query());
    text += '\n';
    for (const std::string& name : signed_headers) append_header(text, request, name);
    text += '\n';
    for (bool first = true; const std::string& name : signed_headers) {
        if (!std::exchange(first, false)) text += ';';
        text += name;
    }
    text += '\n';
    text += payload;
    return text;
}

std::string string_to_sign(std::string_view time, const Scope& scope, std::string_view canonical_request) {
    std::string text(algorithm);
    text.append(1, '\n').append(time).append(1, '\n').append(scope.text()).append(1, '\n');
    return text.append(sha256_hex(canonical_request));
}

}  // namespace cloudshelf::sigv4

#include "wire/s3/cors.hpp"

#include "wire/s3/fields.hpp"
#include "wire/s3/value_text.hpp"
#include "wire/s3/wildcard.hpp"
#include "wire/s3/xml.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace cloudshelf::s3 {
namespace {

constexpr std::size_t cors_rules_max = 100;
constexpr std::size_t id_characters_max = 255;

void check_wildcards(Fields& fields, const std::vector<std::string>& patterns, std::string_view element) {
    for (const auto& pattern : patterns) {
        if (std::ranges::count(pattern, '*') <= 1) continue;
        fields.complain(
            errors::invalid_request(fmt::format("{} \"{}\" can not have more than one wildcard.", element, pattern))
        );
    }
}

CorsRule read_rule(Fields& fields) {
    constexpr auto methods = std::to_array<std::string_view>({"GET", "PUT", "HEAD", "POST", "DELETE"});
    CorsRule rule{
        .id = fields.text("ID").value_or(""),
        .origins = fields.texts("AllowedOrigin"),
        .methods = fields.texts("AllowedMethod"),
        .headers = fields.texts("AllowedHeader"),
        .expose = fields.texts("ExposeHeader"),
        .max_age_seconds = fields.number("MaxAgeSeconds"),
    };
    if (characters(rule.id) > id_characters_max)
        fields.complain(errors::invalid_argument("ID length should not exceed allowed limit of 255"));
    if (rule.origins.empty() || rule.methods.empty()) fields.malformed();
    for (const auto& method : rule.methods) {
        if (std::ranges::find(methods, method) != methods.end()) continue;
        fields.complain(errors::invalid_request(
            fmt::format("Found unsupported HTTP method in CORS config. Unsupported method is {}", method)
        ));
    }
    check_wildcards(fields, rule.origins, "AllowedOrigin");
    check_wildcards(fields, rule.headers, "AllowedHeader");
    for (const auto& header : rule.expose) {
        if (!header.contains('*')) continue;
        fields.complain(errors::invalid_request(fmt::format(
            "ExposeHeader \"{}\" contains wildcard. We currently do not support wildcard for ExposeHeader.", header
        )));
    }
    if (rule.max_age_seconds && *rule.max_age_seconds < 0) fields.malformed();
    return rule;
}

bool allows_header(const CorsRule& rule, std::string_view header) {
    return std::ranges::any_of(rule.headers, [&](const std::string& pattern) {
        return matches_wildcard(text::lower(pattern), text::lower(header));
    });
}

}  // namespace

Result<CorsConfiguration> parse_cors_configuration(std::string_view body) {
    const auto read = [](Fields& root, CorsConfiguration& configuration) {
        root.each("CORSRule", [&](Fields& rule) { configuration.rules.push_back(read_rule(rule)); });
        if (configuration.rules.empty() || configuration.rules.size() > cors_rules_max) root.malformed();
    };
    return read_document<CorsConfiguration>(body, "CORSConfiguration", read, {.controls = Controls::refused});
}

std::string print(const CorsConfiguration& configuration) {
    XmlWriter writer("CORSConfiguration");
    const auto all = [&](std::string_view name, const std::vector<std::string>& texts) {
        for (const auto& text : texts) writer.element(name, text);
    };
    for (const auto& rule : configuration.rules) {
        writer.open("CORSRule");
        writer.element_if_some("ID", rule.id);
        all("AllowedMethod", rule.methods);
        all("AllowedOrigin", rule.origins);
        all("AllowedHeader", rule.headers);
        writer.element("MaxAgeSeconds", rule.max_age_seconds);
        all("ExposeHeader", rule.expose);
        writer.close();
    }
    return writer.finish();
}

std::optional<CorsAnswer> match(
    const CorsConfiguration& configuration,
    std::string_view origin,
    std::string_view method,
    std::span<const std::string> request_headers
) {
    for (const auto& rule : configuration.rules) {
        const auto allowed = std::ranges::find_if(rule.origins, [&](const std::string& pattern) {
            return matches_wildcard(pattern, origin);
        });
        if (allowed == rule.origins.end()) continue;
        if (std::ranges::find(rule.methods, method) == rule.methods.end()) continue;
        if (!std::ranges::all_of(request_headers, [&](const auto& each) { return allows_header(rule, each); }))
            continue;
        std::vector<std::string> headers;
        for (const auto& header : request_headers) headers.push_back(text::lower(header));
        const bool anybody = *allowed == "*";
        return CorsAnswer{
            .allow_origin = anybody ? "*" : std::string(origin),
            .allow_methods = fmt::format("{}", fmt::join(rule.methods, ", ")),
            .allow_headers = fmt::format("{}", fmt::join(headers, ", ")),
            .expose_headers = fmt::format("{}", fmt::join(rule.expose, ", ")),
            .max_age_seconds = rule.max_age_seconds,
            .allow_credentials = !anybody,
        };
    }
    return std::nullopt;
}

}  // namespace cloudshelf::s3

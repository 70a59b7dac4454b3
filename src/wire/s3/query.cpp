#include "wire/s3/query.hpp"

#include "wire/s3/errors.hpp"
#include "wire/s3/value_text.hpp"

namespace cloudshelf::s3 {

Result<QueryParameters> QueryParameters::parse(std::string_view query) {
    QueryParameters parameters;
    while (!query.empty()) {
        std::string_view value = text::take_until(query, '&');
        if (value.empty()) continue;
        const auto name = text::percent_decoded(text::take_until(value, '='), text::Plus::is_blank);
        const auto decoded = text::percent_decoded(value, text::Plus::is_blank);
        if (!name || !decoded) return fail(errors::invalid_uri());
        parameters.all_.emplace_back(*name, *decoded);
    }
    return parameters;
}

std::optional<std::string_view> QueryParameters::get(std::string_view name) const {
    for (const auto& [each, value] : all_) {
        if (each == name) return value;
    }
    return std::nullopt;
}

}  // namespace cloudshelf::s3

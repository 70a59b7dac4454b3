#include "wire/s3/header_list.hpp"

#include "wire/s3/value_text.hpp"

namespace cloudshelf::s3 {

std::optional<std::string_view> find_header(HeaderList headers, std::string_view name) {
    for (const auto& [each, value] : headers) {
        if (text::equal_ignoring_case(each, name)) return text::trimmed(value);
    }
    return std::nullopt;
}

std::string_view header_or_empty(HeaderList headers, std::string_view name) {
    return find_header(headers, name).value_or(std::string_view{});
}

}  // namespace cloudshelf::s3

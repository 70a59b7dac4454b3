#include "wire/s3/names.hpp"

#include "wire/s3/errors.hpp"
#include "wire/s3/value_text.hpp"

#include <algorithm>
#include <array>

namespace cloudshelf::s3 {
namespace {

constexpr std::size_t name_size_min = 3;
constexpr std::size_t name_size_max = 63;
constexpr std::size_t key_size_max = 1024;
constexpr std::array<std::string_view, 3> reserved_prefixes{"xn--", "sthree-", "amzn-s3-demo-"};
constexpr std::array<std::string_view, 5> reserved_suffixes{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"};

bool is_label(std::string_view label) {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    return !label.empty() && std::ranges::all_of(label, plain) && !label.starts_with('-') && !label.ends_with('-');
}

bool is_bucket_name(std::string_view name) {
    if (name.size() < name_size_min || name.size() > name_size_max) return false;
    if (std::ranges::any_of(reserved_prefixes, [&](auto prefix) { return name.starts_with(prefix); })) return false;
    if (std::ranges::any_of(reserved_suffixes, [&](auto suffix) { return name.ends_with(suffix); })) return false;
    if (name.ends_with('.')) return false;
    int labels = 0;
    int numbers = 0;
    while (!name.empty()) {
        const std::string_view label = text::take_until(name, '.');
        if (!is_label(label)) return false;
        ++labels;
        if (text::digits(label)) ++numbers;
    }
    return labels != 4 || numbers != 4;  // else an IP address
}

}  // namespace

Result<void> check_bucket_name(std::string_view name) {
    if (!is_bucket_name(name)) return fail(errors::invalid_bucket_name());
    return {};
}

Result<void> check_key(std::string_view key) {
    if (key.size() > key_size_max) return fail(errors::key_too_long());
    if (key.empty() || !text::utf8_length(key)) return fail(errors::invalid_uri());
    return {};
}

}  // namespace cloudshelf::s3

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// How values of conditions are read, when a policy is stored and again when it is asked.
namespace cloudshelf::s3 {

std::optional<double> policy_number(std::string_view text);
/// ISO 8601, or seconds since 1970; the result is in ms.
std::optional<std::int64_t> policy_date_ms(std::string_view text);
std::optional<bool> policy_bool(std::string_view text);

}  // namespace cloudshelf::s3

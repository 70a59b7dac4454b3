#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudshelf::apigateway {

/// Without percent-encoding (RFC 3986 §2.1), with "+" as a space where forms write it so. Nothing where "%" is not
/// followed by two hexadecimal digits.
enum class Plus : bool { is_itself, is_space };
std::optional<std::string> decode(std::string_view text, Plus plus);

/// Names and values in their order, decoded; what cannot be decoded stays as it is.
std::vector<std::pair<std::string, std::string>> query_pairs(std::string_view raw_query);

/// As `queryStringParameters` has them: several values of one name joined with ",".
std::map<std::string, std::string> query_parameters(std::string_view raw_query);

}  // namespace cloudshelf::apigateway

#include "wire/apigateway/query.hpp"

#include <algorithm>
#include <charconv>

namespace cloudshelf::apigateway {

std::optional<std::string> decode(std::string_view text, Plus plus) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '+' && plus == Plus::is_space) {
            decoded += ' ';
        } else if (text[at] != '%') {
            decoded += text[at];
        } else {
            const auto digits = text.substr(at + 1, 2);
            unsigned byte = 0;
            const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
            if (digits.size() != 2 || bad != std::errc() || end != digits.data() + 2) return {};
            decoded += static_cast<char>(byte);
            at += 2;
        }
    }
    return decoded;
}

std::vector<std::pair<std::string, std::string>> query_pairs(std::string_view raw_query) {
    const auto plain = [](std::string_view text) { return decode(text, Plus::is_space).value_or(std::string(text)); };
    std::vector<std::pair<std::string, std::string>> pairs;
    while (!raw_query.empty()) {
        const auto end = std::min(raw_query.find('&'), raw_query.size());
        const auto pair = raw_query.substr(0, end);
        raw_query.remove_prefix(std::min(end + 1, raw_query.size()));
        if (pair.empty()) continue;
        const auto equals = std::min(pair.find('='), pair.size());
        pairs.emplace_back(plain(pair.substr(0, equals)), plain(pair.substr(std::min(equals + 1, pair.size()))));
    }
    return pairs;
}

std::map<std::string, std::string> query_parameters(std::string_view raw_query) {
    std::map<std::string, std::string> parameters;
    for (auto& [name, value] : query_pairs(raw_query)) {
        const auto [at, is_new] = parameters.try_emplace(name, value);
        if (!is_new) at->second += "," + value;
    }
    return parameters;
}

}  // namespace cloudshelf::apigateway

#pragma once

#include "io/http.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <string>

namespace cloudshelf::region {

/// A question to another site, with the sites' own token.
inline io::HttpRequest get(const std::string& target, const std::string& token) {
    return {.target = target, .headers = {{"Authorization", "Bearer " + token}}};
}

inline io::HttpRequest post(const std::string& target, const std::string& token, const boost::json::value& body) {
    return {
        .method = "POST",
        .target = target,
        .headers = {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}},
        .body = boost::json::serialize(body),
    };
}

}  // namespace cloudshelf::region

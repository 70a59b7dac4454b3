#pragma once

#include "base/result.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::apigateway {

/// Reads members of an object that may be missing or null, which both mean "none". The first one that is of another
/// kind than expected is the problem; reading goes on, for nothing, until somebody asks for it.
class Members {
public:
    Members(std::string_view text, std::string code);

    bool is_json() const { return is_json_; }
    bool has(std::string_view name) const;
    std::string text(std::string_view name);
    std::int64_t number(std::string_view name, std::int64_t otherwise);
    bool flag(std::string_view name);
    /// `{"name": "text", …}`; numbers and booleans as values become text, as API Gateway has it.
    std::map<std::string, std::string> texts(std::string_view name);
    std::vector<std::string> list(std::string_view name);
    /// "body", out of its base64 where "isBase64Encoded" says so.
    std::string body();
    /// From here on the members of that member.
    void enter(std::string_view name);

    const std::optional<Error>& problem() const { return problem_; }

private:
    const boost::json::value* find(std::string_view name) const;
    void expected(std::string_view name, std::string_view what);

    std::string code_;
    boost::json::value document_;
    const boost::json::object* here_ = nullptr;
    bool is_json_ = false;
    std::optional<Error> problem_;
};

/// Adds "body" and "isBase64Encoded": base64 where the bytes are no UTF-8. No body, nothing but the flag.
void put_body(boost::json::object& object, std::string_view body);

}  // namespace cloudshelf::apigateway

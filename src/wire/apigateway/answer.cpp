#include "wire/apigateway/event.hpp"
#include "wire/apigateway/members.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace cloudshelf::apigateway {

namespace json = boost::json;

std::string print(const Answer& answer) {
    json::object object{{"statusCode", answer.status}};
    if (!answer.headers.empty()) {
        json::object headers;
        for (const auto& [name, value] : answer.headers) headers.emplace(name, value);
        object["headers"] = std::move(headers);
    }
    if (!answer.cookies.empty()) object["cookies"] = json::array(answer.cookies.begin(), answer.cookies.end());
    put_body(object, answer.body);
    return json::serialize(object);
}

Result<Answer> parse_answer(std::string_view text) {
    constexpr const char* bad = "apigateway.bad-answer";
    Members members(text, bad);
    if (members.is_json() && !members.has("statusCode")) {
        return Answer{.headers = {{"content-type", "application/json"}}, .body = std::string(text)};
    }
    Answer answer;
    const auto status = members.number("statusCode", 0);
    answer.headers = members.texts("headers");
    answer.cookies = members.list("cookies");
    answer.body = members.body();
    if (members.problem()) return fail(*members.problem());
    if (status < 100 || status > 599) return fail(bad, fmt::format("statusCode: {}: expected 100 to 599", status));
    answer.status = static_cast<int>(status);
    return answer;
}

}  // namespace cloudshelf::apigateway

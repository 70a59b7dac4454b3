#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudshelf::bookstore {

/// What a customer asks. Says nothing about who hosts us: an HTTP server now, a function runtime later.
struct Request {
    std::string method = "GET";
    std::string path = "/";                                  // without the query
    std::vector<std::pair<std::string, std::string>> query;  // decoded
    std::string authorization;                               // the header's value, "Bearer …", or empty
    std::string idempotency_key;                             // empty: none
    std::string body;
    /// A UUID, the same for each attempt that the host makes at this request; empty: there is one attempt.
    std::string attempt_id;

    /// The value of a query parameter, or an empty text.
    std::string_view parameter(std::string_view name) const {
        for (const auto& [key, value] : query) {
            if (key == name) return value;
        }
        return {};
    }
};

/// What came of a request, for whoever may send it again.
enum class Outcome {
    answered,  // final: done, or refused for a reason that will not go away by itself
    not_done,  // surely nothing happened, and it may go well in a moment
    unknown,   // it may have happened: only the same idempotency key makes it safe to ask again
};

struct Response {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;  // always JSON; the host says so in Content-Type
    Outcome outcome = Outcome::answered;
};

}  // namespace cloudshelf::bookstore

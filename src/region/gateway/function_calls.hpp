#pragma once

#include "bookstore/handlers.hpp"
#include "io/http.hpp"
#include "io/turns.hpp"
#include "wire/apigateway/event.hpp"
#include "wire/sigv4/credentials.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::region {

/// Which function answers what: a path and all that is below it.
struct FunctionRoute {
    std::string path;      // "/books"
    std::string function;  // its name, or "name:alias"
};

/// The route with the longest path that fits, or null.
const FunctionRoute* route_of(const std::vector<FunctionRoute>& routes, std::string_view path);

/// One attempt at a customer's request, for a function.
struct Attempt {
    std::shared_ptr<const io::HttpRequest> http;  // as it came
    bookstore::Request request;                   // as the gateway has completed it
    bookstore::Kind kind = bookstore::Kind::read;
    std::string function;
    std::string writer;  // the region whose database may be written, or empty
};

/// What the function is told: the request as it came, but with the gateway's idempotency key.
apigateway::Event event_of(const Attempt& attempt, std::int64_t now_ms);

/// What a customer is told of an answer of Lambda's Invoke, or of the lack of one, and what the gateway may do next. A
/// write that a function took and did not finish may have had its effect.
bookstore::Response response_of(const Result<io::HttpResponse>& answer, bookstore::Kind kind);

/// Lambda's Invoke, over HTTP.
class FunctionCalls {
public:
    struct Options {
        io::Endpoint host;
        std::string region;
        sigv4::Credentials credentials;
        Duration limit = std::chrono::seconds(10);
        /// How many of each kind are with functions at once; more wait their turn. Without a bound, a slow database
        /// would make the host start environments until it has no more, and then take turns in throwing out each
        /// other's.
        std::map<bookstore::Kind, int> at_once = {
            {bookstore::Kind::read, 12},
            {bookstore::Kind::sign_in, 2},  // hashing passwords costs processor time
            {bookstore::Kind::table, 16},
            {bookstore::Kind::write, 24},
        };
    };
    FunctionCalls(io::Executor executor, Options options);

    io::Task<bookstore::Response> answer(Attempt attempt);

private:
    io::HttpRequest invocation(const Attempt& attempt) const;
    static io::Task<bookstore::Response> answer_of(
        FunctionCalls* self, io::HttpRequest request, bookstore::Kind kind, io::Deadline deadline
    );

    io::Executor executor_;
    Options options_;
    std::map<bookstore::Kind, std::shared_ptr<io::Turns>> turns_;
    std::string host_;
    io::HttpClient client_;
};

}  // namespace cloudshelf::region

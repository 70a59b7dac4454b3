#pragma once

#include "base/result.hpp"
#include "io/http.hpp"

#include <boost/json/value.hpp>

#include <string>

namespace cloudshelf::controller {

/// Tries a region's shop as a customer uses it, through its gateway. Every error is retryable: "smoke.…".
class SmokeShopper {
public:
    SmokeShopper(io::HttpClient& client, io::Endpoint gateway) : client_(client), gateway_(std::move(gateway)) {}

    /// Looks for a book.
    io::Task<Result<void>> search(io::Deadline deadline);
    /// Signs up and in, orders a book and pays.
    io::Task<Result<void>> order(io::Deadline deadline);
    /// Signs up and in, puts a book into the cart, finds it there and takes it out again.
    io::Task<Result<void>> use_cart(io::Deadline deadline);

private:
    struct Visit {
        boost::json::value book;  // its id
        std::string token;        // of the session
    };
    struct Call {
        std::string method = "GET";
        std::string target;
        std::string body = {};
        std::string token = {};
        int expected = 200;
    };
    /// The answer's body.
    io::Task<Result<boost::json::value>> ask(Call call, io::Deadline deadline);
    io::Task<Result<Visit>> begin(io::Deadline deadline);

    io::HttpClient& client_;
    io::Endpoint gateway_;
};

}  // namespace cloudshelf::controller

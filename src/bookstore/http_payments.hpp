#pragma once

#include "base/time.hpp"
#include "bookstore/ports.hpp"
#include "io/http.hpp"

#include <memory>
#include <vector>

namespace cloudshelf::bookstore {

/// Payments over HTTP. Blocks its caller, which must not be a thread of the executor. Limits are per call and add up
/// to less than the time a payment stays claimed (orders.cpp).
class HttpPayments : public Payments {
public:
    struct Options {
        io::Endpoint primary;
        io::Endpoint backup;
        Duration charge_limit = std::chrono::milliseconds(1200);
        Duration look_up_limit = std::chrono::milliseconds(400);
    };
    HttpPayments(io::Executor executor, Options options);
    ~HttpPayments() override;

    Charge charge(Processor processor, const std::string& key, std::int64_t cents, const std::string& token) override;
    Charge look_up(Processor processor, const std::string& key) override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace cloudshelf::bookstore

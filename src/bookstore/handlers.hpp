#pragma once

#include "bookstore/ports.hpp"
#include "bookstore/request.hpp"

namespace cloudshelf::bookstore {

/// What a request needs, so that its host can put it where it belongs.
enum class Kind {
    read,     // also when the writer is away
    sign_in,  // reads, and hashes a password: costs processor time
    table,    // carts and signing out: reads and writes of tables, which every region may write at any time
    write,    // only with permission to write
};
Kind kind_of(const Request& request);

/// Answers one request of the bookstore's API. Synchronous, and safe to call from several threads when the ports are.
/// A request may be handled again after Outcome::not_done, and after Outcome::unknown when it has an idempotency key.
Response handle(const Request& request, Ports& ports);

/// `{"error": {"code": …, "message": …}}`
Response refusal(int status, std::string_view code, std::string_view message);

}  // namespace cloudshelf::bookstore

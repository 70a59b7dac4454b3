#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::workload {

/// One attempt of a customer's request, as the customer saw it end.
struct Attempt {
    std::string service;  // "book-catalog", "user-auth", "payments"
    std::string kind;     // "browse", "order", …
    TimePoint started{};
    TimePoint ended{};
    bool ok = false;
    std::string why;     // of a failure: "io.connect", "503 write-fenced"
    std::string region;  // who answered
};

/// A write that the customer saw succeed without doubt.
struct Acknowledged {
    std::string service;
    std::string kind;  // "rating", "user", "order", "payment"
    std::string id;
    std::string key;       // its idempotency key
    std::string path;      // where it can be read back
    std::string customer;  // by whom: an e-mail address
    std::string expect;    // what has to be there: stars, cents, the payment's id
    TimePoint acked{};
    std::string writer;  // whose database took it
    std::uint64_t epoch = 0;
};

/// Lines of the shopper's own ledger: JSON, one object each.
std::string to_line(const Attempt& attempt);
std::string to_line(const Acknowledged& write);

struct Ledger {
    std::vector<Attempt> attempts;
    std::vector<Acknowledged> writes;
    std::size_t unreadable_lines = 0;  // a torn last line, when the shopper was killed
};
Ledger parse_ledger(const std::string& text);

/// What reading an acknowledged write back found.
enum class Found { present, missing, twice, wrong };
const char* name(Found found);

/// The verdict on one write from the answer to its read-back: status, and a JSON body.
Found judge(const Acknowledged& write, int status, const std::string& body);

}  // namespace cloudshelf::workload

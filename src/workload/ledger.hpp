#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::workload {

/// One attempt of a customer's request, as the customer saw it end.
struct Attempt {
    std::string service;  // "book-catalog", "user-auth", "payments", "shopping-cart"
    std::string kind;     // "browse", "order", …
    TimePoint started{};
    TimePoint ended{};
    bool ok = false;
    std::string why;     // of a failure: "io.connect", "503 write-fenced"
    std::string region;  // who answered
};

/// One transaction of a customer, its retries included: what RTA and success rates count.
struct Deed {
    std::string service;
    std::string kind;
    TimePoint started{};  // when it was meant to begin: waiting for a turn is waiting
    TimePoint ended{};
    bool ok = false;
    int attempts = 0;
};

/// A write that the customer saw succeed without doubt, or (in Ledger::unknown) whose fate was never learnt.
struct Acknowledged {
    std::string service;
    std::string kind;  // "rating", "user", "order", "payment", "cart"
    std::string id;
    std::string key;       // its idempotency key
    std::string path;      // where it can be read back
    std::string customer;  // by whom: an e-mail address
    std::string expect;    // what has to be there: stars, cents, the payment's id
    TimePoint acked{};
    std::string writer;  // whose database took it
    std::uint64_t epoch = 0;
    TimePoint sent{};  // its first attempt
    int attempts = 1;
    std::string region;  // who answered
};

/// Lines of the shopper's own ledger: JSON, one object each.
std::string to_line(const Attempt& attempt);
std::string to_line(const Deed& deed);
std::string to_line(const Acknowledged& write);
/// The line of a write whose fate the customer never learnt: it may be there once or not at all, never twice.
std::string to_unknown_line(const Acknowledged& write);

struct Ledger {
    std::vector<Attempt> attempts;
    std::vector<Deed> deeds;
    std::vector<Acknowledged> writes;
    std::vector<Acknowledged> unknown;
    std::size_t unreadable_lines = 0;  // a torn last line, when the shopper was killed
};
Ledger parse_ledger(const std::string& text);

/// What reading an acknowledged write back found. `unread`: nobody answered, so nothing is proven.
enum class Found { present, missing, twice, wrong, unread };
const char* name(Found found);
/// The opposite; nothing for another text.
std::optional<Found> found_named(const std::string& text);

/// The verdict on one write from the answer to its read-back: status, and a JSON body.
Found judge(const Acknowledged& write, int status, const std::string& body);

}  // namespace cloudshelf::workload

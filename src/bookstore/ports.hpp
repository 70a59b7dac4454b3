#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::bookstore {

/// What a COMMIT waits for.
enum class Durability {
    local,        // flushed here: what users and ratings need; a region's loss may lose the last moments
    synchronous,  // flushed at the standby too: orders and payments
};

/// What is known after a COMMIT.
enum class Commit { done, not_done, unknown };

/// Whether a read may come from a replica that is a little behind.
enum class Freshness { any, newest };

/// A query with a name, so that a connection prepares it once; without a name it is prepared each time.
struct Statement {
    const char* name;
    const char* text;
};

using Value = std::optional<std::string>;  // in PostgreSQL's text form; nothing is NULL
using Row = std::vector<Value>;
using Rows = std::vector<Row>;

/// One transaction. Destroyed without commit: rolled back. Not shared between threads.
class Transaction {
public:
    virtual ~Transaction() = default;
    /// Errors: "db.unavailable" (not_done, retryable: the connection is gone, or the server takes no writes),
    /// "db.busy" (not_done, retryable: locks), "db.duplicate", "db.missing-reference", "db.failed".
    virtual Result<Rows> query(const Statement& statement, const std::vector<Value>& parameters) = 0;
    virtual Commit commit() = 0;
};

class Database {
public:
    virtual ~Database() = default;
    /// On the writer's database. Errors: "db.unavailable".
    virtual Result<std::unique_ptr<Transaction>> begin(Durability durability) = 0;
    /// One query outside a transaction, on the local server or, failing that, another. Errors as Transaction::query.
    virtual Result<Rows> read(
        Freshness freshness, const Statement& statement, const std::vector<Value>& parameters
    ) = 0;
};

enum class Processor { primary, backup };

enum class Charge {
    captured,
    declined,
    not_charged,  // charge: it was never reached; look_up: it says so
    failed,       // it answered with an error, and is done with it; whether it charged, look_up tells
    unknown,      // no answer; what was sent may still be on its way
};

/// The outside world's payment processors. Charging twice with one key charges once.
class Payments {
public:
    virtual ~Payments() = default;
    virtual Charge charge(
        Processor processor, const std::string& key, std::int64_t cents, const std::string& token
    ) = 0;
    /// What the processor knows of a charge, without making one.
    virtual Charge look_up(Processor processor, const std::string& key) = 0;
};

class Clock {
public:
    virtual ~Clock() = default;
    virtual std::int64_t unix_seconds() = 0;  // for the expiry of tokens, which both regions read
    virtual TimePoint now() = 0;              // for how long something took
};

class Random {
public:
    virtual ~Random() = default;
    /// A version 4 UUID. Ids are random, never counted: after a failover a sequence could give an id that a lost
    /// write had already been acknowledged with to somebody else's customer.
    virtual std::string uuid() = 0;
};

class Passwords {
public:
    virtual ~Passwords() = default;
    virtual std::string hash(const std::string& password) = 0;
    virtual bool matches(const std::string& hash, const std::string& password) = 0;
};

struct CartLine {
    std::string book_id;  // decimal
    std::int64_t quantity = 0;
    bool operator==(const CartLine&) const = default;
};

/// Customers' carts, in tables that both regions write: no lease is needed. Every call says what is to be, not what is
/// to be added: made twice, it does the same thing twice, so that an unknown outcome may always be asked for again.
/// Errors: "tables.unavailable" (retryable; unknown when an answer was lost), "tables.failed".
class Carts {
public:
    virtual ~Carts() = default;
    /// By book.
    virtual Result<std::vector<CartLine>> lines(const std::string& user) = 0;
    virtual Result<void> put(const std::string& user, const CartLine& line) = 0;
    /// False: the book is not in the cart.
    virtual Result<bool> change(const std::string& user, const CartLine& line) = 0;
    virtual Result<void> remove(const std::string& user, const std::string& book_id) = 0;
};

/// What is known of sessions beyond their signature, which alone makes them valid: a region may have lost its tables,
/// or may not have heard yet of a sign-in in the other one.
class Sessions {
public:
    virtual ~Sessions() = default;
    struct Session {
        std::string id;  // never the token itself
        std::string user;
        std::int64_t expires_at = 0;  // Unix seconds
    };
    /// As best it can: a sign-in waits for nothing and fails for nothing.
    virtual void opened(const Session& session) = 0;
    /// Errors: "tables.unavailable", "tables.failed".
    virtual Result<void> sign_out(const Session& session) = 0;
    /// False also when nobody answers in time.
    virtual bool is_signed_out(const std::string& id) = 0;
};

struct Secrets {
    std::vector<std::string> session_keys;  // the first one signs, all of them verify; the same in every region
};

struct Ports {
    Database& database;
    Payments& payments;
    Clock& clock;
    Random& random;
    Passwords& passwords;
    const Secrets& secrets;
    Carts& carts;
    Sessions& sessions;
};

}  // namespace cloudshelf::bookstore

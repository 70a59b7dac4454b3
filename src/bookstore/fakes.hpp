#pragma once

#include "bookstore/ports.hpp"

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// The ports in memory, for tests of handlers.
namespace cloudshelf::bookstore::fakes {

/// Answers statements by name from `answers` (no rows when there is none); keeps idempotency keys itself, as the real
/// one does: what a transaction did to them is gone when it does not commit.
class FakeDatabase : public Database {
public:
    using Answer = std::function<Result<Rows>(const std::vector<Value>&)>;
    struct Key {
        std::string hash;
        Value status, answer, payment;
    };
    using Keys = std::map<std::pair<std::string, std::string>, Key>;

    std::map<std::string, Answer> answers;
    std::deque<Commit> commits;  // what the next ones say; done when empty
    bool down = false;
    Keys keys;
    std::vector<std::string> log;  // statements and "commit local", "commit synchronous", in order

    Result<std::unique_ptr<Transaction>> begin(Durability durability) override {
        if (down) return fail("db.unavailable", "down");
        return std::make_unique<FakeTransaction>(*this, durability);
    }
    Result<Rows> read(Freshness, const Statement& statement, const std::vector<Value>& parameters) override {
        if (down) return fail("db.unavailable", "down");
        return ask(statement, parameters);
    }

private:
    Result<Rows> ask(const Statement& statement, const std::vector<Value>& parameters) {
        log.emplace_back(statement.name);
        const auto found = answers.find(statement.name);
        return found == answers.end() ? Result<Rows>(Rows{}) : found->second(parameters);
    }

    struct FakeTransaction : Transaction {
        FakeTransaction(FakeDatabase& database_in, Durability durability_in)
            : database(database_in), durability(durability_in), keys(database_in.keys) {}
        Result<Rows> query(const Statement& statement, const std::vector<Value>& parameters) override {
            const std::string name = statement.name;
            auto result = database.ask(statement, parameters);
            const auto key = [&](std::size_t scope, std::size_t at) {
                return std::pair(parameters.at(scope).value_or(""), parameters.at(at).value_or(""));
            };
            if (name == "insert_key") {
                if (!result) return result;
                const bool is_new =
                    keys.emplace(
                            key(0, 1), Key{.hash = *parameters[2], .status = {}, .answer = {}, .payment = {}}
                    ).second;
                return is_new ? Rows{{"1"}} : Rows{};
            }
            if (name == "find_key") {
                const auto& found = keys.at(key(0, 1));
                return Rows{{found.hash, found.status, found.answer, found.payment}};
            }
            if (name == "answer_key") {
                keys.at(key(0, 1)).status = parameters[2];
                keys.at(key(0, 1)).answer = parameters[3];
            }
            if (name == "reserve" && result && !result->empty()) keys.at(key(2, 5)).payment = parameters[0];
            return result;
        }
        Commit commit() override {
            database.log.emplace_back(durability == Durability::local ? "commit local" : "commit synchronous");
            auto outcome = Commit::done;
            if (!database.commits.empty()) {
                outcome = database.commits.front();
                database.commits.pop_front();
            }
            if (outcome != Commit::not_done) database.keys = keys;
            return outcome;
        }
        FakeDatabase& database;
        Durability durability;
        Keys keys;
    };
};

class FakePayments : public Payments {
public:
    std::deque<Charge> charges;    // what the next ones come to; captured when empty
    std::deque<Charge> look_ups;   // not_charged when empty
    std::vector<std::string> log;  // "charge primary", "look-up backup"

    Charge charge(Processor processor, const std::string&, std::int64_t, const std::string&) override {
        log.push_back(processor == Processor::primary ? "charge primary" : "charge backup");
        return next(charges, Charge::captured);
    }
    Charge look_up(Processor processor, const std::string&) override {
        log.push_back(processor == Processor::primary ? "look-up primary" : "look-up backup");
        return next(look_ups, Charge::not_charged);
    }

private:
    static Charge next(std::deque<Charge>& queue, Charge otherwise) {
        if (queue.empty()) return otherwise;
        const auto charge = queue.front();
        queue.pop_front();
        return charge;
    }
};

class FakeClock : public Clock {
public:
    std::int64_t seconds = 1'800'000'000;
    Duration step{};  // what passes each time somebody looks
    TimePoint time{};
    std::int64_t unix_seconds() override { return seconds; }
    TimePoint now() override { return time += step; }
};

class FakeRandom : public Random {
public:
    int made = 0;
    std::string uuid() override {
        const auto digits = std::to_string(++made);
        return "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
    }
};

class FakePasswords : public Passwords {
public:
    std::string hash(const std::string& password) override { return "hashed:" + password; }
    bool matches(const std::string& hash, const std::string& password) override { return hash == "hashed:" + password; }
};

class FakeCarts : public Carts {
public:
    std::map<std::string, std::map<std::string, std::int64_t>> carts;  // by customer, by book
    std::deque<Error> troubles;                                        // what the next calls meet

    Result<std::vector<CartLine>> lines(const std::string& user) override {
        if (auto error = trouble()) return fail(std::move(*error));
        std::vector<CartLine> lines;
        for (const auto& [book, quantity] : carts[user]) lines.push_back({.book_id = book, .quantity = quantity});
        return lines;
    }
    Result<void> put(const std::string& user, const CartLine& line) override {
        if (auto error = trouble()) return fail(std::move(*error));
        carts[user][line.book_id] = line.quantity;
        return {};
    }
    Result<bool> change(const std::string& user, const CartLine& line) override {
        if (auto error = trouble()) return fail(std::move(*error));
        if (!carts[user].contains(line.book_id)) return false;
        carts[user][line.book_id] = line.quantity;
        return true;
    }
    Result<void> remove(const std::string& user, const std::string& book_id) override {
        if (auto error = trouble()) return fail(std::move(*error));
        carts[user].erase(book_id);
        return {};
    }

private:
    std::optional<Error> trouble() {
        if (troubles.empty() || troubles.front().code.empty()) {
            if (!troubles.empty()) troubles.pop_front();  // an error without a code: this call goes well
            return {};
        }
        auto error = troubles.front();
        troubles.pop_front();
        return error;
    }
};

class FakeSessions : public Sessions {
public:
    bool down = false;
    std::vector<Session> open;
    std::set<std::string> signed_out;

    void opened(const Session& session) override {
        if (!down) open.push_back(session);
    }
    Result<void> sign_out(const Session& session) override {
        if (down) return fail(Error{.code = "tables.unavailable", .message = "down", .retryable = true});
        signed_out.insert(session.id);
        return {};
    }
    bool is_signed_out(const std::string& id) override { return !down && signed_out.contains(id); }
};

}  // namespace cloudshelf::bookstore::fakes

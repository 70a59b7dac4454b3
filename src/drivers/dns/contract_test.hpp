#pragma once

#include "drivers/dns/dns.hpp"
#include "support/async.hpp"

#include <string>
#include <vector>

/// What every nameserver of ours does, held against the fake and against PowerDNS.
namespace cloudshelf::dns::contract {

/// A nameserver of the zone example.com with `api A 127.0.0.1` (TTL 1) at version 0.0.
class Subject {
public:
    virtual ~Subject() = default;
    virtual io::Task<Result<Version>> read_version() = 0;
    virtual io::Task<Result<Answer>> query(std::string name, std::string type) = 0;
    virtual io::Task<Result<void>> compare_and_swap(Version expected, Version next, std::vector<RecordSet> records) = 0;
    virtual io::Task<Result<void>> apply(Version version, std::vector<RecordSet> records) = 0;
};

inline std::vector<RecordSet> api(std::string address) {
    return {{.name = "api.example.com", .type = "A", .ttl = 1, .values = {std::move(address)}}};
}

inline Version at(std::uint64_t epoch, std::uint64_t change) {
    return {epoch, change};
}

inline std::string code(const Result<void>& result) {
    return result ? "done" : result.error().code;
}

inline io::Task<void> expect(Subject* subject, Version version, std::string address) {
    const auto found = co_await subject->read_version();
    REQUIRE(found);
    EXPECT_EQ(text(*found), text(version));
    const auto answer = co_await subject->query("api.example.com", "A");
    REQUIRE(answer);
    EXPECT_EQ(answer->values, std::vector<std::string>{address});
    EXPECT_EQ(answer->ttl, 1u);
}

/// Goal: versions go up only, a stale change alters nothing, repeating one is harmless, nothing becomes empty.
inline io::Task<void> check(Subject* subject) {
    co_await expect(subject, at(0, 0), "127.0.0.1");

    const auto first = co_await subject->apply(at(1, 1), api("127.0.0.2"));
    EXPECT_EQ(code(first), "done");
    co_await expect(subject, at(1, 1), "127.0.0.2");

    const auto again = co_await subject->apply(at(1, 1), api("127.0.0.2"));
    EXPECT_EQ(code(again), "done");

    const auto same_version_other_records = co_await subject->apply(at(1, 1), api("127.0.0.3"));
    EXPECT_EQ(code(same_version_other_records), "dns.stale-epoch");
    const auto older = co_await subject->apply(at(0, 9), api("127.0.0.3"));
    EXPECT_EQ(code(older), "dns.stale-epoch");
    const auto swapped_from_older = co_await subject->compare_and_swap(at(0, 0), at(5, 0), api("127.0.0.3"));
    EXPECT_EQ(code(swapped_from_older), "dns.stale");
    const auto backwards = co_await subject->compare_and_swap(at(1, 1), at(1, 0), api("127.0.0.3"));
    EXPECT_EQ(code(backwards), "dns.stale-epoch");
    std::vector<RecordSet> no_address = api("");
    no_address[0].values.clear();
    const auto emptied = co_await subject->apply(at(2, 0), no_address);
    EXPECT_EQ(code(emptied), "dns.empty");
    const auto impossible = co_await subject->apply(at(2, 0), api("999.1.1.1"));
    EXPECT_EQ(code(impossible), "dns.bad-record");
    const std::vector<RecordSet> other_zone = {{.name = "api.other.com", .type = "A", .ttl = 1, .values = {"127.0.0.3"}}
    };
    const auto elsewhere = co_await subject->apply(at(2, 0), other_zone);
    EXPECT_EQ(code(elsewhere), "dns.bad-record");
    co_await expect(subject, at(1, 1), "127.0.0.2");

    const auto swapped = co_await subject->compare_and_swap(at(1, 1), at(2, 0), api("127.0.0.3"));
    EXPECT_EQ(code(swapped), "done");
    co_await expect(subject, at(2, 0), "127.0.0.3");

    // A name that was not there, and a type beside another one.
    const std::vector<RecordSet> more = {
        {.name = "new.example.com", .type = "A", .ttl = 7, .values = {"127.0.0.4"}},
        {.name = "api.example.com", .type = "TXT", .ttl = 1, .values = {"served by nobody; yet"}},
    };
    const auto added = co_await subject->apply(at(2, 1), more);
    EXPECT_EQ(code(added), "done");
    co_await expect(subject, at(2, 1), "127.0.0.3");
    const auto fresh = co_await subject->query("new.example.com", "A");
    REQUIRE(fresh);
    EXPECT_EQ(fresh->values, std::vector<std::string>{"127.0.0.4"});
    const auto words = co_await subject->query("api.example.com", "TXT");
    REQUIRE(words);
    EXPECT_EQ(words->values, std::vector<std::string>{"served by nobody; yet"});
    const auto nothing = co_await subject->query("nowhere.example.com", "A");
    REQUIRE(nothing);
    EXPECT_TRUE(nothing->values.empty());
}

}  // namespace cloudshelf::dns::contract

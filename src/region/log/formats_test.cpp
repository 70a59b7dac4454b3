// Goal: what is kept and sent is read back as it was, and anything else is refused; where to follow and what to trim
// are decided as the tables below say. No folder, no socket.
#include "base/random.hpp"
#include "region/log/entry.hpp"
#include "region/log/identity.hpp"
#include "region/log/page.hpp"
#include "region/log/retention.hpp"
#include "region/log/snapshot.hpp"
#include "region/log/view.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::changelog {
namespace {

Entry entry(std::uint64_t position) {
    return {
        .position = Position(position),
        .stamp = {.wall_ms = 1'700'000'000'000, .counter = 3, .site = 2},
        .origin = RegionName("us-west-2"),
        .logged_at_ms = 1'700'000'000'001,
        .bytes_before = 100 * position,
        .checksum_before = 77,
        .change = {.kind = "put", .container = "carts", .payload = std::string("a\0b", 3)}
    };
}

Page page() {
    Page page{.after = Position(4), .reached = Position(9), .reached_checksum = 5, .last = Position(12)};
    page.entries = {entry(5), entry(8)};
    return page;
}

TEST(Entry, IsReadAsItWasWritten) {
    const std::string bytes = encode(entry(5));
    const auto read = decode_entry(bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(encode(*read), bytes);
    EXPECT_EQ(read->checksum, checksum_in(bytes));
    EXPECT_EQ(read->change.payload, std::string("a\0b", 3));
    EXPECT_EQ(read->origin, RegionName("us-west-2"));
}

TEST(Entry, AnyChangedOrMissingByteIsRefused) {
    const std::string bytes = encode(entry(5));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string changed = bytes;
        changed[i] ^= 0x10;
        EXPECT_FALSE(decode_entry(changed)) << i;
        EXPECT_FALSE(decode_entry(bytes.substr(0, i))) << i;
    }
    EXPECT_FALSE(decode_entry(bytes + "x"));
}

TEST(Page, IsReadAsItWasWritten) {
    const std::string bytes = encode(page());
    const auto read = decode_page(bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(encode(*read), bytes);
    EXPECT_EQ(read->entries.size(), 2u);
    EXPECT_EQ(read->reached, Position(9));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string changed = bytes;
        changed[i] ^= 1;
        EXPECT_FALSE(decode_page(changed)) << i;
        EXPECT_FALSE(decode_page(bytes.substr(0, i))) << i;
    }
}

TEST(Page, EntriesOutOfOrderOrPlaceAreRefused) {
    Page swapped = page();
    std::swap(swapped.entries[0], swapped.entries[1]);
    EXPECT_FALSE(decode_page(encode(swapped)));
    Page twice = page();
    twice.entries[1] = twice.entries[0];
    EXPECT_FALSE(decode_page(encode(twice)));
    Page before = page();
    before.entries[0] = entry(4);
    EXPECT_FALSE(decode_page(encode(before)));
    Page beyond = page();
    beyond.entries[1] = entry(10);
    EXPECT_FALSE(decode_page(encode(beyond)));
    Page bounds = page();
    bounds.last = Position(8);
    EXPECT_FALSE(decode_page(encode(bounds)));
}

struct Meeting {
    const char* what;
    std::optional<Followed> before;
    Identity theirs;
    std::uint64_t own_last;
    std::optional<std::uint64_t> goes_on;  // nothing: a snapshot
};

TEST(Identity, WhereToFollow) {
    const Identity own{.id = LogId("own")};
    const auto followed = [](const char* id, std::uint64_t position) {
        return Followed{.id = LogId(id), .position = Position(position), .checksum = 1};
    };
    const auto log = [](const char* id, const char* parent = "", std::uint64_t position = 0) {
        return Identity{.id = LogId(id), .parent = LogId(parent), .parent_position = Position(position)};
    };
    const std::vector<Meeting> meetings{
        {"the same log", followed("a", 7), log("a"), 100, 7},
        {"the first time, a log that began empty", std::nullopt, log("a"), 100, 0},
        {"the first time, a log that began as a copy of another's", std::nullopt, log("b", "a", 50), 100, {}},
        {"a copy of ours", followed("a", 7), log("b", "own", 50), 100, 50},
        {"the first time, a copy of ours", std::nullopt, log("b", "own", 50), 100, 50},
        {"a copy of what we had before we were rolled back", std::nullopt, log("b", "own", 50), 49, {}},
        {"rolled back to a place beyond where we are", followed("a", 7), log("b", "a", 7), 100, 7},
        {"rolled back to a place before where we are", followed("a", 7), log("b", "a", 6), 100, {}},
        {"another log altogether", followed("a", 7), log("b"), 100, {}},
        {"a grandchild", followed("a", 7), log("c", "b", 50), 100, {}},
    };
    for (const Meeting& meeting : meetings) {
        const auto at = where_to_follow(meeting.before, meeting.theirs, own, Position(meeting.own_last));
        EXPECT_EQ(at.has_value(), meeting.goes_on.has_value()) << meeting.what;
        if (!at) {
            EXPECT_EQ(at.error().code, "log.other-log") << meeting.what;
        } else if (meeting.goes_on) {
            EXPECT_EQ(at->position, Position(*meeting.goes_on)) << meeting.what;
            EXPECT_EQ(at->id, meeting.theirs.id) << meeting.what;
        }
    }
}

TEST(Identity, FollowedIsReadAsItWasWritten) {
    const Followed followed{.id = draw_log_id(), .position = Position(1ull << 60), .checksum = 9};
    EXPECT_EQ(followed.id.value().size(), 32u);
    EXPECT_EQ(Followed::decode(followed.encode()).value(), followed);
    EXPECT_FALSE(Followed::decode("x"));
}

TEST(Retention, WaitsForReplicasUpToTheLimit) {
    const auto trimmed =
        [](std::uint64_t low, std::uint64_t keep, std::uint64_t limit, std::uint64_t confirmed, std::uint64_t held = 100
        ) {
            return trim_to({.low_water = Position(low),
                            .by_keep = Position(keep),
                            .by_limit = Position(limit),
                            .confirmed = Position(confirmed),
                            .held = Position(held)})
                .value();
        };
    EXPECT_EQ(trimmed(5, 20, 5, 30), 20u) << "all confirmed";
    EXPECT_EQ(trimmed(5, 20, 5, 12), 12u) << "waits";
    EXPECT_EQ(trimmed(5, 20, 15, 12), 15u) << "the limit does not";
    EXPECT_EQ(trimmed(5, 3, 0, 2), 5u) << "never back";
    EXPECT_EQ(trimmed(5, 20, 15, 30, 10), 10u) << "what is held stays, beyond every limit";
    EXPECT_EQ(trimmed(5, 20, 15, 30, 2), 5u) << "what is gone cannot be held";
}

TEST(Manifest, NamesThatLeaveTheFolderAreRefused) {
    Manifest manifest{.id = "ab12", .region = RegionName("us-east-1"), .identity = {.id = draw_log_id()}};
    manifest.files = {{.name = "000012.sst", .bytes = 5, .sha256 = std::string(64, 'a')}};
    const auto read = Manifest::parse(manifest.json());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->json(), manifest.json());
    for (const char* name : {"../x", "/etc/passwd", "..", ".", "", "a/b", "a\\b"}) {
        manifest.files[0].name = name;
        EXPECT_FALSE(Manifest::parse(manifest.json())) << name;
    }
    for (const char* text : {"", "[]", "{}", "{\"log\":{},\"files\":[]}", "{\"log\":1,\"files\":{}}"}) {
        EXPECT_FALSE(Manifest::parse(text)) << text;
    }
}

TEST(KeyRange, PrefixEndsWhereItEnds) {
    EXPECT_EQ(KeyRange::prefix("ab").until, "ac");
    EXPECT_EQ(KeyRange::prefix("a\xff").until, "b");
    EXPECT_EQ(KeyRange::prefix("\xff").until, "") << "to the end of all keys";
}

}  // namespace
}  // namespace cloudshelf::changelog

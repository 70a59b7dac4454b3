// Goal: whatever the order of arrival all sites keep the same version, and each version that was lost without its
// successor's writer having seen it is recorded exactly once, at its home.
#include "core/last_writer.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <vector>

namespace cloudshelf::core {
namespace {

ItemVersion version(std::int64_t wall_ms, std::uint16_t site, HybridStamp replaced = {}) {
    return {.stamp = {.wall_ms = wall_ms, .site = site}, .replaced = replaced};
}

TEST(LastWriter, Decides) {
    const ItemVersion first = version(1, 1);
    EXPECT_EQ(last_writer(std::nullopt, first, 2).winner, Winner::incoming);
    EXPECT_EQ(last_writer(first, first, 2).winner, Winner::same);
    EXPECT_EQ(last_writer(version(2, 1), version(1, 2), 1).winner, Winner::current);
    EXPECT_EQ(last_writer(version(1, 1), version(1, 2), 1).winner, Winner::incoming) << "the site breaks the tie";
}

TEST(LastWriter, RecordsOnlyWhatWasNotSeen) {
    const ItemVersion ours = version(1, 1);
    EXPECT_TRUE(last_writer(ours, version(2, 2), 1).record_conflict);
    EXPECT_FALSE(last_writer(ours, version(2, 2, ours.stamp), 1).record_conflict) << "its writer saw ours";
    EXPECT_FALSE(last_writer(ours, version(2, 2), 3).record_conflict) << "not written here";
    EXPECT_FALSE(last_writer(version(3, 1), version(2, 2), 1).record_conflict) << "its own home records it";
}

/// Three sites write one item and tell each other, each pair in order, as late as the draw has it.
TEST(LastWriter, ConvergesAndRecordsEachLossOnce) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        Random random(seed);
        constexpr std::uint16_t sites = 3;
        std::vector<HybridClock> clocks;
        for (std::uint16_t site = 0; site < sites; ++site) clocks.emplace_back(HybridClock::Options{.site = site});
        std::vector<std::optional<ItemVersion>> items(sites);
        std::map<std::pair<std::uint16_t, std::uint16_t>, std::deque<ItemVersion>> links;
        std::map<HybridStamp, int> recorded;
        std::set<HybridStamp> seen_by_successor;
        std::vector<ItemVersion> written;
        const auto pass = [&](std::uint16_t from, std::uint16_t to) {
            auto& link = links[{from, to}];
            if (link.empty()) return false;
            const ItemVersion incoming = link.front();
            link.pop_front();
            EXPECT_TRUE(clocks[to].receive(incoming.stamp, 1000));
            const Contest contest = last_writer(items[to], incoming, to);
            if (contest.record_conflict) ++recorded[items[to]->stamp];
            if (contest.winner == Winner::incoming) items[to] = incoming;
            return true;
        };
        for (int i = 0; i < 60; ++i) {
            const auto site = static_cast<std::uint16_t>(random.below(sites));
            if (random.below(3) != 0) {
                pass(static_cast<std::uint16_t>(random.below(sites)), site);
                continue;
            }
            ItemVersion made{.stamp = clocks[site].tick(1000 + static_cast<std::int64_t>(random.below(5)))};
            if (items[site]) {
                made.replaced = items[site]->stamp;
                seen_by_successor.insert(made.replaced);
            }
            items[site] = made;
            written.push_back(made);
            for (std::uint16_t other = 0; other < sites; ++other) {
                if (other != site) links[{site, other}].push_back(made);
            }
        }
        for (bool more = true; more;) {
            more = false;
            for (std::uint16_t from = 0; from < sites; ++from) {
                for (std::uint16_t to = 0; to < sites; ++to) more = pass(from, to) || more;
            }
        }
        if (written.empty()) continue;
        const auto winner = std::ranges::max(written, {}, &ItemVersion::stamp);
        for (const auto& item : items) EXPECT_EQ(item, winner) << "seed " << seed;
        for (const ItemVersion& lost : written) {
            if (lost == winner) continue;
            // Either somebody overwrote it knowingly, or its loss is recorded; a loss is never recorded twice.
            EXPECT_LE(recorded[lost.stamp], 1) << "seed " << seed;
            if (!seen_by_successor.contains(lost.stamp)) EXPECT_EQ(recorded[lost.stamp], 1) << "seed " << seed;
        }
        EXPECT_FALSE(recorded[winner.stamp]) << "seed " << seed;
    }
}

}  // namespace
}  // namespace cloudshelf::core

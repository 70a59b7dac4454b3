// Goal: what threads do to the same names at the same time keeps every referenced file, whole.
// Method: a few names, so that they meet; references in a set as the metadata would have them; a collector that removes
// what has none. Seed printed.
#include "region/contents/site_test.hpp"
#include "region/contents/store.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

namespace cloudshelf::contents {
namespace {

using testing::Site;

/// Committed references, counted by name.
class References {
public:
    void add(const ContentName& name) {
        const std::lock_guard guard(mutex_);
        ++counts_[name];
    }
    void drop(const ContentName& name) {
        const std::lock_guard guard(mutex_);
        --counts_[name];
    }
    bool has(const ContentName& name) const {
        const std::lock_guard guard(mutex_);
        const auto found = counts_.find(name);
        return found != counts_.end() && found->second > 0;
    }

private:
    mutable std::mutex mutex_;
    std::map<ContentName, int> counts_;
};

TEST(Race, NoReferencedContentIsRemoved) {
    const std::uint64_t seed = testing::seed_of_this_run();
    const Site site;
    References references;
    constexpr int writers = 3;
    constexpr int rounds = 1500;
    std::atomic<int> running{writers};
    std::atomic<int> removed{0};
    std::atomic<int> found_missing{0};
    const auto bytes_of = [](std::uint64_t which) { return "content " + std::to_string(which); };

    const auto write = [&](std::uint64_t thread) {
        Random random(seed + thread);
        for (int round = 0; round < rounds; ++round) {
            const std::string bytes = bytes_of(random.below(3));
            ContentName name;
            Pin pin;
            if (random.below(4) == 0) {  // a copy
                auto pinned = site.store->pin({.sha256 = sha256_hex(bytes), .key = "default"});
                if (!pinned) {
                    EXPECT_EQ(pinned.error().code, "contents.missing");
                    continue;
                }
                pin = std::move(*pinned);
                name = pin.name();
            } else {
                const Replace replace = random.below(8) == 0 ? Replace::yes : Replace::no;
                auto stored = site.write(bytes, "default", {.replace = replace});
                ASSERT_TRUE(stored) << stored.error().message;
                name = stored->name;
                pin = std::move(stored->pin);
            }
            if (random.below(3) == 0) std::this_thread::yield();
            references.add(name);
            pin.drop();
            if (site.get(name) != bytes) ++found_missing;
            references.drop(name);
        }
        --running;
    };
    const auto collect = [&] {
        Random random(seed + 100);
        while (running > 0) {
            const ContentName name{.sha256 = sha256_hex(bytes_of(random.below(3))), .key = "default"};
            const auto referenced = [&] { return Result<bool>(references.has(name)); };
            if (site.store->remove_unreferenced(name, referenced) == Removal::removed) ++removed;
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < writers; ++i) threads.emplace_back(write, static_cast<std::uint64_t>(i));
    threads.emplace_back(collect);
    for (auto& thread : threads) thread.join();

    EXPECT_EQ(found_missing, 0) << "of " << writers * rounds;
    EXPECT_GT(removed, 0) << "or nothing met";
    EXPECT_TRUE(site.tmp().empty());
    EXPECT_EQ(site.store->metrics().pinned, 0u);
    std::uint64_t files = 0;
    ASSERT_TRUE(site.store->for_each([&](const ContentName&, std::uint64_t) { return ++files > 0; }));
    EXPECT_EQ(site.store->metrics().files, files);
}

// Goal: who reads while headers are rewritten, and while a file is replaced, reads what it is, and finds nothing
// corrupt.
TEST(Race, ReadersDoNotNoticeRewrapping) {
    const std::uint64_t seed = testing::seed_of_this_run();
    Site site;
    const std::string bytes = "a book that many read";
    const ContentName name = site.put(bytes);
    for (int i = 0; i < 20; ++i) site.rotate("default");
    std::atomic<bool> done{false};
    std::atomic<int> reads{0};
    const auto read = [&] {
        while (!done) {
            EXPECT_EQ(site.get(name), bytes);
            ++reads;
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) threads.emplace_back(read);
    Random random(seed);
    for (int round = 0; round < 500 || reads < 100; ++round) {
        if (random.below(50) == 0) site.rotate("default");
        ASSERT_TRUE(site.store->rewrap(name));
        if (random.below(3) == 0) ASSERT_TRUE(site.write(bytes, "default", {.replace = Replace::yes}));
        if (random.below(3) == 0) {
            EXPECT_EQ(site.store->set_aside(name), Health::whole);
        }
    }
    done = true;
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(site.store->metrics().corrupt, 0u);
}

}  // namespace
}  // namespace cloudshelf::contents

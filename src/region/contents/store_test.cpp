#include "region/contents/store.hpp"

#include "region/contents/header.hpp"
#include "region/contents/site_test.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>

namespace cloudshelf::contents {
namespace {

using testing::code_of;
using testing::random_text;
using testing::Site;
using testing::slurp;

TEST(Contents, AreReadAsTheyWereWritten) {
    Random random(testing::seed_of_this_run());
    const Site site;
    const std::size_t sizes[] = {0, 1, 1000, piece_bytes - 1, piece_bytes, piece_bytes + 1, 3 * piece_bytes, 900'001};
    for (const std::size_t size : sizes) {
        const std::string bytes = random_text(random, size);
        auto writer = site.store->begin("default");
        ASSERT_TRUE(writer);
        for (std::size_t at = 0; at < size;) {
            const std::size_t most = random.below(3) == 0 ? 2 * piece_bytes : 5000;
            const std::string_view taken = std::string_view(bytes).substr(at, random.below(most));
            ASSERT_TRUE(writer->append(taken));
            at += taken.size();
        }
        const auto stored = writer->finish();
        ASSERT_TRUE(stored) << stored.error().message;
        EXPECT_EQ(stored->name.sha256, sha256_hex(bytes));
        EXPECT_EQ(stored->length, size);
        EXPECT_EQ(site.get(stored->name), bytes);
        EXPECT_EQ(site.store->check(stored->name), Health::whole);
        EXPECT_EQ(std::filesystem::file_size(site.path(stored->name)), file_bytes(size));
        if (size > 16) {
            EXPECT_EQ(slurp(site.path(stored->name)).find(bytes.substr(0, 16)), std::string::npos) << "in plain";
        }
        EXPECT_EQ(code_of(writer->finish()), "contents.io") << "twice";
    }
    EXPECT_TRUE(site.tmp().empty());
    EXPECT_EQ(site.store->metrics().files, std::size(sizes));
}

TEST(Contents, AnyRangeCanBeRead) {
    const std::uint64_t seed = testing::seed_of_this_run();
    Random random(seed);
    const Site site;
    const std::string bytes = random_text(random, 3 * piece_bytes + 777);
    const ContentName name = site.put(bytes);
    auto reader = site.store->open(name);
    ASSERT_TRUE(reader);
    EXPECT_EQ(reader->length(), bytes.size());
    for (int i = 0; i < 300; ++i) {
        const std::size_t offset = random.below(bytes.size());
        const std::size_t size = random.below(random.below(2) == 0 ? 1000 : bytes.size());
        const auto read = reader->read(offset, size);
        ASSERT_TRUE(read);
        ASSERT_TRUE(*read == bytes.substr(offset, size)) << offset << " " << size;
    }
    EXPECT_EQ(reader->read(bytes.size(), 10), "");
    EXPECT_EQ(reader->read(UINT64_MAX, 10), "");
    EXPECT_EQ(reader->read(bytes.size() - 1, SIZE_MAX), bytes.substr(bytes.size() - 1));
}

TEST(Contents, TheSameUnderOneKeyAreStoredOnce) {
    const Site site;
    for (const std::string& bytes : {std::string("book"), std::string(piece_bytes + 5, 'b')}) {
        const auto before = site.store->metrics();
        const ContentName name = site.put(bytes);
        const std::string file = slurp(site.path(name));
        EXPECT_EQ(site.put(bytes), name);
        EXPECT_EQ(slurp(site.path(name)), file) << "it was not written again";
        EXPECT_EQ(site.store->metrics().files, before.files + 1);
        EXPECT_EQ(site.store->metrics().found, before.found + 1);
        const ContentName other = site.put(bytes, "other");
        EXPECT_EQ(other.sha256, name.sha256);
        EXPECT_EQ(site.get(other), bytes);
        EXPECT_NE(slurp(site.path(other)).substr(header_bytes), file.substr(header_bytes));
    }
    EXPECT_TRUE(site.tmp().empty());
}

TEST(Contents, AWriterThatIsNotFinishedLeavesNothing) {
    const Site site;
    {
        auto writer = site.store->begin("default");
        ASSERT_TRUE(writer->append(std::string(3 * piece_bytes, 'x')));
        EXPECT_EQ(site.tmp().size(), 1u);
        const Writer moved = std::move(*writer);
    }
    EXPECT_TRUE(site.tmp().empty());
    EXPECT_EQ(site.store->metrics().files, 0u);
}

TEST(Contents, BytesThatWereNotAnnouncedAreRefused) {
    const Site site;
    for (const std::size_t size : {std::size_t{3}, 2 * piece_bytes}) {
        const std::string bytes(size, 'y');
        EXPECT_EQ(code_of(site.write(bytes, "default", {.expected_sha256 = sha256_hex("x")})), "contents.mismatch");
        EXPECT_TRUE(site.tmp().empty());
        EXPECT_EQ(site.store->metrics().files, 0u);
        EXPECT_EQ(code_of(site.write(bytes, "default", {.expected_sha256 = sha256_hex(bytes)})), "");
        const Pin none;
        EXPECT_EQ(
            site.store->remove_unreferenced({sha256_hex(bytes), "default"}, [] { return false; }), Removal::removed
        );
    }
}

TEST(Contents, NamesAndKeysThatAreNoneAreRefused) {
    const Site site;
    const ContentName bad{.sha256 = std::string(64, 'a'), .key = "../x"};
    EXPECT_EQ(code_of(site.store->open(bad)), "contents.bad-name");
    EXPECT_EQ(code_of(site.store->pin(bad)), "contents.bad-name");
    EXPECT_EQ(code_of(site.store->check(bad)), "contents.bad-name");
    EXPECT_EQ(code_of(site.store->set_aside(bad)), "contents.bad-name");
    EXPECT_EQ(code_of(site.store->rewrap(bad)), "contents.bad-name");
    EXPECT_EQ(code_of(site.store->remove_unreferenced(bad, [] { return false; })), "contents.bad-name");
    EXPECT_EQ(code_of(site.store->begin("a.b")), "contents.bad-name");
    EXPECT_EQ(code_of(site.store->begin("absent")), "contents.no-key");
}

TEST(Contents, WhatIsNotThereIsMissing) {
    const Site site;
    const ContentName name{.sha256 = std::string(64, 'a'), .key = "default"};
    EXPECT_EQ(code_of(site.store->open(name)), "contents.missing");
    EXPECT_EQ(code_of(site.store->pin(name)), "contents.missing");
    EXPECT_EQ(code_of(site.store->rewrap(name)), "contents.missing");
    EXPECT_EQ(site.store->check(name), Health::missing);
    EXPECT_EQ(site.store->set_aside(name), Health::missing);
    EXPECT_EQ(site.store->remove_unreferenced(name, [] { return false; }), Removal::missing);
}

TEST(Contents, APinnedOrReferencedOneStays) {
    const Site site;
    const auto unreferenced = [] { return false; };
    auto stored = site.write("book").value();
    const ContentName name = stored.name;
    EXPECT_EQ(site.store->remove_unreferenced(name, unreferenced), Removal::pinned);
    auto second = site.store->pin(name).value();
    stored.pin.drop();
    EXPECT_EQ(site.store->remove_unreferenced(name, unreferenced), Removal::pinned);
    const Pin moved = std::move(second);
    EXPECT_EQ(site.store->metrics().pinned, 1u);
    {
        const auto third = site.write("book").value();
    }  // found there, pinned, and let go of
    EXPECT_EQ(site.store->remove_unreferenced(name, unreferenced), Removal::pinned);
    {
        const Pin last = std::move(const_cast<Pin&>(moved));
    }
    EXPECT_EQ(site.store->metrics().pinned, 0u);
    EXPECT_EQ(site.store->remove_unreferenced(name, [] { return true; }), Removal::referenced);
    const auto failing = [] { return Result<bool>(fail("log.io", "the references cannot be read")); };
    EXPECT_EQ(code_of(site.store->remove_unreferenced(name, failing)), "log.io");
    EXPECT_EQ(site.get(name), "book");

    auto reader = site.store->open(name);
    EXPECT_EQ(site.store->remove_unreferenced(name, unreferenced), Removal::removed);
    EXPECT_EQ(site.get(name), "contents.missing");
    EXPECT_EQ(reader->read(0, 4), "book") << "who reads it reads it to its end";
    EXPECT_EQ(site.store->metrics().files, 0u);
    EXPECT_EQ(site.store->metrics().bytes, 0u);
}

TEST(Contents, AreVisitedInOrderFromAnywhere) {
    const Site site;
    std::map<ContentName, std::uint64_t> written;
    for (int i = 0; i < 600; ++i) {
        const std::string bytes = std::to_string(i);
        written[site.put(bytes, i % 7 == 0 ? "other" : "default")] = file_bytes(bytes.size());
    }
    testing::spill(site.options.folder / "00" / "note", "of somebody else");
    std::vector<std::pair<ContentName, std::uint64_t>> visited;
    std::optional<ContentName> after;
    while (true) {  // 100 at a time, each time from the last one on
        const std::size_t before = visited.size();
        const auto visit = [&](const ContentName& name, std::uint64_t bytes) {
            visited.emplace_back(name, bytes);
            return visited.size() < before + 100;
        };
        ASSERT_TRUE(site.store->for_each(visit, after));
        if (visited.size() == before) break;
        after = visited.back().first;
    }
    EXPECT_TRUE(std::ranges::equal(visited, written, [](const auto& left, const auto& right) {
        return left.first == right.first && left.second == right.second;
    }));
}

TEST(Contents, AreThereWhenTheStoreIsOpenedAgain) {
    Site site;
    const ContentName name = site.put("book");
    const ContentName large = site.put(std::string(piece_bytes + 1, 'l'));
    EXPECT_EQ(code_of(Store::open(site.options)), "contents.in-use")
        << "pins of two processes know nothing of each other";
    testing::spill(site.options.folder / "tmp" / "17", "half of something");
    site.reopen();
    EXPECT_EQ(site.get(name), "book");
    EXPECT_TRUE(site.tmp().empty());
    EXPECT_EQ(site.store->metrics().files, 2u);
    EXPECT_EQ(site.store->metrics().bytes, file_bytes(4) + file_bytes(piece_bytes + 1));
    EXPECT_EQ(site.store->check(large), Health::whole);
}

TEST(Contents, WithTooLittleSpaceNothingIsBegun) {
    Site site;
    const ContentName name = site.put("book");
    site.options.free_bytes_min = UINT64_MAX;
    site.reopen();
    const auto refused = site.store->begin("default");
    EXPECT_EQ(code_of(refused), "contents.disk-full");
    EXPECT_EQ(refused.error().certainty, Certainty::not_done);
    EXPECT_TRUE(refused.error().retryable);
    EXPECT_EQ(site.get(name), "book") << "reading goes on";
}

/// Lets the nth of a kind of step fail, once.
std::function<int(Step)> fails_at(Step step, int number, int nth = 1) {
    return [=, left = std::make_shared<int>(nth)](Step now) { return now == step && --*left == 0 ? number : 0; };
}

TEST(ContentsFaults, WhateverFailsLeavesNothing) {
    Site site;
    std::function<int(Step)> fault;
    site.options.sync = Sync::on;
    site.options.fault = [&fault](Step step) { return fault ? fault(step) : 0; };
    site.reopen();
    std::uint64_t files = 0;
    for (const Step step : {Step::create, Step::write, Step::sync_file, Step::rename}) {
        for (const int number : {EIO, ENOSPC}) {
            for (const std::size_t size : {std::size_t{10}, 2 * piece_bytes}) {
                const std::string bytes = std::to_string(files) + std::string(size, 'w');
                fault = fails_at(step, number);
                const auto written = site.write(bytes);
                EXPECT_EQ(code_of(written), number == EIO ? "contents.io" : "contents.disk-full");
                EXPECT_EQ(written.error().certainty, Certainty::not_done);
                EXPECT_TRUE(site.tmp().empty()) << static_cast<int>(step);
                EXPECT_EQ(site.store->metrics().files, files);
                EXPECT_TRUE(site.write(bytes)) << "the next one has a file of its own";
                EXPECT_EQ(site.store->metrics().files, ++files);
            }
        }
    }
}

TEST(ContentsFaults, AWriterThatFailedSaysSoForEver) {
    Site site;
    site.options.sync = Sync::on;
    site.options.fault = fails_at(Step::write, ENOSPC, 2);
    site.reopen();
    auto writer = site.store->begin("default");
    EXPECT_EQ(code_of(writer->append(std::string(4 * piece_bytes, 'a'))), "contents.disk-full");
    EXPECT_TRUE(site.tmp().empty()) << "at once, not when the customer goes";
    EXPECT_EQ(code_of(writer->append("more")), "contents.disk-full");
    EXPECT_EQ(code_of(writer->finish()), "contents.disk-full");
}

// Goal: an fsync that failed is never followed by one that is believed.
TEST(ContentsFaults, AFailedFsyncOfAFolderEndsWriting) {
    Site site;
    const ContentName before = site.put("before");
    site.options.sync = Sync::on;
    site.options.fault = fails_at(Step::sync_folder, EIO);
    site.reopen();
    EXPECT_EQ(code_of(site.write("book")), "contents.io");
    EXPECT_TRUE(site.store->metrics().needs_reopening);
    EXPECT_EQ(site.store->metrics().files, 1u);
    EXPECT_EQ(code_of(site.store->begin("default")), "contents.io");
    EXPECT_EQ(code_of(site.store->rewrap(before)), "contents.io");
    EXPECT_EQ(site.get(before), "before");
    site.reopen();
    EXPECT_EQ(site.get({sha256_hex("book"), "default"}), "contents.missing");
    EXPECT_TRUE(site.write("book"));
}

// Goal: a writer that was under way when another one's fsync failed does not slip through.
TEST(ContentsFaults, AWriterThatWasBegunBeforeIsRefusedToo) {
    Site site;
    site.options.sync = Sync::on;
    site.options.fault = fails_at(Step::sync_folder, EIO);
    site.reopen();
    auto small = site.store->begin("default");
    auto large = site.store->begin("default");
    ASSERT_TRUE(small->append("small"));
    ASSERT_TRUE(large->append(std::string(2 * piece_bytes, 'l')));
    EXPECT_EQ(code_of(site.write("book")), "contents.io");
    EXPECT_EQ(code_of(small->finish()), "contents.io");
    EXPECT_EQ(code_of(large->finish()), "contents.io");
    EXPECT_TRUE(site.tmp().empty());
}

// Goal: a file that a killed process left, renamed but in a folder that was not fsynced, is not taken for durable
// before the folder is. Method: count fsyncs of folders in a store that is opened over such a file.
TEST(ContentsFaults, WhatIsFoundIsMadeDurableOnce) {
    Site site;
    const ContentName name = site.put("book");
    const auto syncs = std::make_shared<int>(0);
    site.options.sync = Sync::on;
    site.options.fault = [syncs](Step step) { return step == Step::sync_folder ? ++*syncs * 0 : 0; };
    site.reopen();
    EXPECT_EQ(*syncs, 0);
    EXPECT_TRUE(site.write("book"));
    EXPECT_EQ(*syncs, 1);
    EXPECT_TRUE(site.write("book"));
    EXPECT_TRUE(site.store->pin(name));
    EXPECT_EQ(*syncs, 1);
    site.reopen();
    EXPECT_TRUE(site.store->pin(name));
    EXPECT_EQ(*syncs, 2);

    site.options.fault = fails_at(Step::sync_folder, EIO);
    site.reopen();
    EXPECT_EQ(code_of(site.write("book")), "contents.io");
    EXPECT_EQ(code_of(site.store->pin(name)), "contents.io");
    EXPECT_EQ(site.get(name), "book");
}

// Goal: repairing a file that is whole does not lose it when the folder cannot be fsynced.
TEST(ContentsFaults, WhatReplacedAnotherOneStays) {
    Site site;
    const ContentName name = site.put("book");
    site.options.sync = Sync::on;
    site.options.fault = fails_at(Step::sync_folder, EIO);
    site.reopen();
    EXPECT_EQ(code_of(site.write("book", "default", {.replace = Replace::yes})), "contents.io");
    EXPECT_EQ(site.get(name), "book");
    EXPECT_EQ(site.store->metrics().files, 1u);
}

}  // namespace
}  // namespace cloudshelf::contents

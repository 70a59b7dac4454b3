#include "region/contents/header.hpp"
#include "region/contents/site_test.hpp"
#include "region/contents/store.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <sys/wait.h>
#include <unistd.h>

namespace cloudshelf::contents {
namespace {

using testing::code_of;
using testing::Site;
using testing::slurp;
using testing::spill;

/// A key file that has only the newest version of "default": whatever was not rewrapped cannot be opened with it.
std::shared_ptr<const KeyFile> newest_only(const Site& site) {
    std::string kept;
    std::istringstream lines(slurp(site.keys_path));
    const std::string prefix = fmt::format("default {} ", site.keys->newest("default").number);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(prefix)) kept += line + "\n";
    }
    const auto path = site.folder / "newest";
    spill(path, kept);
    std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return std::make_shared<const KeyFile>(KeyFile::read(path).value());
}

TEST(Rewrap, GivesAFileTheNewestVersion) {
    Site site;
    const std::string bytes(2 * piece_bytes + 3, 'r');
    const ContentName name = site.put(bytes);
    EXPECT_EQ(site.store->rewrap(name), Rewrapped::no);
    const std::string before = slurp(site.path(name));
    auto reader = site.store->open(name);
    site.rotate("default");
    EXPECT_EQ(site.get(name), bytes) << "an older version still opens it";
    EXPECT_EQ(site.store->key_version(name), 1u);
    EXPECT_EQ(site.store->key_version(site.put("new")), 2u);
    EXPECT_EQ(site.store->rewrap(name), Rewrapped::yes);
    EXPECT_EQ(site.store->key_version(name), 2u);
    EXPECT_EQ(site.store->rewrap(name), Rewrapped::no);
    const std::string after = slurp(site.path(name));
    EXPECT_EQ(after.substr(header_bytes), before.substr(header_bytes)) << "its pieces stay";
    EXPECT_TRUE(site.tmp().empty());
    EXPECT_EQ(reader->read(0, SIZE_MAX), bytes) << "who reads goes on";
    site.store->use_keys(newest_only(site));
    EXPECT_EQ(site.store->check(name), Health::whole);
}

// Goal: killed at any step, the file can be opened afterwards, and has one of the two headers. Method: a child does it
// and ends itself at the step; what it leaves is opened here.
TEST(Rewrap, CanBeKilledAnywhere) {
    const Step steps[] = {
        Step::write_journal, Step::sync_journal, Step::rewrite_header, Step::sync_header, Step::remove_journal
    };
    for (const Step step : steps) {
        Site site;
        const ContentName name = site.put("book");
        site.rotate("default");
        site.store.reset();
        const pid_t child = ::fork();
        if (child == 0) {
            site.options.sync = Sync::on;
            site.options.fault = [step](Step now) -> int {
                if (now == step) ::_exit(7);
                return 0;
            };
            const auto store = Store::open(site.options);
            if (store) static_cast<void>((*store)->rewrap(name));
            ::_exit(1);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        ASSERT_EQ(WEXITSTATUS(status), 7) << static_cast<int>(step);
        site.reopen();
        EXPECT_EQ(site.get(name), "book") << static_cast<int>(step);
        EXPECT_EQ(site.store->key_version(name), step <= Step::write_journal ? 1u : 2u) << static_cast<int>(step);
        EXPECT_TRUE(site.tmp().empty());
    }
}

class RewrapLeftovers : public ::testing::Test {
protected:
    RewrapLeftovers() {
        site.rotate("default");
        EXPECT_EQ(site.store->rewrap(name), Rewrapped::yes);
        after = slurp(site.path(name));
        site.store.reset();
    }
    std::filesystem::path journal() const { return site.options.folder / "tmp" / (flat(name) + ".header"); }

    Site site;
    ContentName name = site.put("book");
    std::string before = slurp(site.path(name));
    std::string after;
};

// Goal: a header that the power cut in the middle is made whole. Method: every mixture of old and new bytes.
TEST_F(RewrapLeftovers, ATornHeaderIsMadeWhole) {
    for (std::size_t cut = wrapping_begins; cut <= header_bytes; ++cut) {
        for (const bool front : {true, false}) {
            std::string torn = front ? after : before;
            torn.replace(cut, header_bytes - cut, front ? before : after, cut, header_bytes - cut);
            spill(site.path(name), torn);
            spill(journal(), after.substr(0, header_bytes));
            site.reopen();
            ASSERT_EQ(site.get(name), "book") << cut;
            ASSERT_EQ(slurp(site.path(name)), after);
            ASSERT_TRUE(site.tmp().empty());
        }
    }
}

TEST_F(RewrapLeftovers, ATornJournalIsDropped) {
    for (const std::size_t size : {0uz, 1uz, 135uz, 255uz}) {
        spill(site.path(name), before);
        spill(journal(), after.substr(0, size));
        site.reopen();
        EXPECT_EQ(slurp(site.path(name)), before);
        EXPECT_EQ(site.get(name), "book");
        EXPECT_TRUE(site.tmp().empty());
    }
}

// Goal: a journal never gets into a file that it was not made for. Method: the file is replaced, or removed.
TEST_F(RewrapLeftovers, AJournalOfAnotherFileIsDropped) {
    site.reopen();
    ASSERT_TRUE(site.write("book", "default", {.replace = Replace::yes}));
    const std::string replaced = slurp(site.path(name));
    site.store.reset();
    spill(journal(), after.substr(0, header_bytes));
    site.reopen();
    EXPECT_EQ(slurp(site.path(name)), replaced);
    EXPECT_EQ(site.get(name), "book");
    EXPECT_EQ(site.store->remove_unreferenced(name, [] { return false; }), Removal::removed);
    site.store.reset();
    spill(journal(), after.substr(0, header_bytes));
    site.reopen();
    EXPECT_EQ(site.get(name), "contents.missing");
    EXPECT_TRUE(site.tmp().empty());
}

TEST(RewrapFaults, AFailureIsToldAndTheFileStaysReadable) {
    for (const Step step : {Step::write_journal, Step::sync_journal, Step::rewrite_header, Step::sync_header}) {
        const bool doubtful = step == Step::rewrite_header || step == Step::sync_header;
        const int number = doubtful ? EIO : ENOSPC;
        Site site;
        const ContentName name = site.put("book");
        site.rotate("default");
        site.options.sync = Sync::on;
        site.options.fault = [=, left = std::make_shared<int>(1)](Step now) {
            return now == step && (*left)-- == 1 ? number : 0;
        };
        site.reopen();
        EXPECT_EQ(code_of(site.store->rewrap(name)), number == EIO ? "contents.io" : "contents.disk-full");
        EXPECT_EQ(site.get(name), "book");
        EXPECT_EQ(site.tmp().size(), doubtful ? 1u : 0u) << "in doubt, the journal stays";
        if (step == Step::rewrite_header) {
            EXPECT_EQ(code_of(site.store->rewrap(name)), "contents.io") << "and is not written over";
        }
        site.reopen();
        EXPECT_EQ(site.store->key_version(name), doubtful ? 2u : 1u);
        EXPECT_EQ(site.get(name), "book");
        EXPECT_TRUE(site.tmp().empty());
    }
}

}  // namespace
}  // namespace cloudshelf::contents

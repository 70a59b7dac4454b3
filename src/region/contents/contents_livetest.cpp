// What needs a process to be killed, or a disk that is full.
#include "region/contents/site_test.hpp"
#include "region/contents/store.hpp"
#include "support/small_disk.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace cloudshelf::contents {
namespace {

using testing::code_of;
using testing::random_text;
using testing::Site;

/// A writer process, and what it says.
class WriterProcess {
public:
    WriterProcess(const Site& site, std::uint64_t seed) {
        int ends[2];
        if (::pipe(ends) != 0) std::abort();
        const std::string seed_text = std::to_string(seed);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            ::close(ends[0]);
            ::close(ends[1]);
            const char* const keys = site.keys_path.c_str();
            ::execl(WRITER, WRITER, site.options.folder.c_str(), keys, "8", seed_text.c_str(), nullptr);
            ::_exit(127);
        }
        ::close(ends[1]);
        out_ = ::fdopen(ends[0], "r");
    }
    ~WriterProcess() {
        kill();
        std::fclose(out_);
    }
    WriterProcess(const WriterProcess&) = delete;
    WriterProcess& operator=(const WriterProcess&) = delete;
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    struct Said {
        ContentName name;
        std::uint64_t length = 0;
    };
    /// The next acknowledgement; nothing when the process is gone and all it said was read.
    std::optional<Said> next() {
        char line[128];
        char digest[65];
        Said said;
        if (std::fgets(line, sizeof line, out_) == nullptr) return std::nullopt;
        if (std::sscanf(line, "%64s %lu", digest, &said.length) != 2) return std::nullopt;
        said.name = {.sha256 = digest, .key = "default"};
        return said;
    }

private:
    pid_t pid_ = 0;
    std::FILE* out_ = nullptr;
};

// Goal: SIGKILL at any moment loses no acknowledged content and leaves nothing that is not whole under a name.
// Method: a process with eight threads says each acknowledged name; it is killed after a drawn number of them and a
// drawn time; the folder is opened, the new names are checked, and now and then everything. One folder for all rounds.
TEST(ContentsProcess, LosesNothingWhenKilled) {
    Random random(testing::seed_of_this_run());
    Site site;
    site.store.reset();
    const char* const rounds = std::getenv("CLOUDSHELF_ROUNDS");
    std::map<ContentName, std::uint64_t> acknowledged;
    std::uint64_t total = 0;
    int with_leftovers = 0;
    for (int round = rounds != nullptr ? std::atoi(rounds) : 50; round > 0; --round) {
        std::set<ContentName> fresh;
        {
            WriterProcess writer(site, random.next());
            const auto take = [&](const WriterProcess::Said& said) {
                acknowledged[said.name] = said.length;
                fresh.insert(said.name);
                ++total;
            };
            for (std::uint64_t until = random.below(150); until > 0; --until) {
                const auto said = writer.next();
                ASSERT_TRUE(said) << "it is not to end by itself";
                take(*said);
            }
            ::usleep(static_cast<useconds_t>(random.below(3000)));  // anywhere in a write, not always after one
            writer.kill();
            while (const auto said = writer.next()) take(*said);
        }
        if (std::filesystem::exists(site.options.folder / "tmp")) with_leftovers += site.tmp().empty() ? 0 : 1;
        site.reopen();
        EXPECT_TRUE(site.tmp().empty());
        std::uint64_t there = 0;
        std::uint64_t missing = acknowledged.size();
        const auto visit = [&](const ContentName& name, std::uint64_t bytes) {
            ++there;
            const auto known = acknowledged.find(name);
            if (known != acknowledged.end()) {
                --missing;
                EXPECT_EQ(bytes, file_bytes(known->second)) << flat(name);
            }
            // All that is new, acknowledged or not; in the last round, all.
            if (round == 1 || fresh.contains(name) || known == acknowledged.end()) {
                EXPECT_EQ(site.store->check(name), Health::whole) << flat(name);
            }
            return true;
        };
        ASSERT_TRUE(site.store->for_each(visit));
        EXPECT_EQ(missing, 0u) << "acknowledged contents are gone";
        EXPECT_EQ(site.store->metrics().files, there);
        site.store.reset();
    }
    fmt::print(
        "{} acknowledged, {} different; killed within a write {} times\n", total, acknowledged.size(), with_leftovers
    );
    EXPECT_GT(with_leftovers, 0) << "or it was never killed where it matters";
}

// Goal: a disk that is full in the middle leaves nothing, what is there can be read, and with space it goes on.
TEST(ContentsDisk, GoesOnAfterItWasFull) {
    const cloudshelf::testing::TemporaryFolder folder;
    const cloudshelf::testing::SmallDisk disk(folder / "disk", "4m");
    if (!disk.mounted()) GTEST_SKIP() << "only root can mount a small disk";
    Random random(testing::seed_of_this_run());
    Site site;
    site.store.reset();
    site.options.folder = folder / "disk" / "contents";
    site.options.sync = Sync::on;
    site.reopen();
    std::map<ContentName, std::string> written;
    int refused = 0;
    while (refused < 20) {
        const std::string bytes = random_text(random, random.below(600'000));
        auto stored = site.write(bytes);
        if (stored) {
            written[stored->name] = bytes;
            continue;
        }
        ++refused;
        ASSERT_EQ(stored.error().code, "contents.disk-full") << stored.error().message;
        EXPECT_EQ(stored.error().certainty, Certainty::not_done);
        EXPECT_TRUE(site.tmp().empty());
        EXPECT_EQ(code_of(site.store->open({.sha256 = sha256_hex(bytes), .key = "default"})), "contents.missing");
    }
    EXPECT_GT(written.size(), 3u);
    for (const auto& [name, bytes] : written) EXPECT_TRUE(site.get(name) == bytes);
    EXPECT_FALSE(site.store->metrics().needs_reopening);
    EXPECT_EQ(site.store->metrics().files, written.size());

    EXPECT_EQ(site.store->remove_unreferenced(written.begin()->first, [] { return false; }), Removal::removed)
        << "removing needs no space";
    const std::string bytes = random_text(random, 1000);
    EXPECT_EQ(site.get(site.put(bytes)), bytes);
}

// Goal: below what is to stay free one large content is ended as well, not only the next one refused.
TEST(ContentsDisk, ALargeContentDoesNotEatWhatIsToStayFree) {
    const cloudshelf::testing::TemporaryFolder folder;
    const cloudshelf::testing::SmallDisk disk(folder / "disk", "40m");
    if (!disk.mounted()) GTEST_SKIP() << "only root can mount a small disk";
    Site site;
    site.store.reset();
    site.options.folder = folder / "disk" / "contents";
    site.options.free_bytes_min = 20 << 20;
    site.reopen();
    auto writer = site.store->begin("default");
    ASSERT_TRUE(writer);
    const std::string megabyte(1 << 20, 'm');
    Result<void> appended;
    std::uint64_t free_bytes_least = UINT64_MAX;
    for (int i = 0; i < 100 && appended; ++i) {
        appended = writer->append(megabyte);
        free_bytes_least = std::min(free_bytes_least, std::filesystem::space(folder / "disk").available);
    }
    EXPECT_EQ(code_of(appended), "contents.disk-full");
    EXPECT_GT(free_bytes_least, 10u << 20);
    EXPECT_TRUE(site.tmp().empty());
    EXPECT_TRUE(site.write("small"));
}

}  // namespace
}  // namespace cloudshelf::contents

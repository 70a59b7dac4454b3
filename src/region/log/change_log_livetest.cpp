// Goal: SIGKILL at any moment loses no acknowledged write and does none twice.
// Method: a writer of its own counts up under some keys and says each acknowledged number; it is killed after a drawn
// number of them, and the folder is opened and compared. The same folder for all rounds.
#include "base/random.hpp"
#include "io/process.hpp"
#include "region/log/change_log.hpp"
#include "support/async.hpp"
#include "support/small_disk.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

namespace cloudshelf::changelog {
namespace {

using namespace std::chrono_literals;

std::uint64_t seed_of_this_run() {
    const char* const given = std::getenv("CLOUDSHELF_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
    fmt::print("CLOUDSHELF_SEED={}\n", seed);
    return seed;
}

/// A writer process, and what it says.
class WriterProcess {
public:
    WriterProcess(const std::filesystem::path& folder, int callers) {
        int ends[2];
        if (::pipe(ends) != 0) std::abort();
        const std::string count = std::to_string(callers);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            ::close(ends[0]);
            ::close(ends[1]);
            ::execl(WRITER, WRITER, folder.c_str(), count.c_str(), nullptr);
            ::_exit(127);
        }
        ::close(ends[1]);
        out_ = ::fdopen(ends[0], "r");
    }
    ~WriterProcess() {
        kill();
        std::fclose(out_);
    }
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    struct Said {
        int caller = 0;
        std::uint64_t value = 0;
        std::uint64_t position = 0;
    };
    /// The next acknowledgement; nothing when the process is gone and all it said was read.
    std::optional<Said> next() {
        char line[128];
        if (std::fgets(line, sizeof line, out_) == nullptr) return std::nullopt;
        Said said;
        if (std::sscanf(line, "%d %lu %lu", &said.caller, &said.value, &said.position) != 3) return std::nullopt;
        return said;
    }

private:
    pid_t pid_ = 0;
    std::FILE* out_ = nullptr;
};

ASYNC_TEST(ChangeLogProcess, LosesNothingWhenKilled) {
    Random random(seed_of_this_run());
    const testing::TemporaryFolder folder;
    const auto executor = co_await boost::asio::this_coro::executor;
    const char* const rounds = std::getenv("CLOUDSHELF_ROUNDS");
    std::map<int, std::uint64_t> acknowledged;
    std::uint64_t position = 0;
    std::uint64_t total = 0;
    Position low_water_max;
    for (int round = rounds != nullptr ? std::atoi(rounds) : 50; round > 0; --round) {
        {
            WriterProcess writer(folder.path(), 8);
            const auto take = [&](const WriterProcess::Said& said) {
                acknowledged[said.caller] = std::max(acknowledged[said.caller], said.value);
                position = std::max(position, said.position);
                ++total;
            };
            const std::uint64_t many = random.below(4) == 0 ? 3000 : 200;
            for (std::uint64_t until = random.below(many); until > 0; --until) {
                const auto said = writer.next();
                REQUIRE(said);  // it is not to end by itself
                take(*said);
            }
            ::usleep(static_cast<useconds_t>(random.below(3000)));  // anywhere in a commit, not always after one
            writer.kill();
            while (const auto said = writer.next()) take(*said);
        }
        ChangeLog::Options options{.folder = folder.path(), .region = RegionName("us-east-1"), .site = 1};
        const auto opened = ChangeLog::open(options, executor);
        REQUIRE(opened);
        const ChangeLog& log = **opened;
        EXPECT_GE(log.last(), Position(position));
        low_water_max = std::max(low_water_max, log.low_water());
        // Each entry counts its key up by one: what is missing, or there twice, shows.
        std::map<std::string, std::uint64_t> counted;
        const auto visit = [&counted](const Entry& entry) {
            const std::uint64_t value = std::stoull(entry.change.payload);
            auto& before = counted[entry.change.container];
            EXPECT_TRUE(before == 0 || value == before + 1) << entry.change.container << ": " << value;
            before = value;
            return true;
        };
        const auto replayed = log.replay(log.low_water(), INT64_MAX, visit);
        REQUIRE(replayed);
        EXPECT_EQ(*replayed, log.last());
        for (const auto& [caller, value] : acknowledged) {
            const std::string key = fmt::format("caller-{}", caller);
            const auto kept = log.view().get(log.data(), key).value();
            REQUIRE(kept);
            EXPECT_GE(std::stoull(*kept), value) << "an acknowledged write of " << key << " is gone";
            EXPECT_LE(std::stoull(*kept), value + 1) << "only one more can have been under way";
            if (counted.contains(key)) EXPECT_EQ(counted[key], std::stoull(*kept));
            acknowledged[caller] = std::stoull(*kept);
        }
    }
    fmt::print("{} acknowledged writes, trimmed up to {}\n", total, low_water_max.value());
}

/// Writes until it is refused; answers the refusal.
io::Task<Error> fill(ChangeLog* log, int* written) {
    while (true) {
        ChangeLog::Decision decision = [number = *written](Batch& batch) -> Result<void> {
            batch.put(Family(0), fmt::format("{:06}", number), std::string(10'000, 'x'));
            batch.append({.kind = "put", .payload = std::to_string(number)});
            return {};
        };
        const auto answer = co_await log->write(std::move(decision));
        if (!answer) co_return answer.error();
        ++*written;
    }
}

// Goal: a full disk refuses writes by name and loses nothing, and reads go on. With a reserve RocksDB never meets the
// end of the disk, and writes go on when space returns; without one it does, and they go on when the log is opened
// anew.
ASYNC_TEST(ChangeLogProcess, OutlivesAFullDisk) {
    for (const std::uint64_t reserve : {std::uint64_t{2} << 20, std::uint64_t{0}}) {
        const testing::TemporaryFolder folder;
        const testing::SmallDisk disk(folder / "disk", "24m");
        if (!disk.mounted()) {
            fmt::print("SKIPPED: a tmpfs can only be mounted by root\n");
            co_return;
        }
        const auto ballast = folder / "disk" / "ballast";
        std::FILE* const file = std::fopen(ballast.c_str(), "w");
        for (int i = 0; i < 8; ++i) std::fputs(std::string(1 << 20, 'b').c_str(), file);
        std::fclose(file);

        ChangeLog::Options options{.folder = folder / "disk" / "data", .region = RegionName("us-east-1"), .site = 1};
        options.free_bytes_min = reserve;
        options.memtable_bytes = 1 << 20;
        const auto executor = co_await boost::asio::this_coro::executor;
        int written = 0;
        {
            const auto opened = ChangeLog::open(options, executor);
            REQUIRE(opened);
            ChangeLog* const log = opened->get();
            const Error refused = co_await fill(log, &written);
            EXPECT_TRUE(refused.code == "log.disk-full" || (reserve == 0 && refused.code == "log.failed"));
            EXPECT_GT(written, 50);
            EXPECT_TRUE(log->metrics().disk_full || reserve == 0);
            const auto first = log->view().get(log->data(), "000000");
            EXPECT_TRUE(first && *first) << "reads go on";
            const Error again = co_await fill(log, &written);
            EXPECT_EQ(again.code.substr(0, 4), "log.") << again.message;
            EXPECT_EQ(again.certainty, Certainty::not_done);

            std::filesystem::remove(ballast);
            EXPECT_EQ(log->metrics().needs_reopening, reserve == 0);
            const int before = written;
            const Error later = co_await fill(log, &written);
            EXPECT_EQ(later.code.substr(0, 4), "log.") << later.message;
            EXPECT_EQ(written > before, reserve > 0) << "there is space again";
        }
        options.free_bytes_min = 0;
        const auto opened = ChangeLog::open(options, executor);
        REQUIRE(opened);
        int seen = 0;
        const auto visit = [&](const Entry& entry) {
            EXPECT_EQ(entry.change.payload, std::to_string(seen));
            ++seen;
            return true;
        };
        EXPECT_TRUE((*opened)->replay(Position(0), INT64_MAX, visit));
        EXPECT_GE(seen, written) << "every acknowledged one";
        EXPECT_LE(seen, written + 1) << "the one in doubt may be there, too";
        std::filesystem::remove(ballast);
        ChangeLog::Decision decision = [](Batch& batch) -> Result<void> {
            batch.append({.kind = "put"});
            return {};
        };
        EXPECT_TRUE(co_await (*opened)->write(std::move(decision)));
    }
}

}  // namespace
}  // namespace cloudshelf::changelog

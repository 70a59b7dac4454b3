// What contents cost: small ones by many threads, large ones beside a plain file of the same bytes, and reading.
//   contents_bench [FOLDER]; a folder of its own is made in FOLDER, or under TMPDIR
#include "base/random.hpp"
#include "region/contents/store.hpp"
#include "support/temporary_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace cloudshelf::contents {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t small_bytes = 10 << 10;
constexpr std::size_t large_bytes = 50 << 20;
constexpr std::size_t read_size = 64 << 10;
constexpr double megabyte = 1e6;

double seconds_since(Clock::time_point began) {
    return std::chrono::duration<double>(Clock::now() - began).count();
}

double processor_seconds() {
    timespec at{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) / 1e9;
}

std::string random_text(Random& random, std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t i = 0; i + 8 <= bytes; i += 8) {
        const std::uint64_t word = random.next();
        std::copy_n(reinterpret_cast<const char*>(&word), 8, text.data() + i);
    }
    return text;
}

ContentName write(Store& store, std::string_view bytes) {
    auto writer = store.begin("default");
    // As HTTP brings it.
    for (std::size_t at = 0; writer && at < bytes.size(); at += read_size) {
        if (!writer->append(bytes.substr(at, read_size))) std::abort();
    }
    if (!writer) std::abort();
    auto stored = writer->finish();
    if (!stored) std::abort();
    return stored->name;
}

void small_ones(Store& store, int threads, std::string_view sync, Random& seeds) {
    constexpr double wanted_seconds = 2;
    std::atomic<std::uint64_t> written{0};
    std::atomic<bool> done{false};
    const auto work = [&](std::uint64_t seed) {
        Random random(seed);
        std::string bytes = random_text(random, small_bytes);
        while (!done) {
            const std::uint64_t word = random.next();  // another content; making all of it anew is not to be measured
            std::copy_n(reinterpret_cast<const char*>(&word), 8, bytes.data());
            write(store, bytes);
            ++written;
        }
    };
    const double before = processor_seconds();
    const auto began = Clock::now();
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i) running.emplace_back(work, seeds.next());
    while (seconds_since(began) < wanted_seconds) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    done = true;
    for (auto& thread : running) thread.join();
    const double seconds = seconds_since(began);
    const auto many = static_cast<double>(written);
    fmt::print(
        "write 10 KiB, sync {:3}, {:2} threads   {:8.0f}/s   cpu {:6.1f} us each\n",
        sync,
        threads,
        many / seconds,
        (processor_seconds() - before) * 1e6 / many
    );
}

/// What `cp` and an fsync do: the bar for large ones.
double plain_seconds(const std::filesystem::path& path, std::string_view bytes) {
    const auto began = Clock::now();
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (std::size_t at = 0; at < bytes.size(); at += 256 << 10) {
        const std::string_view taken = bytes.substr(at, 256 << 10);
        if (::write(file, taken.data(), taken.size()) != static_cast<ssize_t>(taken.size())) std::abort();
    }
    if (::fdatasync(file) != 0) std::abort();
    ::close(file);
    return seconds_since(began);
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

void large_ones(Store& store, const std::filesystem::path& folder, Random& random) {
    constexpr int rounds = 7;
    std::vector<double> ours;
    std::vector<double> plain;
    std::vector<ContentName> names;
    double processor = 0;
    for (int round = 0; round < rounds; ++round) {  // in turns, so that both meet the same neighbours
        const std::string bytes = random_text(random, large_bytes);
        plain.push_back(plain_seconds(folder / fmt::format("plain-{}", round), bytes));
        const double before = processor_seconds();
        const auto began = Clock::now();
        names.push_back(write(store, bytes));
        ours.push_back(seconds_since(began));
        processor += processor_seconds() - before;
    }
    const double size = large_bytes / megabyte;
    fmt::print("write 50 MiB, sync on              {:8.0f} MB/s (median of {})", size / median(ours), rounds);
    fmt::print("   cpu {:6.1f} ms each\n", processor * 1e3 / rounds);
    fmt::print("plain file of the same, fdatasync  {:8.0f} MB/s\n", size / median(plain));

    std::vector<double> reading;
    std::string buffer(read_size, '\0');
    for (const auto& name : names) {
        auto reader = store.open(name);
        const auto began = Clock::now();
        for (std::uint64_t offset = 0; offset < reader->length(); offset += buffer.size()) {
            if (!reader->read_into(offset, buffer)) std::abort();
        }
        reading.push_back(seconds_since(began));
    }
    fmt::print("read 50 MiB by 64 KiB, cached      {:8.0f} MB/s\n", size / median(reading));
    std::vector<double> checking;
    for (const auto& name : names) {
        const auto began = Clock::now();
        if (store.check(name) != Health::whole) std::abort();
        checking.push_back(seconds_since(began));
    }
    fmt::print("check 50 MiB, cached               {:8.0f} MB/s\n", size / median(checking));
}

void read_small_ones(Store& store) {
    constexpr std::size_t wanted = 20'000;
    std::vector<ContentName> names;
    const auto visit = [&](const ContentName& name, std::uint64_t bytes) {
        if (bytes < 2 * small_bytes) names.push_back(name);
        return names.size() < wanted;
    };
    if (!store.for_each(visit) || names.empty()) std::abort();
    const auto began = Clock::now();
    for (const auto& name : names) {
        auto reader = store.open(name);
        if (!reader || !reader->read(0, reader->length())) std::abort();
    }
    const double seconds = seconds_since(began);
    const auto many = static_cast<double>(names.size());
    fmt::print(
        "read 10 KiB, cached, 1 thread      {:8.0f}/s   {:6.1f} us each\n", many / seconds, seconds * 1e6 / many
    );
}

int run(const char* folder) {
    if (folder != nullptr) ::setenv("TMPDIR", folder, 1);
    const cloudshelf::testing::TemporaryFolder place;
    const auto keys = std::make_shared<const KeyFile>(KeyFile::create(place / "keys", {"default"}).value());
    Random random(static_cast<std::uint64_t>(Clock::now().time_since_epoch().count()));
    for (const Sync sync : {Sync::on, Sync::off}) {
        const auto store = Store::open({.folder = place / "contents", .keys = keys, .sync = sync}).value();
        for (const int threads : {1, 8, 32}) {
            if (sync == Sync::off && threads == 32) continue;  // two processors are busy with eight
            small_ones(*store, threads, sync == Sync::on ? "on" : "off", random);
        }
    }
    const auto began = Clock::now();
    const auto store = Store::open({.folder = place / "contents", .keys = keys}).value();
    fmt::print("open with {} files: {:.0f} ms\n", store->metrics().files, seconds_since(began) * 1e3);
    read_small_ones(*store);
    large_ones(*store, place.path(), random);
    return 0;
}

}  // namespace
}  // namespace cloudshelf::contents

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // each figure when it is there
    return cloudshelf::contents::run(argc > 1 ? argv[1] : nullptr);
}

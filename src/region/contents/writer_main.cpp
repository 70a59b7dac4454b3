// Writes contents until it is killed, and says on stdout what was acknowledged: for contents_livetest.
//   contents_writer FOLDER KEYS THREADS SEED
#include "base/random.hpp"
#include "region/contents/store.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <thread>
#include <unistd.h>
#include <vector>

namespace cloudshelf::contents {
namespace {

void write_for_ever(Store& store, std::uint64_t seed) {
    Random random(seed);
    while (true) {
        // Mostly small ones; some have several pieces, and some come again.
        Random content(random.below(2) == 0 ? random.below(300) : random.next());
        std::string bytes(content.below(content.below(8) == 0 ? 3 * piece_bytes : 20'000), '\0');
        for (auto& byte : bytes) byte = static_cast<char>(content.next());
        auto writer = store.begin("default");
        if (!writer || !writer->append(bytes)) std::_Exit(1);
        const Replace replace = random.below(10) == 0 ? Replace::yes : Replace::no;
        const auto stored = writer->finish({.replace = replace});
        if (!stored) {
            fmt::print(stderr, "{}: {}\n", stored.error().code, stored.error().message);
            std::_Exit(1);
        }
        const std::string line = fmt::format("{} {}\n", stored->name.sha256, stored->length);
        if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(1);
    }
}

int run(const char* folder, const char* keys_path, int threads, std::uint64_t seed) {
    auto keys = KeyFile::read(keys_path);
    if (!keys) return 1;
    const auto store =
        Store::open({.folder = folder, .keys = std::make_shared<const KeyFile>(std::move(*keys)), .free_bytes_min = 0});
    if (!store) {
        fmt::print(stderr, "{}: {}\n", store.error().code, store.error().message);
        return 1;
    }
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i) {
        running.emplace_back(write_for_ever, std::ref(**store), seed + static_cast<std::uint64_t>(i));
    }
    for (auto& thread : running) thread.join();
    return 0;
}

}  // namespace
}  // namespace cloudshelf::contents

int main(int argc, char** argv) {
    if (argc != 5) return 2;
    return cloudshelf::contents::run(argv[1], argv[2], std::atoi(argv[3]), std::strtoull(argv[4], nullptr, 10));
}

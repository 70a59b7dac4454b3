#pragma once

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

namespace cloudshelf::testing {

/// Feeds a fuzzer's entry with its corpus (fuzz/corpora), as it is and bent. `rounds`: for each of its files.
inline void feed(const std::string& corpus, int (*fuzz)(const std::uint8_t*, std::size_t), int rounds = 2000) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(SOURCE_ROOT "/fuzz/corpora/" + corpus)) {
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string good((std::istreambuf_iterator<char>(in)), {});
        for (int round = 0; round < rounds; ++round) {
            std::string input = good;
            for (auto bent = round == 0 || input.empty() ? 0 : random.below(6); bent > 0; --bent) {
                // Mostly by bytes of its own, which fit more often.
                const char other =
                    random.below(3) > 0 ? good[random.below(good.size())] : static_cast<char>(random.below(256));
                input[random.below(input.size())] = other;
            }
            fuzz(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
        }
        ++files;
    }
    EXPECT_GT(files, 0);
}

}  // namespace cloudshelf::testing

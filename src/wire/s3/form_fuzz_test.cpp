#include "base/random.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

extern "C" int fuzz_form(const std::uint8_t* data, std::size_t size);

namespace cloudshelf {
namespace {

// Goal: no bytes break what reads them. Method: the fuzzer's entry with its corpus, as it is and bent.
TEST(FormFuzzer, Corpus) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(SOURCE_ROOT "/fuzz/corpora/wire_s3_form_fuzz")) {
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string good((std::istreambuf_iterator<char>(in)), {});
        for (int round = 0; round < 1000; ++round) {
            std::string input = good;
            for (auto bent = round == 0 || input.empty() ? 0 : random.below(6); bent > 0; --bent) {
                // Mostly by bytes of its own, which fit more often.
                const char other =
                    random.below(3) > 0 ? good[random.below(good.size())] : static_cast<char>(random.below(256));
                input[random.below(input.size())] = other;
            }
            fuzz_form(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
        }
        ++files;
    }
    EXPECT_GT(files, 0);
}

}  // namespace
}  // namespace cloudshelf

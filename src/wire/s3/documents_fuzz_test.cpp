#include "base/random.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

extern "C" int fuzz_xml(const std::uint8_t* data, std::size_t size);
extern "C" int fuzz_policy(const std::uint8_t* data, std::size_t size);

namespace cloudshelf {
namespace {

// Goal: no bytes break what reads them. Method: the fuzzers' entries with their corpora, as they are and bent.
void feed(const char* corpus, int (*fuzz)(const std::uint8_t*, std::size_t)) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::string(SOURCE_ROOT "/fuzz/corpora/") + corpus)) {
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string good((std::istreambuf_iterator<char>(in)), {});
        for (int round = 0; round < 300; ++round) {
            std::string input = good;
            for (auto bent = round == 0 || input.empty() ? 0 : random.below(4); bent > 0; --bent) {
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

TEST(Fuzzer, Documents) {
    feed("wire_s3_xml_fuzz", fuzz_xml);
}
TEST(Fuzzer, Policies) {
    feed("wire_s3_policy_fuzz", fuzz_policy);
}

}  // namespace
}  // namespace cloudshelf

// Goal: no bytes break what reads them. Method: the fuzzer's entry with its corpus.
#include "support/corpus.hpp"

extern "C" int fuzz_page(const std::uint8_t* data, std::size_t size);

namespace cloudshelf {
namespace {

TEST(Fuzzer, Pages) {
    testing::feed("region_log_page_fuzz", fuzz_page);
}

}  // namespace
}  // namespace cloudshelf

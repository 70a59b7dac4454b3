// Goal: no bytes break what reads them. Method: the fuzzer's entry with its corpus.
#include "support/corpus.hpp"

extern "C" int fuzz_records(const std::uint8_t* data, std::size_t size);

namespace cloudshelf {
namespace {

TEST(Fuzzer, Records) {
    testing::feed("region_tables_records_fuzz", fuzz_records);
}

}  // namespace
}  // namespace cloudshelf

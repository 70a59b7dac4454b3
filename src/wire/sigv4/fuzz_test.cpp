// Goal: no bytes break the reader of requests. Method: the fuzzer's entry with its corpus.
#include "support/corpus.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace cloudshelf {
namespace {

TEST(Fuzzer, Requests) {
    testing::feed("wire_sigv4_request_fuzz", LLVMFuzzerTestOneInput);
}

}  // namespace
}  // namespace cloudshelf

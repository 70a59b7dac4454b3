// Goal: no bytes break what reads them. Method: the fuzzers' entries with their corpora.
#include "support/corpus.hpp"

extern "C" int fuzz_form(const std::uint8_t* data, std::size_t size);
extern "C" int fuzz_headers(const std::uint8_t* data, std::size_t size);
extern "C" int fuzz_policy(const std::uint8_t* data, std::size_t size);
extern "C" int fuzz_xml(const std::uint8_t* data, std::size_t size);

namespace cloudshelf {
namespace {

constexpr int rounds_of_documents = 300;  // each is read by every parser there is

TEST(Fuzzer, Forms) {
    testing::feed("wire_s3_form_fuzz", fuzz_form);
}
TEST(Fuzzer, Headers) {
    testing::feed("wire_s3_headers_fuzz", fuzz_headers);
}
TEST(Fuzzer, Policies) {
    testing::feed("wire_s3_policy_fuzz", fuzz_policy);
}
TEST(Fuzzer, Documents) {
    testing::feed("wire_s3_xml_fuzz", fuzz_xml, rounds_of_documents);
}

}  // namespace
}  // namespace cloudshelf

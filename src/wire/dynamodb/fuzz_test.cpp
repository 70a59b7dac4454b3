// Goal: no bytes break what reads them. Method: the fuzzers' entries with their corpora.
#include "support/corpus.hpp"

extern "C" int fuzz_expression(const std::uint8_t* data, std::size_t size);
extern "C" int fuzz_json(const std::uint8_t* data, std::size_t size);
extern "C" int fuzz_stored_item(const std::uint8_t* data, std::size_t size);

namespace cloudshelf {
namespace {

TEST(Fuzzer, Expressions) {
    testing::feed("wire_dynamodb_expression_fuzz", fuzz_expression);
}
TEST(Fuzzer, Json) {
    testing::feed("wire_dynamodb_json_fuzz", fuzz_json);
}
TEST(Fuzzer, StoredItems) {
    testing::feed("wire_dynamodb_stored_item_fuzz", fuzz_stored_item);
}

}  // namespace
}  // namespace cloudshelf

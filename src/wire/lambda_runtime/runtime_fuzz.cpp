#include "base/assert.hpp"
#include "wire/lambda_runtime/answers.hpp"
#include "wire/lambda_runtime/call.hpp"
#include "wire/lambda_runtime/failure.hpp"

#include <boost/json.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace cloudshelf::lambda_runtime;

/// Any bytes as a call's target and as what a function says of its failure: what its caller gets is always an object.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto line = input.find('\n');
    const std::string_view target = input.substr(0, line);
    const std::string_view body = line == std::string_view::npos ? "" : input.substr(line + 1);
    const Call call = parse_call("POST", target);
    if (call.kind == Call::Kind::response) CLOUDSHELF_ASSERT(!call.request_id.contains('/'));
    CLOUDSHELF_ASSERT(invalid_request_id(call.request_id).body.size() < 2000);
    boost::system::error_code bad;
    CLOUDSHELF_ASSERT(boost::json::parse(posted(target, body), bad).is_object() && !bad);
    CLOUDSHELF_ASSERT(!type_of_posted("", body).empty());
    return 0;
}

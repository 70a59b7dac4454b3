#include "region/objects/list_parameters.hpp"

#include "wire/s3/errors.hpp"

#include <fmt/format.h>

#include <charconv>

namespace cloudshelf::objects {

Result<int> number_parameter(const Call& call, std::string_view name, int absent) {
    const auto text = call.parameter(name);
    if (text.empty()) return absent;
    int number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size())
        return fail(s3::errors::invalid_argument(fmt::format("Provided {} not an integer or within integer range", name)
        ));
    if (number < 0)
        return fail(
            s3::errors::invalid_argument(fmt::format("Argument {} must be an integer between 0 and 2147483647", name))
        );
    return number;
}

Result<s3::KeyEncoding> encoding_parameter(const Call& call) {
    const auto encoding = call.parameter("encoding-type");
    if (encoding.empty()) return s3::KeyEncoding::none;
    if (encoding == "url") return s3::KeyEncoding::url;
    return fail(s3::errors::invalid_argument("Invalid Encoding Method specified in Request"));
}

}  // namespace cloudshelf::objects

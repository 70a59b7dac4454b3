#pragma once

#include <string_view>

namespace cloudshelf::lambda_runtime {

/// The longest payload, both ways. An answer may have so much more around it.
inline constexpr std::size_t payload_bytes_max = 6 << 20;
inline constexpr std::size_t response_bytes_max = payload_bytes_max + 100;

/// What a function's process asks for.
struct Call {
    enum class Kind { next, response, error, init_error, wrong_method, unknown };
    Kind kind = Kind::unknown;
    std::string_view request_id;  // of response and error; into `target`
};

/// `target` as on the wire; what follows a "?" does not matter.
Call parse_call(std::string_view method, std::string_view target);

}  // namespace cloudshelf::lambda_runtime

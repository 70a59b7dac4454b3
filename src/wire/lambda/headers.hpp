#pragma once

#include <string_view>

/// The names of Lambda's own headers.
namespace cloudshelf::lambda::headers {

inline constexpr std::string_view error_type = "x-amzn-ErrorType";
inline constexpr std::string_view request_id = "x-amzn-RequestId";
inline constexpr std::string_view trace_id = "X-Amzn-Trace-Id";
inline constexpr std::string_view invocation_type = "X-Amz-Invocation-Type";
inline constexpr std::string_view log_type = "X-Amz-Log-Type";
inline constexpr std::string_view log_result = "X-Amz-Log-Result";
inline constexpr std::string_view client_context = "X-Amz-Client-Context";
inline constexpr std::string_view function_error = "X-Amz-Function-Error";
inline constexpr std::string_view executed_version = "X-Amz-Executed-Version";

}  // namespace cloudshelf::lambda::headers

#pragma once

#include <cstdint>
#include <string>

namespace cloudshelf::lambda {

/// "2026-11-23T05:30:00.123+0000", as FunctionConfiguration's LastModified is written.
std::string timestamp(std::int64_t unix_ms);

}  // namespace cloudshelf::lambda

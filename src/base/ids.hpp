#pragma once

#include "base/strong.hpp"

#include <cstdint>
#include <string>

namespace cloudshelf {

using RegionName = Strong<std::string, struct RegionNameTag>;    // "us-east-1"
using ServiceName = Strong<std::string, struct ServiceNameTag>;  // "book-catalog"
/// Grows by one each time the writer region changes; 0 is before the first writer.
using Epoch = Strong<std::uint64_t, struct EpochTag>;
/// A position in PostgreSQL's write-ahead log, in bytes.
using Lsn = Strong<std::uint64_t, struct LsnTag>;

}  // namespace cloudshelf

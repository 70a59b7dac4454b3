#pragma once

#include <cstdint>

namespace cloudshelf::s3 {

/// How firmly a version is locked: some may lift a governance lock, nobody a compliance lock.
enum class LockMode : std::uint8_t { governance, compliance };

}  // namespace cloudshelf::s3

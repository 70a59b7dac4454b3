#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::s3 {

enum class VersioningStatus : std::uint8_t { enabled, suspended };
std::string_view to_string(VersioningStatus status);

/// Body of PutBucketVersioning, answer of GetBucketVersioning; without a status: never versioned.
struct VersioningConfiguration {
    std::optional<VersioningStatus> status = {};
    std::optional<bool> mfa_delete = {};
    bool operator==(const VersioningConfiguration&) const = default;
};
/// Errors: MalformedXML; IllegalVersioningConfigurationException where there is no status.
Result<VersioningConfiguration> parse_versioning_configuration(std::string_view body);
std::string print(const VersioningConfiguration& configuration);

}  // namespace cloudshelf::s3

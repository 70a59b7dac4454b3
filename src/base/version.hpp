#pragma once

namespace cloudshelf {

/// Of this release.
inline constexpr const char* version = "0.1.0";

/// What a program must be able to read of the state store to act on it: leases, executions, terms. A release that
/// writes what the release before cannot read without harm adds one; a field that may be passed over does not count.
inline constexpr int state_format = 1;

}  // namespace cloudshelf

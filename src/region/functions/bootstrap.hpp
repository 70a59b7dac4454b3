#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string_view>

namespace cloudshelf::functions {

/// As Lambda names them: "x86_64" or "arm64".
std::string_view host_architecture();

/// How many of a bootstrap's first bytes `check_bootstrap` looks at.
inline constexpr std::size_t bootstrap_head_bytes = 20;

/// Whether this host can run it: a script ("#!") or an ELF executable of its own architecture. Errors:
/// "functions.bad-package"; the message says what was expected and what is there.
Result<void> check_bootstrap(std::string_view head);

}  // namespace cloudshelf::functions

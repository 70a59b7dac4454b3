#pragma once

#include "base/result.hpp"
#include "core/timelines.hpp"
#include "drivers/postgres/options.hpp"

#include <cstdint>

namespace cloudshelf::postgres {

// What an old writer committed and never replicated, saved before its data is rewound (README, "Stranded writes").
// The server is stopped; both calls block.

/// Writes `<data>/stranded/tl<timeline>-<fork>.jsonl` where there is anything, and answers how many rows. It can be
/// killed at any time and begun again: the result is the same. Errors: "postgres.stranded" (the slot says nothing),
/// "postgres.recovery", "postgres.files".
Result<std::uint64_t> export_stranded(
    const ClusterOptions& options, const core::Lineage& lineage, std::uint32_t our_timeline
);
/// Never destroy the only copy: the log itself stays in `<data>/stranded`, for a person to read (pg_waldump).
/// Errors: "postgres.files".
Result<void> keep_log(const ClusterOptions& options, std::uint32_t our_timeline);

}  // namespace cloudshelf::postgres

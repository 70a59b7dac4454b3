#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/last_writer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::tables {

/// Two regions wrote one item without knowing of each other: the version that was here lost.
struct Conflict {
    struct Side {
        core::ItemVersion version;
        RegionName origin;                // where it was accepted; empty: here
        std::optional<std::string> item;  // encoded; nothing: a delete
    };
    std::string key;         // as in "data", without the table's number
    std::int64_t at_ms = 0;  // when it was found here, since 1970
    Side won;
    Side lost;

    std::string encode() const;
    /// Errors: "tables.bad-record".
    static Result<Conflict> decode(std::string_view bytes);
};

}  // namespace cloudshelf::tables

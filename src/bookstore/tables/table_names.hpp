#pragma once

#include "drivers/tables/calls.hpp"

#include <array>

/// The bookstore's tables.
namespace cloudshelf::bookstore {

inline constexpr const char* cart_table = "CloudShelf-ShoppingCart";
inline constexpr const char* session_table = "CloudShelf-UserSessions";
inline constexpr const char* session_expiry = "expiresAt";  // the attribute that TTL looks at

/// An item for each customer and book: see README.md, "Carts".
inline std::array<tables_client::TableDefinition, 2> table_definitions() {
    return {{
        {.name = cart_table, .partition_key = "userId", .sort_key = "bookId"},
        {.name = session_table, .partition_key = "sessionId"},
    }};
}

}  // namespace cloudshelf::bookstore

#pragma once

namespace cloudshelf::bookstore {

/// Stage variables by which a gateway tells a function what it has decided, and the header by which the function says
/// what a gateway has to know beyond the status.
inline constexpr const char* writer_variable = "writer";    // the region whose database may be written; empty: none
inline constexpr const char* attempt_variable = "attempt";  // Request::attempt_id
inline constexpr const char* outcome_header = "X-CloudShelf-Outcome";  // "not-done" or "unknown"; else "answered"

}  // namespace cloudshelf::bookstore

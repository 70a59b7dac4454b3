#pragma once

#include "core/plan.hpp"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::plan {

/// One mistake in a plan.
struct Problem {
    std::string file;
    int line = 0;  // from 1; 0 when there is no place to point at
    int column = 0;
    std::string path;  // "services[2].rto"
    std::string found;
    std::string expected;
    std::string hint;  // a near miss, what to do; may be empty

    friend bool operator==(const Problem&, const Problem&) = default;
};

/// `plans/x.yaml:12:3: services[2].rto: found '15', expected a duration such as '15 min' (…)`
std::string to_string(const Problem& problem);

/// Reads and checks a plan: all problems of the text at once, in the order of their places. `file` is only for
/// messages.
std::expected<core::Plan, std::vector<Problem>> load(std::string_view text, std::string_view file);

/// The plan's JSON Schema (draft 2020-12), made from the same list of fields that the reader uses.
std::string json_schema();

/// The whole plan as JSON, durations in milliseconds, money in cents.
std::string to_json(const core::Plan& plan);

}  // namespace cloudshelf::plan

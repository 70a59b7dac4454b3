#pragma once

#include "base/result.hpp"
#include "twin/twin.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>

namespace cloudshelf::cli {

/// Asks the controller for a move (the body of `POST /v1/executions`) and follows it to its end, a line for each step.
/// Answers the execution's last record. Errors: the guard that refuses; "move.too-long".
Result<boost::json::value> run_move(const twin::Layout& layout, boost::json::object body, twin::Progress progress);

/// Approves a move that waits for a person, and follows it to its end. Errors: "not-waiting", "no-execution".
Result<boost::json::value> approve_move(const twin::Layout& layout, const std::string& id, twin::Progress progress);

/// Follows the execution that is not among `known`, once there is one. Errors: "move.not-begun", "move.too-long".
Result<boost::json::value> follow_newest(
    const twin::Layout& layout, std::vector<std::string> known, Duration limit, twin::Progress progress
);

/// The ids of all executions so far.
Result<std::vector<std::string>> execution_ids(const twin::Layout& layout);

bool move_succeeded(const boost::json::value& execution);

}  // namespace cloudshelf::cli

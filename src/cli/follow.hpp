#pragma once

#include "base/result.hpp"
#include "twin/twin.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>

namespace cloudshelf::cli {

/// Asks the controller for a move (the body of `POST /v1/executions`) and follows it to its end, a line for each step.
/// Answers the execution's record at its end, or where it waits for a person. Errors: the guard that refuses;
/// "move.too-long".
Result<boost::json::value> run_move(const twin::Layout& layout, boost::json::object body, twin::Progress progress);

/// Approves a move that waits for a person, and follows it to its end. Errors: "not-waiting", "no-execution".
/// `as_person`: whose token to use, as "operator" or "second" on the twin.
Result<boost::json::value> approve_move(
    const twin::Layout& layout, const std::string& id, const std::string& as_person, twin::Progress progress
);
/// A person's word after an automatic move, so that the next one may be automatic too. Errors: "no-execution".
Result<void> acknowledge_move(const twin::Layout& layout, const std::string& id);

/// Follows the execution that is not among `known`, once there is one. Errors: "move.not-begun", "move.too-long".
Result<boost::json::value> follow_newest(
    const twin::Layout& layout, std::vector<std::string> known, Duration limit, twin::Progress progress
);

/// The ids of all executions so far.
Result<std::vector<std::string>> execution_ids(const twin::Layout& layout);

bool move_succeeded(const boost::json::value& execution);
/// Whether it, or a step of it, waits for a person.
bool move_waits(const boost::json::value& execution);

}  // namespace cloudshelf::cli

#pragma once

#include <iosfwd>
#include <span>
#include <string>

namespace cloudshelf::cli {

/// `plan check [--json] FILE`: every problem of the plan. Exit status: 0 it is sound, 64 wrong usage, 65 it is not, 66
/// no such file.
int plan_check(std::span<const std::string> args, std::ostream& out, std::ostream& err);

/// `plan explain [--json] FILE`: what the plan means. Exit status as for plan_check().
int plan_explain(std::span<const std::string> args, std::ostream& out, std::ostream& err);

}  // namespace cloudshelf::cli

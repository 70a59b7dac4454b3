#include "cli/plan_command.hpp"

#include "plan/explain.hpp"
#include "plan/load.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <ostream>
#include <sstream>

namespace cloudshelf::cli {
namespace {

// As in sysexits.h.
constexpr int exit_ok = 0, exit_usage = 64, exit_invalid = 65, exit_no_file = 66;

struct Input {
    std::string file;
    bool json = false;
};

std::optional<Input> parse(std::span<const std::string> args, std::string_view command, std::ostream& err) {
    Input input;
    for (const std::string& arg : args) {
        if (arg == "--json") {
            input.json = true;
        } else if (arg.starts_with('-') || !input.file.empty()) {
            err << fmt::format("cloudshelf plan {}: unexpected '{}'\n", command, arg);
            input.file.clear();
            break;
        } else {
            input.file = arg;
        }
    }
    if (!input.file.empty()) return input;
    err << fmt::format("usage: cloudshelf plan {} [--json] FILE\n", command);
    return std::nullopt;
}

std::optional<std::string> read_file(const std::string& file, std::ostream& err) {
    std::error_code error;
    if (std::filesystem::is_directory(file, error)) {
        err << fmt::format("{}: found a folder, expected a plan\n", file);
        return std::nullopt;
    }
    errno = 0;
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    if (in && in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
    if (!in.is_open() || in.bad()) {
        err << fmt::format("{}: cannot be read: {}\n", file, std::strerror(errno));
        return std::nullopt;
    }
    return std::move(text).str();
}

void print(const std::vector<plan::Problem>& problems, const Input& input, std::ostream& out, std::ostream& err) {
    if (input.json) {
        boost::json::array array;
        for (const plan::Problem& problem : problems)
            array.push_back(boost::json::object{
                {"file", problem.file},
                {"line", problem.line},
                {"column", problem.column},
                {"path", problem.path},
                {"found", problem.found},
                {"expected", problem.expected},
                {"hint", problem.hint}
            });
        out << boost::json::serialize(boost::json::object{{"ok", false}, {"problems", std::move(array)}}) << "\n";
        return;
    }
    for (const plan::Problem& problem : problems) err << to_string(problem) << "\n";
    err << fmt::format("{}: {} problem{}\n", input.file, problems.size(), problems.size() == 1 ? "" : "s");
}

/// Reads and checks; what a sound plan is then used for is up to `use`.
template <class Use>
int with_plan(
    std::span<const std::string> args, std::string_view command, std::ostream& out, std::ostream& err, Use use
) {
    const auto input = parse(args, command, err);
    if (!input) return exit_usage;
    const auto text = read_file(input->file, err);
    if (!text) return exit_no_file;
    const auto plan = plan::load(*text, input->file);
    if (!plan) {
        print(plan.error(), *input, out, err);
        return exit_invalid;
    }
    use(*plan, *input);
    return exit_ok;
}

}  // namespace

int plan_check(std::span<const std::string> args, std::ostream& out, std::ostream& err) {
    return with_plan(args, "check", out, err, [&](const core::Plan& plan, const Input& input) {
        if (input.json) {
            out << boost::json::serialize(
                       boost::json::object{{"ok", true}, {"digest", plan.digest}, {"problems", boost::json::array()}}
                   )
                << "\n";
        } else {
            out << fmt::format(
                "{}: sound ({} services, {} procedures, profile {}, digest {})\n",
                input.file,
                plan.services.size(),
                plan.procedures.size(),
                plan.timing_choice.profile,
                plan.digest.substr(0, 12)
            );
        }
    });
}

int plan_explain(std::span<const std::string> args, std::ostream& out, std::ostream& err) {
    return with_plan(args, "explain", out, err, [&](const core::Plan& plan, const Input& input) {
        out << (input.json ? plan::explain_json(plan) : plan::explain(plan));
    });
}

}  // namespace cloudshelf::cli

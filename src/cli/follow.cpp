#include "cli/follow.hpp"

#include "io/clock.hpp"
#include "io/file.hpp"
#include "twin/call.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <thread>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr Duration move_limit = 120s;

std::string text(const json::value& record, std::string_view key) {
    const auto* found = record.is_object() ? record.as_object().if_contains(key) : nullptr;
    return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

bool ended(const std::string& state) {
    return state == "succeeded" || state == "failed";
}

Result<json::value> get(const twin::Layout& layout, const std::string& target) {
    const auto token = twin::operator_token(layout);
    if (!token) return fail(token.error());
    return twin::ask_controllers(layout, {.target = target, .token = *token, .limit = 3s});
}

/// Says each step once as it ends.
class StepLog {
public:
    explicit StepLog(twin::Progress progress) : progress_(std::move(progress)) {}

    void show(const json::value& execution) {
        const auto* steps = execution.as_object().if_contains("steps");
        if (!steps || !steps->is_array()) return;
        for (const auto& step : steps->as_array()) {
            const std::string name = text(step, "name");
            const std::string state = text(step, "state");
            if (state.empty() || state == "waiting" || state == "running" || !said_.insert(name + state).second)
                continue;
            const auto* took = step.as_object().if_contains("took_ms");
            const std::string problem = text(step, "error");
            progress_(fmt::format(
                "  {:<20} {:<10} {}{}",
                name,
                state,
                took && took->is_number() ? fmt::format("{:.0f} ms", took->to_number<double>()) : "",
                problem.empty() ? "" : ": " + problem
            ));
        }
    }

private:
    twin::Progress progress_;
    std::set<std::string> said_;
};

Result<json::value> follow(const twin::Layout& layout, const std::string& id, Duration limit, twin::Progress progress) {
    StepLog steps(progress);
    for (const auto deadline = io::Deadline::after(limit); !deadline.passed(); std::this_thread::sleep_for(20ms)) {
        auto execution = get(layout, "/v1/executions/" + id);
        if (!execution) continue;  // the controller restarts; the execution goes on
        steps.show(*execution);
        if (ended(text(*execution, "state")) || move_waits(*execution)) return execution;
    }
    return fail(
        "move.too-long",
        fmt::format("execution {} has not ended within {} s; `cloudshelf status` shows it", id, limit / 1s)
    );
}

}  // namespace

Result<std::vector<std::string>> execution_ids(const twin::Layout& layout) {
    const auto answer = get(layout, "/v1/executions");
    if (!answer) return fail(answer.error());
    const json::array& all = answer->is_array() ? answer->as_array() : answer->at("executions").as_array();
    std::vector<std::string> ids;
    for (const auto& execution : all) ids.push_back(text(execution, "id"));
    return ids;
}

Result<json::value> run_move(const twin::Layout& layout, json::object body, twin::Progress progress) {
    const auto token = twin::operator_token(layout);
    if (!token) return fail(token.error());
    const auto before = execution_ids(layout);
    if (!before) return fail(before.error());
    const auto made = twin::ask_controllers(
        layout,
        {
            .method = "POST",
            .target = "/v1/executions",
            .token = *token,
            .body = std::move(body),
        }
    );
    if (made) return follow(layout, text(*made, "id"), move_limit, std::move(progress));
    if (made.error().certainty == Certainty::not_done) return fail(made.error());
    // Nobody knows whether it began (the controller died meanwhile, say): asking again could begin a second one.
    progress("no answer from the controller; looking whether the move began");
    return follow_newest(layout, *before, move_limit, std::move(progress));
}

Result<void> acknowledge_move(const twin::Layout& layout, const std::string& id) {
    const auto token = twin::operator_token(layout);
    if (!token) return fail(token.error());
    const auto done = twin::ask_controllers(
        layout,
        {
            .method = "POST",
            .target = "/v1/executions/" + id + "/acknowledge",
            .token = *token,
            .body = json::object{},
        }
    );
    if (!done) return fail(done.error());
    return {};
}

Result<json::value> approve_move(
    const twin::Layout& layout, const std::string& id, const std::string& as_person, twin::Progress progress
) {
    const auto token = io::read_file(layout.secrets() / (as_person + ".token"));
    if (!token) return fail(token.error());
    const auto approved = twin::ask_controllers(
        layout,
        {
            .method = "POST",
            .target = "/v1/executions/" + id + "/approve",
            .token = *token,
            .body = json::object{},
        }
    );
    if (!approved) return fail(approved.error());
    if (move_waits(*approved)) return *approved;
    return follow(layout, id, move_limit, std::move(progress));
}

Result<json::value> follow_newest(
    const twin::Layout& layout, std::vector<std::string> known, Duration limit, twin::Progress progress
) {
    for (const auto deadline = io::Deadline::after(limit); !deadline.passed(); std::this_thread::sleep_for(20ms)) {
        const auto ids = execution_ids(layout);
        if (!ids) continue;
        for (const auto& id : *ids) {
            if (std::ranges::find(known, id) == known.end())
                return follow(layout, id, deadline.remaining(), std::move(progress));
        }
    }
    return fail("move.not-begun", fmt::format("no move began within {} s; ask again", limit / 1s));
}

bool move_waits(const json::value& execution) {
    if (text(execution, "state") == "waiting-for-approval") return true;
    const auto* steps = execution.is_object() ? execution.as_object().if_contains("steps") : nullptr;
    return steps && steps->is_array() && std::ranges::any_of(steps->as_array(), [](const json::value& step) {
               return text(step, "state") == "waiting-for-approval";
           });
}
bool move_succeeded(const json::value& execution) {
    return text(execution, "state") == "succeeded";
}

}  // namespace cloudshelf::cli

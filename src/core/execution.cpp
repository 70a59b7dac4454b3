#include "core/execution.hpp"

#include "base/assert.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace cloudshelf::core {
namespace {

namespace json = boost::json;

constexpr std::array step_states = {
    "waiting", "running", "succeeded", "failed", "undoing", "undone", "waiting-for-approval"
};
constexpr std::array execution_states = {"waiting-for-approval", "running", "undoing", "succeeded", "failed"};

template <class Enum, std::size_t N>
Enum from_name(const std::array<const char*, N>& names, const std::string& text) {
    for (std::size_t i = 0; i < N; ++i) {
        if (text == names[i]) return static_cast<Enum>(i);
    }
    throw std::invalid_argument("unknown state " + text);
}

bool is_over(StepState state) {
    return state != StepState::waiting && state != StepState::running && state != StepState::waiting_for_approval;
}

}  // namespace

const char* name(StepState state) {
    return step_states[static_cast<std::size_t>(state)];
}
const char* name(ExecutionState state) {
    return execution_states[static_cast<std::size_t>(state)];
}

Result<Execution> Execution::make(Header header, std::vector<StepSpec> steps) {
    std::set<std::string> names;
    for (const auto& step : steps) {
        if (!names.insert(step.name).second)
            return fail("execution.bad-graph", fmt::format("two steps are called \"{}\"", step.name));
    }
    // Steps that wait for nothing unknown, again and again: what is left over is a cycle or waits for one.
    std::set<std::string> placed;
    for (bool progress = true; progress;) {
        progress = false;
        for (const auto& step : steps) {
            if (placed.contains(step.name)) continue;
            for (const auto& before : step.after) {
                if (!names.contains(before))
                    return fail(
                        "execution.bad-graph",
                        fmt::format("\"{}\" is after \"{}\", which is no step", step.name, before)
                    );
            }
            if (std::ranges::all_of(step.after, [&](const auto& before) { return placed.contains(before); })) {
                placed.insert(step.name);
                progress = true;
            }
        }
    }
    if (placed.size() != steps.size()) return fail("execution.bad-graph", "the steps wait for each other in a circle");
    Execution execution;
    execution.header_ = std::move(header);
    execution.state_ = execution.header_.guard.empty() ? ExecutionState::running : ExecutionState::waiting_for_approval;
    for (auto& step : steps) execution.steps_.push_back({.spec = std::move(step)});
    return execution;
}

StepRecord* Execution::find(const std::string& wanted) {
    const auto found = std::ranges::find(steps_, wanted, [](const StepRecord& record) { return record.spec.name; });
    return found == steps_.end() ? nullptr : &*found;
}

std::vector<ExecutionCommand> Execution::step(const ExecutionEvent& event, TimePoint now) {
    std::vector<ExecutionCommand> commands;
    if (ended()) return commands;
    if (std::holds_alternative<Begin>(event)) {
        started_ = now;
        looked_ = now;
        commands.push_back(Save{});
        if (state_ == ExecutionState::running) start_ready(commands, now);
    } else if (std::holds_alternative<Approved>(event)) {
        approve(std::get<Approved>(event).by, commands, now);
    } else if (const auto* cancelled = std::get_if<Cancelled>(&event)) {
        if (state_ != ExecutionState::waiting_for_approval) return commands;
        header_.notes["cancelled"] = cancelled->why;
        state_ = ExecutionState::failed;
        ended_ = now;
        commands.push_back(Save{});
        commands.push_back(Finished{false});
    } else if (const auto* done = std::get_if<StepDone>(&event)) {
        StepRecord* record = find(done->step);
        if (record == nullptr || (record->state != StepState::running && record->state != StepState::undoing))
            return commands;
        record->ended = now;
        record->state = record->state == StepState::running ? StepState::succeeded : StepState::undone;
        settle(commands, now);
    } else if (const auto* failed = std::get_if<StepFailed>(&event)) {
        StepRecord* record = find(failed->step);
        if (record == nullptr) return commands;
        if (record->state == StepState::undoing) {
            // An undo that fails is recorded and left to a person; the others still get their chance.
            record->error += "; undo: " + failed->error;
            record->state = StepState::failed;
            settle(commands, now);
        } else if (record->state == StepState::running) {
            fail_step(*record, *failed, commands, now);
        }
    } else {
        // An action that slept with us answers now, and its answer counts.
        constexpr Duration awake = std::chrono::seconds(1);
        if (looked_ && now - *looked_ > awake) slept_ += now - *looked_;
        looked_ = now;
        for (auto& record : steps_) {
            const bool late = (record.state == StepState::running || record.state == StepState::undoing) &&
                              now - *record.started > record.spec.limit + awake + slept_;
            if (!late) continue;
            const StepFailed timeout{
                record.spec.name, fmt::format("no end within {} ms", record.spec.limit / std::chrono::milliseconds(1))
            };
            return step(timeout, now);
        }
    }
    return commands;
}

void Execution::approve(const std::string& by, std::vector<ExecutionCommand>& commands, TimePoint now) {
    if (state_ == ExecutionState::waiting_for_approval) {
        header_.notes["approved-by"] = by;
        state_ = ExecutionState::running;
        commands.push_back(Save{});
        start_ready(commands, now);
        return;
    }
    for (auto& record : steps_) {
        if (record.state != StepState::waiting_for_approval) continue;
        if (std::ranges::find(record.approved_by, by) != record.approved_by.end()) continue;
        record.approved_by.push_back(by);
        commands.push_back(Save{});
        if (static_cast<int>(record.approved_by.size()) >= record.spec.approvals) start(record, commands, now);
        return;
    }
}

bool Execution::waits_for_approval() const {
    return state_ == ExecutionState::waiting_for_approval || std::ranges::any_of(steps_, [](const StepRecord& record) {
               return record.state == StepState::waiting_for_approval;
           });
}

bool Execution::has_begun() const {
    return std::ranges::any_of(steps_, [](const StepRecord& record) { return record.started.has_value(); });
}

bool Execution::convert(Mode mode) {
    if (ended() || state_ == ExecutionState::undoing) return false;
    const bool stricter = header_.mode == Mode::disaster && mode == Mode::planned;
    if (stricter && has_begun()) return false;
    header_.mode = mode;
    return true;
}

void Execution::fail_step(
    StepRecord& record, const StepFailed& failure, std::vector<ExecutionCommand>& commands, TimePoint now
) {
    record.error = failure.error;
    const Duration left = record.spec.limit - (now - *record.started) - record.spec.retry_delay;
    if (failure.retryable && record.attempts < record.spec.attempts_max && left > Duration::zero()) {
        ++record.attempts;
        commands.push_back(Perform{record.spec.name, record.spec.action, record.attempts, left, record.spec.retry_delay}
        );
        return;
    }
    record.state = StepState::failed;
    record.ended = now;
    settle(commands, now);
}

void Execution::settle(std::vector<ExecutionCommand>& commands, TimePoint now) {
    const bool fatal = std::ranges::any_of(steps_, [&](const StepRecord& record) {
        return record.state == StepState::failed && (record.spec.essential || header_.mode == Mode::planned);
    });
    if (fatal && state_ == ExecutionState::running) state_ = ExecutionState::undoing;
    commands.push_back(Save{});
    if (state_ == ExecutionState::undoing) {
        undo_next(commands, now);
    } else {
        start_ready(commands, now);
    }
}

void Execution::start_ready(std::vector<ExecutionCommand>& commands, TimePoint now) {
    for (auto& record : steps_) {
        if (record.state != StepState::waiting) continue;
        const bool ready = std::ranges::all_of(record.spec.after, [&](const std::string& before) {
            return is_over(find(before)->state);
        });
        if (!ready) continue;
        if (record.spec.approvals > 0) {
            record.state = StepState::waiting_for_approval;
            commands.push_back(Save{});
        } else {
            start(record, commands, now);
        }
    }
    if (std::ranges::all_of(steps_, [](const StepRecord& record) { return is_over(record.state); })) {
        state_ = ExecutionState::succeeded;
        ended_ = now;
        commands.push_back(Save{});
        commands.push_back(Finished{true});
    }
}

void Execution::start(StepRecord& record, std::vector<ExecutionCommand>& commands, TimePoint now) {
    record.state = StepState::running;
    record.started = now;
    record.attempts = 1;
    commands.push_back(Perform{record.spec.name, record.spec.action, 1, record.spec.limit, {}});
}

void Execution::undo_next(std::vector<ExecutionCommand>& commands, TimePoint now) {
    // What runs ends first; then what was done is undone, the last first.
    if (std::ranges::any_of(steps_, [](const StepRecord& record) {
            return record.state == StepState::running || record.state == StepState::undoing;
        }))
        return;
    StepRecord* last = nullptr;
    for (auto& record : steps_) {
        if (record.state != StepState::succeeded || record.spec.undo.empty()) continue;
        if (last == nullptr || *record.ended > *last->ended) last = &record;
    }
    if (last == nullptr) {
        state_ = ExecutionState::failed;
        ended_ = now;
        commands.push_back(Save{});
        commands.push_back(Finished{false});
        return;
    }
    last->state = StepState::undoing;
    last->started = now;
    commands.push_back(Perform{last->spec.name, last->spec.undo, 1, last->spec.limit, {}});
}

std::vector<ExecutionCommand> Execution::resume(TimePoint now) {
    std::vector<ExecutionCommand> commands;
    if (ended() || state_ == ExecutionState::waiting_for_approval) return commands;
    looked_ = now;
    bool any = false;
    for (auto& record : steps_) {
        const bool undoing = record.state == StepState::undoing;
        if (record.state != StepState::running && !undoing) continue;
        any = true;
        // The clock of the one before may have been another machine's.
        record.started = now;
        ++record.attempts;
        commands.push_back(Perform{
            record.spec.name, undoing ? record.spec.undo : record.spec.action, record.attempts, record.spec.limit, {}
        });
    }
    if (!any && !waits_for_approval()) settle(commands, now);
    return commands;
}

std::string Execution::to_json() const {
    const auto time = [](const std::optional<TimePoint>& at) -> json::value {
        return at ? json::value(at->time_since_epoch().count()) : json::value();
    };
    json::array steps;
    for (const auto& record : steps_) {
        json::object step{
            {"name", record.spec.name},
            {"action", record.spec.action},
            {"after", json::value_from(record.spec.after)},
            {"limit_ms", record.spec.limit / std::chrono::milliseconds(1)},
            {"attempts_max", record.spec.attempts_max},
            {"retry_delay_ms", record.spec.retry_delay / std::chrono::milliseconds(1)},
            {"approvals", record.spec.approvals},
            {"approved_by", json::value_from(record.approved_by)},
            {"essential", record.spec.essential},
            {"undo", record.spec.undo},
            {"state", name(record.state)},
            {"attempts", record.attempts},
            {"started_ns", time(record.started)},
            {"ended_ns", time(record.ended)},
            {"error", record.error},
        };
        if (record.started && record.ended && *record.ended >= *record.started) {
            step["took_ms"] = std::chrono::duration<double, std::milli>(*record.ended - *record.started).count();
        }
        steps.push_back(std::move(step));
    }
    return json::serialize(json::object{
        {"id", header_.id},
        {"procedure", header_.procedure},
        {"mode", header_.mode == Mode::planned ? "planned" : "disaster"},
        {"from", header_.from.value()},
        {"to", header_.to.value()},
        {"epoch", header_.epoch.value()},
        {"reason", header_.reason},
        {"guard", header_.guard},
        {"notes", json::value_from(header_.notes)},
        {"state", name(state_)},
        {"started_ns", time(started_)},
        {"ended_ns", time(ended_)},
        {"steps", std::move(steps)},
    });
}

Result<Execution> Execution::from_json(const std::string& text) {
    try {
        const json::value value = json::parse(text);
        const auto string = [](const json::value& object, const char* key) {
            return json::value_to<std::string>(object.at(key));
        };
        const auto time = [](const json::value& at) -> std::optional<TimePoint> {
            if (at.is_null()) return std::nullopt;
            return TimePoint(Duration(json::value_to<std::int64_t>(at)));
        };
        Execution execution;
        execution.header_ = {
            .id = string(value, "id"),
            .procedure = string(value, "procedure"),
            .mode = string(value, "mode") == "planned" ? Mode::planned : Mode::disaster,
            .from = RegionName(string(value, "from")),
            .to = RegionName(string(value, "to")),
            .epoch = Epoch(json::value_to<std::uint64_t>(value.at("epoch"))),
            .reason = string(value, "reason"),
            .guard = string(value, "guard"),
            .notes = json::value_to<std::map<std::string, std::string>>(value.at("notes")),
        };
        execution.state_ = from_name<ExecutionState>(execution_states, string(value, "state"));
        execution.started_ = time(value.at("started_ns"));
        execution.ended_ = time(value.at("ended_ns"));
        for (const auto& entry : value.at("steps").as_array()) {
            StepRecord record;
            record.spec = {
                .name = string(entry, "name"),
                .action = string(entry, "action"),
                .after = json::value_to<std::vector<std::string>>(entry.at("after")),
                .limit = std::chrono::milliseconds(json::value_to<std::int64_t>(entry.at("limit_ms"))),
                .attempts_max = json::value_to<int>(entry.at("attempts_max")),
                .retry_delay = std::chrono::milliseconds(json::value_to<std::int64_t>(entry.at("retry_delay_ms"))),
                .approvals = json::value_to<int>(entry.at("approvals")),
                .essential = entry.at("essential").as_bool(),
                .undo = string(entry, "undo"),
            };
            record.state = from_name<StepState>(step_states, string(entry, "state"));
            record.attempts = json::value_to<int>(entry.at("attempts"));
            record.started = time(entry.at("started_ns"));
            record.ended = time(entry.at("ended_ns"));
            record.error = string(entry, "error");
            record.approved_by = json::value_to<std::vector<std::string>>(entry.at("approved_by"));
            execution.steps_.push_back(std::move(record));
        }
        return execution;
    } catch (const std::exception& problem) {
        return fail(
            "execution.unreadable", fmt::format("an execution in the journal cannot be read: {}", problem.what())
        );
    }
}

}  // namespace cloudshelf::core

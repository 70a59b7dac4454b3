#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace cloudshelf::core {

/// One action of a procedure. Everything it needs was chosen when the execution was made: who carries it out chooses
/// nothing.
struct StepSpec {
    std::string name;
    std::string action;                         // what the shell does: "take-lease", "promote-database", …
    std::vector<std::string> after;             // names of steps
    Duration limit = std::chrono::seconds(30);  // for the whole step, its retries included
    int attempts_max = 1;
    Duration retry_delay{};
    int approvals = 0;      // persons who have to allow it before it begins
    bool essential = true;  // in disaster mode, a step that is not may fail
    std::string undo;       // an action; empty: nothing to undo
};

/// Planned: any error stops and undoes, nothing may be lost. Disaster: goes on where it can.
enum class Mode { planned, disaster };

enum class StepState { waiting, running, succeeded, failed, undoing, undone, waiting_for_approval };
enum class ExecutionState { waiting_for_approval, running, undoing, succeeded, failed };

struct StepRecord {
    StepSpec spec;
    StepState state = StepState::waiting;
    int attempts = 0;
    std::optional<TimePoint> started;
    std::optional<TimePoint> ended;
    std::string error;
    std::vector<std::string> approved_by;
};

// What an execution is told.
struct Begin {};
/// By a person, once for each: nobody counts twice.
struct Approved {
    std::string by;
};
/// Nobody needs it any more, and nothing was done yet: only while it waits for a person.
struct Cancelled {
    std::string why;
};
struct StepDone {
    std::string step;
};
struct StepFailed {
    std::string step;
    std::string error;
    bool retryable = false;
};
/// Time has passed. Told every so often while the controller is awake: a gap is time in which it slept.
struct Look {};
using ExecutionEvent = std::variant<Begin, Approved, Cancelled, StepDone, StepFailed, Look>;

// What it asks for, in this order: `Save` is durable before anything after it is carried out.
struct Save {};
struct Perform {
    std::string step;
    std::string action;
    int attempt = 1;
    Duration limit{};
    Duration delay{};  // to wait first
};
struct Finished {
    bool succeeded = false;
};
using ExecutionCommand = std::variant<Save, Perform, Finished>;

/// One run of a procedure: a DAG of steps, journalled before and after each, so that another controller goes on where
/// this one stood. Every execution ends: succeeded, failed with its undoing done, or waiting for a person.
class Execution {
public:
    struct Header {
        std::string id;
        std::string procedure;  // "failover", "failback"
        Mode mode = Mode::disaster;
        RegionName from;
        RegionName to;
        Epoch epoch{0};  // of the new writer
        std::string reason;
        std::string guard;                         // why a person has to approve; empty: nobody
        std::map<std::string, std::string> notes;  // what steps leave for later ones: the promotion token
    };

    /// Errors: "execution.bad-graph": an unknown name, a name twice, a cycle.
    static Result<Execution> make(Header header, std::vector<StepSpec> steps);

    std::vector<ExecutionCommand> step(const ExecutionEvent& event, TimePoint now);

    const Header& header() const { return header_; }
    void note(const std::string& key, const std::string& value) { header_.notes[key] = value; }
    ExecutionState state() const { return state_; }
    /// Whether a person has to say something before it can go on: to the whole of it, or to a step.
    bool waits_for_approval() const;
    /// Whether any step was begun.
    bool has_begun() const;
    /// Planned becomes disaster: from now on what is not essential may fail, and loss within the guard is accepted.
    /// The opposite while nothing was done that could lose anything. False where that is too late.
    bool convert(Mode mode);
    bool ended() const { return state_ == ExecutionState::succeeded || state_ == ExecutionState::failed; }
    const std::vector<StepRecord>& steps() const { return steps_; }
    std::optional<TimePoint> started() const { return started_; }
    std::optional<TimePoint> ended_at() const { return ended_; }

    /// The whole of it, as journalled and as the API shows it.
    std::string to_json() const;
    /// The opposite; what was running is performed again, which every action allows. Errors: "execution.unreadable".
    static Result<Execution> from_json(const std::string& text);
    /// What a controller that takes over carries out first.
    std::vector<ExecutionCommand> resume(TimePoint now);

private:
    StepRecord* find(const std::string& name);
    void start_ready(std::vector<ExecutionCommand>& commands, TimePoint now);
    void start(StepRecord& record, std::vector<ExecutionCommand>& commands, TimePoint now);
    void approve(const std::string& by, std::vector<ExecutionCommand>& commands, TimePoint now);
    void fail_step(
        StepRecord& record, const StepFailed& failure, std::vector<ExecutionCommand>& commands, TimePoint now
    );
    void undo_next(std::vector<ExecutionCommand>& commands, TimePoint now);
    void settle(std::vector<ExecutionCommand>& commands, TimePoint now);

    Header header_;
    ExecutionState state_ = ExecutionState::running;
    std::vector<StepRecord> steps_;
    std::optional<TimePoint> started_;
    std::optional<TimePoint> ended_;
    std::optional<TimePoint> looked_;
    Duration slept_{};  // since the start; a step is not late for what the controller missed
};

const char* name(StepState state);
const char* name(ExecutionState state);

}  // namespace cloudshelf::core

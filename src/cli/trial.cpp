#include "cli/trial.hpp"

#include "cli/follow.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/process.hpp"
#include "twin/call.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <csignal>
#include <sys/wait.h>
#include <thread>

namespace cloudshelf::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

/// The shoppers, as a process of their own; ended with the trial, whatever happens.
class ShopProcess {
public:
    ~ShopProcess() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Result<void> start(const twin::Layout& layout, const TrialOptions& options) {
        io::SpawnOptions spawn;
        spawn.argv = {
            options.programs / "cloudshelf",
            "shop",
            "--rate",
            fmt::format("{}", options.rate),
            "--for",
            "30m",
            "--audit",
            "--ledger",
            options.ledger,
            "--nameservers",
            layout.nameservers(),
            "--seed",
            std::to_string(options.seed),
            "--plan",
            options.plan,
            "--data",
            layout.directory
        };
        spawn.output = options.ledger.string() + ".log";
        auto pid = io::spawn(spawn);
        if (!pid) return fail(pid.error());
        pid_ = *pid;
        return {};
    }
    bool runs() {
        if (pid_ <= 0) return false;
        if (::waitpid(pid_, &status_, WNOHANG) != pid_) return true;
        pid_ = 0;
        return false;
    }
    void ask_to_end() const { ::kill(pid_, SIGTERM); }

private:
    pid_t pid_ = 0;
    int status_ = 0;
};

struct Interrupted {};

class Trial {
public:
    Trial(const twin::Layout& layout, TrialOptions options, twin::Progress progress)
        : layout_(layout), options_(std::move(options)), progress_(std::move(progress)) {}

    Result<workload::Report> run();

private:
    void look(const char* phase) {
        if (options_.watch && !options_.watch(phase)) throw Interrupted{};
    }
    template <class Done>
    Result<void> until(const char* phase, Duration limit, const std::string& what, Done done) {
        for (const auto deadline = io::Deadline::after(limit); !deadline.passed(); std::this_thread::sleep_for(50ms)) {
            look(phase);
            if (done()) return {};
        }
        return fail("trial.too-long", fmt::format("{}: not within {} s", what, limit / 1s));
    }
    void pass(const char* phase, Duration duration) {
        for (const auto deadline = io::Deadline::after(duration); !deadline.passed(); std::this_thread::sleep_for(50ms))
            look(phase);
    }
    json::value live() const {
        boost::system::error_code bad;
        const auto text = io::read_file(options_.ledger.string() + ".live.json");
        json::value value = text ? json::parse(*text, bad) : json::value(json::object{});
        return bad || !value.is_object() ? json::value(json::object{}) : value;
    }
    json::value newest_execution() const;
    Result<void> collect(workload::Evidence& evidence) const;

    const twin::Layout& layout_;
    TrialOptions options_;
    twin::Progress progress_;
    ShopProcess shop_;
};

std::string text(const json::value& value, const char* pointer) {
    boost::system::error_code none;
    const auto* found = value.find_pointer(pointer, none);
    return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

double number(const json::value& value, const char* pointer) {
    boost::system::error_code none;
    const auto* found = value.find_pointer(pointer, none);
    return found && found->is_number() ? found->to_number<double>() : 0;
}

/// The newest by its number: ids are x1, x2, …
json::value Trial::newest_execution() const {
    const auto token = twin::operator_token(layout_);
    if (!token) return json::value(json::object{});
    const auto all = twin::ask_controllers(layout_, {.target = "/v1/executions", .token = *token});
    if (!all) return json::value(json::object{});
    json::value newest(json::object{});
    long highest = 0;
    for (const auto& execution : all->at("executions").as_array()) {
        const long at = std::strtol(text(execution, "/id").c_str() + 1, nullptr, 10);
        if (at <= highest) continue;
        highest = at;
        newest = execution;
    }
    return newest;
}

Result<void> Trial::collect(workload::Evidence& evidence) const {
    const auto ledger = io::read_file(options_.ledger, 1u << 30);
    if (!ledger) return fail(ledger.error());
    evidence.ledger = workload::parse_ledger(*ledger);
    const auto audit = io::read_file(options_.ledger.string() + ".audit.json", 256u << 20);
    if (!audit)
        return fail("trial.no-audit", "the shoppers left no audit: " + options_.ledger.string() + ".log says why");
    const json::value audited = json::parse(*audit);
    for (const auto& entry : audited.at("bad").as_array()) {
        workload::Acknowledged write{
            .service = text(entry, "/service"), .kind = text(entry, "/kind"), .id = text(entry, "/id")
        };
        write.acked = TimePoint(Duration(json::value_to<std::int64_t>(entry.at("acked_ns"))));
        write.epoch = static_cast<std::uint64_t>(number(entry, "/epoch"));
        const auto found = workload::found_named(text(entry, "/found"));
        evidence.bad.emplace_back(std::move(write), found.value_or(workload::Found::wrong));
    }
    for (const auto& region : layout_.regions()) {
        const auto lines = io::read_file(region.directory / "agent" / "writer-intervals.jsonl");
        if (!lines) continue;
        const auto intervals = workload::parse_intervals(*lines, io::now());
        evidence.intervals.insert(evidence.intervals.end(), intervals.begin(), intervals.end());
        const auto status = twin::agent_status(layout_, region);
        if (status) evidence.stranded_writes += static_cast<std::uint64_t>(number(*status, "/stranded_writes"));
    }
    return {};
}

Result<workload::Report> Trial::run() {
    std::error_code ignored;
    fs::create_directories(options_.ledger.parent_path(), ignored);
    fs::remove(options_.ledger, ignored);
    const json::value before = newest_execution();
    progress_(fmt::format(
        "customers: {} transactions a second through {}", options_.rate, layout_.plan.traffic.names.at(0).name
    ));
    if (const auto started = shop_.start(layout_, options_); !started) return fail(started.error());
    const auto shopping = until("customers arrive", 90s, "customers", [&] {
        return text(live(), "/phase") == "shopping" || !shop_.runs();
    });
    if (!shopping) return fail(shopping.error());
    if (!shop_.runs())
        return fail("trial.no-shop", "the shoppers ended: " + options_.ledger.string() + ".log says why");
    pass("shopping", options_.before);

    workload::Evidence evidence{.plan = &layout_.plan, .region = layout_.primary.name.value(), .utc = io::utc_now()};
    const auto fault = twin::break_region(layout_, evidence.region);
    if (!fault) return fail(fault.error());
    evidence.fault = fault->at;
    evidence.fault_over = fault->over;
    progress_(fmt::format("{} is lost: every process of it was killed at once", evidence.region));
    json::value failover;
    const auto recovered = until("recovering", 90s, "recovery", [&] {
        failover = newest_execution();
        const std::string state = text(failover, "/state");
        return text(failover, "/id") != text(before, "/id") && (state == "succeeded" || state == "failed");
    });
    if (!recovered) return fail(recovered.error());
    auto record = workload::parse_move(json::serialize(failover));
    if (!record) return fail(record.error());
    evidence.failover = std::move(*record);
    progress_(fmt::format(
        "the move {}: {:.0f} ms from the fault to its last step",
        evidence.failover.state,
        std::chrono::duration<double, std::milli>(evidence.failover.ended - evidence.fault).count()
    ));
    pass("recovered", options_.after);

    if (options_.failback) {
        progress_(fmt::format("{} comes back, with its old data", evidence.region));
        if (const auto back = twin::restore_region(layout_, evidence.region); !back) return fail(back.error());
        const auto rejoined = until("rebuilding protection", 180s, "rejoining", [&] {
            const auto status = twin::controller_status(layout_);
            if (!status) return false;
            return text(*status, "/lease/sync") == "in-step" &&
                   text(*status, ("/regions/" + evidence.region + "/role").c_str()) == "standby";
        });
        if (!rejoined) return fail(rejoined.error());
        progress_(fmt::format("{} follows, in step; failing back", evidence.region));
        pass("in step again", 1s);
        const auto moved = run_move(layout_, json::object{{"procedure", "failback"}, {"reason", "trial"}}, progress_);
        if (!moved) return fail(moved.error());
        auto back = workload::parse_move(json::serialize(*moved));
        if (!back) return fail(back.error());
        evidence.failback = std::move(*back);
        pass("failed back", options_.after);
    }
    progress_("the shop closes; reading every acknowledged write back");
    shop_.ask_to_end();
    const auto closed = until("reading back", 180s, "reading back", [&] { return !shop_.runs(); });
    if (!closed) return fail(closed.error());
    if (const auto collected = collect(evidence); !collected) return fail(collected.error());
    return workload::make_report(evidence);
}

}  // namespace

Result<workload::Report> run_trial(const twin::Layout& layout, TrialOptions options, twin::Progress progress) {
    try {
        Trial trial(layout, std::move(options), std::move(progress));
        return trial.run();
    } catch (const Interrupted&) {
        return fail("trial.interrupted", "interrupted");
    }
}

}  // namespace cloudshelf::cli

#include "drivers/postgres/rejoin.hpp"

#include "core/lease_record.hpp"
#include "drivers/postgres/creation.hpp"
#include "drivers/postgres/private_files.hpp"
#include "drivers/postgres/queries.hpp"
#include "drivers/postgres/stranded_export.hpp"
#include "io/file.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace cloudshelf::postgres {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string history_file(std::uint32_t timeline) {
    return fmt::format("pg_wal/{:08X}.history", timeline);
}

Error no_writer(const std::string& what, const std::string& why) {
    return {"postgres.no-writer", fmt::format("cannot connect to the writer{}: {}", what, why)};
}

}  // namespace

RejoinReport Rejoin::run(const Address& writer, std::function<void(const std::string&)> progress) {
    progress_ = std::move(progress);
    report_ = {};
    if (const auto written = configuration_.write(writer); !written) return quarantine(written.error());
    if (const auto before = journal_.unfinished(); before && before->half_done()) {
        report_.stranded_writes = before->stranded;
        report_.detail = before->detail;
        return clone(writer, "an earlier " + before->phase + " did not end");
    }
    if (!fs::exists(options_.pgdata / "PG_VERSION")) return clone(writer, "there is no data here");

    const auto control = read_control_data(options_);
    if (!control) return quarantine(control.error());
    const auto asked = ask(writer, control->timeline);
    if (!asked) return quarantine(asked.error());
    if (asked->system_id != control->system_id) {
        return quarantine(
            {"postgres.other-database",
             fmt::format(
                 "{} holds database {}, the writer's is {}: move it away if it is not needed",
                 options_.pgdata.string(),
                 control->system_id,
                 asked->system_id
             )}
        );
    }
    const core::OldData ours{
        .is_standby = fs::exists(options_.pgdata / "standby.signal"),
        .ended_cleanly = control->state == "shut down",
        .checkpoint = control->checkpoint,
    };
    if (core::follows_without_a_rewind(ours, asked->lineage)) {
        if (const auto made = make_standby(); !made) return quarantine(made.error());
        journal_.finished();
        report_.how = Rejoined::rewound;
        report_.detail = "follows without a rewind";
        return report_;
    }
    return rewind_or_clone(writer, *control, *asked);
}

RejoinReport Rejoin::rewind_or_clone(const Address& writer, const ControlData& found, const Writer& asked) {
    progress_("exporting what was committed here and never replicated");
    if (const auto noted = journal_.note({.phase = "export"}); !noted) return quarantine(noted.error());
    std::uint32_t timeline = found.timeline;
    core::Lineage lineage = asked.lineage;
    if (found.state != "shut down") {
        // The timeline in the control file is right only after recovery: a crash may have come before the first
        // checkpoint of a promotion.
        if (const auto recovered = recover_alone(options_, {}); !recovered) progress_(recovered.error().message);
        const auto control = read_control_data(options_);
        if (!control) return quarantine(control.error());
        const auto again = ask(writer, control->timeline);
        if (!again) return quarantine(again.error());
        timeline = control->timeline;
        lineage = again->lineage;
    }
    if (const auto stranded = export_stranded(options_, lineage, timeline)) {
        report_.stranded_writes = *stranded;
    } else {
        if (const auto kept = keep_log(options_, timeline); !kept) return quarantine(kept.error());
        report_.detail = stranded.error().message + "; the log was kept in " + (options_.data / "stranded").string();
        progress_(report_.detail);
    }
    if (!lineage.common) return clone(writer, "the writer's history does not contain ours");

    progress_("rewinding");
    const auto noted =
        journal_.note({.phase = "rewind", .stranded = report_.stranded_writes, .detail = report_.detail});
    if (!noted) return quarantine(noted.error());
    if (const auto done = rewind(writer); !done) return clone(writer, "the rewind failed: " + done.error().message);
    if (const auto made = make_standby(); !made) return quarantine(made.error());
    const auto after = read_control_data(options_);
    if (!after || after->system_id != asked.system_id)
        return clone(writer, "the rewound directory could not be verified");
    journal_.finished();
    report_.how = Rejoined::rewound;
    return report_;
}

RejoinReport Rejoin::quarantine(const Error& error) const {
    RejoinReport report = report_;
    report.how = Rejoined::quarantined;
    report.again = error.code == "postgres.no-writer";
    report.detail = error.message;
    return report;
}

RejoinReport Rejoin::clone(const Address& writer, const std::string& why) {
    progress_(why + ": cloning anew");
    if (const auto server = access_.replicator(writer, 5s); !server)
        return quarantine(no_writer("", server.error().message));
    if (const auto cloned = postgres::clone(options_, writer); !cloned) {
        // Half a clone stays noted as such, and the next attempt begins it again.
        const bool writer_is_there = access_.replicator(writer, 5s).has_value();
        if (!writer_is_there) return quarantine(no_writer(" for a clone", cloned.error().message));
        return quarantine({"postgres.clone", "the clone failed: " + cloned.error().message});
    }
    report_.how = Rejoined::cloned;
    if (report_.detail.empty()) report_.detail = why;
    return report_;
}

Result<Rejoin::Writer> Rejoin::ask(const Address& writer, std::uint32_t our_timeline) const {
    auto server = access_.replicator(writer, 5s);
    if (!server) return fail(no_writer("", server.error().message));
    const auto seen = server->execute(fmt::format(
        "SELECT (SELECT system_identifier FROM pg_control_system()), pg_is_in_recovery(),"
        " CASE WHEN pg_is_in_recovery() THEN NULL ELSE ({}) END,"
        " CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_flush_lsn() END",
        current_timeline
    ));
    if (!seen) return fail(no_writer("", seen.error().message));
    if (field(*seen, 1) != "f") return fail(no_writer("", "the server there is still a standby"));
    core::Timelines theirs{
        .timeline = static_cast<std::uint32_t>(std::strtoul(field(*seen, 2).c_str(), nullptr, 10)),
        .end = core::parse_lsn(field(*seen, 3)).value_or(Lsn(0)),
    };
    core::Timelines ours{.timeline = our_timeline};
    if (theirs.timeline >= ours.timeline) {  // else there is nothing to compare
        if (theirs.timeline > 1) {
            const auto history =
                server->execute(fmt::format("SELECT pg_read_file('{}')", history_file(theirs.timeline)));
            if (!history) return fail(no_writer("'s history", history.error().message));
            theirs.forks = core::parse_history(field(*history, 0));
        }
        if (ours.timeline > 1) {
            const auto history = io::read_file(options_.pgdata / history_file(ours.timeline));
            if (!history) return fail("postgres.history", history.error().message);
            ours.forks = core::parse_history(*history);
        }
    }
    return Writer{.system_id = field(*seen, 0), .lineage = core::lineage(ours, theirs)};
}

Result<void> Rejoin::make_standby() const {
    if (const auto written = configuration_.refuse_start_by_hand(); !written) return written;
    const auto standby = write_private_file(options_.pgdata / "standby.signal", "", options_.user);
    if (!standby) return standby;
    // A slot of the time when this was the writer would keep its log for ever.
    std::error_code ignored;
    for (const auto& slot : fs::directory_iterator(options_.pgdata / "pg_replslot", ignored))
        fs::remove_all(slot, ignored);
    fs::remove(options_.pgdata / "postmaster.pid", ignored);
    return {};
}

Result<void> Rejoin::rewind(const Address& writer) const {
    auto server = access_.replicator(writer, 5s);
    if (!server) return fail(server.error());
    // pg_rewind reads the source's control file, which learns of a promotion at the next checkpoint.
    if (const auto checkpointed = tell(*server, "CHECKPOINT"); !checkpointed) return checkpointed;
    const std::string source = access_.conninfo(writer) + " dbname=postgres connect_timeout=5";
    const std::string settings = fmt::format("--config-file={}", (options_.pgconf / "postgresql.conf").string());
    return run_program(options_, {"pg_rewind", "-D", options_.pgdata, "--source-server", source, settings}, 3600s);
}

}  // namespace cloudshelf::postgres

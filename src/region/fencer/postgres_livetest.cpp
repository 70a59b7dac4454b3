// Goal: a standby that streams, promotion, and rejoining after a divergence, with real servers behind real fencers.
#include "base/random.hpp"
#include "support/postgres_pair.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <random>
#include <set>

namespace cloudshelf::testing {
namespace {

using postgres::Rejoined;

class PostgresLive : public ::testing::Test {
protected:
    PostgresPair pair{141, {FENCER_PROGRAM}};
    PostgresSite& east = *pair.east;
    PostgresSite& west = *pair.west;

    /// East is gone (killed at its lease's end), West writes at epoch 2.
    void fail_over() {
        east.fence();
        ASSERT_TRUE(PostgresPair::done(east.cluster->kill()));
        west.write(Epoch(2));
        ASSERT_TRUE(PostgresPair::done(west.cluster->promote(5s)));
        ASSERT_TRUE(PostgresPair::done(west.cluster->provision()));
    }

    /// What East wrote while cut off from its standby, and never replicated: ids 100 to 102, and a change of id 1.
    void diverge() {
        ASSERT_TRUE(PostgresPair::done(east.ask("INSERT INTO t VALUES (1, 'both'), (2, 'both')")));
        ASSERT_TRUE(PostgresPair::in_step(east, west));
        ASSERT_TRUE(PostgresPair::done(east.cluster->maintain()));
        // A transaction begun before the cut and committed beyond it is stranded as a whole.
        auto straddling = east.connect();
        ASSERT_TRUE(straddling);
        ASSERT_TRUE(PostgresPair::done(straddling->execute("BEGIN")));
        ASSERT_TRUE(PostgresPair::done(straddling->execute("INSERT INTO t VALUES (100, E'line\\nbreak\\t''quote')")));
        ASSERT_TRUE(PostgresPair::done(east.ask("INSERT INTO t VALUES (3, 'both')")));
        ASSERT_TRUE(PostgresPair::in_step(east, west));
        ASSERT_TRUE(PostgresPair::done(west.cluster->stop(10s)));
        ASSERT_TRUE(PostgresPair::done(straddling->execute("COMMIT")));
        ASSERT_TRUE(PostgresPair::done(east.ask("INSERT INTO t VALUES (101, NULL), (102, 'x')")));
        ASSERT_TRUE(PostgresPair::done(east.ask("UPDATE t SET note = 'changed' WHERE id = 1")));
        ASSERT_TRUE(PostgresPair::done(east.ask("DELETE FROM t WHERE id = 2")));
        east.let_lapse();
        ASSERT_TRUE(PostgresPair::done(east.cluster->kill()));
        ASSERT_TRUE(PostgresPair::done(west.cluster->start_standby()));
    }

    std::vector<boost::json::object> stranded_lines() const {
        std::vector<boost::json::object> found;
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator(east.folder / "data" / "stranded", ignored)) {
            if (entry.path().extension() != ".jsonl") continue;
            std::istringstream lines(io::read_file(entry.path()).value_or(""));
            for (std::string line; std::getline(lines, line);) found.push_back(boost::json::parse(line).as_object());
        }
        return found;
    }

    void expect_exact_stranded() const {
        std::set<std::string> seen;
        for (auto line : stranded_lines()) {
            EXPECT_TRUE(line.contains("lsn"));
            line.erase("lsn");
            seen.insert(boost::json::serialize(line));
        }
        const std::set<std::string> expected{
            R"({"table":"public.t","key":{"id":"100"},"operation":"INSERT","row":{"id":"100","note":"line\nbreak\t'quote"}})",
            R"({"table":"public.t","key":{"id":"101"},"operation":"INSERT","row":{"id":"101","note":null}})",
            R"({"table":"public.t","key":{"id":"102"},"operation":"INSERT","row":{"id":"102","note":"x"}})",
            R"({"table":"public.t","key":{"id":"1"},"operation":"UPDATE","row":{"id":"1","note":"changed"}})",
            R"({"table":"public.t","key":{"id":"2"},"operation":"DELETE","row":{}})",
        };
        EXPECT_EQ(seen, expected);
    }

    void expect_same_data() {
        ASSERT_TRUE(PostgresPair::done(east.cluster->start_standby()));
        ASSERT_TRUE(PostgresPair::in_step(west, east));
        const std::string all = "SELECT string_agg(t::text, ';' ORDER BY id) FROM t";
        EXPECT_EQ(east.ask(all).value_or("east"), west.ask(all).value_or("west"));
    }
};

// Goal: what goes between the regions is encrypted, and certificates are asked for on both sides; new certificates are
// taken by running servers.
TEST_F(PostgresLive, ReplicatesByTlsOnly) {
    pair.make_primary();
    pair.make_standby();
    const std::string how =
        "SELECT s.version || ' ' || s.client_serial FROM pg_stat_ssl s JOIN pg_stat_replication r USING (pid)";
    const auto admin = [](const PostgresSite& site, const std::string& sql) {
        return site.ask(sql, "cloudshelf_admin").value_or("");
    };
    const std::string before = admin(east, how);
    EXPECT_TRUE(before.starts_with("TLSv1.3 ")) << before;
    EXPECT_GT(before.size(), 20u) << before;  // the standby's certificate has a serial

    // The password alone opens nothing from elsewhere: not plainly, and not without a certificate.
    const auto knock = [&](std::map<std::string, std::string> more) {
        more.merge(std::map<std::string, std::string>{
            {"host", east.address.host},
            {"port", "5432"},
            {"user", "replicator"},
            {"password", "replicator0f1e2d"},
            {"dbname", "postgres"}
        });
        const auto opened = postgres::Connection::open(std::move(more), 3s);
        return opened ? std::string() : opened.error().message;
    };
    const std::string plain = knock({{"sslmode", "disable"}});
    EXPECT_NE(plain.find("no pg_hba.conf entry"), std::string::npos) << plain;
    const std::string bare = knock({{"sslmode", "require"}, {"sslcert", "/nonexistent"}});
    EXPECT_NE(bare.find("valid client certificate"), std::string::npos) << bare;

    // The other region's server must be who it should be, not just somebody of our CA.
    postgres::Address wrong = east.address;
    wrong.name = io::site_host_name("us-west-2");
    ASSERT_TRUE(PostgresPair::done(west.cluster->stop(10s)));
    const auto report = west.cluster->clone_from(wrong);
    ASSERT_FALSE(report);
    EXPECT_NE(report.error().message.find("does not match"), std::string::npos) << report.error().message;
    ASSERT_TRUE(PostgresPair::done(west.cluster->clone_from(east.address)));
    ASSERT_TRUE(PostgresPair::done(west.cluster->start_standby()));
    ASSERT_TRUE(PostgresPair::in_step(east, west));

    pair.authority.issue("us-east-1");
    pair.authority.issue("us-west-2");
    ASSERT_TRUE(PostgresPair::done(east.cluster->take_certificates()));
    ASSERT_TRUE(PostgresPair::done(west.cluster->take_certificates()));
    // The stream is begun again, as after any cut of the network.
    admin(east, "SELECT pg_terminate_backend(pid) FROM pg_stat_replication");
    EXPECT_TRUE(eventually([&] {
        const std::string now = admin(east, how);
        return now.starts_with("TLSv1.3 ") && now != before;
    }));
    const auto key = fs::status(west.folder / "pgconf" / "server.key");
    EXPECT_EQ(key.permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(PostgresLive, StreamsCommitsSynchronouslyAndSaysHowFarBehind) {
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    ASSERT_NO_FATAL_FAILURE(pair.make_standby());
    ASSERT_TRUE(PostgresPair::done(east.cluster->set_synchronous(true)));
    ASSERT_TRUE(eventually([&] { return east.observer->observe().value_or(postgres::Observation{}).standby_is_sync; }));
    auto writer = east.connect();
    ASSERT_TRUE(writer);
    const auto stored =
        writer->execute("SET synchronous_commit = remote_apply; INSERT INTO t VALUES (1, 'there already')");
    ASSERT_TRUE(PostgresPair::done(stored));
    EXPECT_EQ(west.ask("SELECT note FROM t WHERE id = 1").value_or(""), "there already");
    ASSERT_TRUE(PostgresPair::done(east.cluster->maintain()));
    const auto primary = east.observer->observe();
    ASSERT_TRUE(primary);
    EXPECT_TRUE(primary->streaming);
    EXPECT_EQ(primary->timeline, 1u);
    const auto standby = west.observer->observe();
    ASSERT_TRUE(standby);
    EXPECT_TRUE(standby->in_recovery);
    EXPECT_EQ(standby->system_id, primary->system_id);
    EXPECT_EQ(standby->timeline, 1u);
}

TEST_F(PostgresLive, ACancelledWaitForTheStandbyIsUnknown) {
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    ASSERT_TRUE(PostgresPair::done(east.cluster->set_synchronous(true)));  // there is no standby: commits wait
    auto writer = east.connect();
    ASSERT_TRUE(writer);
    ASSERT_TRUE(PostgresPair::done(writer->execute("SET synchronous_commit = on")));
    std::thread canceller([&] {
        eventually([&] {
            return east.ask(
                           "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
                           "cloudshelf_admin"
                   )
                       .value_or("") == "t";
        });
    });
    const auto answer = writer->execute("INSERT INTO t VALUES (1, 'here only')");
    canceller.join();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, "postgres.sync-cancelled");
    EXPECT_EQ(answer.error().certainty, Certainty::unknown);
    EXPECT_EQ(east.ask("SELECT count(*) FROM t").value_or(""), "1");  // it was committed after all
}

TEST_F(PostgresLive, StartedByHandItRefuses) {
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    ASSERT_TRUE(PostgresPair::done(east.cluster->stop(10s)));
    io::SpawnOptions options;
    options.argv = {"/usr/lib/postgresql/15/bin/pg_ctl", "-D", east.folder / "pgdata", "-w", "-t", "5", "start"};
    if (::geteuid() == 0) options.run_as = *io::User::find("postgres");
    options.directory = "/";
    const auto output = io::run(options, 30s);
    ASSERT_TRUE(PostgresPair::done(output));
    EXPECT_NE(output->status, 0);
    EXPECT_TRUE(east.processes().empty());
}

TEST_F(PostgresLive, TheTokenOfASwitchoverIsWhatTheStandbyHasReplayed) {
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    ASSERT_NO_FATAL_FAILURE(pair.make_standby());
    ASSERT_TRUE(PostgresPair::done(east.ask("INSERT INTO t SELECT g, 'x' FROM generate_series(1, 5000) g")));
    const auto token = east.cluster->stop_for_switchover(10s);
    ASSERT_TRUE(PostgresPair::done(token));
    ASSERT_TRUE(eventually([&] {
        return west.observer->observe().value_or(postgres::Observation{}).replayed > token->lsn;
    }));
    EXPECT_EQ(token->system_id, west.observer->observe()->system_id);
    east.let_lapse();
    west.write(Epoch(2));
    ASSERT_TRUE(PostgresPair::done(west.cluster->promote(5s)));
    ASSERT_TRUE(PostgresPair::done(west.cluster->provision()));
    const auto report = east.cluster->rejoin(west.address, [](const std::string&) {});
    EXPECT_EQ(report.how, Rejoined::rewound) << report.detail;
    EXPECT_EQ(report.detail, "follows without a rewind");
    EXPECT_EQ(report.stranded_writes, 0u);
    expect_same_data();
}

TEST_F(PostgresLive, ADivergedWriterIsRewoundAndWhatItAloneHadIsExported) {
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    ASSERT_NO_FATAL_FAILURE(pair.make_standby());
    ASSERT_NO_FATAL_FAILURE(diverge());
    ASSERT_NO_FATAL_FAILURE(fail_over());
    ASSERT_TRUE(PostgresPair::done(west.ask("INSERT INTO t VALUES (200, 'after')")));
    std::string steps;
    const auto report = east.cluster->rejoin(west.address, [&](const std::string& step) { steps += step + "; "; });
    EXPECT_EQ(report.how, Rejoined::rewound) << report.detail << steps;
    EXPECT_EQ(report.stranded_writes, 5u) << steps;
    expect_exact_stranded();
    expect_same_data();
    EXPECT_EQ(west.observer->observe().value_or(postgres::Observation{}).timeline, 2u);
}

/// The agent before was killed while it recovered the folder, and what it ran is not gone yet.
TEST_F(PostgresLive, ARejoinWaitsForTheEndOfTheOneBefore) {
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    ASSERT_NO_FATAL_FAILURE(pair.make_standby());
    ASSERT_NO_FATAL_FAILURE(diverge());
    ASSERT_NO_FATAL_FAILURE(fail_over());
    const pid_t dying = ::fork();
    if (dying == 0) {
        ::pause();
        ::_exit(0);
    }
    const std::string lock = fmt::format("-{}\n", dying);  // as a single user writes it
    ASSERT_TRUE(io::replace_file(east.folder / "pgdata" / "postmaster.pid", lock, 0644));
    std::thread end([dying] {
        std::this_thread::sleep_for(500ms);  // this is how long it takes to die
        ::kill(dying, SIGKILL);
        ::waitpid(dying, nullptr, 0);
    });
    const auto report = east.cluster->rejoin(west.address, [](const std::string&) {});
    end.join();
    EXPECT_EQ(report.how, Rejoined::rewound) << report.detail;
    expect_exact_stranded();
}

/// Killed at a random moment of the rejoin, several times, and resumed: the end is rewound or cloned, and the export
/// holds each stranded write exactly once.
TEST_F(PostgresLive, KilledWhileItRejoinsItEndsRewoundOrCloned) {
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    ASSERT_NO_FATAL_FAILURE(pair.make_standby());
    ASSERT_NO_FATAL_FAILURE(diverge());
    ASSERT_NO_FATAL_FAILURE(fail_over());
    const std::uint64_t seed = std::random_device{}();
    RecordProperty("seed", std::to_string(seed));
    fmt::print("seed {}\n", seed);
    Random random(seed);
    for (int attempt = 0; attempt < 6; ++attempt) {
        const pid_t agent = ::fork();
        if (agent == 0) {
            const auto report = east.cluster->rejoin(west.address, [](const std::string&) {});
            ::_exit(report.how == Rejoined::quarantined ? 1 : 0);
        }
        const auto until = io::Deadline::after(std::chrono::milliseconds(random.below(900)));
        int status = 0;
        pid_t gone = 0;
        while (gone == 0 && !until.passed()) {
            gone = ::waitpid(agent, &status, WNOHANG);
            std::this_thread::sleep_for(1ms);
        }
        if (gone != 0) break;
        ::kill(agent, SIGKILL);
        ::waitpid(agent, nullptr, 0);
        const auto journal = io::read_file(east.folder / "pgconf" / "rejoin.json").value_or("");
        fmt::print("killed at: {}\n", journal.empty() ? "no phase\n" : journal);
        if (journal.find("\"rewind\"") != std::string::npos || journal.find("\"clone\"") != std::string::npos) {
            EXPECT_FALSE(east.cluster->start_standby()) << "half done, and started all the same";
            EXPECT_FALSE(east.cluster->start_primary()) << "half done, and started all the same";
        }
    }
    std::string steps;
    const auto report = east.cluster->rejoin(west.address, [&](const std::string& step) { steps += step + "; "; });
    EXPECT_NE(report.how, Rejoined::quarantined) << report.detail << steps;
    expect_exact_stranded();
    expect_same_data();
}

/// Killed exactly after each phase was noted: a process that writes the journal and dies.
TEST_F(PostgresLive, EachNotedPhaseIsTakenUpAgain) {
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    ASSERT_NO_FATAL_FAILURE(pair.make_standby());
    ASSERT_NO_FATAL_FAILURE(diverge());
    ASSERT_NO_FATAL_FAILURE(fail_over());
    const fs::path journal = east.folder / "pgconf" / "rejoin.json";
    for (const char* phase : {"export", "rewind", "clone", "unreadable"}) {
        const std::string text = phase == std::string("unreadable")
                                     ? "{\"pha"
                                     : fmt::format("{{\"phase\":\"{}\",\"stranded_writes\":5}}", phase);
        ASSERT_TRUE(PostgresPair::done(io::replace_file(journal, text)));
        EXPECT_FALSE(east.cluster->start_primary()) << phase;  // no lease, or half done: refused either way
        const auto report = east.cluster->rejoin(west.address, [](const std::string&) {});
        EXPECT_EQ(report.how, phase == std::string("export") ? Rejoined::rewound : Rejoined::cloned)
            << phase << report.detail;
        if (phase != std::string("unreadable")) EXPECT_EQ(report.stranded_writes, 5u) << phase;
        EXPECT_FALSE(fs::exists(journal));
    }
    expect_same_data();
}

TEST_F(PostgresLive, WithoutTheSlotTheLogIsKept) {
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    ASSERT_NO_FATAL_FAILURE(pair.make_standby());
    ASSERT_TRUE(
        PostgresPair::done(east.ask("SELECT pg_drop_replication_slot('cloudshelf_stranded')", "cloudshelf_admin"))
    );
    ASSERT_NO_FATAL_FAILURE(diverge());
    ASSERT_NO_FATAL_FAILURE(fail_over());
    const auto report = east.cluster->rejoin(west.address, [](const std::string&) {});
    EXPECT_NE(report.how, Rejoined::quarantined) << report.detail;
    EXPECT_NE(report.detail.find("the log was kept"), std::string::npos) << report.detail;
    EXPECT_TRUE(fs::exists(east.folder / "data" / "stranded" / "tl1.pg_wal"));
    expect_same_data();
}

TEST_F(PostgresLive, AnotherDatabaseIsNotTouched) {
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    ASSERT_TRUE(PostgresPair::done(west.cluster->initialize()));
    const auto report = west.cluster->rejoin(east.address, [](const std::string&) {});
    EXPECT_EQ(report.how, Rejoined::quarantined);
    EXPECT_FALSE(report.again);
    EXPECT_NE(report.detail.find("holds database"), std::string::npos) << report.detail;
    EXPECT_TRUE(west.cluster->exists());
}

TEST_F(PostgresLive, WithoutAWriterItWaits) {
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    ASSERT_TRUE(PostgresPair::done(east.cluster->kill()));
    const auto report = east.cluster->rejoin(west.address, [](const std::string&) {});
    EXPECT_EQ(report.how, Rejoined::quarantined);
    EXPECT_TRUE(report.again);
}

/// For information: how long promotion takes. Not a limit.
TEST_F(PostgresLive, PromotionTimes) {
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    ASSERT_NO_FATAL_FAILURE(pair.make_standby());
    std::vector<double> took;
    PostgresSite* writer = &east;
    PostgresSite* standby = &west;
    for (std::uint64_t epoch = 2; epoch < 12; ++epoch) {
        ASSERT_TRUE(PostgresPair::done(writer->ask(fmt::format("INSERT INTO t VALUES ({}, 'x')", epoch))));
        ASSERT_TRUE(PostgresPair::in_step(*writer, *standby));
        writer->let_lapse();
        ASSERT_TRUE(PostgresPair::done(writer->cluster->kill()));
        standby->write(Epoch(epoch));
        const TimePoint began = io::now();
        ASSERT_TRUE(PostgresPair::done(standby->cluster->promote(5s)));
        took.push_back(std::chrono::duration<double, std::milli>(io::now() - began).count());
        std::swap(writer, standby);
        ASSERT_TRUE(PostgresPair::done(writer->cluster->provision()));
        const auto report = standby->cluster->rejoin(writer->address, [](const std::string&) {});
        ASSERT_NE(report.how, Rejoined::quarantined) << report.detail;
        EXPECT_EQ(report.stranded_writes, 0u);
        ASSERT_TRUE(PostgresPair::done(standby->cluster->start_standby()));
    }
    std::ranges::sort(took);
    fmt::print(
        "promotion, n={}: min {:.1f} ms, median {:.1f} ms, max {:.1f} ms\n",
        took.size(),
        took.front(),
        (took[4] + took[5]) / 2,
        took.back()
    );
}

}  // namespace
}  // namespace cloudshelf::testing

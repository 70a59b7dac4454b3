// Bad days that other systems had, on the running twin: regions that see each other in part, several things lost
// together, commands that come too late. Customers never stop; afterwards everything they were promised is read back.
#include "support/agent_contract.hpp"
#include "twin.hpp"

#include <fstream>
#include <sys/mount.h>

namespace cloudshelf {
namespace {

class IncidentTest : public TwinTest {
protected:
    void start(int rate, std::vector<std::string> up = {"up"}) {
        ASSERT_EQ(run(std::move(up)).status, 0);
        open_shop(rate);
    }
    void cut(const char* from, const char* to) { EXPECT_EQ(run({"break", "link", from, to}).status, 0); }
    void heal(const char* from, const char* to) { EXPECT_EQ(run({"restore", "link", from, to}).status, 0); }
    bool writer_is(const std::string& region, const std::string& epoch, Duration limit = 60s) {
        return eventually(limit, [&] {
            return at("/lease/region") == region && at("/lease/epoch") == epoch &&
                   at(("/regions/" + region + "/role").c_str()) == "writer";
        });
    }
    bool standby_is(const std::string& region, Duration limit = 90s) {
        return eventually(limit, [&] {
            return in_step() && at(("/regions/" + region + "/role").c_str()) == "standby";
        });
    }
    /// One execution, as whoever leads knows it; a controller that does not lead answers meanwhile that it knows none.
    bool recovered_once() {
        return eventually(20s, [&] { return status().at("executions").as_array().size() == 1; });
    }
};

// 43 seconds in which the writer's region reaches nobody, while customers go on asking on both sides of the cut.
TEST_F(IncidentTest, FortyThreeSecondsApart) {
    start(60);
    cut("us-east-1", "us-west-2");
    cut("us-east-1", "us-east-2");
    const auto over = io::Deadline::after(43s);
    EXPECT_TRUE(writer_is("us-west-2", "2", 30s)) << json::serialize(status());
    EXPECT_TRUE(fenced("us-east-1"));
    EXPECT_TRUE(more_writes(50));
    // Its gateway still answers customers, and takes nothing.
    const auto refused = twin::call({
        .to = {.endpoint = {layout().primary.address, twin::Ports::gateway}},
        .method = "POST",
        .target = "/users",
        .body = json::object{{"email", "apart@example.com"}, {"name", "Apart"}, {"password", "correct horse 43"}},
    });
    EXPECT_FALSE(refused);
    EXPECT_TRUE(eventually(50s, [&] { return over.passed(); }));
    EXPECT_EQ(at("/lease/epoch"), "2");
    heal("us-east-1", "us-west-2");
    heal("us-east-1", "us-east-2");
    EXPECT_TRUE(standby_is("us-east-1")) << json::serialize(status());
    EXPECT_EQ(at("/lease/epoch"), "2");
    EXPECT_TRUE(more_writes(20));
    expect_safe(close_shop());
}

// One vantage sees the writer, another does not: nobody moves, customers go on.
TEST_F(IncidentTest, HalfOfThemSeeTheWriter) {
    start(40);
    cut("us-east-1", "us-west-2");  // the witness sees the writer, the standby does not
    EXPECT_TRUE(eventually(20s, [&] { return at("/lease/sync") == "degraded"; }));
    EXPECT_TRUE(more_writes(100));
    heal("us-east-1", "us-west-2");
    EXPECT_TRUE(standby_is("us-west-2"));
    cut("us-east-1", "us-east-2");  // the standby sees it, the witness, which holds the store, does not
    EXPECT_TRUE(more_writes(100));
    heal("us-east-1", "us-east-2");
    cut("us-west-2", "us-east-2");  // the standby and the witness do not see each other
    EXPECT_TRUE(more_writes(50));
    heal("us-west-2", "us-east-2");
    EXPECT_EQ(run({"break", "link", "us-east-1", "us-west-2", "--one-way"}).status, 0);  // half open
    EXPECT_TRUE(more_writes(50));
    heal("us-east-1", "us-west-2");
    EXPECT_TRUE(standby_is("us-west-2"));
    EXPECT_EQ(at("/executions"), "[]");
    EXPECT_EQ(at("/lease/epoch"), "1");
    EXPECT_FALSE(fenced("us-east-1"));
    const json::array bad = close_shop();
    EXPECT_TRUE(bad.empty()) << json::serialize(bad);
    expect_safe(bad);
}

// The writer and the witness are lost together, and with them the store's majority: nothing can move, the one that is
// left says so, and as soon as the majority is back it does.
TEST_F(IncidentTest, WriterAndStoreTogether) {
    start(40);
    ASSERT_EQ(run({"break", "region", "us-east-2"}).status, 0);
    ASSERT_EQ(run({"break", "region", "us-east-1"}).status, 0);
    EXPECT_TRUE(eventually(20s, [&] { return leader().empty(); })) << json::serialize(status());
    EXPECT_EQ(at("/seen_from"), "us-west-2");
    EXPECT_EQ(run({"failover"}).status, 69);
    ASSERT_EQ(run({"restore", "region", "us-east-2"}).status, 0);
    EXPECT_TRUE(writer_is("us-west-2", "2")) << json::serialize(status());
    EXPECT_TRUE(more_writes(50));
    ASSERT_EQ(run({"restore", "region", "us-east-1"}).status, 0);
    EXPECT_TRUE(standby_is("us-east-1"));
    expect_safe(close_shop());
}

// The standby and the store are lost together while orders wait for the standby: the writer can prove nothing to
// anybody any more and fences itself; it comes back by itself when the store does.
TEST_F(IncidentTest, StandbyAndStoreTogether) {
    start(40);
    ASSERT_EQ(run({"break", "region", "us-west-2"}).status, 0);
    ASSERT_EQ(run({"break", "region", "us-east-2"}).status, 0);
    EXPECT_TRUE(eventually(20s, [&] { return fenced("us-east-1"); }));
    const auto before = writes();
    ASSERT_EQ(run({"restore", "region", "us-east-2"}).status, 0);
    EXPECT_TRUE(eventually(60s, [&] {
        return at("/lease/region") == "us-east-1" && at("/regions/us-east-1/role") == "writer";
    })) << json::serialize(status());
    EXPECT_TRUE(eventually(30s, [&] { return writes() > before + 50; }));
    ASSERT_EQ(run({"restore", "region", "us-west-2"}).status, 0);
    EXPECT_TRUE(standby_is("us-west-2"));
    const json::array bad = close_shop();
    EXPECT_TRUE(bad.empty()) << json::serialize(bad);
    expect_safe(bad);
}

// There and back within seconds: the second region dies before the first one follows it. The first has old data, so
// nobody promotes it unasked; when the second returns the question is withdrawn.
TEST_F(IncidentTest, ThereAndBackBeforeItFollows) {
    start(40);
    ASSERT_EQ(run({"break", "region", "us-east-1"}).status, 0);
    ASSERT_TRUE(writer_is("us-west-2", "2"));
    EXPECT_TRUE(more_writes(50));
    ASSERT_EQ(run({"break", "region", "us-west-2"}).status, 0);
    ASSERT_EQ(run({"restore", "region", "us-east-1"}).status, 0);
    EXPECT_TRUE(eventually(30s, [&] { return at("/executions/1/state") == "waiting-for-approval"; }))
        << json::serialize(status());
    EXPECT_NE(at("/executions/1/guard").find("guard."), std::string::npos);
    EXPECT_EQ(at("/lease/epoch"), "2");
    ASSERT_EQ(run({"restore", "region", "us-west-2"}).status, 0);
    EXPECT_TRUE(writer_is("us-west-2", "2")) << json::serialize(status());
    EXPECT_TRUE(eventually(30s, [&] { return at("/executions/1/state") == "failed"; }));  // withdrawn
    EXPECT_TRUE(standby_is("us-east-1")) << json::serialize(status());
    EXPECT_TRUE(more_writes(20));
    expect_safe(close_shop());
}

// The policy `confirm`, and a step that two persons have to allow: nothing moves by itself, and everything does once
// they have said so.
TEST_F(IncidentTest, PersonsDecide) {
    std::string text = io::read_file(plan_file).value_or("");
    const auto replace = [&](const std::string& what, const std::string& with) {
        const auto at = text.find(what);
        ASSERT_NE(at, std::string::npos) << what;
        text.replace(at, what.size(), with);
    };
    replace("policy: witness", "policy: confirm");
    replace("{name: pause-writes, ", "{name: pause-writes, approval: two, ");
    plan_ = folder_ / "plan.yaml";
    ASSERT_TRUE(io::replace_file(plan_, text));
    start(20);
    ASSERT_EQ(run({"break", "region", "us-east-1"}).status, 0);
    ASSERT_TRUE(eventually(30s, [&] { return at("/executions/0/state") == "waiting-for-approval"; }));
    EXPECT_EQ(at("/executions/0/guard").substr(0, 13), "guard.confirm");
    const auto shown = run({"status"});
    EXPECT_NE(shown.out.find("cloudshelf approve x1"), std::string::npos) << shown.out;
    const auto approved = run({"approve", "x1"});
    EXPECT_EQ(approved.status, 0) << approved.out << approved.err;
    EXPECT_TRUE(writer_is("us-west-2", "2"));
    EXPECT_EQ(run({"approve", "x1"}).status, 1);  // it does not wait any more
    ASSERT_EQ(run({"restore", "region", "us-east-1"}).status, 0);
    ASSERT_TRUE(standby_is("us-east-1"));
    EXPECT_EQ(run({"failback"}).status, 75);
    EXPECT_EQ(run({"approve", "x2"}).status, 75);
    EXPECT_EQ(run({"approve", "x2"}).status, 75);  // the same person again
    EXPECT_EQ(at("/lease/region"), "us-west-2");
    EXPECT_EQ(run({"approve", "x2", "--as", "second"}).status, 0);
    EXPECT_TRUE(writer_is("us-east-1", "3"));
    EXPECT_TRUE(more_writes(20));
    expect_safe(close_shop());
}

// An automatic move that nobody has acknowledged yet: the next one asks first.
TEST_F(IncidentTest, TheSecondMoveAsks) {
    start(20);
    ASSERT_EQ(run({"break", "region", "us-east-1"}).status, 0);
    ASSERT_TRUE(writer_is("us-west-2", "2"));
    ASSERT_EQ(run({"restore", "region", "us-east-1"}).status, 0);
    ASSERT_TRUE(standby_is("us-east-1"));
    EXPECT_EQ(at("/to_acknowledge"), "x1");
    ASSERT_EQ(run({"break", "region", "us-west-2"}).status, 0);
    ASSERT_TRUE(eventually(30s, [&] { return at("/executions/1/state") == "waiting-for-approval"; }));
    EXPECT_EQ(at("/executions/1/guard").substr(0, 22), "guard.not-acknowledged");
    EXPECT_EQ(run({"approve", "x2"}).status, 0);
    EXPECT_TRUE(writer_is("us-east-1", "3"));
    EXPECT_TRUE(more_writes(20));
    ASSERT_EQ(run({"restore", "region", "us-west-2"}).status, 0);
    ASSERT_TRUE(standby_is("us-west-2"));
    expect_safe(close_shop());
}

// The disk of journal and store is full when the region is lost: who can record nothing leads nothing, nothing is
// begun, nothing is lost, and as soon as there is room the recovery runs.
TEST_F(IncidentTest, TheJournalsDiskIsFull) {
    const fs::path disk = folder_ / "twin" / "us-east-2" / "controller";
    fs::create_directories(disk);
    if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=2m") != 0) GTEST_SKIP() << "mounting a small disk needs root";
    struct Unmount {
        fs::path at;
        ~Unmount() { ::umount2(at.c_str(), MNT_DETACH); }
    } unmount{disk};
    start(20, {"up", "--single"});
    const fs::path filler = disk / "filler";
    {
        std::ofstream fill(filler);
        const std::string block(4096, 'x');
        while (fill.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
        }
    }
    EXPECT_TRUE(more_writes(20));  // the writer goes on by the standby's promises
    ASSERT_EQ(run({"break", "region", "us-east-1"}).status, 0);
    EXPECT_TRUE(eventually(20s, [&] {
        return io::read_file(folder_ / "twin/us-east-2/log/controller.log").value_or("").find("leads-no-more") !=
               std::string::npos;
    }));
    EXPECT_EQ(at("/lease/epoch"), "1");
    fs::remove(filler);
    EXPECT_TRUE(writer_is("us-west-2", "2")) << json::serialize(status());
    EXPECT_TRUE(more_writes(20));
    ASSERT_EQ(run({"restore", "region", "us-east-1"}).status, 0);
    EXPECT_TRUE(standby_is("us-east-1"));
    expect_safe(close_shop());
    EXPECT_EQ(run({"journal", "verify"}).status, 0);
}

// Commands of a controller that slept through a move, and forged ones: each is refused by whoever would carry it out.
TEST_F(IncidentTest, StaleAndForgedCommands) {
    start(20);
    ASSERT_EQ(run({"failover"}).status, 0);
    ASSERT_TRUE(writer_is("us-west-2", "2"));
    ASSERT_TRUE(standby_is("us-east-1"));
    for (const auto& command : contract::commands_after_a_switchover()) {
        json::object body{{"epoch", command.epoch}, {"limit_ms", 500}};
        if (command.what == "promote") body["fence"] = {{"how", "lease-ran-out"}, {"epoch", command.fence_epoch}};
        if (command.forged_token)
            body["token"] = {{"system_id", "7300000000000000001"}, {"timeline", 9}, {"lsn", "0/1"}};
        if (command.what == "promise") {
            body["application"] = "cloudshelf";
            body["region"] = command.epoch == 1 ? "us-east-1" : "us-west-2";
            body["duration_ms"] = 600;
        }
        if (command.what == "dns") {
            body["change"] = 1;
            body["records"] = {{{"name", "api.cloudshelf.com"}, {"type", "A"}, {"ttl", 1}, {"values", {"127.0.0.9"}}}};
        }
        const auto answer = tell_agent(command.region, command.what, std::move(body));
        EXPECT_EQ(answer ? "" : answer.error().code, command.answer)
            << command.what << " of epoch " << command.epoch << " to " << command.region;
    }
    EXPECT_TRUE(writer_is("us-west-2", "2"));
    EXPECT_TRUE(more_writes(20));
    expect_safe(close_shop());
}

// The site of the leader is lost: another leads within seconds, never the writer's region's while there is a choice,
// and the witness leads again once it is back. A switchover into the leader's region waits until the lead has left it.
TEST_F(IncidentTest, TheLeaderIsLost) {
    start(40);
    EXPECT_EQ(leader(), "us-east-2");
    ASSERT_EQ(run({"break", "region", "us-east-2"}).status, 0);
    EXPECT_TRUE(eventually(20s, [&] { return leader() == "us-west-2"; })) << json::serialize(status());
    EXPECT_TRUE(more_writes(50));
    const auto moved = run({"failover", "--to", "us-west-2"});
    EXPECT_EQ(moved.status, 0) << moved.out << moved.err;
    EXPECT_EQ(leader(), "us-east-1");
    EXPECT_TRUE(writer_is("us-west-2", "2")) << json::serialize(status());
    EXPECT_TRUE(more_writes(50));
    ASSERT_EQ(run({"restore", "region", "us-east-2"}).status, 0);
    EXPECT_TRUE(eventually(60s, [&] { return leader() == "us-east-2"; })) << json::serialize(status());
    EXPECT_TRUE(standby_is("us-east-1"));
    EXPECT_EQ(at("/lease/epoch"), "2");
    EXPECT_EQ(run({"journal", "verify"}).status, 0);
    const json::array bad = close_shop();
    EXPECT_TRUE(bad.empty()) << json::serialize(bad);
    expect_safe(bad);
}

// The leader's site is lost in the middle of a recovery. Of one site nobody decides; with the second one back another
// leader goes on where it stood.
TEST_F(IncidentTest, TheLeaderDiesInTheMiddle) {
    start(40);
    ASSERT_EQ(run({"break", "region", "us-east-1"}).status, 0);
    ASSERT_TRUE(eventually(20s, [&] { return at("/executions") != "[]"; }));
    ASSERT_EQ(run({"break", "region", "us-east-2"}).status, 0);
    // One site of three: nobody can decide, and nobody does.
    EXPECT_TRUE(eventually(20s, [&] { return leader().empty(); }));
    ASSERT_EQ(run({"restore", "region", "us-east-1"}).status, 0);
    // Whether the writer came back in time or the standby takes over: it ends, once, and customers are served.
    EXPECT_TRUE(eventually(60s, [&] {
        const std::string state = at("/executions/0/state");
        const std::string writer = at("/lease/region");
        return !leader().empty() && (state == "succeeded" || state == "failed") &&
               at(("/regions/" + writer + "/role").c_str()) == "writer";
    })) << json::serialize(status());
    EXPECT_TRUE(more_writes(50));
    EXPECT_TRUE(recovered_once()) << json::serialize(status());
    ASSERT_EQ(run({"restore", "region", "us-east-2"}).status, 0);
    EXPECT_TRUE(eventually(60s, [&] { return leader() == "us-east-2" && in_step(); })) << json::serialize(status());
    expect_safe(close_shop());
}

// The leader sleeps in the middle of a recovery and wakes up much later: another goes on where it stood, and it happens
// once.
TEST_F(IncidentTest, TheControllerSleepsInTheMiddle) {
    start(40);
    const pid_t controller = process("us-east-2", "controller.json");
    ASSERT_GT(controller, 0);
    ASSERT_EQ(run({"break", "region", "us-east-1"}).status, 0);
    ASSERT_TRUE(eventually(20s, [&] { return at("/executions") != "[]"; }));
    ::kill(controller, SIGSTOP);
    const auto asleep = io::Deadline::after(15s);
    EXPECT_TRUE(eventually(20s, [&] { return asleep.passed(); }));
    ::kill(controller, SIGCONT);
    EXPECT_TRUE(eventually(60s, [&] { return at("/executions/0/state") == "succeeded"; })) << json::serialize(status());
    EXPECT_TRUE(writer_is("us-west-2", "2"));
    EXPECT_TRUE(recovered_once()) << json::serialize(status());
    EXPECT_TRUE(more_writes(50));
    ASSERT_EQ(run({"restore", "region", "us-east-1"}).status, 0);
    EXPECT_TRUE(standby_is("us-east-1"));
    expect_safe(close_shop());
}

}  // namespace
}  // namespace cloudshelf

// The twin as its user sees it: programs, exit statuses, files. Each test has a twin of its own, on addresses of its
// own.
#include "twin.hpp"

#include <arpa/inet.h>
#include <fstream>
#include <set>
#include <sys/socket.h>

namespace cloudshelf {
namespace {

// The main job: lose a region under load, recover, rebuild, fail back, read everything back.
TEST_F(TwinTest, LosesARegionAndKeepsTheShop) {
    const fs::path out = folder_ / "out";
    const auto demo = run({"demo", "--rate", "60", "--out", out.string()});
    EXPECT_EQ(demo.status, 0) << demo.out << demo.err;
    const auto text = io::read_file(out / "report.json");
    ASSERT_TRUE(text);
    const json::value report = json::parse(*text);
    EXPECT_EQ(report.at("verdict").as_string(), "passed") << *text;
    EXPECT_EQ(report.at("writer_overlap_ms").to_number<double>(), 0);
    ASSERT_EQ(report.at("services").as_array().size(), 5u);
    for (const auto& service : report.at("services").as_array()) {
        EXPECT_TRUE(service.at("met").as_bool());
        if (service.at("name").as_string() == "static-site") {  // read only, and the edge has another origin
            EXPECT_LT(service.at("rta_s").to_number<double>(), 3);
            continue;
        }
        EXPECT_GT(service.at("acknowledged_writes").to_number<int>(), 0);
        EXPECT_GT(service.at("rta_s").to_number<double>(), 0.1);  // the region was really gone
        if (service.at("name").as_string() == "payments") EXPECT_EQ(service.at("lost_writes").to_number<int>(), 0);
    }
    for (const char* phase :
         {"detected", "fence_passed", "promoted", "functions_pointed", "smoke_tests", "traffic", "verified"}) {
        EXPECT_TRUE(report.at("phases_ms").as_object().contains(phase)) << phase;
    }
    EXPECT_EQ(report.at("failback").at("lost_writes").to_number<int>(), 0);
    EXPECT_EQ(report.at("not_covered").as_array().size(), 1u);
    EXPECT_TRUE(fs::exists(out / "report.md"));
}

// The controller dies before and after every single step of both moves; each execution still ends right.
TEST_F(TwinTest, MovesSurviveTheirControllerAtEveryStep) {
    ASSERT_EQ(run({"up"}, {{"CLOUDSHELF_DIE_AT", "everywhere"}}).status, 0);
    ASSERT_TRUE(eventually(20s, [&] { return in_step(); }));
    ASSERT_EQ(run({"break", "region", "us-east-1"}).status, 0);
    ASSERT_TRUE(eventually(90s, [&] { return at("/executions/0/state") == "succeeded"; })) << json::serialize(status());
    EXPECT_EQ(at("/lease/region"), "us-west-2");
    EXPECT_EQ(at("/lease/epoch"), "2");
    ASSERT_EQ(run({"restore", "region", "us-east-1"}).status, 0);
    ASSERT_TRUE(eventually(60s, [&] { return in_step() && at("/regions/us-east-1/role") == "standby"; }));
    const auto failback = run({"failback"});
    EXPECT_EQ(failback.status, 0) << failback.out << failback.err;
    EXPECT_EQ(at("/lease/region"), "us-east-1");
    EXPECT_EQ(at("/lease/epoch"), "3");
    std::set<std::string> deaths;
    for (const char* site : {"us-east-1", "us-west-2", "us-east-2"}) {
        for (const auto& entry : fs::directory_iterator(folder_ / "twin" / site / "controller")) {
            const std::string name = entry.path().filename();
            if (name.starts_with("died.")) deaths.insert(name);
        }
    }
    EXPECT_EQ(deaths.size(), 50u);  // 12 steps of the failover and 13 of the failback, before and after each
    const auto verified = run({"journal", "verify"});
    EXPECT_EQ(verified.status, 0) << verified.err;
}

// One customer's cart, session and sign-out outlive the region that took them, and come back to it with what the other
// region added.
TEST_F(TwinTest, ACartASessionAndASignOutOutliveARegion) {
    ASSERT_EQ(run({"up"}).status, 0);
    ASSERT_TRUE(eventually(20s, [&] { return in_step(); }));
    const std::string login = R"({"email":"reader@cloudshelf.test","password":"a good book","name":"Reader"})";
    ASSERT_EQ(shop("us-east-1", "POST", "/users", login).status, 201);
    const auto sign_in = [&] {
        const auto session = shop("us-east-1", "POST", "/sessions", login);
        EXPECT_EQ(session.status, 201) << session.body;
        return std::string(json::parse(session.body).at("token").as_string());
    };
    const std::string reader = sign_in();
    const std::string gone = sign_in();
    ASSERT_EQ(shop("us-east-1", "POST", "/cart", R"({"bookId":7,"quantity":2})", reader).status, 201);
    ASSERT_EQ(shop("us-east-1", "DELETE", "/sessions", "", gone).status, 200);
    ASSERT_TRUE(eventually(10s, [&] {
        return shop("us-west-2", "GET", "/cart", "", reader).body.contains(R"({"bookId":7,"quantity":2})") &&
               shop("us-west-2", "GET", "/cart", "", gone).status == 401;
    }));

    ASSERT_EQ(run({"break", "region", "us-east-1"}).status, 0);
    ASSERT_TRUE(eventually(90s, [&] { return at("/executions/0/state") == "succeeded"; })) << json::serialize(status());
    const auto kept = shop("us-west-2", "GET", "/cart", "", reader);
    EXPECT_TRUE(kept.body.contains(R"("items":[{"bookId":7,"quantity":2}])")) << kept.body;
    EXPECT_EQ(shop("us-west-2", "GET", "/cart", "", gone).status, 401);
    EXPECT_EQ(shop("us-west-2", "POST", "/cart", R"({"bookId":9,"quantity":1})", reader).status, 201);
    // The recovery looked at the tables, tried a cart, and says so to whoever asks later.
    const auto journal = run({"journal", "show"}).out;
    for (const char* told : {"check-tables", "test-cart", "CloudShelf-ShoppingCart has 1 items", "us-east-1 had"})
        EXPECT_TRUE(journal.contains(told)) << told << "\n" << journal;

    // What the plan wants of backups is done where there is a region, and told.
    EXPECT_TRUE(eventually(60s, [&] {
        const auto all = run({"journal", "show"}).out;
        return all.contains("table/CloudShelf-UserSessions/backup/") &&
               all.contains("table/CloudShelf-ShoppingCart/backup/");
    }));

    ASSERT_EQ(run({"restore", "region", "us-east-1"}).status, 0);
    EXPECT_TRUE(eventually(60s, [&] {
        return shop("us-east-1", "GET", "/cart", "", reader)
            .body.contains(R"("items":[{"bookId":7,"quantity":2},{"bookId":9,"quantity":1}])");
    })) << shop("us-east-1", "GET", "/cart", "", reader).body;
}

// What a busy day brings while both databases are fine: nothing moves, nothing acknowledged is lost.
TEST_F(TwinTest, StaysThroughLesserFaults) {
    ASSERT_EQ(run({"up"}).status, 0);
    open_shop(40);

    // The controller that leads is gone for eight lease lengths, and then for good.
    const pid_t controller = process("us-east-2", "controller.json");
    ASSERT_GT(controller, 0);
    ::kill(controller, SIGSTOP);
    const auto asleep = io::Deadline::after(5s);
    EXPECT_TRUE(more_writes(20));
    EXPECT_TRUE(eventually(6s, [&] { return asleep.passed(); }));
    ::kill(controller, SIGCONT);
    EXPECT_TRUE(more_writes(20));
    ::kill(process("us-east-2", "controller.json"), SIGKILL);
    EXPECT_TRUE(more_writes(20));

    // New certificates for all, with new keys: taken while it runs, and nobody is turned away.
    ASSERT_EQ(run({"certificates", "rotate"}).status, 0);
    EXPECT_TRUE(more_writes(20));
    for (const char* name : {"us-east-1/log/agent", "us-west-2/log/agent", "us-east-2/log/controller"}) {
        const fs::path log = folder_ / "twin" / (std::string(name) + ".log");
        EXPECT_TRUE(eventually(10s, [&] { return io::read_file(log).value_or("").contains("tls.reloaded"); })) << log;
        EXPECT_FALSE(io::read_file(log).value_or("").contains("reload-failed")) << log;
    }

    // The agent alone, the gateway alone, PostgreSQL alone.
    ::kill(process("us-east-1", "agent.json"), SIGKILL);
    EXPECT_TRUE(more_writes(20));
    ::kill(process("us-east-1", "gateway.json"), SIGKILL);
    EXPECT_TRUE(more_writes(20));
    ::kill(process("us-east-1", "pgdata"), SIGKILL);  // the fencer or the postmaster, whichever is found first
    EXPECT_TRUE(more_writes(20));
    EXPECT_TRUE(eventually(30s, [&] { return at("/lease/region") == "us-east-1" && at("/lease/epoch") == "1"; }));

    // The standby is lost: orders go on once that is recorded; they wait for it again when it is back.
    ASSERT_EQ(run({"break", "region", "us-west-2"}).status, 0);
    EXPECT_TRUE(more_writes(20));
    EXPECT_EQ(at("/lease/sync"), "degraded");
    ASSERT_EQ(run({"restore", "region", "us-west-2"}).status, 0);
    EXPECT_TRUE(eventually(60s, [&] { return in_step(); }));
    EXPECT_EQ(at("/executions"), "[]");

    const json::array bad = close_shop();
    EXPECT_TRUE(bad.empty()) << json::serialize(bad);
    expect_safe(bad);
}

// The writer's agent sleeps longer than its lease: nobody may go on writing there, the other region takes over or the
// same one resumes, and at no time both.
TEST_F(TwinTest, AFrozenAgentIsFenced) {
    ASSERT_EQ(run({"up"}).status, 0);
    const pid_t agent = process("us-east-1", "agent.json");
    ASSERT_GT(agent, 0);
    ::kill(agent, SIGSTOP);
    // The fencer ends PostgreSQL though its agent says nothing.
    EXPECT_TRUE(eventually(10s, [&] { return fs::exists(folder_ / "twin/us-east-1/fences.jsonl"); }));
    const json::value fence = json::parse(io::read_file(folder_ / "twin/us-east-1/fences.jsonl").value_or("{}"));
    EXPECT_EQ(fence.at("reason").as_string(), "lease ran out");
    EXPECT_TRUE(fence.at("all_gone").as_bool());
    EXPECT_LE(fence.at("gone_ns").as_int64(), fence.at("deadline_ns").as_int64());
    ::kill(agent, SIGCONT);
    EXPECT_TRUE(eventually(30s, [&] {
        const std::string writer = at("/lease/region");
        return !writer.empty() && at(("/regions/" + writer + "/role").c_str()) == "writer";
    })) << json::serialize(status());
}

TEST_F(TwinTest, RefusesClearly) {
    // A plan with faults: all of them, with their places.
    const auto whole = io::read_file(plan_file);
    ASSERT_TRUE(whole);
    const fs::path broken = folder_ / "broken.yaml";
    std::string text = *whole;
    const auto rto = text.find("rto: 1 h");
    ASSERT_NE(rto, std::string::npos);
    text.replace(rto, 8, "rto: 1 x");
    ASSERT_TRUE(io::replace_file(broken, text));
    plan_ = broken;
    const auto bad_plan = run({"up"});
    EXPECT_EQ(bad_plan.status, 65);
    EXPECT_NE(bad_plan.err.find("broken.yaml:"), std::string::npos) << bad_plan.err;
    plan_ = plan_file;

    // A port that is taken: who has it, and nothing was started.
    const int taken = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(taken, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(8080)};
    ASSERT_EQ(::inet_pton(AF_INET, fmt::format("127.{}.0.1", base_ + 1).c_str(), &address.sin_addr), 1);
    ASSERT_EQ(::bind(taken, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(taken, 1), 0);
    const auto port = run({"up"});
    EXPECT_EQ(port.status, 73);
    EXPECT_NE(port.err.find("twin_livetest"), std::string::npos) << port.err;
    EXPECT_EQ(left_behind(), "");
    ::close(taken);

    ASSERT_EQ(run({"up"}).status, 0);
    EXPECT_EQ(run({"up"}).status, 73);
    const auto home = run({"failback"});
    EXPECT_EQ(home.status, 70);
    EXPECT_NE(home.err.find("home"), std::string::npos) << home.err;
    ASSERT_EQ(run({"break", "region", "us-west-2"}).status, 0);
    EXPECT_EQ(run({"break", "region", "us-west-2"}).status, 1);
    EXPECT_EQ(run({"break", "region", "us-north-9"}).status, 64);
    EXPECT_TRUE(eventually(10s, [&] { return at("/regions/us-west-2/agent") == "false"; }));
    const auto down = run({"failover"});
    EXPECT_EQ(down.status, 70) << down.err;
    EXPECT_NE(down.err.find("us-west-2"), std::string::npos) << down.err;
    EXPECT_EQ(run({"down"}).status, 0);
    EXPECT_EQ(run({"status"}).status, 69);

    // So is a server's data of another major version of PostgreSQL.
    const fs::path version = folder_ / "twin/us-east-1/pgdata/PG_VERSION";
    const auto was = io::read_file(version);
    ASSERT_TRUE(was);
    std::ofstream(version) << "14\n";
    const auto other = run({"up"});
    EXPECT_EQ(other.status, 76) << other.err;
    EXPECT_NE(other.err.find("PostgreSQL 14"), std::string::npos) << other.err;
    std::ofstream(version) << *was;

    // Data of another version is left alone.
    ASSERT_TRUE(io::replace_file(folder_ / "twin/twin.json", R"({"format_version": 99})"));
    EXPECT_EQ(run({"up"}).status, 76);
}

// Ctrl-C in the middle of the demonstration leaves nothing behind.
TEST_F(TwinTest, CtrlCLeavesNothing) {
    const pid_t demo = begin({"demo", "--out", folder_ / "out"}, "demo.log");
    ASSERT_GT(demo, 0);
    ASSERT_TRUE(eventually(60s, [&] { return fs::exists(folder_ / "out/ledger.jsonl.live.json"); }));
    ::kill(demo, SIGINT);
    int status = 0;
    EXPECT_TRUE(eventually(40s, [&] { return ::waitpid(demo, &status, WNOHANG) == demo; }));
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 130);
    EXPECT_TRUE(eventually(10s, [&] { return left_behind().empty(); })) << left_behind();
}

}  // namespace
}  // namespace cloudshelf

// Three sites and the state they share: lost everywhere, put back, a site's machine gone for good.
#include "twin.hpp"

#include <algorithm>
#include <csignal>
#include <set>

namespace cloudshelf {
namespace {

class ThreeSitesTest : public TwinTest {
protected:
    void SetUp() override {
        TwinTest::SetUp();
        // Apart from the twins of the other tests, which may run at the same time.
        base_ = 225 + static_cast<int>(::getpid() % 5) * 5;
    }
    void start(int rate) {
        const auto up = run({"up"});
        ASSERT_EQ(up.status, 0) << up.err;
        ASSERT_TRUE(eventually(60s, [&] { return in_step() && !leader().empty(); })) << json::serialize(status());
        open_shop(rate);
    }
    fs::path site(const std::string& name) const { return folder_ / "twin" / name; }
    /// Every member of etcd ends at once and comes back with an empty disk.
    void lose_the_store() {
        std::vector<pid_t> machines;
        for (const char* name : {"us-east-1", "us-west-2", "us-east-2"})
            machines.push_back(static_cast<pid_t>(std::stol(io::read_file(site(name) / "site.pid").value_or("0"))));
        // Whoever would start a member again waits until all of them are gone.
        for (const pid_t machine : machines) ::kill(machine, SIGSTOP);
        for (const char* name : {"us-east-1", "us-west-2", "us-east-2"}) {
            const pid_t etcd = process(name, "--data-dir=");
            ASSERT_GT(etcd, 0);
            ::kill(etcd, SIGKILL);
            ASSERT_TRUE(eventually(5s, [&] { return !io::is_running(etcd); }));
            fs::remove_all(site(name) / "etcd");
        }
        for (const pid_t machine : machines) ::kill(machine, SIGCONT);
    }
    static std::size_t store_lines(const std::string& file) {
        const auto text = io::read_file(file, 1u << 30);
        return text ? static_cast<std::size_t>(std::ranges::count(*text, '\n')) : 0;
    }
    /// The copies at all sites end with the same entry.
    bool same_end() const {
        std::set<std::string> ends;
        for (const char* name : {"us-east-1", "us-west-2", "us-east-2"}) {
            const auto text = io::read_file(site(name) / "controller" / "journal.jsonl", 1u << 30);
            if (!text || text->empty()) return false;
            ends.insert(text->substr(text->rfind('\n', text->size() - 2) + 1));
        }
        return ends.size() == 1;
    }
    /// A command that needs no twin.
    io::ProcessOutput run_plain(std::vector<std::string> arguments) {
        io::SpawnOptions spawn;
        spawn.argv = {program};
        spawn.argv.insert(spawn.argv.end(), arguments.begin(), arguments.end());
        return io::run(spawn, 30s).value_or(io::ProcessOutput{.status = -1});
    }
    static std::string detail(const io::ProcessOutput& output) { return output.out + output.err; }
};

// Goal: an etcd that is lost at all sites costs no customer anything, is rebuilt from what the regions say with a
// person's word, and everything goes on; a backup is put back the same way. Method: both, with customers, and a move.
TEST_F(ThreeSitesTest, TheStateIsLostEverywhere) {
    start(40);
    ASSERT_EQ(run({"failover"}).status, 0);  // something to remember
    ASSERT_TRUE(eventually(60s, [&] { return at("/lease/epoch") == "2" && in_step(); }));
    const std::string copy = (site("us-east-2") / "controller" / "journal.jsonl").string();
    const auto before = store_lines(copy);
    EXPECT_GT(before, 10u);
    EXPECT_EQ(run({"state", "restore", (folder_ / "nothing").string()}).status, 66);

    lose_the_store();
    EXPECT_TRUE(more_writes(50));
    // Nobody leads over a store that forgot, also not who was started again meanwhile.
    EXPECT_TRUE(eventually(30s, [&] { return at("/may_not_lead").starts_with("store.forgot"); }))
        << json::serialize(status());
    const auto shown = run({"state", "rebuild"});
    EXPECT_EQ(shown.status, 0) << detail(shown);
    EXPECT_NE(shown.out.find("us-west-2 goes on at epoch 3"), std::string::npos) << detail(shown);
    EXPECT_NE(shown.out.find("nothing is written"), std::string::npos);
    EXPECT_EQ(run({"state", "rebuild", "--region", "us-east-1"}).status, 70);  // us-west-2 writes
    const auto written = run({"state", "rebuild", "--approve", "all members were lost"});
    ASSERT_EQ(written.status, 0) << detail(written);
    EXPECT_TRUE(eventually(30s, [&] { return at("/lease/epoch") == "3" && !leader().empty() && in_step(); }))
        << json::serialize(status());
    EXPECT_TRUE(more_writes(50));
    EXPECT_FALSE(fenced("us-west-2"));
    EXPECT_EQ(run({"state", "rebuild"}).status, 70);  // nothing is lost
    EXPECT_EQ(run({"journal", "verify"}).status, 0);
    const auto journal = run({"journal", "show"});
    EXPECT_NE(journal.out.find("all members were lost"), std::string::npos);
    EXPECT_TRUE(eventually(10s, [&] { return store_lines(copy) > before; }));

    const std::string file = (folder_ / "state.json").string();
    ASSERT_EQ(run({"state", "backup", file}).status, 0);
    EXPECT_EQ(run({"state", "restore", file}).status, 70);  // the store is not empty
    lose_the_store();
    EXPECT_TRUE(eventually(30s, [&] { return at("/may_not_lead").starts_with("store.forgot"); }))
        << json::serialize(status());
    const auto restored = run({"state", "restore", file});
    ASSERT_EQ(restored.status, 0) << detail(restored);
    EXPECT_TRUE(eventually(30s, [&] { return at("/lease/epoch") == "4" && !leader().empty() && in_step(); }))
        << json::serialize(status());
    EXPECT_EQ(run({"journal", "verify"}).status, 0);
    EXPECT_TRUE(eventually(10s, [&] { return run({"journal", "verify", "--file", copy}).status == 0; }));
    const auto back = run({"failback"});
    EXPECT_EQ(back.status, 0) << detail(back);
    EXPECT_EQ(at("/lease/epoch"), "5");
    EXPECT_TRUE(more_writes(50));
    const json::array bad = close_shop();
    EXPECT_TRUE(bad.empty()) << json::serialize(bad);
    expect_safe(bad);
    ASSERT_TRUE(eventually(20s, [&] { return same_end(); }));
    std::vector<std::string> merge{"journal", "merge"};
    for (const char* name : {"us-east-1", "us-west-2", "us-east-2"})
        merge.push_back((site(name) / "controller" / "journal.jsonl").string());
    const auto merged = run_plain(merge);
    EXPECT_EQ(merged.status, 0) << merged.err;
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(merged.out, '\n')), store_lines(copy));
}

// Goal: a site whose machine is gone with its disk gets another one, while customers go on; never the writer's, never
// at the price of the majority.
TEST_F(ThreeSitesTest, AMachineIsReplaced) {
    start(40);
    EXPECT_EQ(run({"site", "replace", "us-east-1"}).status, 70);
    EXPECT_EQ(run({"site", "replace", "us-west-2"}).status, 70);  // it is up
    // A fourth member may come while three are up, though nobody is there yet; it can be taken back by its address.
    const std::vector<std::string> fourth{"us-east-3", "--peer-url", "https://us-east-3.cloudshelf.internal:2380"};
    const auto site_command = [&](std::vector<std::string> words) {
        words.insert(words.begin(), "site");
        words.insert(words.end(), fourth.begin(), fourth.end());
        return run(words);
    };
    EXPECT_EQ(run({"site", "add", "us-east-3"}).status, 64);
    ASSERT_EQ(site_command({"add"}).status, 0);
    EXPECT_NE(site_command({"add"}).out.find("nothing to change"), std::string::npos);
    EXPECT_NE(run({"site", "list"}).out.find("(new)"), std::string::npos);
    EXPECT_EQ(site_command({"remove"}).status, 0);
    EXPECT_EQ(run({"site", "list"}).out.find("(new)"), std::string::npos);
    ASSERT_EQ(run({"break", "region", "us-west-2"}).status, 0);
    EXPECT_EQ(site_command({"add"}).status, 70);  // two of three are no majority of four
    const auto replaced = run({"site", "replace", "us-west-2"});
    ASSERT_EQ(replaced.status, 0) << detail(replaced);
    EXPECT_TRUE(in_step());
    EXPECT_TRUE(more_writes(50));
    const auto witness = run({"site", "replace", "us-east-2", "--force"});
    ASSERT_EQ(witness.status, 0) << detail(witness);
    EXPECT_TRUE(eventually(30s, [&] { return leader() == "us-east-2"; })) << json::serialize(status());
    EXPECT_TRUE(eventually(10s, [&] {
        return run({"journal", "verify", "--file", (site("us-east-2") / "controller/journal.jsonl").string()}).status ==
               0;
    }));
    // Of the new members one alone is as good as the old ones were.
    ASSERT_EQ(run({"break", "region", "us-east-1"}).status, 0);
    EXPECT_TRUE(eventually(40s, [&] { return at("/lease/region") == "us-west-2"; })) << json::serialize(status());
    EXPECT_TRUE(more_writes(50));
    ASSERT_EQ(run({"restore", "region", "us-east-1"}).status, 0);
    EXPECT_TRUE(eventually(60s, [&] { return in_step(); }));
    expect_safe(close_shop());
}

}  // namespace
}  // namespace cloudshelf

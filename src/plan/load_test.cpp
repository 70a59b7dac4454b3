#include "plan/load.hpp"

#include "plan/units.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace cloudshelf::plan {
namespace {

using namespace std::chrono_literals;

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

const std::string& reference_text() {
    static const std::string text = read_file(SOURCE_ROOT "/plans/cloudshelf.yaml");
    return text;
}

std::string problems_of(std::string_view text) {
    const auto plan = load(text, "plan.yaml");
    if (plan) return "none";
    std::string all;
    for (const Problem& problem : plan.error()) all += to_string(problem) + "\n";
    return all;
}

/// The reference plan with one text replaced; what is said about it, without the places of lines.
std::string problems_after(std::string_view from, std::string_view to) {
    std::string text = reference_text();
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    if (at == std::string::npos) return {};
    text.replace(at, from.size(), to);
    const auto plan = load(text, "plan.yaml");
    if (plan) return "none";
    std::string all;
    for (const Problem& problem : plan.error()) {
        EXPECT_GT(problem.line, 0);
        EXPECT_GT(problem.column, 0);
        Problem placeless = problem;
        placeless.line = 0;
        placeless.file = "";
        all += to_string(placeless).substr(2) + "\n";
    }
    return all;
}

core::Plan reference() {
    auto plan = load(reference_text(), "plans/cloudshelf.yaml");
    if (!plan) {
        for (const Problem& problem : plan.error()) ADD_FAILURE() << to_string(problem);
        return {};
    }
    return *plan;
}

TEST(ReferencePlan, HoldsTheFigures) {
    const core::Plan plan = reference();
    ASSERT_EQ(plan.services.size(), 6U);
    const core::Service& payments = *core::find_service(plan, "payments");
    EXPECT_EQ(payments.rto, Duration(15min));
    EXPECT_EQ(payments.rpo, Duration(1min));
    EXPECT_EQ(payments.commit, core::CommitMode::synchronous);
    EXPECT_TRUE(payments.covered());
    EXPECT_TRUE(core::find_service(plan, "shopping-cart")->covered());
    EXPECT_TRUE(core::find_service(plan, "static-site")->covered());
    EXPECT_FALSE(core::find_service(plan, "analytics")->covered());
    EXPECT_EQ(core::find_service(plan, "analytics")->rpo, Duration(4h));
    EXPECT_EQ(core::region_with(plan, core::RegionRole::standby)->name, RegionName("us-west-2"));
    EXPECT_EQ(plan.databases[0].backup.retention, Duration(30 * 24h));
    EXPECT_EQ(plan.tables[1].backup->retention, Duration(90 * 24h));
    EXPECT_EQ(plan.traffic.health_checks[0].interval, Duration(30s));
    EXPECT_EQ(plan.alarms[0].evaluation_periods, 2);
    EXPECT_EQ(plan.revenue.holiday, core::Cents(4000'00));
    EXPECT_EQ(plan.incidents.size(), 4U);
    EXPECT_EQ(plan.drills.size(), 4U);
    EXPECT_EQ(plan.timing, *core::built_in_timing("lan"));
    EXPECT_EQ(plan.digest.size(), 64U);
}

TEST(Digest, CountsContentNotLayout) {
    const std::string digest = reference().digest;
    const auto digest_after = [](std::string_view from, std::string_view to) {
        std::string text = reference_text();
        text.replace(text.find(from), from.size(), to);
        const auto plan = load(text, "x");
        return plan ? plan->digest : "refused";
    };
    EXPECT_EQ(digest_after("rto: 30 min", "rto:   0.5 h # half an hour"), digest);
    const std::string changed = digest_after("rto: 30 min", "rto: 31 min");
    EXPECT_NE(changed, digest);
    EXPECT_NE(changed, "refused");
    EXPECT_NE(digest_after("profile: lan ", "profile: wan "), digest);
}

// Goal: the place is right. Method: a text short enough to count in.
TEST(Problems, SayWhereAndAreAllReported) {
    const std::string all = problems_of("format: 1\napplication:\n  nam: x\n  title: no\n  time-zone:\nregions: [1]\n");
    EXPECT_NE(
        all.find(
            "plan.yaml:3:3: application.nam: found the unknown key 'nam', expected one of name, title, description, "
            "time-zone (did you mean \"name\"?)"
        ),
        std::string::npos
    ) << all;
    EXPECT_NE(
        all.find("plan.yaml:4:10: application.title: found the boolean no, expected a text (write \"no\" in quotes"),
        std::string::npos
    ) << all;
    EXPECT_NE(all.find("application.time-zone: found nothing, expected a text"), std::string::npos) << all;
    EXPECT_NE(all.find("plan.yaml:6:11: regions[0]: found '1', expected a map"), std::string::npos) << all;
    EXPECT_NE(
        all.find("plan.yaml:1:1: services: found no such key, expected the required key 'services'"), std::string::npos
    ) << all;
    EXPECT_EQ(all.find("application.name:"), std::string::npos) << all;  // Said once, as misspelt.
}

TEST(Problems, Values) {
    EXPECT_EQ(
        problems_after("rto: 30 min", "rto: 30"),
        "services[1].rto: found '30', a number without a unit, expected a duration such as '15 min' (ms, s, min, h, d, "
        "w)\n"
    );
    EXPECT_EQ(
        problems_after("rto: 30 min", "rto: 30 parsecs"),
        "services[1].rto: found '30 parsecs', expected a duration such as '15 min' (ms, s, min, h, d, w)\n"
    );
    EXPECT_EQ(
        problems_after("peak: 2500 USD", "peak: 2500 EUR"),
        "revenue.peak: found '2500 EUR', expected an amount of money such as '2500 USD'\n"
    );
    EXPECT_EQ(
        problems_after("target: 99.9 %", "target: 99.9"),
        "availability.target: found '99.9', a number without a unit, expected a percentage such as '99.9 %'\n"
    );
    EXPECT_EQ(
        problems_after("16 MiB", "16"),
        "safety.guards.lag-bytes-max: found '16', a number without a unit, expected a size such as '64 KiB' (B, kB, "
        "KiB, MB, "
        "MiB, GB, GiB)\n"
    );
    EXPECT_EQ(
        problems_after("role: witness", "role: witnes"),
        "regions[2].role: found 'witnes', expected one of primary, standby, witness (did you mean \"witness\"?)\n"
    );
    EXPECT_EQ(
        problems_after("deletion-protection: true", "deletion-protection: yes"),
        "databases[0].deletion-protection: found 'yes', expected true or false\n"
    );
    EXPECT_EQ(problems_after("quorum: 2", "quorum: two"), "detection.quorum: found 'two', expected a whole number\n");
    EXPECT_EQ(
        problems_after("components: [cloudshelf-static-assets]", "components: []"),
        "services[4].components: found an empty list, expected at least one item\n"
    );
    EXPECT_EQ(
        problems_after("\"12-25\"", "\"12-32\""),
        "revenue.holidays[4]: found '12-32', expected a day such as '12-25' (every year) or '2026-11-27'\n"
    );
}

TEST(Problems, NamesAndReferences) {
    EXPECT_EQ(
        problems_after("- name: shopping-cart\n", "- name: book-catalog\n"),
        "services[1].name: found 'book-catalog' a second time, expected each name once\n"
    );
    EXPECT_EQ(
        problems_after("recovered-by: failover", "recovered-by: failovr"),
        "services[0].recovered-by: found 'failovr', expected a procedure of this plan: failover, failback (did you "
        "mean "
        "\"failover\"?)\n"
    );
    EXPECT_EQ(
        problems_after("topics: [cloudshelf-dr-alerts]", "topics: [nobody]"),
        "alarms[0].topics[0]: found 'nobody', expected a topic of this plan: cloudshelf-dr-alerts, "
        "cloudshelf-dr-emergency\n"
    );
    EXPECT_EQ(
        problems_after("- {name: www.cloudshelf.com", "- {name: www.cloudshell.com"),
        "edge.name: found 'www.cloudshelf.com', expected a name of traffic.names that points to edge\n"
        "traffic.names[1].name: found 'www.cloudshell.com', expected a name in the zone cloudshelf.com\n"
    );
    EXPECT_EQ(
        problems_after("failover: secondary", "failover: primary"),
        "traffic.records[1].failover: found a second primary of api.cloudshelf.com, expected one primary and one "
        "secondary for "
        "each name\n"
    );
}

TEST(Problems, Roles) {
    EXPECT_EQ(
        problems_after("role: witness", "role: primary"),
        "regions[2].role: found a second primary ('us-east-2'), expected one primary ('us-east-1' has that role "
        "already)\n"
        "safety.policy: found 'witness', but no region with that role, expected a region with the role witness, or "
        "another "
        "policy (lease is automatic without a third site, confirm asks a person)\n"
    );
    EXPECT_NE(
        problems_after("role: standby", "role: witness")
            .find("regions: found no standby, expected one region with the role standby"),
        std::string::npos
    );
    EXPECT_EQ(
        problems_after("quorum: 2", "quorum: 4"),
        "detection.quorum: found 4, expected 1 to 3, the number of different vantages\n"
    );
}

TEST(Problems, Steps) {
    EXPECT_EQ(
        problems_after("{name: prepare, action: prepare,", "{name: prepare, action: prepare, after: [smoke-tests],"),
        "procedures[0].steps: found a cycle: prepare → promote-database → point-functions → smoke-tests → prepare, "
        "expected "
        "steps that wait for earlier ones only\n"
    );
    EXPECT_EQ(
        problems_after("after: [fence-old-writer, prepare]", "after: [prepare]"),
        "procedures[0].steps[4].after: found a promotion that waits for no fence, expected a step with the action "
        "fence-old-writer somewhere before it (two regions could write at once)\n"
    );
    EXPECT_NE(
        problems_after("after: [fence-old-writer, prepare]", "after: [fence-old-writer, prepares]")
            .find("did you mean \"prepare\"?"),
        std::string::npos
    );
    EXPECT_EQ(
        problems_after("action: prepare, limit: 5 s", "action: prepare, limit: 0 s"),
        "procedures[0].steps[1].limit: found 0, expected more than 0\n"
    );
}

TEST(Problems, ObjectivesThatTheProfileCannotMeet) {
    const std::string all = problems_after("rto: 15 min", "rto: 30 s");
    EXPECT_TRUE(all.starts_with("services[3].rto: found 30 s, expected at least ")) << all;
    EXPECT_NE(all.find("lease runs out 700.12 ms + prepare 5 s + promote-database 1 min"), std::string::npos) << all;
    EXPECT_NE(
        problems_after("lag-max: 60 s", "lag-max: 61 s").find("expected at most 1 min, the RPO of payments"),
        std::string::npos
    );
    EXPECT_EQ(
        problems_after("profile: lan ", "profile: lam "),
        "timing.profile: found 'lam', expected a timing profile of this plan: lan, wan, route53 (did you mean "
        "\"lan\"?)\n"
    );
    EXPECT_EQ(
        problems_after("  profile: lan ", "  profiles: [{name: mine, base: lan, beat: 300 ms}]\n  profile: mine "),
        "timing.profiles[0].beat: found 300 ms, expected at most a third of the lease (200 ms), so that two renewals "
        "may be "
        "lost (profile mine)\n"
    );
    EXPECT_EQ(problems_after("profile: lan ", "profile: route53 "), "none");
    EXPECT_EQ(problems_after("profile: lan ", "profile: wan "), "none");
}

TEST(Problems, Yaml) {
    EXPECT_EQ(problems_of(""), "plan.yaml:1:1: found nothing, expected a plan\n");
    EXPECT_EQ(problems_of("- 1\n"), "plan.yaml:1:1: found a list, expected a map with the keys of a plan\n");
    EXPECT_EQ(
        problems_of("a: \xff\n"), "plan.yaml:1:4: found byte 0xff, expected UTF-8 text (save the file as UTF-8)\n"
    );
    EXPECT_EQ(
        problems_of("a: \xed\xa0\x80\n"),
        "plan.yaml:1:4: found byte 0xed, expected UTF-8 text (save the file as UTF-8)\n"
    );
    EXPECT_EQ(
        problems_of("a:\n\tb: 1\n  \tc: 2\n"),
        "plan.yaml:2:1: found a tab, expected spaces as indentation\nplan.yaml:3:3: found a tab, expected spaces as "
        "indentation\n"
    );
    EXPECT_EQ(problems_of("a: \x01\n"), "plan.yaml:1:4: found control character 0x01, expected text\n");
    EXPECT_EQ(
        problems_of("a: &x 1\nb: *x\n"),
        "plan.yaml:1:7: found an anchor (&), expected plain values (write the value out where it is used; anchors are "
        "not "
        "supported)\n"
        "plan.yaml:2:5: found an alias (*), expected plain values (write the value out; aliases are not supported)\n"
    );
    EXPECT_EQ(
        problems_of("a: 1\n---\nb: 2\n"),
        "plan.yaml:2:1: found a second document, expected one document (remove everything from this '---' on)\n"
    );
    EXPECT_EQ(problems_of("a: 1\nb: 2\na: 3\n"), "plan.yaml:3:1: found 'a' a second time, expected each key once\n");
    EXPECT_NE(problems_of(std::string(100, '[')).find("more levels of nesting, expected at most 32"), std::string::npos)
        << problems_of(std::string(100, '['));
    EXPECT_NE(problems_of("a: [1, 2\nb: 3\n").find(", expected YAML"), std::string::npos)
        << problems_of("a: [1, 2\nb: 3\n");
    EXPECT_EQ(
        problems_of(std::string(1024 * 1024 + 1, '#')), "plan.yaml:1:1: found 1048577 bytes, expected at most 1 MiB\n"
    );
    EXPECT_EQ(problems_of("\"\\e[2J\": 1\n").find('\x1b'), std::string::npos);
}

TEST(Units, WhatIsReadAndWhatIsNot) {
    EXPECT_EQ(parse_duration("15m"), Duration(15min));
    EXPECT_EQ(parse_duration("30 s"), Duration(30s));
    EXPECT_EQ(parse_duration("1 h 30 min"), Duration(90min));
    EXPECT_EQ(parse_duration("1.5 hours"), Duration(90min));
    EXPECT_EQ(parse_duration("2w"), Duration(14 * 24h));
    EXPECT_EQ(parse_duration("0 s"), Duration(0s));
    for (const char* bad :
         {"", "15", "s", "-1 s", "1 s 1 h", "1 s 1 s", "1.0001 s", "0.5 ms", "99999999999999 d", "1 M", "1e3 s", "١ s"})
        EXPECT_FALSE(parse_duration(bad)) << bad;
    EXPECT_EQ(parse_money("2500.50 USD"), core::Cents(2500'50));
    for (const char* bad : {"2500", "$2500", "2,500 USD", "2500.505 USD", "-1 USD", "USD"})
        EXPECT_FALSE(parse_money(bad)) << bad;
    EXPECT_EQ(parse_percent("99.9%"), core::Percent(99.9));
    EXPECT_FALSE(parse_percent("100.1 %"));
    EXPECT_EQ(parse_bytes("64KiB"), core::ByteCount(65536));
    EXPECT_FALSE(parse_bytes("64 kb"));
    EXPECT_EQ(parse_time_of_day("24:00"), core::MinuteOfDay(1440));
    for (const char* bad : {"24:01", "9:00", "09:60", "-1:00", "0900"}) EXPECT_FALSE(parse_time_of_day(bad)) << bad;
    EXPECT_EQ(near_miss("tresholds", {"probe", "thresholds"}), "thresholds");
    EXPECT_EQ(near_miss("xyz", {"probe", "thresholds"}), "");
}

// Goal: the schema that editors use and the reader agree. Method: both come from one list; the file is compared whole.
TEST(Schema, FileIsUpToDate) {
    const std::string path = SOURCE_ROOT "/plans/cloudshelf.schema.json";
    if (std::getenv("CLOUDSHELF_REWRITE")) std::ofstream(path) << json_schema();
    EXPECT_EQ(read_file(path), json_schema()) << "CLOUDSHELF_REWRITE=1 rewrites it, then read the diff";
}

// Goal: a key that the schema knows is read and no other. Method: each top-level key taken out of the schema, given
// wrongly.
TEST(Schema, KnowsWhatTheReaderKnows) {
    const auto schema = boost::json::parse(json_schema());
    for (const auto& [key, unused] : schema.at("properties").as_object()) {
        const std::string all = problems_of(std::string(key) + ": []\n");
        EXPECT_EQ(all.find("the unknown key"), std::string::npos) << all;
    }
}

// Goal: what is not a plan is refused, not crashed on. Method: the fuzzer's entry with inputs that are broken in turn.
TEST(Fuzzer, RefusesBrokenInputs) {
    const auto feed = [](std::string_view text) {
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    };
    for (const std::string_view text :
         {std::string_view(""),
          std::string_view("\0", 1),
          std::string_view("{"),
          std::string_view("a: &a [*a, *a]"),
          std::string_view("? [a]\n: b\n"),
          std::string_view("%YAML 9.9\n---\n"),
          std::string_view("!!binary x"),
          std::string_view("\xef\xbb\xbf"
                           "format: 1"),
          std::string_view("format: 99999999999999999999"),
          std::string_view("procedures: [{name: x, mode: planned, steps: [{name: a, action: notify, after: ['']}]}]"),
          std::string_view("a: |\n  x\n b: 1\n"),
          std::string_view("- - - - -"),
          std::string_view("'")})
        feed(text);
    const std::string& text = reference_text();
    for (std::size_t cut = 0; cut < text.size(); cut += 997) feed(std::string_view(text).substr(0, cut));
    for (std::size_t gone = 0; gone < text.size(); gone += 499) {
        std::string broken = text;
        broken.erase(gone, 7);
        feed(broken);
    }
}

}  // namespace
}  // namespace cloudshelf::plan

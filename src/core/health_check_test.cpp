#include "core/health_check.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace cloudshelf::core {
namespace {

using namespace std::chrono_literals;
using enum HealthStatus;

const CheckName api("api");

class HealthChecksTest : public testing::Test {
protected:
    void put(CheckOptions options) {
        const auto changes = checks_.put(std::move(options), now_);
        ASSERT_TRUE(changes) << changes.error().message;
        changes_ = *changes;
    }
    void look(Observation observation, int times = 1, const char* vantage = "witness", CheckName name = api) {
        for (int i = 0; i < times; ++i) {
            now_ += 1s;
            changes_ = checks_.saw(name, VantageName(vantage), observation, now_);
        }
    }
    void alarm(AlarmState state) { changes_ = checks_.alarm_is("latency", state, now_); }
    std::string refusal(CheckOptions options) {
        const auto answer = checks_.put(std::move(options), now_);
        return answer ? "" : answer.error().code;
    }
    HealthStatus status(CheckName name = api) { return checks_.status(name).value(); }

    HealthChecks checks_;
    TimePoint now_{1000s};
    StatusChanges changes_;
};

TEST_F(HealthChecksTest, ANewCheckIsHealthyUntilThereIsEnoughData) {
    put({.name = api});
    EXPECT_EQ(status(), healthy);
    look(Observation::refused, 2);
    EXPECT_EQ(status(), healthy);
    look(Observation::refused);
    EXPECT_EQ(status(), unhealthy);
    EXPECT_EQ(changes_, (StatusChanges{{api, unhealthy}}));
    EXPECT_EQ(checks_.last_failure(api, VantageName("witness")), Observation::refused);
}

TEST_F(HealthChecksTest, OnlyLooksInARowCountEitherWay) {
    put({.name = api});
    look(Observation::bad_status, 2);
    look(Observation::passed);
    look(Observation::bad_status, 2);
    EXPECT_EQ(status(), healthy);
    look(Observation::bad_status);
    EXPECT_EQ(status(), unhealthy);
    look(Observation::passed, 2);
    look(Observation::closed);
    look(Observation::passed, 2);
    EXPECT_EQ(status(), unhealthy);
    look(Observation::passed);
    EXPECT_EQ(status(), healthy);
}

TEST_F(HealthChecksTest, ThresholdsOfOneAndTen) {
    put({.name = api, .failure_threshold = 1});
    look(Observation::closed);
    EXPECT_EQ(status(), unhealthy);
    look(Observation::passed);
    EXPECT_EQ(status(), healthy);
    put({.name = api, .failure_threshold = 10});
    look(Observation::closed, 9);
    EXPECT_EQ(status(), healthy);
    look(Observation::closed);
    EXPECT_EQ(status(), unhealthy);
}

// A vantage whose own descriptors ran out has seen nothing: neither a failure nor the end of a row of failures.
TEST_F(HealthChecksTest, ALookNotMadeSaysNothing) {
    put({.name = api});
    look(Observation::not_made, 20);
    EXPECT_EQ(status(), healthy);
    look(Observation::refused, 2);
    look(Observation::not_made, 5);
    look(Observation::refused);
    EXPECT_EQ(status(), unhealthy);
}

TEST_F(HealthChecksTest, InvertedTurnsTheAnswerAround) {
    put({.name = api, .inverted = true});
    EXPECT_EQ(status(), unhealthy);
    look(Observation::refused, 3);
    EXPECT_EQ(status(), healthy);
}

TEST_F(HealthChecksTest, DisabledIsHealthyAndInvertedAsWellUnhealthy) {
    put({.name = api});
    look(Observation::refused, 3);
    put({.name = api, .disabled = true});
    EXPECT_EQ(status(), healthy);
    EXPECT_EQ(changes_, (StatusChanges{{api, healthy}}));
    put({.name = api, .inverted = true, .disabled = true});
    EXPECT_EQ(status(), unhealthy);
    put({.name = api});
    EXPECT_EQ(status(), unhealthy) << "what was seen is still known";
}

// 3 of 16 are 18.75 %: healthy. 2 of 16 are 12.5 %: not. 18 of 100 are exactly 18 %: not.
TEST(Quorum, MoreThanEighteenPercent) {
    EXPECT_TRUE(is_quorum(QuorumRule::more_than_18_percent, 3, 16));
    EXPECT_FALSE(is_quorum(QuorumRule::more_than_18_percent, 2, 16));
    EXPECT_FALSE(is_quorum(QuorumRule::more_than_18_percent, 18, 100));
    EXPECT_TRUE(is_quorum(QuorumRule::more_than_18_percent, 19, 100));
    EXPECT_FALSE(is_quorum(QuorumRule::more_than_18_percent, 0, 1));
}

TEST(Quorum, AMajorityIsMoreThanHalf) {
    EXPECT_TRUE(is_quorum(QuorumRule::majority, 2, 3));
    EXPECT_FALSE(is_quorum(QuorumRule::majority, 1, 3));
    EXPECT_FALSE(is_quorum(QuorumRule::majority, 1, 2));
    EXPECT_TRUE(is_quorum(QuorumRule::majority, 1, 1));
}

TEST_F(HealthChecksTest, OneOfThreeVantagesIsEnoughForOneRuleAndNotForTheOther) {
    for (const auto rule : {QuorumRule::more_than_18_percent, QuorumRule::majority}) {
        const CheckName name(rule == QuorumRule::majority ? "majority" : "18");
        put({.name = name, .failure_threshold = 1, .quorum = rule});
        look(Observation::passed, 1, "witness", name);
        look(Observation::refused, 1, "us-west-2", name);
        look(Observation::refused, 1, "eu-west-1", name);
        EXPECT_EQ(status(name), rule == QuorumRule::majority ? unhealthy : healthy);
    }
}

// A vantage that has just come must not outvote those that know: it has no opinion yet.
TEST_F(HealthChecksTest, ANewVantageHasNoOpinionYet) {
    put({.name = api});
    look(Observation::refused, 3);
    look(Observation::passed, 2, "new");
    EXPECT_EQ(status(), unhealthy);
    look(Observation::passed, 1, "new");
    EXPECT_EQ(status(), healthy);
}

TEST_F(HealthChecksTest, OldOpinionsDoNotCountUnlessThereAreNoOthers) {
    put({.name = api, .failure_threshold = 1, .view_age_max = 10s});
    look(Observation::passed, 1, "silent");
    look(Observation::refused, 1, "witness");
    EXPECT_EQ(status(), healthy);
    now_ += 9500ms;
    EXPECT_EQ(checks_.tick(now_), (StatusChanges{{api, unhealthy}}));
    now_ += 1h;
    EXPECT_EQ(checks_.tick(now_), (StatusChanges{{api, healthy}})) << "all silent: the last known opinions count";
}

TEST_F(HealthChecksTest, AForgottenVantageCountsNoMore) {
    put({.name = api, .failure_threshold = 1});
    look(Observation::passed, 1, "leaving");
    look(Observation::refused);
    EXPECT_EQ(status(), healthy);
    EXPECT_EQ(checks_.forget(VantageName("leaving"), now_), (StatusChanges{{api, unhealthy}}));
}

TEST_F(HealthChecksTest, ACalculatedCheckCountsHealthyChildren) {
    const CheckName sum("sum");
    const std::vector<CheckName> children{CheckName("a"), CheckName("b"), CheckName("c")};
    for (const auto& child : children) put({.name = child, .failure_threshold = 1});
    put({.name = sum, .type = CheckType::calculated, .children = children, .healthy_children_min = 2});
    look(Observation::refused, 1, "witness", children[0]);
    EXPECT_EQ(status(sum), healthy);
    look(Observation::refused, 1, "witness", children[1]);
    EXPECT_EQ(changes_, (StatusChanges{{children[1], unhealthy}, {sum, unhealthy}}));
    put({.name = children[0], .disabled = true});
    EXPECT_EQ(status(sum), healthy) << "a disabled child is a healthy one";
    put({.name = sum, .type = CheckType::calculated, .children = children, .healthy_children_min = 4});
    EXPECT_EQ(status(sum), unhealthy) << "more than there are";
    put({.name = sum, .type = CheckType::calculated, .children = children, .healthy_children_min = 0});
    look(Observation::refused, 1, "witness", children[2]);
    EXPECT_EQ(status(sum), healthy);
}

TEST_F(HealthChecksTest, AnAlarmWithoutDataMeansWhatTheCheckSays) {
    const std::vector<std::pair<InsufficientData, HealthStatus>> rules{
        {InsufficientData::healthy, healthy},
        {InsufficientData::unhealthy, unhealthy},
        {InsufficientData::last_known, unhealthy},
    };
    for (const auto& [rule, expected] : rules) {
        const CheckName name(std::to_string(static_cast<int>(rule)));
        put({.name = name, .type = CheckType::alarm, .alarm = "latency", .insufficient_data = rule});
        EXPECT_EQ(status(name), healthy) << "new";
        alarm(AlarmState::alarm);
        EXPECT_EQ(status(name), unhealthy);
        alarm(AlarmState::ok);
        EXPECT_EQ(status(name), healthy);
        alarm(AlarmState::alarm);
        alarm(AlarmState::insufficient_data);
        EXPECT_EQ(status(name), expected);
    }
}

TEST_F(HealthChecksTest, LastKnownWithoutHistoryIsHealthy) {
    put({.name = api, .type = CheckType::alarm, .alarm = "latency"});
    alarm(AlarmState::insufficient_data);
    EXPECT_EQ(status(), healthy);
}

TEST_F(HealthChecksTest, RefusesWhatCannotBe) {
    const CheckName parent("parent");
    EXPECT_EQ(refusal({.name = CheckName("")}), "health.bad-check");
    EXPECT_EQ(refusal({.name = api, .interval = 1ms}), "health.bad-check");
    EXPECT_EQ(refusal({.name = api, .interval = 6min}), "health.bad-check");
    EXPECT_EQ(refusal({.name = api, .failure_threshold = 0}), "health.bad-check");
    EXPECT_EQ(refusal({.name = api, .failure_threshold = 11}), "health.bad-check");
    EXPECT_EQ(refusal({.name = api, .type = CheckType::tcp, .search = "ok"}), "health.bad-check");
    EXPECT_EQ(refusal({.name = api, .search = std::string(256, 'x')}), "health.bad-check");
    EXPECT_EQ(refusal({.name = api, .children = {parent}}), "health.bad-check");
    EXPECT_EQ(refusal({.name = api, .type = CheckType::alarm}), "health.bad-check");
    EXPECT_EQ(refusal({.name = parent, .type = CheckType::calculated, .children = {api}}), "health.no-child");
    put({.name = api});
    EXPECT_EQ(refusal({.name = parent, .type = CheckType::calculated, .children = {api, api}}), "health.bad-check");
    put({.name = parent, .type = CheckType::calculated, .children = {api}});
    EXPECT_EQ(
        refusal({.name = CheckName("over"), .type = CheckType::calculated, .children = {parent}}),
        "health.calculated-child"
    );
    EXPECT_EQ(refusal({.name = api, .type = CheckType::tcp}), "health.type-is-fixed");
    EXPECT_EQ(checks_.remove(api).error().code, "health.child-is-used");
    EXPECT_TRUE(checks_.remove(parent));
    EXPECT_TRUE(checks_.remove(api));
    EXPECT_EQ(checks_.remove(api).error().code, "health.no-check");
}

TEST(Judgement, OfHttpAnswers) {
    EXPECT_EQ(judge_http(200, "", ""), Observation::passed);
    EXPECT_EQ(judge_http(399, "", ""), Observation::passed);
    EXPECT_EQ(judge_http(400, "", ""), Observation::bad_status);
    EXPECT_EQ(judge_http(199, "", ""), Observation::bad_status);
    EXPECT_EQ(judge_http(503, "ok", "ok"), Observation::bad_status);
    EXPECT_EQ(judge_http(200, "all ok", "ok"), Observation::passed);
    EXPECT_EQ(judge_http(200, "all OK", "ok"), Observation::search_missing);
    const std::string just_inside = std::string(search_bytes_max - 2, '.') + "ok";
    EXPECT_EQ(judge_http(200, just_inside, "ok"), Observation::passed);
    EXPECT_EQ(judge_http(200, "." + just_inside, "ok"), Observation::search_missing);
}

TEST(CheckTypes, HaveNamesInEitherCase) {
    EXPECT_EQ(check_type("HTTPS"), CheckType::https);
    for (int i = 0; i <= static_cast<int>(CheckType::alarm); ++i)
        EXPECT_EQ(check_type(name(static_cast<CheckType>(i))), static_cast<CheckType>(i));
    EXPECT_EQ(check_type("http "), std::nullopt);
    EXPECT_EQ(check_type(""), std::nullopt);
}

TEST(Judgement, OfInvocations) {
    EXPECT_EQ(judge_function(200, false), Observation::passed);
    EXPECT_EQ(judge_function(200, true), Observation::function_failed);
    EXPECT_EQ(judge_function(202, false), Observation::bad_status);  // accepted for later: nothing ran yet
    EXPECT_EQ(judge_function(404, true), Observation::bad_status);
}

TEST(Judgement, OfCertificatesWarnsFirstAndFailsOnlyWhereAsked) {
    const CheckOptions route53{.name = api, .type = CheckType::https};
    EXPECT_EQ(judge_certificate(route53, Observation::passed, -24h), Observation::passed);
    EXPECT_TRUE(warns_of_certificate(route53, 24h * 30 - 1s));
    EXPECT_FALSE(warns_of_certificate(route53, 24h * 30));
    EXPECT_FALSE(warns_of_certificate(route53, std::nullopt));

    CheckOptions strict = route53;
    strict.certificate_failure = 48h;
    EXPECT_EQ(judge_certificate(strict, Observation::passed, 48h), Observation::passed);
    EXPECT_EQ(judge_certificate(strict, Observation::passed, 48h - 1s), Observation::certificate_expiring);
    EXPECT_EQ(judge_certificate(strict, Observation::passed, std::nullopt), Observation::passed);
    EXPECT_EQ(judge_certificate(strict, Observation::bad_status, 1s), Observation::bad_status);
    EXPECT_EQ(judge_certificate(strict, Observation::not_made, 1s), Observation::not_made);
}

TEST_F(HealthChecksTest, ACertificateThatEndsTooSoonCountsLikeAnyFailure) {
    CheckOptions options{.name = api, .type = CheckType::https, .certificate_failure = 48h};
    put(options);
    look(judge_certificate(options, Observation::passed, 47h), 2);
    EXPECT_EQ(status(), healthy);
    look(judge_certificate(options, Observation::passed, 47h));
    EXPECT_EQ(status(), unhealthy);
    EXPECT_EQ(checks_.last_failure(api, VantageName("witness")), Observation::certificate_expiring);
    look(judge_certificate(options, Observation::passed, 24h * 90), 3);
    EXPECT_EQ(status(), healthy);
    options.certificate_failure = -1s;
    EXPECT_EQ(refusal(options), "health.bad-check");
}

// Goal: whatever is seen, the status is what a plain reading of the rules gives. Method: random observations of random
// checks; the reference keeps every look and derives the status from the whole history, each time anew.
class Reference {
public:
    Reference(int threshold, bool inverted, QuorumRule rule, Duration age_max)
        : threshold_(threshold), inverted_(inverted), rule_(rule), age_max_(age_max) {}

    void saw(const std::string& vantage, bool passed, TimePoint now) { looks_[vantage].push_back({passed, now}); }

    HealthStatus status(TimePoint now) const {
        auto [healthy_count, asked] = count(now, true);
        if (asked == 0) std::tie(healthy_count, asked) = count(now, false);
        const std::size_t needed_hundredths = rule_ == QuorumRule::majority ? 50 : 18;
        const bool is_healthy = asked == 0 || healthy_count * 100 > asked * needed_hundredths;
        return is_healthy != inverted_ ? healthy : unhealthy;
    }

private:
    struct Look {
        bool passed;
        TimePoint at;
    };
    /// The latest run of `threshold` equal looks decides.
    std::optional<bool> opinion(const std::deque<Look>& looks) const {
        const auto size = static_cast<int>(looks.size());
        for (int end = size; end >= threshold_; --end) {
            const auto same = [&](int i) { return looks[i].passed == looks[end - 1].passed; };
            bool all = true;
            for (int i = end - threshold_; i < end; ++i) all = all && same(i);
            if (all) return looks[end - 1].passed;
        }
        return std::nullopt;
    }
    std::pair<std::size_t, std::size_t> count(TimePoint now, bool fresh_only) const {
        std::size_t good = 0;
        std::size_t asked = 0;
        for (const auto& [vantage, looks] : looks_) {
            const auto says = opinion(looks);
            if (!says || (fresh_only && now - looks.back().at > age_max_)) continue;
            ++asked;
            good += *says ? 1 : 0;
        }
        return {good, asked};
    }
    int threshold_;
    bool inverted_;
    QuorumRule rule_;
    Duration age_max_;
    std::map<std::string, std::deque<Look>> looks_;
};

TEST(HealthChecksProperty, AgreesWithAPlainReadingOfTheRules) {
    const auto seed = static_cast<std::uint64_t>(testing::UnitTest::GetInstance()->start_timestamp());
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    int flips = 0;
    for (int round = 0; round < 100; ++round) {
        const int threshold = 1 + static_cast<int>(random.below(4));
        const bool inverted = random.below(4) == 0;
        const auto rule = random.below(2) == 0 ? QuorumRule::majority : QuorumRule::more_than_18_percent;
        const Duration age_max = std::chrono::seconds(5 + random.below(50));
        const std::uint64_t vantages = 1 + random.below(8);
        Reference reference(threshold, inverted, rule, age_max);
        HealthChecks checks;
        CheckOptions options{
            .name = api, .inverted = inverted, .failure_threshold = threshold, .quorum = rule, .view_age_max = age_max
        };
        TimePoint now{1000s};
        ASSERT_TRUE(checks.put(std::move(options), now));
        HealthStatus reported = checks.status(api).value();
        std::uint64_t likely_good = 5;
        for (int step = 0; step < 150; ++step) {
            now += std::chrono::milliseconds(random.below(3000));
            if (random.below(10) == 0) likely_good = random.below(11);
            const std::string vantage = "v" + std::to_string(random.below(vantages));
            StatusChanges changes;
            if (random.below(10) == 0) {
                changes = checks.saw(api, VantageName(vantage), Observation::not_made, now);
                ASSERT_TRUE(changes.empty());
                changes = checks.tick(now);
            } else {
                const bool passed = random.below(10) < likely_good;
                const auto seen = passed ? Observation::passed : Observation::refused;
                reference.saw(vantage, passed, now);
                changes = checks.saw(api, VantageName(vantage), seen, now);
            }
            ASSERT_LE(changes.size(), 1U);
            if (!changes.empty()) {
                ASSERT_NE(changes[0].status, reported) << "a change that is none";
                reported = changes[0].status;
                ++flips;
            }
            ASSERT_EQ(checks.status(api), reported);
            ASSERT_EQ(reported, reference.status(now)) << "round " << round << ", step " << step;
        }
    }
    EXPECT_GT(flips, 100) << "too tame to prove anything";
}

}  // namespace
}  // namespace cloudshelf::core

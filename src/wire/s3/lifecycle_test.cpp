#include "wire/s3/lifecycle.hpp"

#include "wire/s3/date.hpp"
#include "wire/s3/lifecycle_due.hpp"
#include "wire/s3/support_test.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cloudshelf::s3 {
namespace {

std::string document(const std::string& rules) {
    return "<LifecycleConfiguration>" + rules + "</LifecycleConfiguration>";
}

std::string rule(const std::string& inside) {
    return "<Rule><Status>Enabled</Status>" + inside + "</Rule>";
}

Result<LifecycleConfiguration> read(const std::string& rules) {
    return parse_lifecycle_configuration(document(rules));
}

const std::string all = "<Filter/>";
const std::string expire = "<Expiration><Days>1</Days></Expiration>";
const std::string tag = "<Tag><Key>k</Key><Value>v</Value></Tag>";

std::int64_t at(std::string_view time) {
    return parse_timestamp(time).value();
}

TEST(Lifecycle, BothWays) {
    const auto configuration = twice(
        parse_lifecycle_configuration,
        document(
            "<Rule><ID>one</ID><Prefix>logs/</Prefix><Status>Enabled</Status><Transition><Days>30</"
            "Days><StorageClass>GLACIER"
            "</StorageClass></Transition><Expiration><Days>365</Days></Expiration></Rule>"
            "<Rule><Filter><And><Prefix>p</Prefix>" +
            tag +
            "<ObjectSizeGreaterThan>500</ObjectSizeGreaterThan><ObjectSizeLessThan>64000</ObjectSizeLessThan></And></"
            "Filter>"
            "<Status>Disabled</Status><Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration>"
            "<NoncurrentVersionTransition><NoncurrentDays>0</NoncurrentDays><StorageClass>DEEP_ARCHIVE</StorageClass>"
            "</NoncurrentVersionTransition><NoncurrentVersionExpiration><NoncurrentDays>7</NoncurrentDays>"
            "<NewerNoncurrentVersions>3</NewerNoncurrentVersions></NoncurrentVersionExpiration></Rule>"
            "<Rule><Filter><Prefix>u/</Prefix></Filter><Status>Enabled</"
            "Status><Expiration><ExpiredObjectDeleteMarker>true"
            "</ExpiredObjectDeleteMarker></Expiration><AbortIncompleteMultipartUpload><DaysAfterInitiation>2"
            "</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>"
        )
    );
    ASSERT_EQ(configuration.rules.size(), 3u);
    EXPECT_TRUE(configuration.rules[0].v1);
    EXPECT_EQ(configuration.rules[0].transitions[0].storage_class, "GLACIER");
    EXPECT_EQ(configuration.rules[1].id, "rule-2");
    EXPECT_EQ(
        configuration.rules[1].filter,
        (RuleFilter{.prefix = "p", .tags = {{"k", "v"}}, .size_greater_than = 500, .size_less_than = 64000})
    );
    EXPECT_EQ(configuration.rules[1].noncurrent_expiration->newer_versions, 3);
    EXPECT_EQ(configuration.rules[2].abort_uploads_days, 2);
}

TEST(Lifecycle, Filters) {
    const auto filter = [](const std::string& inside) {
        return read(rule("<Filter>" + inside + "</Filter>" + expire));
    };
    EXPECT_EQ(filter("")->rules[0].filter, RuleFilter{});
    EXPECT_EQ(filter(tag)->rules[0].filter.tags.size(), 1u);
    EXPECT_EQ(filter("<ObjectSizeGreaterThan>0</ObjectSizeGreaterThan>")->rules[0].filter.size_greater_than, 0);
    EXPECT_EQ(code_of(filter("<Prefix>p</Prefix>" + tag)), "MalformedXML");
    EXPECT_EQ(code_of(filter("<And>" + tag + "</And>")), "MalformedXML");
    EXPECT_EQ(code_of(filter("<Prefix>p</Prefix><And><Prefix>p</Prefix>" + tag + "</And>")), "MalformedXML");
    EXPECT_EQ(code_of(filter("<And>" + tag + tag + "</And>")), "InvalidTag");
    EXPECT_EQ(
        code_of(filter(
            "<And><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan><ObjectSizeLessThan>5</ObjectSizeLessThan></And>"
        )),
        "InvalidRequest"
    );
    EXPECT_EQ(code_of(filter("<Prefix>" + std::string(1025, 'p') + "</Prefix>")), "InvalidRequest");
    EXPECT_EQ(code_of(read(rule(all + "<Prefix/>" + expire))), "MalformedXML");
    EXPECT_EQ(code_of(read(rule(expire))), "MalformedXML");
}

TEST(Lifecycle, Actions) {
    const auto action = [](const std::string& inside) { return read(rule(all + inside)); };
    EXPECT_EQ(refusal(action("")), "InvalidRequest: At least one action needs to be specified in a rule");
    EXPECT_EQ(
        refusal(action("<Expiration><Days>0</Days></Expiration>")),
        "InvalidArgument: 'Days' for Expiration action must be a positive integer"
    );
    EXPECT_EQ(code_of(action("<Expiration><Days>3000000000</Days></Expiration>")), "InvalidArgument");
    EXPECT_EQ(code_of(action("<Expiration><Days>1.5</Days></Expiration>")), "MalformedXML");
    EXPECT_EQ(code_of(action("<Expiration/>")), "MalformedXML");
    EXPECT_EQ(code_of(action("<Expiration><Days>1</Days><Date>2030-01-01</Date></Expiration>")), "MalformedXML");
    EXPECT_EQ(
        refusal(action("<Expiration><Date>2030-01-01T01:00:00Z</Date></Expiration>")),
        "InvalidArgument: 'Date' must be at midnight GMT"
    );
    EXPECT_EQ(
        code_of(action("<Transition><Days>0</Days><StorageClass>STANDARD</StorageClass></Transition>")), "MalformedXML"
    );
    EXPECT_EQ(
        code_of(action("<Transition><Days>-1</Days><StorageClass>GLACIER</StorageClass></Transition>")),
        "InvalidArgument"
    );
    EXPECT_EQ(code_of(action("<Transition><StorageClass>GLACIER</StorageClass></Transition>")), "MalformedXML");
    EXPECT_EQ(
        code_of(action(expire + "<Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition>")),
        "InvalidArgument"
    );
    EXPECT_EQ(
        code_of(action("<NoncurrentVersionExpiration><NoncurrentDays>0</NoncurrentDays></NoncurrentVersionExpiration>")
        ),
        "InvalidArgument"
    );
    EXPECT_EQ(
        code_of(action("<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>101"
                       "</NewerNoncurrentVersions></NoncurrentVersionExpiration>")),
        "InvalidArgument"
    );
    const std::string tagged = "<Filter>" + tag + "</Filter>";
    EXPECT_EQ(
        code_of(read(rule(
            tagged + "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></"
                     "AbortIncompleteMultipartUpload>"
        ))),
        "InvalidRequest"
    );
    EXPECT_EQ(
        code_of(
            read(rule(tagged + "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"))
        ),
        "InvalidRequest"
    );
}

TEST(Lifecycle, Ids) {
    const auto with_id = [](const std::string& id) { return rule("<ID>" + id + "</ID>" + all + expire); };
    EXPECT_EQ(code_of(read(with_id("a") + with_id("a"))), "InvalidArgument");
    EXPECT_EQ(code_of(read(with_id(std::string(255, 'i')))), "");
    EXPECT_EQ(code_of(read(with_id(std::string(256, 'i')))), "InvalidArgument");
    // A given id may look like one of ours.
    const auto configuration = read(rule(all + expire) + with_id("rule-1") + with_id(""));
    ASSERT_TRUE(configuration);
    EXPECT_EQ(configuration->rules[0].id, "rule-1-1");
    EXPECT_EQ(configuration->rules[2].id, "rule-3");
    EXPECT_EQ(code_of(read("")), "MalformedXML");
    std::string many;
    for (std::size_t i = 0; i < rules_max; ++i) many += rule(all + expire);
    EXPECT_EQ(code_of(read(many)), "");
    EXPECT_EQ(code_of(read(many + rule(all + expire))), "MalformedXML");
}

TEST(LifecycleDue, RoundsUpToMidnight) {
    EXPECT_EQ(days_after(at("2014-01-15T10:30:00Z"), 3), at("2014-01-19"));  // the example of S3's user guide
    EXPECT_EQ(days_after(at("2014-01-15"), 3), at("2014-01-18"));
    EXPECT_EQ(days_after(at("2014-01-15T00:00:00.001Z"), 1), at("2014-01-17"));
    EXPECT_EQ(days_after(1500, 3, 10), 31'500);  // a trial's short days
}

TEST(LifecycleDue, CurrentVersions) {
    const auto configuration = read(
        rule("<ID>a</ID><Prefix>a</Prefix><Expiration><Days>10</Days></Expiration>") +
        rule("<ID>ab</ID><Prefix>ab</Prefix><Expiration><Days>5</Days></Expiration>") +
        rule("<ID>date</ID><Filter>" + tag + "</Filter><Expiration><Date>2024-01-02</Date></Expiration>") +
        rule("<ID>big</ID><Filter><ObjectSizeGreaterThan>100</ObjectSizeGreaterThan></Filter><Expiration><Days>1</"
             "Days></Expiration>") +
        "<Rule><ID>off</ID><Prefix/><Status>Disabled</Status><Expiration><Days>1</Days></Expiration></Rule>"
    );
    ASSERT_TRUE(configuration);
    const auto modified = at("2024-01-01");
    const auto due = [&](const LifecycleSubject& subject) {
        return current_version_due(*configuration, subject, modified);
    };
    EXPECT_EQ(due({.key = "b"}), std::nullopt);
    EXPECT_EQ(due({.key = "aa"}), (LifecycleDue{.at_ms = at("2024-01-11"), .rule_id = "a"}));
    EXPECT_EQ(due({.key = "abc"}), (LifecycleDue{.at_ms = at("2024-01-06"), .rule_id = "ab"}));
    EXPECT_EQ(due({.key = "b", .tags = {{"k", "v"}}}), (LifecycleDue{.at_ms = at("2024-01-02"), .rule_id = "date"}));
    EXPECT_EQ(due({.key = "b", .tags = {{"k", "w"}}}), std::nullopt);
    EXPECT_EQ(due({.key = "b", .size = 100}), std::nullopt);
    EXPECT_EQ(due({.key = "b", .size = 101})->rule_id, "big");
}

TEST(LifecycleDue, NoncurrentVersions) {
    const auto configuration = read(rule(
        "<ID>n</ID>" + all +
        "<NoncurrentVersionExpiration><NoncurrentDays>2</NoncurrentDays><NewerNoncurrentVersions>3</"
        "NewerNoncurrentVersions>"
        "</NoncurrentVersionExpiration>"
    ));
    ASSERT_TRUE(configuration);
    EXPECT_EQ(noncurrent_version_due(*configuration, {.key = "k"}, 0, 2), std::nullopt);
    EXPECT_EQ(
        noncurrent_version_due(*configuration, {.key = "k"}, 1, 3, 1), (LifecycleDue{.at_ms = 2001, .rule_id = "n"})
    );
}

TEST(LifecycleDue, DeleteMarkersAndUploads) {
    const auto configuration = read(
        rule("<ID>m</ID><Prefix>m/</Prefix><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></"
             "Expiration>") +
        rule("<ID>d</ID><Prefix>d/</Prefix>" + expire) + rule("<ID>t</ID><Filter>" + tag + "</Filter>" + expire) +
        rule("<ID>u</ID><Prefix>u/</Prefix><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</"
             "DaysAfterInitiation></AbortIncompleteMultipartUpload>")
    );
    ASSERT_TRUE(configuration);
    EXPECT_EQ(delete_marker_due(*configuration, "m/k", 5), (LifecycleDue{.at_ms = 5, .rule_id = "m"}));
    EXPECT_EQ(delete_marker_due(*configuration, "d/k", 5, 10), (LifecycleDue{.at_ms = 10'005, .rule_id = "d"}));
    EXPECT_EQ(delete_marker_due(*configuration, "x/k", 5), std::nullopt);
    EXPECT_EQ(
        upload_due(*configuration, "u/k", at("2024-01-01T12:00:00Z")),
        (LifecycleDue{.at_ms = at("2024-01-09"), .rule_id = "u"})
    );
    EXPECT_EQ(upload_due(*configuration, "d/k", 0), std::nullopt);
}

TEST(LifecycleDue, Transitions) {
    const auto transition = [](const std::string& days, const std::string& storage_class) {
        return "<Transition><Days>" + days + "</Days><StorageClass>" + storage_class + "</StorageClass></Transition>";
    };
    const auto configuration = read(rule(
        "<ID>t</ID>" + all + transition("1", "STANDARD_IA") + transition("3", "GLACIER") +
        "<NoncurrentVersionTransition><NoncurrentDays>1</NoncurrentDays><StorageClass>DEEP_ARCHIVE</StorageClass>"
        "</NoncurrentVersionTransition>"
    ));
    ASSERT_TRUE(configuration);
    EXPECT_EQ(transition_due(*configuration, {.key = "k"}, 0, 999, 1), std::nullopt);
    EXPECT_EQ(transition_due(*configuration, {.key = "k"}, 0, 1000, 1)->storage_class, "STANDARD_IA");
    EXPECT_EQ(
        transition_due(*configuration, {.key = "k"}, 0, 5000, 1),
        (LifecycleDue{.at_ms = 3000, .rule_id = "t", .storage_class = "GLACIER"})
    );
    EXPECT_EQ(noncurrent_transition_due(*configuration, {.key = "k"}, 0, 0, 999, 1), std::nullopt);
    EXPECT_EQ(noncurrent_transition_due(*configuration, {.key = "k"}, 0, 0, 1000, 1)->storage_class, "DEEP_ARCHIVE");
}

}  // namespace
}  // namespace cloudshelf::s3

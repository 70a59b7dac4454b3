#include "wire/s3/replication.hpp"

#include "wire/s3/support_test.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cloudshelf::s3 {
namespace {

std::string document(const std::string& rules) {
    return "<ReplicationConfiguration><Role>arn:aws:iam::1:role/r</Role>" + rules + "</ReplicationConfiguration>";
}

std::string to(const std::string& bucket, const std::string& more = "") {
    return "<Destination><Bucket>arn:aws:s3:::" + bucket + "</Bucket>" + more + "</Destination>";
}

std::string rule(const std::string& inside) {
    return "<Rule><Status>Enabled</Status>" + inside + "</Rule>";
}

std::string v2(const std::string& filter, int priority, const std::string& more) {
    return "<Filter>" + filter + "</Filter><Priority>" + std::to_string(priority) + "</Priority>" + more;
}

const std::string no_markers = "<DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>";
const std::string markers = "<DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication>";
const std::string tag = "<Tag><Key>k</Key><Value>v</Value></Tag>";
const std::string metrics =
    "<Metrics><Status>Enabled</Status><EventThreshold><Minutes>15</Minutes></EventThreshold></Metrics>";

std::string criteria(const std::string& name) {
    return "<SourceSelectionCriteria><" + name + "><Status>Enabled</Status></" + name + "></SourceSelectionCriteria>";
}

Result<ReplicationConfiguration> read(const std::string& rules) {
    return parse_replication_configuration(document(rules));
}

TEST(Replication, BothWays) {
    const auto configuration = twice(
        parse_replication_configuration,
        document(
            rule("<ID>old</ID><Prefix>a</Prefix>" + to("one", "<StorageClass>STANDARD_IA</StorageClass>")) +
            rule(
                v2("<And><Prefix>p</Prefix>" + tag + "</And>", 7, no_markers) +
                "<SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects>"
                "<ReplicaModifications><Status>Disabled</Status></ReplicaModifications></SourceSelectionCriteria>"
                "<ExistingObjectReplication><Status>Enabled</Status></ExistingObjectReplication>" +
                to("two",
                   "<Account>12</Account><AccessControlTranslation><Owner>Destination</Owner></"
                   "AccessControlTranslation>"
                   "<EncryptionConfiguration><ReplicaKmsKeyID>west-key</ReplicaKmsKeyID></EncryptionConfiguration>"
                   "<ReplicationTime><Status>Enabled</Status><Time><Minutes>15</Minutes></Time></ReplicationTime>" +
                       metrics)
            )
        )
    );
    ASSERT_EQ(configuration.rules.size(), 2u);
    EXPECT_EQ(configuration.rules[0].destination.storage_class, "STANDARD_IA");
    const auto& second = configuration.rules[1];
    EXPECT_EQ(second.id, "rule-2");
    EXPECT_EQ(second.priority, 7);
    EXPECT_EQ(second.filter, (RuleFilter{.prefix = "p", .tags = {{"k", "v"}}}));
    EXPECT_EQ(second.kms_encrypted, true);
    EXPECT_EQ(second.replica_modifications, false);
    EXPECT_EQ(second.destination.bucket(), "two");
    EXPECT_EQ(second.destination.replica_kms_key_id, "west-key");
    EXPECT_EQ(second.destination.time_control, true);
}

TEST(Replication, VersionsOfTheSchemaDoNotMix) {
    EXPECT_EQ(code_of(read(rule("<Prefix/>" + to("b")))), "");
    EXPECT_EQ(code_of(read(rule(v2("", 1, markers) + to("b")))), "");
    EXPECT_EQ(code_of(read(rule(v2("", 1, markers) + "<Prefix/>" + to("b")))), "InvalidRequest");
    EXPECT_EQ(code_of(read(rule("<Prefix/><Priority>1</Priority>" + to("b")))), "InvalidRequest");
    EXPECT_EQ(code_of(read(rule("<Prefix/>" + markers + to("b")))), "InvalidRequest");
    EXPECT_EQ(code_of(read(rule("<Prefix/>" + to("b", metrics)))), "InvalidRequest");
    EXPECT_EQ(code_of(read(rule("<Filter/>" + markers + to("b")))), "InvalidRequest");
    EXPECT_EQ(code_of(read(rule("<Filter/><Priority>1</Priority>" + to("b")))), "InvalidRequest");
    EXPECT_EQ(code_of(read(rule(to("b")))), "MalformedXML");
}

TEST(Replication, Refused) {
    const std::string plain = v2("", 1, no_markers);
    EXPECT_EQ(code_of(read("")), "MalformedXML");
    EXPECT_EQ(code_of(read(rule(plain))), "MalformedXML");
    EXPECT_EQ(code_of(read(rule(plain + "<Destination><Bucket>b</Bucket></Destination>"))), "InvalidArgument");
    EXPECT_EQ(code_of(read(rule(plain + to("b", "<StorageClass>TAPE</StorageClass>")))), "MalformedXML");
    EXPECT_EQ(code_of(read(rule(v2(tag, 1, markers) + to("b")))), "InvalidRequest");
    EXPECT_EQ(
        code_of(read(rule(v2("<ObjectSizeGreaterThan>1</ObjectSizeGreaterThan>", 1, markers) + to("b")))),
        "MalformedXML"
    );
    EXPECT_EQ(code_of(read(rule(plain + to("a")) + rule(plain + to("b")))), "InvalidRequest");
    EXPECT_EQ(code_of(read(rule(plain + criteria("SseKmsEncryptedObjects") + to("b")))), "InvalidRequest");
    EXPECT_EQ(
        code_of(read(rule(
            plain +
            to("b",
               "<ReplicationTime><Status>Enabled</Status><Time><Minutes>5</Minutes></Time></ReplicationTime>" + metrics)
        ))),
        "InvalidArgument"
    );
    EXPECT_EQ(
        code_of(read(rule(
            plain +
            to("b", "<ReplicationTime><Status>Enabled</Status><Time><Minutes>15</Minutes></Time></ReplicationTime>")
        ))),
        "InvalidRequest"
    );
    EXPECT_EQ(
        code_of(parse_replication_configuration(
            "<ReplicationConfiguration>" + rule(plain + to("b")) + "</ReplicationConfiguration>"
        )),
        "MalformedXML"
    );
}

std::vector<std::string> ids(const ReplicationConfiguration& configuration, const ReplicatedChange& change) {
    std::vector<std::string> found;
    for (const auto* each : destinations_for(configuration, change)) found.push_back(each->id);
    return found;
}

using Ids = std::vector<std::string>;

TEST(Replication, HighestPriorityOfEachDestination) {
    const auto configuration = read(
        rule("<ID>all-west</ID>" + v2("", 1, markers) + to("west")) +
        rule("<ID>logs-west</ID>" + v2("<Prefix>logs/</Prefix>", 5, no_markers) + to("west")) +
        rule("<ID>tagged-north</ID>" + v2(tag, 3, no_markers) + to("north")) +
        "<Rule><ID>off</ID><Status>Disabled</Status>" + v2("", 9, markers) + to("west") + "</Rule>"
    );
    ASSERT_TRUE(configuration) << refusal(configuration);
    EXPECT_EQ(ids(*configuration, {.key = "a"}), Ids{"all-west"});
    EXPECT_EQ(ids(*configuration, {.key = "logs/a"}), Ids{"logs-west"});
    EXPECT_EQ(ids(*configuration, {.key = "a", .tags = {{"k", "v"}}}), (Ids{"all-west", "tagged-north"}));
    // The rule that wins decides on markers too.
    const auto marker = ReplicatedChange::Kind::delete_marker;
    EXPECT_EQ(ids(*configuration, {.kind = marker, .key = "a"}), Ids{"all-west"});
    EXPECT_EQ(ids(*configuration, {.kind = marker, .key = "logs/a"}), Ids{});
}

TEST(Replication, OnlyWhatTheRuleIsFor) {
    const auto configuration = read(
        rule("<ID>plain</ID>" + v2("", 1, no_markers) + to("plain")) +
        rule(
            "<ID>kms</ID>" + v2("", 2, no_markers) + criteria("SseKmsEncryptedObjects") +
            to("kms", "<EncryptionConfiguration><ReplicaKmsKeyID>k</ReplicaKmsKeyID></EncryptionConfiguration>")
        ) +
        rule("<ID>replicas</ID>" + v2("", 3, no_markers) + criteria("ReplicaModifications") + to("replicas")) +
        rule(
            "<ID>existing</ID>" + v2("", 4, no_markers) +
            "<ExistingObjectReplication><Status>Enabled</Status></ExistingObjectReplication>" + to("existing")
        ) +
        rule("<ID>v1</ID><Prefix/>" + to("v1"))
    );
    ASSERT_TRUE(configuration) << refusal(configuration);
    using enum ReplicatedChange::Kind;
    EXPECT_EQ(ids(*configuration, {.key = "a"}), (Ids{"plain", "kms", "replicas", "existing", "v1"}));
    EXPECT_EQ(ids(*configuration, {.key = "a", .kms_encrypted = true}), Ids{"kms"});
    EXPECT_EQ(ids(*configuration, {.key = "a", .existed_before = true}), Ids{"existing"});
    EXPECT_EQ(ids(*configuration, {.key = "a", .replica = true}), Ids{});
    EXPECT_EQ(ids(*configuration, {.kind = metadata, .key = "a", .replica = true}), Ids{"replicas"});
    EXPECT_EQ(ids(*configuration, {.kind = delete_marker, .key = "a"}), Ids{"v1"});
    EXPECT_EQ(ids(*configuration, {.kind = delete_marker, .key = "a", .replica = true}), Ids{});
}

}  // namespace
}  // namespace cloudshelf::s3

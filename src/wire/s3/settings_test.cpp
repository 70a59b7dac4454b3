#include "wire/s3/access_control.hpp"
#include "wire/s3/encryption.hpp"
#include "wire/s3/location.hpp"
#include "wire/s3/object_lock.hpp"
#include "wire/s3/public_access.hpp"
#include "wire/s3/support_test.hpp"
#include "wire/s3/tagging.hpp"
#include "wire/s3/versioning.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cloudshelf::s3 {
namespace {

TEST(Location, OfNewBuckets) {
    const auto read = [](const std::string& inside) {
        return parse_create_bucket_configuration(
            "<CreateBucketConfiguration>" + inside + "</CreateBucketConfiguration>"
        );
    };
    EXPECT_EQ(parse_create_bucket_configuration("")->location_constraint, "");
    EXPECT_EQ(read("")->location_constraint, "");
    EXPECT_EQ(
        twice(
            parse_create_bucket_configuration,
            "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>us-west-2"
            "</LocationConstraint><Tags><Tag><Key>k</Key><Value>v</Value></Tag></Tags></CreateBucketConfiguration>"
        ),
        (CreateBucketConfiguration{.location_constraint = "us-west-2", .tags = {{"k", "v"}}})
    );
    EXPECT_EQ(code_of(read("<Location/>")), "NotImplemented");
    EXPECT_EQ(code_of(read("<Other/>")), "MalformedXML");
    EXPECT_EQ(
        code_of(read("<LocationConstraint>a</LocationConstraint><LocationConstraint>b</LocationConstraint>")),
        "MalformedXML"
    );
    EXPECT_EQ(code_of(read("<LocationConstraint><a/></LocationConstraint>")), "MalformedXML");
    EXPECT_EQ(code_of(read("us-west-2")), "MalformedXML");
    EXPECT_EQ(code_of(read("us-west-2<LocationConstraint>a</LocationConstraint>")), "MalformedXML");
    EXPECT_EQ(code_of(parse_create_bucket_configuration("<Tagging/>")), "MalformedXML");
}

TEST(Location, OfBuckets) {
    const auto whole = [](const std::string& inside) {
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LocationConstraint "
               "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" +
               inside + "</LocationConstraint>";
    };
    EXPECT_EQ(print_location_constraint("us-west-2"), whole("us-west-2"));
    EXPECT_EQ(print_location_constraint("us-east-1"), whole(""));
}

TEST(Versioning, BothWays) {
    const auto read = [](const std::string& inside) {
        return parse_versioning_configuration("<VersioningConfiguration>" + inside + "</VersioningConfiguration>");
    };
    EXPECT_EQ(
        twice(
            parse_versioning_configuration,
            "<VersioningConfiguration><Status>Suspended</Status><MfaDelete>Disabled</MfaDelete></"
            "VersioningConfiguration>"
        ),
        (VersioningConfiguration{.status = VersioningStatus::suspended, .mfa_delete = false})
    );
    EXPECT_EQ(read("<Status>Enabled</Status>")->status, VersioningStatus::enabled);
    EXPECT_EQ(code_of(read("")), "IllegalVersioningConfigurationException");
    EXPECT_EQ(code_of(read("<Status>enabled</Status>")), "MalformedXML");
    EXPECT_FALSE(print(VersioningConfiguration{}).contains("Status"));
}

std::string tagging(const std::string& tags) {
    return "<Tagging><TagSet>" + tags + "</TagSet></Tagging>";
}

std::string tag(const std::string& key, const std::string& value) {
    return "<Tag><Key>" + key + "</Key><Value>" + value + "</Value></Tag>";
}

std::string times(int count, const std::string& text) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
}

TEST(Tagging, Limits) {
    const auto read = [](const std::string& tags) { return parse_tagging(tagging(tags), object_tags_max); };
    const auto both = twice(
        [](std::string_view text) { return parse_tagging(text, object_tags_max); },
        tagging(tag("a", "1") + tag("b", " "))
    );
    EXPECT_EQ(both.tags, (std::vector<Tag>{{"a", "1"}, {"b", " "}}));
    EXPECT_TRUE(read("")->tags.empty());
    // Limits are of characters, not of bytes.
    EXPECT_EQ(code_of(read(tag(times(128, "\u00e9"), times(256, "\u00e9")))), "");
    EXPECT_EQ(refusal(read(tag(times(129, "k"), "v"))), "InvalidTag: The TagKey you have provided is invalid");
    EXPECT_EQ(refusal(read(tag("k", times(257, "v")))), "InvalidTag: The TagValue you have provided is invalid");
    EXPECT_EQ(code_of(read(tag("", "v"))), "InvalidTag");
    EXPECT_EQ(code_of(read(tag("a;b", "v"))), "InvalidTag");
    EXPECT_EQ(code_of(read(tag("aws:a", "v"))), "InvalidTag");
    EXPECT_EQ(
        refusal(read(tag("k", "1") + tag("k", "2"))), "InvalidTag: Cannot provide multiple Tags with the same key"
    );
    std::string eleven;
    for (int i = 0; i < 11; ++i) eleven += tag("k" + std::to_string(i), "v");
    EXPECT_EQ(refusal(read(eleven)), "BadRequest: Object tags cannot be greater than 10");
    EXPECT_EQ(code_of(parse_tagging(tagging(eleven), bucket_tags_max)), "");
    EXPECT_EQ(code_of(read("<Tag><Key>k</Key></Tag>")), "MalformedXML");
    EXPECT_EQ(code_of(parse_tagging("<Tagging/>", object_tags_max)), "MalformedXML");
}

TEST(Encryption, BothWays) {
    const auto document = [](const std::string& inside) {
        return "<ServerSideEncryptionConfiguration>" + inside + "</ServerSideEncryptionConfiguration>";
    };
    const auto rule = [&](const std::string& inside) {
        return document(
            "<Rule><ApplyServerSideEncryptionByDefault>" + inside + "</ApplyServerSideEncryptionByDefault></Rule>"
        );
    };
    const auto parse = parse_server_side_encryption_configuration;
    EXPECT_EQ(
        twice(
            parse,
            document(
                "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>k1"
                "</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule>"
            )
        ),
        (ServerSideEncryptionConfiguration{
            .algorithm = SseAlgorithm::kms, .kms_key_id = "k1", .bucket_key_enabled = true
        })
    );
    EXPECT_EQ(parse(rule("<SSEAlgorithm>AES256</SSEAlgorithm>"))->algorithm, SseAlgorithm::aes256);
    EXPECT_EQ(
        code_of(parse(rule("<SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>"))), "InvalidArgument"
    );
    EXPECT_EQ(code_of(parse(rule("<SSEAlgorithm>rot13</SSEAlgorithm>"))), "MalformedXML");
    EXPECT_EQ(code_of(parse(document(""))), "MalformedXML");
    EXPECT_EQ(code_of(parse(document("<Rule/>"))), "MalformedXML");
}

TEST(ObjectLock, OfBuckets) {
    const auto document = [](const std::string& inside) {
        return "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>" + inside +
               "</ObjectLockConfiguration>";
    };
    const auto rule = [&](const std::string& inside) {
        return document("<Rule><DefaultRetention>" + inside + "</DefaultRetention></Rule>");
    };
    const auto parse = parse_object_lock_configuration;
    EXPECT_FALSE(twice(parse, document("")).retention);
    const auto days = twice(parse, rule("<Mode>COMPLIANCE</Mode><Days>3</Days>"));
    EXPECT_EQ(days.retention, (DefaultRetention{.mode = LockMode::compliance, .days = 3}));
    EXPECT_EQ(retained_until_ms(*days.retention, 1000), 1000 + 3 * 86'400'000ll);
    const auto years = twice(parse, rule("<Mode>GOVERNANCE</Mode><Years>2</Years>"));
    EXPECT_EQ(retained_until_ms(*years.retention, 0), 730 * 86'400'000ll);
    EXPECT_EQ(code_of(parse(rule("<Mode>GOVERNANCE</Mode><Days>1</Days><Years>2</Years>"))), "MalformedXML");
    EXPECT_EQ(code_of(parse(rule("<Mode>GOVERNANCE</Mode>"))), "MalformedXML");
    EXPECT_EQ(code_of(parse(rule("<Mode>Governance</Mode><Days>1</Days>"))), "MalformedXML");
    EXPECT_EQ(code_of(parse(rule("<Mode>GOVERNANCE</Mode><Days>0</Days>"))), "InvalidArgument");
    EXPECT_EQ(code_of(parse(rule("<Mode>GOVERNANCE</Mode><Days>36501</Days>"))), "InvalidArgument");
    EXPECT_EQ(code_of(parse("<ObjectLockConfiguration/>")), "MalformedXML");
}

TEST(ObjectLock, OfObjects) {
    const auto retention = twice(
        parse_retention,
        "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate></Retention>"
    );
    EXPECT_EQ(retention, (Retention{.mode = LockMode::governance, .retain_until_ms = 1893456000000}));
    EXPECT_EQ(twice(parse_retention, "<Retention/>"), Retention{});
    EXPECT_EQ(code_of(parse_retention("<Retention><Mode>GOVERNANCE</Mode></Retention>")), "MalformedXML");
    EXPECT_EQ(
        code_of(parse_retention("<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>soon</RetainUntilDate></Retention>")
        ),
        "MalformedXML"
    );
    EXPECT_TRUE(twice(parse_legal_hold, "<LegalHold><Status>ON</Status></LegalHold>").on);
    EXPECT_FALSE(twice(parse_legal_hold, "<LegalHold><Status>OFF</Status></LegalHold>").on);
    EXPECT_EQ(code_of(parse_legal_hold("<LegalHold><Status>on</Status></LegalHold>")), "MalformedXML");
}

std::string acl(const std::string& grants) {
    return "<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>o</ID></Owner>"
           "<AccessControlList>" +
           grants + "</AccessControlList></AccessControlPolicy>";
}

std::string grant(const std::string& type, const std::string& inside, const std::string& permission) {
    return "<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"" + type + "\">" +
           inside + "</Grantee><Permission>" + permission + "</Permission></Grant>";
}

TEST(AccessControl, BothWays) {
    const auto parse = parse_access_control_policy;
    const auto group = [](const std::string& name) {
        return "<URI>http://acs.amazonaws.com/groups/global/" + name + "</URI>";
    };
    const auto user = grant("CanonicalUser", "<ID>u</ID><DisplayName>n</DisplayName>", "FULL_CONTROL");
    EXPECT_EQ(
        twice(
            parse,
            acl(user + grant("Group", group("AllUsers"), "READ") +
                grant("Group", group("AuthenticatedUsers"), "READ_ACP"))
        ),
        (AccessControlPolicy{
            .owner = {.id = "o"},
            .grants =
                {{.user = {.id = "u", .display_name = "n"}, .permission = AclPermission::full_control},
                 {.group = Group::all_users, .permission = AclPermission::read},
                 {.group = Group::authenticated_users, .permission = AclPermission::read_acp}},
        })
    );
    EXPECT_EQ(code_of(parse(acl(grant("Group", group("Nobody"), "READ")))), "InvalidArgument");
    EXPECT_EQ(
        code_of(parse(acl(grant("AmazonCustomerByEmail", "<EmailAddress>a@b.c</EmailAddress>", "READ")))),
        "UnresolvableGrantByEmailAddress"
    );
    EXPECT_EQ(code_of(parse(acl(grant("CanonicalUser", "<ID>u</ID>", "EVERYTHING")))), "MalformedACLError");
    EXPECT_EQ(code_of(parse(acl(grant("Robot", "<ID>u</ID>", "READ")))), "MalformedACLError");
    EXPECT_EQ(code_of(parse("<AccessControlPolicy/>")), "MalformedACLError");
    EXPECT_EQ(code_of(parse("<")), "MalformedACLError");
    EXPECT_EQ(code_of(parse(acl(times(100, user)))), "");
    EXPECT_EQ(code_of(parse(acl(times(101, user)))), "MalformedACLError");
}

TEST(PublicAccess, BothWays) {
    EXPECT_EQ(
        twice(
            parse_public_access_block_configuration,
            "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><BlockPublicPolicy>TRUE"
            "</BlockPublicPolicy></PublicAccessBlockConfiguration>"
        ),
        (PublicAccessBlockConfiguration{.block_public_acls = true, .block_public_policy = true})
    );
    EXPECT_EQ(
        code_of(parse_public_access_block_configuration(
            "<PublicAccessBlockConfiguration><BlockPublicAcls>yes</BlockPublicAcls></PublicAccessBlockConfiguration>"
        )),
        "MalformedXML"
    );
    EXPECT_TRUE(print_policy_status(true).contains("<IsPublic>true</IsPublic>"));
    EXPECT_EQ(
        twice(
            parse_ownership_controls,
            "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>"
        )
            .ownership,
        ObjectOwnership::object_writer
    );
    const std::string rule = "<Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>";
    EXPECT_EQ(
        code_of(parse_ownership_controls("<OwnershipControls>" + rule + rule + "</OwnershipControls>")), "MalformedXML"
    );
    EXPECT_EQ(code_of(parse_ownership_controls("<OwnershipControls/>")), "MalformedXML");
}

}  // namespace
}  // namespace cloudshelf::s3

#include "wire/s3/multi_delete.hpp"
#include "wire/s3/multipart.hpp"
#include "wire/s3/support_test.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cloudshelf::s3 {
namespace {

std::string part(int number, const std::string& more = "") {
    return "<Part><PartNumber>" + std::to_string(number) + "</PartNumber><ETag>\"e" + std::to_string(number) +
           "\"</ETag>" + more + "</Part>";
}

std::string complete(const std::string& parts) {
    return "<CompleteMultipartUpload>" + parts + "</CompleteMultipartUpload>";
}

TEST(CompleteMultipartUpload, PartsInOrder) {
    const auto parse = parse_complete_multipart_upload;
    const auto upload = twice(
        parse,
        complete(
            part(1, "<ChecksumCRC32C>AAAAAA==</ChecksumCRC32C>") +
            "<Part><ETag>e3</ETag><PartNumber>3</PartNumber></Part>"
        )
    );
    ASSERT_EQ(upload.parts.size(), 2u);
    EXPECT_EQ(upload.parts[0].etag, "e1");
    EXPECT_EQ(upload.parts[0].checksums.crc32c, "AAAAAA==");
    EXPECT_EQ(upload.parts[1].number, 3);
    EXPECT_EQ(upload.parts[1].etag, "e3");
    EXPECT_EQ(code_of(parse(complete(part(2) + part(1)))), "InvalidPartOrder");
    EXPECT_EQ(code_of(parse(complete(part(2) + part(2)))), "InvalidPartOrder");
    EXPECT_EQ(code_of(parse(complete(part(0)))), "InvalidArgument");
    EXPECT_EQ(code_of(parse(complete(part(10'001)))), "InvalidArgument");
    EXPECT_EQ(code_of(parse(complete(""))), "MalformedXML");
    EXPECT_EQ(code_of(parse(complete("<Part><PartNumber>1</PartNumber></Part>"))), "MalformedXML");
    EXPECT_EQ(code_of(parse(complete("<Part><PartNumber>x</PartNumber><ETag>e</ETag></Part>"))), "MalformedXML");
}

TEST(CompleteMultipartUpload, TenThousandParts) {
    std::string parts;
    for (int number = 1; number <= part_number_max; ++number) {
        parts += "<Part><PartNumber>" + std::to_string(number) + "</PartNumber><ETag>\"" + std::string(32, 'e') +
                 "\"</ETag><ChecksumSHA256>" + std::string(44, 'c') +
                 "</ChecksumSHA256><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part>";
    }
    const auto upload = parse_complete_multipart_upload(complete(parts));
    ASSERT_TRUE(upload);
    EXPECT_EQ(upload->parts.size(), 10'000u);
}

std::string deletes(const std::string& objects) {
    return "<Delete>" + objects + "</Delete>";
}

TEST(Delete, Objects) {
    const auto parse = parse_delete;
    EXPECT_EQ(
        twice(
            parse,
            deletes(
                "<Quiet>true</Quiet><Object><Key>a&#x0D;b</Key></Object><Object><Key>c</Key><VersionId>v</VersionId>"
                "<ETag>\"e\"</ETag></Object>"
            )
        ),
        (Delete{.objects = {{.key = "a\rb"}, {.key = "c", .version_id = "v", .etag = "e"}}, .quiet = true})
    );
    EXPECT_EQ(code_of(parse(deletes(""))), "MalformedXML");
    EXPECT_EQ(code_of(parse(deletes("<Object/>"))), "MalformedXML");
    EXPECT_EQ(code_of(parse(deletes("<Object><Key></Key></Object>"))), "UserKeyMustBeSpecified");
    EXPECT_EQ(code_of(parse(deletes("<Object><Key>a</Key><Size>1</Size></Object>"))), "NotImplemented");
    std::string objects;
    for (std::size_t i = 0; i < delete_objects_max; ++i)
        objects += "<Object><Key>" + std::string(1024, 'k') + "</Key></Object>";
    EXPECT_EQ(parse(deletes(objects))->objects.size(), delete_objects_max);
    EXPECT_EQ(code_of(parse(deletes(objects + "<Object><Key>one more</Key></Object>"))), "MalformedXML");
}

}  // namespace
}  // namespace cloudshelf::s3

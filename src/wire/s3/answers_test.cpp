#include "wire/s3/error_document.hpp"
#include "wire/s3/listing.hpp"
#include "wire/s3/multi_delete.hpp"
#include "wire/s3/multipart.hpp"
#include "wire/s3/object_answers.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cloudshelf::s3 {
namespace {

// Goal: what goes out has the elements, and their order, of the S3 API reference. Method: whole documents.
const std::string head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const std::string xmlns = " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
constexpr std::int64_t some_time = 1255369830000;
const std::string some_time_text = "2009-10-12T17:50:30.000Z";

ObjectEntry entry(std::string key) {
    return {.key = std::move(key), .modified_ms = some_time, .etag = "e1", .size = 5};
}

TEST(ErrorDocument, BothWays) {
    const ErrorDocument document{
        .code = "NoSuchKey",
        .message = "The specified key does not exist.",
        .resource = "/bucket/a&b",
        .request_id = "4442587FB7D0A2F9",
        .host_id = "host",
        .extras = {{"BucketName", "bucket"}, {"Key", "a\rb"}},
    };
    const auto text = print(document);
    EXPECT_EQ(
        text,
        head +
            "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>"
            "<BucketName>bucket</BucketName><Key>a&#x0D;b</Key><Resource>/bucket/a&amp;b</Resource>"
            "<RequestId>4442587FB7D0A2F9</RequestId><HostId>host</HostId></Error>"
    );
    const auto read = parse_error_document(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, document);
    EXPECT_FALSE(parse_error_document("<Error><Message>no code</Message></Error>"));
    EXPECT_FALSE(parse_error_document("<html><Code>x</Code></html>"));
}

TEST(Listing, Buckets) {
    EXPECT_EQ(
        print(ListAllMyBucketsResult{
            .owner = {.id = "o", .display_name = "Owner"},
            .buckets = {{.name = "covers", .created_ms = some_time, .region = "us-east-1"}},
            .prefix = "c",
        }),
        head + "<ListAllMyBucketsResult" + xmlns +
            "><Owner><ID>o</ID><DisplayName>Owner</DisplayName></Owner><Buckets><Bucket><Name>covers</Name>"
            "<CreationDate>" +
            some_time_text +
            "</CreationDate><BucketRegion>us-east-1</BucketRegion></Bucket></Buckets>"
            "<Prefix>c</Prefix></ListAllMyBucketsResult>"
    );
}

TEST(Listing, ObjectsOfTheFirstVersion) {
    EXPECT_EQ(
        print(ListObjectsResult{
            .name = "covers",
            .prefix = "a b/",
            .marker = "",
            .delimiter = "/",
            .max_keys = 2,
            .truncated = true,
            .next_marker = "a b/d/",
            .encoding = KeyEncoding::url,
            .objects = {entry("a b/c+\x01")},
            .common_prefixes = {"a b/d/"},
        }),
        head + "<ListBucketResult" + xmlns +
            "><Name>covers</Name><Prefix>a%20b/</Prefix><Marker></Marker><NextMarker>a%20b/d/</NextMarker>"
            "<MaxKeys>2</MaxKeys><Delimiter>/</Delimiter><EncodingType>url</EncodingType><IsTruncated>true</"
            "IsTruncated>"
            "<Contents><Key>a%20b/c%2B%01</Key><LastModified>" +
            some_time_text +
            "</LastModified><ETag>&quot;e1&quot;</ETag><Size>5</Size><StorageClass>STANDARD</StorageClass></Contents>"
            "<CommonPrefixes><Prefix>a%20b/d/</Prefix></CommonPrefixes></ListBucketResult>"
    );
}

ListObjectsV2Result second_version(KeyEncoding encoding) {
    ListObjectsV2Result result{
        .name = "covers",
        .prefix = "p\r",
        .delimiter = "/",
        .start_after = "p+",
        .continuation_token = "t1",
        .next_continuation_token = "t2",
        .max_keys = 2,
        .truncated = true,
        .encoding = encoding,
        .objects = {entry("p\r\u00e9 <1>%41")},
        .common_prefixes = {"p\rd/"},
    };
    result.objects[0].owner = Owner{.id = "o", .display_name = "n"};
    result.objects[0].checksum_algorithms = {"CRC32C"};
    result.objects[0].checksum_type = "FULL_OBJECT";
    return result;
}

TEST(Listing, ObjectsOfTheSecondVersionBothWays) {
    for (const auto encoding : {KeyEncoding::none, KeyEncoding::url}) {
        const auto result = second_version(encoding);
        const auto read = parse_list_objects_v2(print(result));
        ASSERT_TRUE(read);
        EXPECT_EQ(*read, result);
    }
    const auto text = print(second_version(KeyEncoding::none));
    EXPECT_NE(text.find("<KeyCount>2</KeyCount>"), std::string::npos);
    EXPECT_NE(text.find("<NextContinuationToken>t2</NextContinuationToken>"), std::string::npos);
    EXPECT_NE(text.find("<Owner><ID>o</ID><DisplayName>n</DisplayName></Owner>"), std::string::npos);
    EXPECT_NE(text.find("<ChecksumAlgorithm>CRC32C</ChecksumAlgorithm><ChecksumType>FULL_OBJECT"), std::string::npos);
}

TEST(Listing, ReadsWhatOthersAnswer) {
    const auto read = parse_list_objects_v2(
        "<ListBucketResult><Name>b</Name><EncodingType>url</EncodingType><NewThing><A/></"
        "NewThing><Contents><Key>a+b%2Bc"
        "</Key><LastModified>2009-10-12T17:50:30Z</LastModified><ETag>e</ETag><Size>1</Size></Contents></"
        "ListBucketResult>"
    );
    ASSERT_TRUE(read);
    EXPECT_EQ(read->objects[0].key, "a b+c");
    EXPECT_EQ(read->objects[0].etag, "e");
    EXPECT_FALSE(parse_list_objects_v2("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"));
    EXPECT_FALSE(parse_list_objects_v2("<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>"));
    EXPECT_FALSE(parse_list_objects_v2("<Error/>"));
}

TEST(Listing, VersionsInTheirOrder) {
    EXPECT_EQ(
        print(ListVersionsResult{
            .name = "covers",
            .next_key_marker = "a",
            .next_version_id_marker = "v1",
            .max_keys = 2,
            .truncated = true,
            .versions =
                {{.object = {.key = "a", .modified_ms = some_time, .owner = Owner{.id = "o"}},
                  .version_id = "v2",
                  .latest = true,
                  .delete_marker = true},
                 {.object = entry("a"), .version_id = "v1"}},
        }),
        head + "<ListVersionsResult" + xmlns +
            "><Name>covers</Name><Prefix></Prefix><KeyMarker></KeyMarker><VersionIdMarker></VersionIdMarker>"
            "<NextKeyMarker>a</NextKeyMarker><NextVersionIdMarker>v1</NextVersionIdMarker><MaxKeys>2</MaxKeys>"
            "<IsTruncated>true</IsTruncated>"
            "<DeleteMarker><Key>a</Key><VersionId>v2</VersionId><IsLatest>true</IsLatest><LastModified>" +
            some_time_text +
            "</LastModified><Owner><ID>o</ID></Owner></DeleteMarker>"
            "<Version><Key>a</Key><VersionId>v1</VersionId><IsLatest>false</IsLatest><LastModified>" +
            some_time_text +
            "</LastModified><ETag>&quot;e1&quot;</ETag><Size>5</Size><StorageClass>STANDARD</StorageClass></Version>"
            "</ListVersionsResult>"
    );
}

TEST(Multipart, Begun) {
    EXPECT_EQ(
        print(InitiateMultipartUploadResult{.bucket = "b", .key = "k&", .upload_id = "u"}),
        head + "<InitiateMultipartUploadResult" + xmlns +
            "><Bucket>b</Bucket><Key>k&amp;</Key><UploadId>u</UploadId></InitiateMultipartUploadResult>"
    );
}

TEST(Multipart, Completed) {
    EXPECT_EQ(
        print(CompleteMultipartUploadResult{
            .location = "http://b.s3.cloudshelf.com/k",
            .bucket = "b",
            .key = "k",
            .etag = "e-2",
            .checksums = {.sha256 = "AA==-2", .type = "COMPOSITE"},
        }),
        head + "<CompleteMultipartUploadResult" + xmlns +
            "><Location>http://b.s3.cloudshelf.com/k</Location><Bucket>b</Bucket><Key>k</Key>"
            "<ETag>&quot;e-2&quot;</ETag><ChecksumSHA256>AA==-2</ChecksumSHA256><ChecksumType>COMPOSITE</ChecksumType>"
            "</CompleteMultipartUploadResult>"
    );
}

TEST(Multipart, Parts) {
    EXPECT_EQ(
        print(ListPartsResult{
            .bucket = "b",
            .key = "k",
            .upload_id = "u",
            .initiator = {.id = "i"},
            .owner = {.id = "o"},
            .part_number_marker = 1,
            .next_part_number_marker = 2,
            .max_parts = 1,
            .truncated = true,
            .checksum_algorithm = "CRC32",
            .parts =
                {{.number = 2, .modified_ms = some_time, .etag = "e", .size = 9, .checksums = {.crc32 = "AAAAAA=="}}},
        }),
        head + "<ListPartsResult" + xmlns +
            "><Bucket>b</Bucket><Key>k</Key><UploadId>u</UploadId><Initiator><ID>i</ID></Initiator><Owner><ID>o</ID></"
            "Owner>"
            "<StorageClass>STANDARD</StorageClass><PartNumberMarker>1</PartNumberMarker>"
            "<NextPartNumberMarker>2</NextPartNumberMarker><MaxParts>1</MaxParts><IsTruncated>true</IsTruncated>"
            "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><Part><PartNumber>2</PartNumber><LastModified>" +
            some_time_text +
            "</LastModified><ETag>&quot;e&quot;</ETag><Size>9</Size><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part>"
            "</ListPartsResult>"
    );
}

TEST(Multipart, Uploads) {
    EXPECT_EQ(
        print(ListMultipartUploadsResult{
            .bucket = "b",
            .prefix = "p",
            .delimiter = "/",
            .next_key_marker = "k",
            .next_upload_id_marker = "u",
            .max_uploads = 1,
            .truncated = true,
            .uploads =
                {{.key = "k",
                  .upload_id = "u",
                  .initiator = {.id = "i"},
                  .owner = {.id = "o"},
                  .initiated_ms = some_time}},
            .common_prefixes = {"p/"},
        }),
        head + "<ListMultipartUploadsResult" + xmlns +
            "><Bucket>b</Bucket><KeyMarker></KeyMarker><UploadIdMarker></UploadIdMarker><NextKeyMarker>k</"
            "NextKeyMarker>"
            "<NextUploadIdMarker>u</NextUploadIdMarker><Prefix>p</Prefix><Delimiter>/</Delimiter><MaxUploads>1</"
            "MaxUploads>"
            "<IsTruncated>true</IsTruncated><Upload><Key>k</Key><UploadId>u</UploadId><Initiator><ID>i</ID></Initiator>"
            "<Owner><ID>o</ID></Owner><StorageClass>STANDARD</StorageClass><Initiated>" +
            some_time_text +
            "</Initiated></Upload><CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></ListMultipartUploadsResult>"
    );
}

TEST(Copies, OfObjectsAndParts) {
    const std::string inside = "><LastModified>" + some_time_text + "</LastModified><ETag>&quot;e&quot;</ETag>";
    EXPECT_EQ(
        print(CopyObjectResult{.etag = "e", .modified_ms = some_time, .checksums = {.sha1 = "x"}}),
        head + "<CopyObjectResult" + xmlns + inside + "<ChecksumSHA1>x</ChecksumSHA1></CopyObjectResult>"
    );
    EXPECT_EQ(
        print(CopyPartResult{.etag = "e", .modified_ms = some_time}),
        head + "<CopyPartResult" + xmlns + inside + "</CopyPartResult>"
    );
}

TEST(Deletes, Answer) {
    EXPECT_EQ(
        print(DeleteResult{
            .outcomes =
                {{.key = "a", .delete_marker = true, .delete_marker_version_id = "m"},
                 {.key = "b", .version_id = "v", .error_code = "AccessDenied", .error_message = "Access Denied"}},
        }),
        head + "<DeleteResult" + xmlns +
            "><Deleted><Key>a</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>m</DeleteMarkerVersionId></"
            "Deleted>"
            "<Error><Key>b</Key><VersionId>v</VersionId><Code>AccessDenied</Code><Message>Access "
            "Denied</Message></Error>"
            "</DeleteResult>"
    );
}

TEST(Attributes, OnlyWhatWasAskedFor) {
    EXPECT_EQ(
        print(ObjectAttributes{.etag = "e", .size = 0}),
        head + "<GetObjectAttributesResponse" + xmlns +
            "><ETag>e</ETag><ObjectSize>0</ObjectSize></GetObjectAttributesResponse>"
    );
    EXPECT_EQ(
        print(ObjectAttributes{
            .checksums = ChecksumElements{.crc64nvme = "c", .type = "FULL_OBJECT"},
            .parts = ObjectParts{.total = 2, .parts = {{.number = 1, .size = 3}}},
            .storage_class = "STANDARD",
        }),
        head + "<GetObjectAttributesResponse" + xmlns +
            "><Checksum><ChecksumCRC64NVME>c</ChecksumCRC64NVME><ChecksumType>FULL_OBJECT</ChecksumType></Checksum>"
            "<ObjectParts><PartsCount>2</PartsCount><PartNumberMarker>0</PartNumberMarker>"
            "<NextPartNumberMarker>0</NextPartNumberMarker><MaxParts>1000</MaxParts><IsTruncated>false</IsTruncated>"
            "<Part><PartNumber>1</PartNumber><Size>3</Size></Part></ObjectParts>"
            "<StorageClass>STANDARD</StorageClass></GetObjectAttributesResponse>"
    );
}

}  // namespace
}  // namespace cloudshelf::s3
